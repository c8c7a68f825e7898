package io.coatcheck.session;

import io.coatcheck.session.codec.AttributeValue;
import io.coatcheck.session.event.SessionListener;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The part of the engine that only an adapter calls: the code between a protocol, such as HTTP, and
 * the application. It resolves the tokens that a request presents, begins sessions, renews secrets
 * when that is due, and ends what a client presents. An application that uses the servlet filter
 * needs none of it.
 *
 * <p>Obtained from {@link SessionManager#adapter()}; thread-safe. Methods that call the store block
 * as long as the store does, and throw {@link SessionStoreException} when it fails; then no access
 * was granted, and the adapter should answer 503. The adapter of each request calls {@link #resolve
 * resolve}, {@link #create} if there is no live session and the application needs one, {@link
 * SessionManager#save} before the response is committed, and sends {@link Session#unsentToken()}.
 *
 * @since 0.1.0
 */
public final class SessionAdapter {

  private final EngineContext engine;
  private final TokenResolver resolver;
  private final TokenResolver passiveResolver;
  private final SessionWriter writer;
  private final Authenticator logins;
  private final SessionEnder endings;
  private final Optional<VersionHints> versionHints;

  SessionAdapter(
      EngineContext engine,
      Touches touches,
      SessionWriter writer,
      Authenticator logins,
      SessionEnder endings) {
    this.engine = engine;
    this.resolver = new TokenResolver(engine, touches, TokenResolver.Activity.COUNTED);
    this.passiveResolver = new TokenResolver(engine, touches, TokenResolver.Activity.NOT_COUNTED);
    this.writer = writer;
    this.logins = logins;
    this.endings = endings;
    this.versionHints = VersionHints.of(engine);
  }

  /**
   * Resolves the tokens that a request presented. Looks up at most four, and accepts one only if no
   * other is live; more than four count as none, and none is looked up. Malformed tokens cost no
   * look-up. The listeners are notified of every refusal.
   *
   * @param presented the texts as the client sent them, untrusted; usually one
   * @throws SessionStoreException if the store failed
   */
  public Resolution resolve(List<String> presented) {
    return resolve(presented, List.of());
  }

  /**
   * Resolves the tokens that a request presented, using no copy that is older than what the client
   * says it has seen.
   *
   * @param presented as for {@link #resolve(List)}
   * @param hints the texts that {@link VersionHints#take} gave the client, as it sent them,
   *     untrusted; hints that are malformed or about another session are ignored
   * @throws SessionStoreException if the store failed
   */
  public Resolution resolve(List<String> presented, List<String> hints) {
    return resolver.resolve(presented, hints);
  }

  /**
   * Resolves a single token within a longer text, such as a {@code Cookie} header, as {@link
   * #resolve(List, List)} does.
   *
   * @param start the index of the first character
   * @param end the index after the last character
   * @throws IndexOutOfBoundsException if the range does not lie within {@code text}
   * @throws SessionStoreException if the store failed
   */
  public Resolution resolve(String text, int start, int end, List<String> hints) {
    return resolver.resolve(text, start, end, hints);
  }

  /**
   * Stores at once that a resolved session is used, if that is due and less than half of its idle
   * timeout is left. Otherwise it is stored when the request saves the session, which may be long
   * after the deadline that the request was in time for. Call it for each request that is served.
   *
   * @return what was given; or that the session is unknown, if it has ended since
   * @throws SessionStoreException if the store failed
   */
  public Resolution storeUrgentActivity(Resolution.Live resolved) {
    return resolver.storeUrgentActivity(resolved);
  }

  /**
   * Resolves the tokens of a request that does not count as activity, such as a page's periodic
   * background request; otherwise as {@link #resolve(List, List)} does. The session expires as if
   * the request had not been made: neither the request, nor what it stores, nor {@link
   * SessionManager#renew} moves the time of last use. A login does.
   *
   * @throws SessionStoreException if the store failed
   */
  public Resolution resolveWithoutActivity(List<String> presented, List<String> hints) {
    return passiveResolver.resolve(presented, hints);
  }

  /** Returns the hints by which clients read their own writes; empty if there are no copies. */
  public Optional<VersionHints> versionHints() {
    return versionHints;
  }

  /**
   * Begins an anonymous session in answer to a request. It is stored by the first {@link
   * SessionManager#save} after the application relied on it, by setting an attribute, changing its
   * timeout or calling {@link Session#keep}. If the request presented a token that {@linkplain
   * Resolution#guardsNewerToken guards a newer one}, the session is ephemeral: it works within the
   * request and is never stored or sent, unless a login makes it a real one. Does not access the
   * store.
   *
   * @param presented the resolution of the request's token
   */
  public Session create(Resolution presented) {
    return Drafts.anonymous(
        engine, presented.guardsNewerToken() ? SessionStatus.EPHEMERAL : SessionStatus.NEW);
  }

  /**
   * Begins an anonymous session that works within the request and is never stored or sent, unless a
   * login makes it a real one, or it is {@linkplain Session#promote promoted}. Used for a request
   * whose response must not replace a token that the client may have. Does not access the store.
   */
  public Session createEphemeral() {
    return Drafts.anonymous(engine, SessionStatus.EPHEMERAL);
  }

  /**
   * Gives the session a new secret if periodic renewal is on and due, and saves what the request
   * changed in the same write. Call it only while the response can still carry the cookie. Of
   * several concurrent requests one wins; the others keep the secret that they have.
   *
   * <p>Until the client first presents the new secret, and for 10 seconds after, the old one
   * authenticates too, so that a lost response does not log the user out. If the new one is not
   * presented within a minute, the next request with the old one gets another new one. Once a new
   * one has been presented, the old one gets no more. A login ends the old one at once.
   *
   * @return whether there is a new token to send
   * @throws SessionStoreException if the store failed: it may be renewed or not
   */
  public boolean renewIfDue(Session session) {
    return writer.renewIfDue(session);
  }

  /**
   * Begins another working copy of a session that was used a while ago, as it is stored now; for
   * work that continues after the request. Counts as activity.
   *
   * @param generation {@link Session#generation()} at that time
   * @return empty if it has ended or expired, or has another secret now, as after a login
   * @throws SessionStoreException if the store failed
   */
  public Optional<Session> reopen(SessionId id, long generation) {
    return resolver.reopen(id, generation);
  }

  /**
   * Begins another working copy of a session that was used a while ago, as {@link
   * #reopen(SessionId, long)} does, even if its secret has been renewed periodically since. A
   * login, even of the same principal, and an explicit renewal make it another session.
   *
   * @param fence {@link Session#fence()} at that time
   * @param authenticatedAt {@link Session#authenticatedAt()} at that time
   * @return empty if it has ended or expired, or is another session now
   * @throws SessionStoreException if the store failed
   */
  public Optional<Session> reopen(SessionId id, long fence, Optional<Instant> authenticatedAt) {
    return resolver.reopen(id, fence, authenticatedAt);
  }

  /**
   * Returns whether the principal of a session proved who they are, by {@link
   * Session#authenticatedAt}, less than {@code age} ago. Exactly {@code age} is too long ago. A
   * moment up to five minutes in the future counts as now. If it is further ahead, the clock was
   * set back, and the result is {@code false}: how long ago it was is not known.
   */
  public boolean isAuthenticatedWithin(Duration age, Session session) {
    Optional<Instant> at = session.authenticatedAt();
    return at.isPresent() && Moments.isWithin(age, at.get(), engine.now());
  }

  /**
   * Ends a session that a request has resolved, because something is wrong with that request. Like
   * {@link SessionManager#invalidate}, it leaves the session alone if there has been a login into
   * it since.
   *
   * @return whether it has ended; {@code false} if there has been a login since
   * @throws SessionStoreException if the store failed: it may have ended or not
   */
  public boolean revoke(Session session) {
    return endings.revoke(session);
  }

  /**
   * Ends every session that one of the tokens opens. Used for the logout of a client that presents
   * several tokens, of which at most one was accepted. Each session is looked up once. A session
   * that the store does not have is treated as by {@link #confirmEnd}.
   *
   * @param presented the texts as the client sent them, untrusted; all of them are processed, so
   *     the caller must bound their number, as the size limit of a request's headers does
   * @return how many were ended
   * @throws SessionStoreException if the store failed: some may have ended, and the logout must not
   *     be reported as done
   */
  public int invalidatePresented(List<String> presented) {
    return endings.invalidatePresented(presented);
  }

  /**
   * Makes sure that a session that the store did not find stays ended. Used for a logout by a token
   * of such a session. A store whose replicas confirm the end of a session waits for that, since an
   * earlier logout may have ended it unconfirmed. Any other store deletes and records nothing,
   * since any client can make up such a token, unless one of the last 1,000 deletions that failed
   * on this node was of that session: then a store with a change feed reports its end again.
   *
   * @throws SessionStoreException if the store failed, or the end is not confirmed: the logout must
   *     not be reported as done
   */
  public void confirmEnd(SessionId id) {
    endings.confirmEnd(id);
  }

  /**
   * Returns whether the requests of a session share it, as in a servlet container: a request reads
   * the newest value of an attribute, and {@link SessionManager#take} and {@link
   * SessionManager#update} are seen by the others at once. True for a store that keeps live
   * sessions of this process.
   */
  public boolean sharesSessions() {
    return engine.liveSessions() != null;
  }

  /** Returns whether attribute values are kept as objects, as in memory, rather than as bytes. */
  public boolean keepsLiveValues() {
    return engine.store().keepsLiveValues();
  }

  /**
   * Returns the attributes as the request of a session has found or last saved them, without what
   * it has changed since.
   *
   * @return unmodifiable; also if the session has ended
   */
  public Map<String, AttributeValue> foundAttributes(Session session) {
    return session.snapshot().attributes();
  }

  /**
   * Returns the names of the attributes that the request of a session has set or removed, and not
   * saved yet.
   *
   * @return a copy; empty if the session has ended
   */
  public Set<String> unsavedAttributes(Session session) {
    return session.attributeChanges().changedNames();
  }

  /**
   * Sets or removes an attribute, as {@link Session#setAttribute} does, and returns the value that
   * this replaced. If several threads of a request change one attribute, no two of them get the
   * same value.
   *
   * @param value null to remove the attribute
   * @param seen the value that the caller has read just before; null if there was none
   * @param recorded called with the value that is replaced, at the moment of the change and under
   *     the lock of the session, so it must not call the application
   * @return null if there was none that can be read
   * @throws IllegalArgumentException as {@link Session#setAttribute} does
   */
  public @Nullable Object replaceAttribute(
      Session session,
      String name,
      @Nullable Object value,
      @Nullable Object seen,
      Consumer<@Nullable Object> recorded) {
    Replacing replacing = new Replacing(seen, recorded);
    session.change(name, value, replacing);
    return replacing.before();
  }

  /**
   * Returns whether the request of a session has set a value that is still to be stored.
   *
   * @param value the object that was set
   */
  public boolean isUnsaved(Session session, String name, Object value) {
    synchronized (session) {
      AttributeChange change = session.attributeChanges().change(name);
      return change != null && change.value() == value;
    }
  }

  /**
   * Returns whether a value that the request of a session has set is never stored: the session has
   * ended, a login has dropped it, or it did not fit beside what other requests have stored.
   *
   * @param value the object that was set
   */
  public boolean isDiscarded(Session session, String name, Object value) {
    synchronized (session) {
      return session.attributeChanges().decoded().isDiscarded(name, value);
    }
  }

  /** Returns whether a login drops the attributes that the session had before. */
  public boolean dropsAttributesAtLogin() {
    return logins.dropsAttributes();
  }

  /**
   * Returns whether a session gets a new secret from time to time without a login, as {@link
   * SessionManagerBuilder#renewInterval} sets it.
   */
  public boolean renewsSecrets() {
    return !engine.renewInterval().isZero();
  }

  /**
   * Returns whether the manager has a listener of a type, so that code that adds one does not add a
   * second. A listener that is wrapped in one of another type is not found.
   */
  public boolean hasListener(Class<? extends SessionListener> type) {
    return engine.events().hasListener(type);
  }

  /**
   * Logs a principal in, as {@link SessionManager#authenticate} does.
   *
   * @param dropped called with the session as the store had it before the login, if the login was
   *     granted, continues that session, and has dropped its attributes
   */
  public LoginOutcome authenticate(
      @Nullable Session current,
      String principal,
      LoginOptions options,
      Consumer<StoredSession> dropped) {
    return logins.authenticate(current, principal, options, dropped);
  }
}
