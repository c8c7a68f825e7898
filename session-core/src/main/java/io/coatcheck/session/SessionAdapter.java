package io.coatcheck.session;

import io.coatcheck.session.codec.AttributeCodecException;
import io.coatcheck.session.event.CredentialKind;
import io.coatcheck.session.event.CredentialOutcome;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.token.SessionId;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * The part of the engine that only an adapter calls: the code between a protocol, such as HTTP, and
 * the application. It resolves the tokens that a request presents, begins sessions, renews secrets
 * when that is due, and ends what a client presents. An application that uses the servlet filter
 * needs nothing of it.
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
  private final Claims claims;
  private final SessionGroups groups;
  private final Imports imports;
  private final ForeignPrincipals principals;
  private final Optional<VersionHints> versionHints;

  SessionAdapter(
      EngineContext engine,
      Touches touches,
      SessionWriter writer,
      Claims claims,
      SessionGroups groups,
      Imports imports,
      ForeignPrincipals principals,
      Authenticator logins,
      SessionEnder endings) {
    this.engine = engine;
    this.resolver = new TokenResolver(engine, touches, true);
    this.passiveResolver = new TokenResolver(engine, touches, false);
    this.writer = writer;
    this.logins = logins;
    this.endings = endings;
    this.claims = claims;
    this.groups = groups;
    this.imports = imports;
    this.principals = principals;
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
   * login makes it a real one, or it is {@linkplain Session#promote promoted}. For a request whose
   * response must not replace a token that the client may have. Does not access the store.
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
   * presented within a minute, a request with the old one gets another new one; once the new one
   * has been presented, it no longer does. A login ends the old one at once.
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
   * #reopen(SessionId, long)} does, and also if its secret has been renewed periodically since. A
   * login, even of the same principal, and an explicit renewal make it another session.
   *
   * @param generation {@link Session#generation()} at that time
   * @param authenticatedAt {@link Session#authenticatedAt()} at that time
   * @return empty if it has ended or expired, or is another session now
   * @throws SessionStoreException if the store failed
   */
  public Optional<Session> reopen(
      SessionId id, long generation, Optional<Instant> authenticatedAt) {
    return resolver.reopen(id, generation, authenticatedAt);
  }

  /**
   * Ends a session that a request has resolved, because of a finding about that request. Like
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
   * Ends every session that one of the tokens opens: for the logout of a client that presents
   * several tokens, of which at most one was accepted. Each session is looked up once. One that the
   * store does not have is treated as by {@link #confirmEnd}.
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
   * Makes sure that a session which the store did not find stays ended: for a logout by a token of
   * such a session. A store whose replicas confirm the end of a session waits for that, since an
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

  /** Returns whether a login drops the attributes that the session had before. */
  public boolean dropsAttributesAtLogin() {
    return logins.dropsAttributes();
  }

  /**
   * Claims a text that may be used once, for good. Of all calls for a text, of this method and of
   * {@link #beginClaim}, on all nodes of the store, exactly one makes the claim, at least until it
   * expires: 5 minutes after {@code until}, for nodes whose clocks differ. If an attempt has made
   * it, the attempt can no longer withdraw it once this call has returned. The store keeps a hash
   * of the text, in the form of a session that no secret opens and no listener is notified of.
   *
   * @param text may be secret; any length. Begin it with its purpose, which keeps purposes apart
   * @param until after the present, to the millisecond
   * @return whether this call made the claim
   * @throws IllegalArgumentException if {@code until} is not after the present; nothing was done
   * @throws SessionStoreException if the store failed: the claim may have been made or not
   */
  public boolean claim(String text, Instant until) {
    return claims.claim(text, until);
  }

  /**
   * Claims a text as {@link #claim} does, for an attempt that can withdraw the claim if it fails,
   * such as the exchange of a credential for a session.
   *
   * @return empty if there is a claim already
   * @throws IllegalArgumentException if {@code until} is not after the present; nothing was done
   * @throws SessionStoreException if the store failed: the claim was not made, or it was, and could
   *     not be withdrawn
   */
  public Optional<ClaimAttempt> beginClaim(String text, Instant until) {
    return claims.begin(text, until);
  }

  /**
   * Returns whether there is a claim of a text.
   *
   * @throws SessionStoreException if the store failed
   */
  public boolean isClaimed(String text) {
    return claims.claimedAt(text).isPresent();
  }

  /**
   * Prepares this manager for groups of sessions. From now on it deletes the record of a membership
   * when it ends the session, which costs a call of the store for each session with a login that
   * ends before it expires, and prolongs the record with its session, which costs two for a login
   * on a session that has one already. Call it at the start of every node: {@link #joinGroup} alone
   * calls it only where a session joins. Calling it again changes nothing.
   *
   * @return {@code false} if the store has no index by principal, which groups need
   */
  public boolean useGroups() {
    return groups.use();
  }

  /**
   * Puts a session into a group of sessions that end together, such as those that one login at an
   * identity provider began; takes it out of the group that it was in. The store keeps a record as
   * long as the session lives, also if later logins prolong it. Then call {@link #groupEndedAt}: a
   * group that ends at the same time may have been read before the session joined.
   *
   * @param group any length; the store keeps a hash of it. Begin it with its purpose
   * @return {@code false} if there is no such session with a login: it is in no group
   * @throws UnsupportedOperationException if the store has no index by principal
   * @throws SessionStoreException if the store failed: it may have joined or not
   */
  public boolean joinGroup(SessionId id, String group) {
    return groups.join(id, group);
  }

  /**
   * Ends all sessions of a group, for every node, before it returns, and records that, so that a
   * login which was under way can find out. A second call ends what is left.
   *
   * @param at the moment that the group ended, which {@link #groupEndedAt} returns
   * @param until how long that is recorded, and 5 minutes longer, for nodes whose clocks differ
   * @return how many sessions ended; 0 if none has joined the group, or they had ended before
   * @throws UnsupportedOperationException if the store has no index by principal
   * @throws SessionStoreException if the store failed: some may have ended
   */
  public int endGroup(String group, Instant at, Instant until) {
    return groups.end(group, at, until);
  }

  /**
   * Ends the sessions of a principal that are in no group, for every node, before it returns. A
   * session that joins one meanwhile may be ended or not.
   *
   * @return how many
   * @throws UnsupportedOperationException if the store has no index by principal
   * @throws SessionStoreException if the store failed: some may have ended
   */
  public int revokeUngrouped(String principal) {
    return groups.endUngrouped(principal);
  }

  /**
   * Returns the latest moment at which a group ended, as {@link #endGroup} recorded it.
   *
   * @return empty if it has not ended, or that is no longer recorded
   * @throws UnsupportedOperationException if the store has no index by principal
   * @throws SessionStoreException if the store failed
   */
  public Optional<Instant> groupEndedAt(String group) {
    return groups.endedAt(group);
  }

  /**
   * Notifies the listeners of the outcome for another system's credential, given to a bridge.
   *
   * @param session the session that its user has now
   * @param principal the user whom it names, if that is known and was verified
   */
  public void reportCredential(
      CredentialKind kind,
      CredentialOutcome outcome,
      Optional<SessionId> session,
      Optional<String> principal) {
    engine.events().credential(kind, outcome, session, principal);
  }

  /**
   * Notifies the listeners of an attribute of another library's session that could not be decoded,
   * so that nothing is imported. Those of an imported session are reported by {@link
   * #importSession}.
   */
  public void reportUndecodable(String attribute, AttributeCodecException problem) {
    engine.events().undecodable(attribute, problem);
  }

  /**
   * Imports a session that another library kept, once: of all calls for a credential, on all nodes,
   * exactly one stores a session, and the others find it. After that session has ended, or a call
   * of {@link #spendCredential} has returned, the credential imports nothing more.
   *
   * <p>The listeners are notified of a login, and of the attributes that are left out because they
   * cannot be kept. The limits of this manager apply, including one of sessions per principal. If
   * another call for the credential is under way, this one waits for it, at most 5 seconds; at most
   * 100 calls wait at a time. If the other call never finishes, because its node died or the store
   * failed, any call from one minute after its beginning imports the session.
   *
   * @param credential what the client presents for it, secret; begin it with its purpose
   * @param source called on this thread, possibly several times; its exceptions are rethrown, and
   *     then nothing was imported
   * @throws SessionStoreException if the store failed: the session may have been imported or not,
   *     and a second call finds out; or if another call is under way and this one does not wait
   *     longer: nothing was done
   */
  public ImportResult importSession(String credential, ImportSource source) {
    return imports.importSession(credential, source);
  }

  /**
   * Makes a credential import nothing from now on, if the source has a session for it; for one that
   * comes with a logout. An import that is under way stores nothing either. If the credential still
   * opens a session that was imported with it, that ends, as all sessions do whose token comes with
   * a logout.
   *
   * @param credential as for {@link #importSession}
   * @param own the session of the request that logs out, which is left to that logout; empty if it
   *     has none
   * @throws SessionStoreException if the store failed: a second call does it
   */
  public void spendCredential(String credential, ImportSource source, Optional<SessionId> own) {
    imports.spend(credential, source, own);
  }

  /**
   * Returns whether a user whom another system names can log in under that name: it has 1 to 255
   * code points without U+0000 and lone surrogates, and does not begin with {@code
   * coatcheck-claim:}. If not, the reason is logged, without the name, once a minute at most.
   *
   * @param principal any text
   */
  public boolean acceptsPrincipal(String principal) {
    return principals.accepts(principal);
  }
}
