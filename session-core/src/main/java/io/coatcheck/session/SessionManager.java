package io.coatcheck.session;

import io.coatcheck.session.codec.AttributeCodecException;
import io.coatcheck.session.event.SessionListener;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.time.InstantSource;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The engine: saves what requests change, logs in, renews, lists and ends sessions.
 *
 * <p>One manager serves an application. Methods that take a principal or an id act on any session:
 * their caller must have the right to do that. Methods that take a {@link Session} act on behalf of
 * a request. Operations that only the code between a protocol, such as HTTP, and the application
 * calls are in {@link #adapter()}; those that only the code that moves users from another system
 * calls are in {@link #bridge()}.
 *
 * <p>A manager is thread-safe. Methods that call the store block as long as the store does, and
 * throw {@link SessionStoreException} when it fails; then no access was granted, and the caller
 * should answer 503. Time comes from the configured clock, to the millisecond.
 *
 * @since 0.1.0
 */
public final class SessionManager implements AutoCloseable {

  /** The maximum number of sessions that {@link #sessionsOf} lists. */
  public static final int MAX_LISTED = 1_000;

  private final SessionStore store;
  private final EngineContext engine;
  private final SessionWriter writer;
  private final AttributeSteps steps;
  private final Authenticator logins;
  private final SessionEnder endings;
  private final SessionAdapter adapter;
  private final SessionBridge bridge;
  private final @Nullable Sweeper sweeper;

  SessionManager(SessionManagerBuilder builder) {
    store = builder.store;
    engine = EngineContext.of(builder);
    LateWrites lateWrites = new LateWrites(engine);
    Touches touches = new Touches(engine, lateWrites);
    SaveLoop saveLoop = new SaveLoop(engine, lateWrites, builder.storeTimeout);
    writer = new SessionWriter(engine, touches, saveLoop);
    steps = new AttributeSteps(engine, saveLoop, writer);
    endings = new SessionEnder(engine);
    Claims claims = new Claims(engine);
    Memberships memberships = new Memberships(engine, claims);
    logins =
        new Authenticator(
            engine, saveLoop, memberships, builder.limit, builder.dropAttributesAtLogin);
    ForeignPrincipals principals = new ForeignPrincipals();
    adapter = new SessionAdapter(engine, touches, writer, logins, endings);
    bridge =
        new SessionBridge(
            engine.events(),
            claims,
            new SessionGroups(engine, claims, memberships, endings),
            new Imports(engine, new ImportClaims(engine, claims), logins, endings, principals),
            principals);
    engine.store().evictions().ifPresent(evictions -> evictions.onEvicted(endings::evicted));
    engine.copies().ifPresent(copies -> copies.onEndedElsewhere(engine.events()::endedElsewhere));
    sweeper =
        builder.cleanUpInterval.isZero() ? null : new Sweeper(engine, builder.cleanUpInterval);
    if (sweeper != null) {
      sweeper.start();
    }
  }

  /** Begins to build a manager for a store. Closing the manager closes the store. */
  public static SessionManagerBuilder builder(SessionStore store) {
    return new SessionManagerBuilder(store);
  }

  /** Returns the limits that sessions get. */
  public SessionPolicy policy() {
    return engine.policy();
  }

  /** Returns the clock that this manager uses. */
  public InstantSource clock() {
    return engine.clock();
  }

  /**
   * Returns the store that this manager was built with. Use it to check whether it answers, and for
   * its statistics; a change made there bypasses the manager and its listeners.
   */
  public SessionStore store() {
    return store;
  }

  /**
   * Returns the operations that only the code between a protocol and the application calls, such as
   * resolving the tokens of a request. An application that uses the servlet filter needs none of
   * them.
   */
  public SessionAdapter adapter() {
    return adapter;
  }

  /**
   * Returns the operations that only the code which moves users from another system calls, such as
   * importing a session that another library kept.
   */
  public SessionBridge bridge() {
    return bridge;
  }

  // By principal and id, for the application and its administrators.

  /**
   * Lists the live sessions of a principal, the most recently used first. If there are more than
   * {@value #MAX_LISTED}, the others are left out; all are read, a page at a time.
   *
   * @return a list of at most {@value #MAX_LISTED} sessions
   * @throws UnsupportedOperationException if the store has no index by principal
   * @throws SessionStoreException if the store failed
   */
  public List<SessionInfo> sessionsOf(String principal) {
    return new Listing(engine.requiredIndex("sessionsOf"), engine.now()).of(principal);
  }

  /**
   * Ends any session, of any principal. This is for administrators: it does not check on whose
   * behalf it is called. For a user's own sessions use {@link #revokeOwn}, {@link #revokeAllOwn}
   * and {@link #revokeOthers}.
   *
   * @return whether there was such a session
   * @throws SessionStoreException if the store failed: it may have ended or not
   */
  public boolean revoke(SessionId id) {
    return endings.revoke(id);
  }

  /**
   * Ends all sessions of a principal that were authenticated before this call began, however many
   * there are. This is for administrators, like {@link #revoke}: after a password was reset, or an
   * account was closed. The store works in steps, and the listeners are notified after each; a
   * session that logs in during the call may or may not be ended.
   *
   * @return how many
   * @throws UnsupportedOperationException if the store has no index by principal
   * @throws SessionStoreException if the store failed: some may have ended, and a second call ends
   *     the others
   */
  public int revokeAllOf(String principal) {
    return endings.revokeAllOf(principal);
  }

  /** Adds a listener, called after those added before. */
  public void addListener(SessionListener listener) {
    engine.events().add(listener);
  }

  /** Removes a listener; does nothing if it was never added. */
  public void removeListener(SessionListener listener) {
    engine.events().remove(listener);
  }

  /**
   * Decodes the attributes of a session, such as one whose end an event reports.
   *
   * @return the values by name, unmodifiable; a value that no longer decodes is left out, and the
   *     listeners are notified
   */
  public Map<String, Object> attributesOf(StoredSession session) {
    Map<String, Object> values = new TreeMap<>();
    session
        .attributes()
        .forEach(
            (name, value) -> {
              try {
                values.put(name, value.object(engine.codec()));
              } catch (AttributeCodecException e) {
                engine.events().undecodable(session, name, e);
              }
            });
    return Collections.unmodifiableMap(values);
  }

  /**
   * Deletes the sessions that have expired, in batches of 1,000 with a pause after each, as the
   * sweeper does by itself. If interrupted, it stops after a batch.
   *
   * @return how many were deleted
   * @throws SessionStoreException if the store failed; some may be deleted
   */
  public int cleanUp() {
    return Sweeper.sweep(engine, Sweeper::restInterruptibly);
  }

  // For the session of a request.

  /**
   * Stores what the request changed, on top of what other requests have stored since. When it
   * returns {@code true}, every node sees the changes. Without changes it costs nothing, or a touch
   * if one is due.
   *
   * <p>If the session has ended since, or was taken over by a login of another principal or an
   * explicit renewal, the changes are dropped, the listeners are notified, and this copy is ended.
   * A change that does not fit within the limits, together with what other requests have stored, is
   * dropped alone. So is a change in place of a value that another request has replaced.
   *
   * @return whether the session is as this request left it; {@code false} if changes that were set
   *     were dropped
   * @throws SessionStoreException if the store failed or the store timeout passed; the changes may
   *     have been stored or not, and are still to be saved
   */
  public boolean save(Session session) {
    return writer.save(session);
  }

  /**
   * Removes an attribute and returns its value, atomically in the store before this returns: of all
   * concurrent calls for one value, on any node, exactly one gets it. Use it for values that may be
   * used only once, such as the token of a form.
   *
   * <p>Works like {@link #update} with a function that returns null.
   *
   * @return the value; empty if there is none, its bytes no longer decode, or the session has ended
   */
  public Optional<Object> take(Session session, String name) {
    return take(session, name, Object.class);
  }

  /**
   * Removes an attribute atomically, like {@link #take(Session, String)}, and returns its value as
   * the given type.
   *
   * @throws ClassCastException if the value is of another type; nothing was changed
   */
  public <T> Optional<T> take(Session session, String name, Class<T> type) {
    return steps.take(session, name, type);
  }

  /**
   * Replaces an attribute by the result of a function, atomically in the store before this returns:
   * no change of the attribute by another request, on any node, comes between the argument of the
   * function and what is stored. What this request changed so far is stored in the same write. A
   * session that is not stored yet stays so until the next {@link #save}.
   *
   * <p>The function receives the value that this request has set or changed before, and may be
   * called several times: see {@link AttributeFunction}. If it returns its argument, nothing is
   * written, and what this request changed is still to be saved.
   *
   * @param name 1 to 255 characters
   * @param type the class of the value, not of a primitive type
   * @param function its exceptions are rethrown; then nothing was changed
   * @return the value that is stored now; empty if the attribute was removed. Also empty, and
   *     nothing was changed, if the session has ended or was taken over, as for {@link #save}: then
   *     this copy is ended
   * @throws ClassCastException if the value is of another type; nothing was changed
   * @throws AttributeCodecException if the store needs bytes and the new value cannot be encoded;
   *     nothing was changed
   * @throws IllegalArgumentException if the name is empty or too long, or the session would hold
   *     more than its limits allow; nothing was changed
   * @throws IllegalStateException if the session had ended before
   * @throws SessionStoreException if the store failed or the store timeout passed; the step may be
   *     stored or not
   */
  public <T> Optional<T> update(
      Session session, String name, Class<T> type, AttributeFunction<T> function) {
    return steps.update(session, name, type, function);
  }

  /**
   * Logs a principal in: stores a new secret, the principal and the time of authentication in one
   * write, together with what the request changed so far. When it returns, no earlier secret of the
   * session authenticates, on any node.
   *
   * <p>The session that was resolved is kept, with its id and its attributes, if its login, or lack
   * of a login, is the same as when it was resolved; a periodic renewal does not matter. If it has
   * ended, or was re-keyed by another login or an explicit renewal since, a new one with a new id
   * takes its place, with what this request changed and, if the session was anonymous, with what it
   * held. If it belongs to another principal, it is ended first and nothing is carried over.
   *
   * @param current the request's session, of any kind; null if there is none
   * @param principal 1 to 255 code points without U+0000 and lone surrogates, not beginning with
   *     {@code coatcheck-claim:}; compared exactly
   * @return {@link LoginOutcome.Granted} with {@code current}, or with a new session if that could
   *     not be used
   * @throws IllegalArgumentException if the principal is out of range, or the idle timeout of the
   *     session would be longer than its absolute timeout; nothing was done
   * @throws SessionStoreException if the store failed: the login may have been stored or not, no
   *     client has its token, and the next login works; but if it was stored, it counts against a
   *     limit that refuses new logins
   */
  public LoginOutcome authenticate(
      @Nullable Session current, String principal, LoginOptions options) {
    return logins.authenticate(current, principal, options, before -> {});
  }

  /**
   * Gives the session a new secret, and saves what the request changed in the same write. The
   * earlier secret no longer authenticates when this returns. Changes of requests that began before
   * are dropped.
   *
   * @return whether it was renewed; {@code false} if the session has ended or was re-keyed by a
   *     login or another explicit renewal, and then this copy is ended; also {@code false} if it is
   *     ephemeral
   * @throws SessionStoreException if the store failed: it may be renewed or not
   */
  public boolean renew(Session session) {
    return writer.renew(session);
  }

  /**
   * Returns whether a session that was resolved a while ago is still live, according to the store.
   * Use it for connections that stay open longer than a request, such as server-sent events and
   * WebSockets. Does not count as activity.
   *
   * @return {@code false} if it has ended or expired, or if a login, even of the same principal, or
   *     an explicit renewal has replaced its secret
   * @throws SessionStoreException if the store failed
   */
  public boolean isStillLive(Session session) {
    return endings.isStillLive(session);
  }

  /**
   * Ends the request's own session, for every node, before it returns. Calling it twice is allowed.
   * If there has been a login into the session since it was resolved, even of the same principal,
   * only this request's copy is ended: a request from before a login does not end it. A new secret
   * alone does not protect the session. If another thread of the request logs in during the call,
   * its login either holds, as one that comes after the logout, or its session ends as well.
   *
   * @return whether it has ended; {@code false} if there has been a login since
   * @throws SessionStoreException if the store failed: it may have ended or not, and the logout
   *     must not be reported as done
   */
  public boolean invalidate(Session session) {
    return endings.invalidate(session);
  }

  /**
   * Ends a session if it belongs to the principal of the request's own session. The request's own
   * session is looked up again first: if it has ended, or there has been another login, no
   * principal is logged in.
   *
   * @return whether it was ended; equally {@code false} for a session of another principal, for one
   *     that does not exist, and if no principal is logged in
   * @throws SessionStoreException if the store failed: it may have ended or not
   */
  public boolean revokeOwn(Session own, SessionId id) {
    return endings.revokeOwn(own, id);
  }

  /**
   * Ends all sessions of the principal of the request's own session except that one. The request's
   * own session is looked up again first, as for {@link #revokeOwn}.
   *
   * @return how many; 0 if no principal is logged in
   * @throws UnsupportedOperationException if the store has no index by principal
   * @throws SessionStoreException if the store failed: some may have ended
   */
  public int revokeOthers(Session own) {
    return endings.revokeOthers(own);
  }

  /**
   * Ends all sessions of the principal of the request's own session, including that one, and this
   * copy of it. The request's own session is looked up again first, as for {@link #revokeOwn}: if
   * it has ended, or there has been another login, only this copy is ended. If no principal is
   * logged in, nothing is ended.
   *
   * @return how many, the request's own included; 0 if no principal is logged in
   * @throws UnsupportedOperationException if the store has no index by principal
   * @throws SessionStoreException if the store failed: some may have ended, and this copy has not;
   *     a second call ends the others
   */
  public int revokeAllOwn(Session own) {
    return endings.revokeAllOwn(own);
  }

  /** Ends the sweeper's thread, then closes the store. Calling it twice is allowed. */
  @Override
  public void close() {
    SessionStore last = engine.store();
    try (last;
        sweeper) {
      // The sweeper is closed first, and the store even if that fails.
    }
  }
}
