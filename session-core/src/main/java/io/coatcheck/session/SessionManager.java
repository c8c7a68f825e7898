package io.coatcheck.session;

import io.coatcheck.session.codec.AttributeCodec;
import io.coatcheck.session.event.DropReason;
import io.coatcheck.session.event.EndReason;
import io.coatcheck.session.event.SessionListener;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.WhenFull;
import io.coatcheck.session.token.SessionId;
import io.coatcheck.session.token.SessionToken;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/**
 * The engine: turns tokens into sessions, saves what requests change, logs in, renews, ends.
 *
 * <p>One manager serves an application. It is thread-safe. Methods that ask the store block as long
 * as the store does, and throw {@link SessionStoreException} when it fails; then nothing was
 * granted, and the caller answers 503. Time comes from the clock that it was built with, to the
 * millisecond.
 *
 * @since 0.1.0
 */
public final class SessionManager implements AutoCloseable {

  private final Engine engine;
  private final TokenResolver resolver;
  private final SaveLoop saveLoop;
  private final Logins logins;
  private final @Nullable Sweeper sweeper;

  private SessionManager(Builder builder) {
    SessionStore store = builder.store;
    Events events = new Events(builder.clock, builder.listeners);
    SessionStore reporting = new ReportingStore(store, events);
    engine =
        new Engine(
            reporting,
            reporting.principalIndex(),
            builder.policy,
            Objects.requireNonNull(builder.codec, "codec must be set"),
            builder.clock,
            builder.random == null ? new SecureRandom() : builder.random,
            events,
            builder.touchInterval == null ? store.touchInterval() : builder.touchInterval);
    resolver = new TokenResolver(engine);
    saveLoop = new SaveLoop(engine, builder.storeTimeout);
    logins = new Logins(engine, saveLoop, builder.limit, builder.dropAttributesAtLogin);
    store.evictions().ifPresent(evictions -> evictions.onEvicted(this::evicted));
    sweeper =
        builder.cleanUpInterval.isZero() ? null : new Sweeper(engine, builder.cleanUpInterval);
    if (sweeper != null) {
      sweeper.start();
    }
  }

  /**
   * Begins a manager of the sessions in a store. The manager closes the store when it is closed.
   */
  public static Builder builder(SessionStore store) {
    return new Builder(store);
  }

  /** Returns the limits that sessions get. */
  public SessionPolicy policy() {
    return engine.policy();
  }

  /** Returns the clock that everything here goes by. */
  public InstantSource clock() {
    return engine.clock();
  }

  /**
   * Finds out what the tokens that a request presented are worth. At most four are looked up, and
   * one is accepted only if no other one is live; what does not have the form of a token costs no
   * look-up. Every refusal is told to the listeners.
   *
   * @param presented the texts as the client sent them, untrusted; usually one
   * @throws SessionStoreException if the store cannot tell
   */
  public Resolution resolve(List<String> presented) {
    return resolver.resolve(presented);
  }

  /**
   * Begins an anonymous session in answer to a request. It is stored by the first {@link #save}
   * after the application relied on it: set an attribute, changed its timeout, or asked to
   * {@linkplain Session#keep keep} it. If the request presented a token that {@linkplain
   * Resolution#guardsNewerToken guards a newer one}, the session is ephemeral: it works within the
   * request and is never stored or sent, unless a login makes it a real one. Does not ask the
   * store.
   *
   * @param presented what became of the request's token
   */
  public Session create(Resolution presented) {
    return Drafts.anonymous(
        engine, presented.guardsNewerToken() ? Session.Status.EPHEMERAL : Session.Status.NEW);
  }

  /**
   * Stores what the request changed, on top of whatever other requests stored meanwhile. When it
   * returns {@code true}, every node sees it. Without changes it costs nothing, or a touch if one
   * is due.
   *
   * <p>If the session has ended meanwhile, or was taken over by a login of another principal or a
   * renewal, the changes are dropped, the listeners are told, and this copy is ended.
   *
   * @return whether the session is as this request left it; {@code false} if changes were dropped
   * @throws SessionStoreException if the store failed or the store timeout passed; the changes may
   *     be stored or not, and remain to be saved
   */
  public boolean save(Session session) {
    return switch (session.status()) {
      case ENDED, EPHEMERAL -> true;
      case NEW -> !session.isAwaitingCreation() || insert(session);
      case STORED -> saveStored(session);
    };
  }

  private boolean insert(Session session) {
    return saveLoop.inTurn(
        session.id(),
        () -> {
          if (session.status() == Session.Status.NEW) {
            Session.Pending pending = session.pending();
            StoredSession first = pending.applyTo(session.snapshot()).build();
            engine.store().insert(first);
            session.saved(first, pending);
            engine.events().created(first);
          }
          return true;
        });
  }

  private boolean saveStored(Session session) {
    if (session.pending().isEmpty()) {
      return touch(session);
    }
    return saveLoop.inTurn(
        session.id(),
        () -> {
          Session.Pending pending = session.pending();
          return pending.isEmpty() || update(session, pending);
        });
  }

  private boolean touch(Session session) {
    if (session.takeTouchDue()
        && !engine.store().touch(session.id(), session.requestedAt(), engine.now())) {
      session.end();
    }
    return true;
  }

  private boolean update(Session session, Session.Pending pending) {
    StoredSession resolved = session.snapshot();
    SaveLoop.Outcome outcome =
        saveLoop.update(
            resolved,
            (current, now) ->
                resolved.generation() < current.fence()
                    ? Optional.empty()
                    : Optional.of(
                        pending
                            .applyTo(current)
                            .lastSeenAt(Session.later(current.lastSeenAt(), session.requestedAt()))
                            .build()));
    StoredSession stored = outcome.session();
    if (stored == null) {
      drop(session, pending, outcome);
      return false;
    }
    session.saved(stored, pending);
    if (outcome.attempts() > 1) {
      engine.events().savedAfterConflict(stored, outcome.attempts());
    }
    return true;
  }

  private void drop(Session session, Session.Pending pending, SaveLoop.Outcome outcome) {
    StoredSession resolved = session.snapshot();
    session.end();
    DropReason reason = outcome.dropped() == null ? DropReason.ENDED : outcome.dropped();
    engine.events().dropped(resolved, reason, pending.attributes().values().keySet());
  }

  /**
   * Logs a principal in: new secret, principal and moment of authentication in one write, together
   * with what the request changed so far. When it returns, no earlier secret of the session
   * authenticates, on any node.
   *
   * <p>The session that was resolved is kept, with its id and its attributes, if its principal and
   * its generation are still those that were resolved. If it is gone or was re-keyed meanwhile, a
   * new one with a new id takes its place, with what this request changed and, if the session was
   * anonymous, with what it held. If it belongs to another principal, it is ended first and nothing
   * is carried over.
   *
   * @param current the request's session, of whatever kind; null if there is none
   * @param principal 1 to 255 code points without U+0000 and lone surrogates; compared exactly
   * @return {@link Authentication.Granted} with {@code current}, or with a new session where there
   *     was none that could be used
   * @throws IllegalArgumentException if the principal is out of range; nothing was done
   * @throws SessionStoreException if the store failed: the login may be stored or not, nobody has
   *     its token, and the next login works
   */
  public Authentication authenticate(
      @Nullable Session current, String principal, LoginOptions options) {
    return logins.authenticate(current, principal, options);
  }

  /**
   * Gives the session a new secret, and saves what the request changed in the same write. The
   * earlier secret is dead when this returns. Changes of requests that began before are dropped.
   *
   * @return whether it was renewed; {@code false} if the session has ended meanwhile or was
   *     re-keyed by another request, so that this copy is ended, or if it is ephemeral
   * @throws SessionStoreException if the store failed: it may be renewed or not
   */
  public boolean renew(Session session) {
    return switch (session.status()) {
      case ENDED, EPHEMERAL -> false;
      case NEW, STORED ->
          saveLoop.inTurn(
              session.id(),
              () ->
                  session.status() == Session.Status.NEW
                      ? renewDraft(session)
                      : renewStored(session));
    };
  }

  private boolean renewDraft(Session session) {
    SessionToken token = engine.newToken(session.id());
    session.redraft(
        Drafts.rekeyed(session.snapshot(), token, engine.now()).previousSecretHash(null).build(),
        token);
    return true;
  }

  private boolean renewStored(Session session) {
    StoredSession resolved = session.snapshot();
    Session.Pending pending = session.pending();
    SessionToken token = engine.newToken(resolved.id());
    SaveLoop.Outcome outcome =
        saveLoop.update(
            resolved,
            (current, now) ->
                current.generation() != resolved.generation()
                    ? Optional.empty()
                    : Optional.of(
                        Drafts.rekeyed(pending.applyTo(current).build(), token, now)
                            .fence(current.generation() + 1)
                            .lastSeenAt(Session.later(current.lastSeenAt(), now))
                            .build()));
    StoredSession stored = outcome.session();
    if (stored == null) {
      drop(session, pending, outcome);
      return false;
    }
    session.rekeyed(stored, pending, token);
    engine.events().renewed(stored);
    return true;
  }

  /**
   * Ends the request's own session, for every node, before it returns. Doing it twice is fine.
   *
   * @throws SessionStoreException if the store failed: it may have ended or not, and the logout
   *     must not be reported as done
   */
  public void invalidate(Session session) {
    if (session.status() == Session.Status.STORED) {
      engine
          .store()
          .delete(session.id())
          .ifPresent(ended -> engine.events().ended(ended, EndReason.LOGOUT));
    }
    session.end();
  }

  /**
   * Lists the live sessions of a principal, the one that was used last first.
   *
   * @throws UnsupportedOperationException if the store has no index by principal
   * @throws SessionStoreException if the store cannot tell
   */
  public List<SessionInfo> sessionsOf(String principal) {
    Instant now = engine.now();
    return engine.requiredIndex("sessionsOf").findByPrincipal(principal).stream()
        .filter(session -> !session.isExpiredAt(now))
        .sorted(
            Comparator.comparing(StoredSession::lastSeenAt)
                .reversed()
                .thenComparing(StoredSession::id))
        .map(SessionInfo::of)
        .toList();
  }

  /**
   * Ends any session, whoever it belongs to. This is for administrators: it does not ask whose
   * request it serves. For a user's own sessions there is {@link #revokeOwn}.
   *
   * @return whether there was such a session
   * @throws SessionStoreException if the store failed: it may have ended or not
   */
  public boolean revoke(SessionId id) {
    Optional<StoredSession> ended = engine.store().delete(id);
    ended.ifPresent(session -> engine.events().ended(session, EndReason.REVOKED));
    return ended.isPresent();
  }

  /**
   * Ends a session if it belongs to the principal of the request's own session.
   *
   * @return whether it was ended; {@code false} alike for a session of another principal, one that
   *     does not exist, and where nobody is logged in
   * @throws SessionStoreException if the store failed: it may have ended or not
   */
  public boolean revokeOwn(Session own, SessionId id) {
    Optional<String> principal = own.principal();
    if (principal.isEmpty()) {
      return false;
    }
    if (own.id().equals(id)) {
      boolean stored = own.isStored();
      invalidate(own);
      return stored;
    }
    // A session never passes from one principal to another, so what is found now stays true.
    boolean isOwn =
        engine.store().find(id).filter(found -> found.principal().equals(principal)).isPresent();
    return isOwn && revoke(id);
  }

  /**
   * Ends all sessions of a principal that were authenticated before this call began.
   *
   * @return how many
   * @throws UnsupportedOperationException if the store has no index by principal
   * @throws SessionStoreException if the store failed: some may have ended
   */
  public int revokeAll(String principal) {
    return revokeAllBut(principal, Set.of());
  }

  /**
   * Ends all sessions of the principal of the request's own session, but that one.
   *
   * @return how many; 0 if nobody is logged in
   * @throws UnsupportedOperationException if the store has no index by principal
   * @throws SessionStoreException if the store failed: some may have ended
   */
  public int revokeOthers(Session own) {
    return own.principal().map(principal -> revokeAllBut(principal, Set.of(own.id()))).orElse(0);
  }

  private int revokeAllBut(String principal, Set<SessionId> except) {
    return engine
        .requiredIndex("revoking by principal")
        .deleteByPrincipal(
            principal, except, ended -> engine.events().ended(ended, EndReason.REVOKED));
  }

  /**
   * Deletes the sessions that are expired now, in batches, as the sweeper does by itself.
   *
   * @return how many were deleted
   * @throws SessionStoreException if the store failed; some may be deleted
   */
  public int cleanUp() {
    return Sweeper.sweep(engine, new CountDownLatch(1));
  }

  private void evicted(StoredSession session) {
    if (session.isExpiredAt(engine.now())) {
      engine.events().expired(session);
    } else {
      engine.events().ended(session, EndReason.CAPACITY);
    }
  }

  /** Ends the sweeper's thread, then closes the store. Doing it twice is fine. */
  @Override
  public void close() {
    if (sweeper != null) {
      sweeper.close();
    }
    engine.store().close();
  }

  /** Builds a manager; {@link #build()} checks the combination. Not thread-safe. */
  public static final class Builder {

    private final SessionStore store;
    private SessionPolicy policy = SessionPolicy.defaults();
    private @Nullable AttributeCodec codec;
    private InstantSource clock = InstantSource.system();
    private @Nullable SecureRandom random;
    private final List<SessionListener> listeners = new ArrayList<>();
    private @Nullable Duration touchInterval;
    private Duration cleanUpInterval = Duration.ofMinutes(1);
    private Duration storeTimeout = Duration.ofSeconds(5);
    private Logins.@Nullable Limit limit;
    private boolean dropAttributesAtLogin;

    private Builder(SessionStore store) {
      this.store = store;
    }

    /** Sets how long sessions live. Default: {@link SessionPolicy#defaults()}. */
    public Builder policy(SessionPolicy sessionPolicy) {
      policy = sessionPolicy;
      return this;
    }

    /** Sets how attribute values become bytes, for stores that need them. Required. */
    public Builder codec(AttributeCodec attributeCodec) {
      codec = attributeCodec;
      return this;
    }

    /** Sets where the time comes from. Default: the system's clock. */
    public Builder clock(InstantSource source) {
      clock = source;
      return this;
    }

    /**
     * Sets where secrets and ids come from. When it throws, no session begins: there is nothing to
     * fall back to. Default: {@code new SecureRandom()}.
     */
    public Builder random(SecureRandom source) {
      random = source;
      return this;
    }

    /** Adds somebody to tell what happens. Default: nobody. */
    public Builder listener(SessionListener listener) {
      listeners.add(listener);
      return this;
    }

    /**
     * Sets how far the stored last-seen moment may lag behind before a request that only reads
     * writes it; zero means each request does. Sessions may expire by idleness earlier by up to
     * this much, never later. Each session's own lag is never more than a tenth of its idle
     * timeout. Default: what the store prefers, 1 minute for a database and zero in memory.
     */
    public Builder touchInterval(Duration interval) {
      touchInterval =
          Durations.between("touchInterval", interval, Duration.ZERO, Duration.ofHours(1));
      return this;
    }

    /**
     * Sets how often expired sessions are deleted, within a quarter more or less; zero starts no
     * thread, and {@link SessionManager#cleanUp} is the application's to call. Default: 1 minute.
     */
    public Builder cleanUpInterval(Duration interval) {
      cleanUpInterval =
          Durations.between("cleanUpInterval", interval, Duration.ZERO, Duration.ofDays(1));
      return this;
    }

    /**
     * Sets for how long a save goes on trying while other requests are always first, and how long
     * it waits in the queue of its session. The time that one call to the store takes is the
     * store's to bound. Default: 5 seconds.
     */
    public Builder storeTimeout(Duration timeout) {
      storeTimeout =
          Durations.between("storeTimeout", timeout, Duration.ofMillis(10), Duration.ofMinutes(1));
      return this;
    }

    /**
     * Limits how many live sessions a principal has, on all nodes together. Default: no limit.
     *
     * @param limit at least 1
     * @param whenFull whether the oldest gives way or the newcomer is refused
     */
    public Builder sessionsPerPrincipal(int limit, WhenFull whenFull) {
      if (limit < 1) {
        throw new IllegalArgumentException("sessionsPerPrincipal must be at least 1: " + limit);
      }
      this.limit = new Logins.Limit(limit, whenFull);
      return this;
    }

    /** Sets whether a login drops what the session held before. Default: false, it is kept. */
    public Builder dropAttributesAtLogin(boolean drop) {
      dropAttributesAtLogin = drop;
      return this;
    }

    /**
     * Makes the manager and starts its sweeper.
     *
     * @throws IllegalArgumentException if a limit per principal is set and the store has no index
     *     by principal, or the touch interval is more than a tenth of an idle timeout of the policy
     */
    public SessionManager build() {
      if (limit != null && store.principalIndex().isEmpty()) {
        throw new IllegalArgumentException(
            "sessionsPerPrincipal needs a store with a PrincipalIndex, which this one does not have: "
                + store.getClass().getName());
      }
      Duration shortest = policy.anonymousIdleTimeout();
      if (touchInterval != null && touchInterval.compareTo(shortest.dividedBy(10)) > 0) {
        throw new IllegalArgumentException(
            "touchInterval must not be more than a tenth of the shortest idle timeout: "
                + touchInterval
                + " > "
                + shortest
                + " / 10");
      }
      return new SessionManager(this);
    }
  }
}
