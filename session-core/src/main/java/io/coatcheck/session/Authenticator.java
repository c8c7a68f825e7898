package io.coatcheck.session;

import io.coatcheck.session.LoginOutcome.Granted;
import io.coatcheck.session.LoginOutcome.Refused;
import io.coatcheck.session.codec.AttributeValue;
import io.coatcheck.session.event.EndReason;
import io.coatcheck.session.store.Admission;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.StoredSessionBuilder;
import io.coatcheck.session.store.WhenFull;
import io.coatcheck.session.token.SessionId;
import io.coatcheck.session.token.SessionToken;
import java.time.Instant;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Logs principals in: on their present session, if it is still the one that was resolved. */
final class Authenticator {

  /** How often a login is tried while others keep storing more sessions than one step may end. */
  private static final int MAX_TRIES = 10;

  private final EngineContext engine;
  private final SaveLoop saveLoop;
  private final Memberships memberships;
  private final @Nullable Limit limit;
  private final boolean dropAttributes;

  /** How many live sessions a principal may have, and what happens at that number. */
  record Limit(int sessions, WhenFull whenFull) {}

  Authenticator(
      EngineContext engine,
      SaveLoop saveLoop,
      Memberships memberships,
      @Nullable Limit limit,
      boolean dropAttributes) {
    this.engine = engine;
    this.saveLoop = saveLoop;
    this.memberships = memberships;
    this.limit = limit;
    this.dropAttributes = dropAttributes;
  }

  boolean dropsAttributes() {
    return dropAttributes;
  }

  /**
   * Logs a principal in: see {@link SessionManager#authenticate}.
   *
   * @param dropped as for {@link SessionAdapter#authenticate}
   */
  LoginOutcome authenticate(
      @Nullable Session current,
      String principal,
      LoginOptions options,
      Consumer<StoredSession> dropped) {
    Drafts.checkPrincipal(principal);
    options.requireFitting(engine.policy());
    if (endsOthers(current, principal) && !options.stillValid()) {
      return new Refused(LoginResult.NO_LONGER_VALID);
    }
    Session session = usable(current, principal);
    if (session.isStored() && session.principal().isPresent()) {
      // This comes before the session is prolonged, so that its group never loses it.
      memberships.prolong(session.id(), options.absoluteTimeout(engine.policy()));
    }
    Pending pending = Pending.of(session);
    boolean isShared = session == current;
    AtomicReference<@Nullable StoredSession> before = new AtomicReference<>();
    LoginOutcome result = tryOnce(session, isShared, pending, principal, options, before);
    for (int tries = 1; result == null && tries < MAX_TRIES; tries++) {
      endSurplus(principal);
      result = tryOnce(session, isShared, pending, principal, options, before);
    }
    if (result instanceof Granted granted) {
      StoredSession continued = dropAttributes ? before.get() : null;
      LoginOutcome outcome = confirm(granted, options, continued);
      if (continued != null && outcome instanceof Granted) {
        dropped.accept(continued);
      }
      return outcome;
    }
    return result == null ? new Refused(LoginResult.LIMIT_REACHED) : result;
  }

  /** Returns whether the login may end other sessions, and so must not be refused afterwards. */
  private boolean endsOthers(@Nullable Session current, String principal) {
    return (limit != null && limit.whenFull() == WhenFull.EVICT_OLDEST)
        || (current != null
            && current.principal().filter(other -> !other.equals(principal)).isPresent());
  }

  /**
   * Tries to log in.
   *
   * @param isShared whether other threads may use the session, and be about to store it
   * @param before is set to the session as it was in the store, if the login continues it
   * @return null if the limit ends the oldest sessions, and more would have to end than one step
   *     may
   */
  private @Nullable LoginOutcome tryOnce(
      Session session,
      boolean isShared,
      Pending pending,
      String principal,
      LoginOptions options,
      AtomicReference<@Nullable StoredSession> before) {
    before.set(null);
    return isShared
        ? saveLoop.inTurn(
            session.id(),
            () ->
                session.isStored()
                    ? onExisting(session, pending.stillIn(session), principal, options, before)
                    : onNew(session, pending.stillIn(session), principal, options))
        : onNew(session, pending, principal, options);
  }

  /** Returns the outcome of a login that the limit does not allow; null as for {@link #tryOnce}. */
  private @Nullable LoginOutcome refused(Admission.Outcome admission) {
    boolean endsOldest = limit != null && limit.whenFull() == WhenFull.EVICT_OLDEST;
    return endsOldest && admission == Admission.Outcome.CROWDED
        ? null
        : new Refused(LoginResult.LIMIT_REACHED);
  }

  /**
   * Ends sessions above the limit, such as after it was lowered, in steps and outside the save
   * queue.
   */
  private void endSurplus(String principal) {
    Limit known = Objects.requireNonNull(limit);
    engine
        .requiredIndex("a limit per principal")
        .deleteOldest(
            principal, known.sessions(), engine.now(), engine.events().endings(EndReason.LIMIT));
  }

  /** Returns the session to log in on; first ends one that belongs to another principal. */
  private Session usable(@Nullable Session current, String principal) {
    if (current == null || current.isEnded()) {
      return Drafts.anonymous(engine, SessionStatus.NEW);
    }
    if (current.isStored() && !current.principal().map(principal::equals).orElse(true)) {
      boolean unused = SessionEnder.end(engine, current, EndReason.REPLACED, ended -> ended);
      return Drafts.anonymous(engine, SessionStatus.NEW);
    }
    return current;
  }

  /** Logs in on a stored session; null as for {@link #tryOnce}. */
  private @Nullable LoginOutcome onExisting(
      Session session,
      Pending pending,
      String principal,
      LoginOptions options,
      AtomicReference<@Nullable StoredSession> before) {
    StoredSession resolved = session.snapshot();
    SessionToken token = engine.newToken(resolved.id());
    SaveLoop.Change change =
        (current, now) -> {
          before.set(current);
          return Drafts.isSameLogin(resolved, current)
              ? loggedIn(current, pending, principal, options, token, now).build()
              : null;
        };
    SaveLoop.Outcome outcome =
        limit == null
            ? saveLoop.update(resolved, change)
            : saveLoop.updateWithin(resolved, change, (next, now) -> store(next, false, now));
    if (outcome instanceof SaveLoop.Outcome.Refused refused) {
      return refused(refused.admission());
    }
    if (!(outcome instanceof SaveLoop.Outcome.Stored saved)) {
      before.set(null);
      // The session has ended or now belongs to another login. What an anonymous session held is
      // carried over; what an authenticated one held belongs to a login that has ended.
      Map<String, AttributeValue> carried =
          resolved.principal().isEmpty() ? resolved.attributes() : Map.of();
      return onNew(session, pending, principal, options, carried);
    }
    StoredSession stored = saved.session();
    session.onLoggedIn(stored, pending, token);
    pending.isWhole(stored, engine.events());
    engine.events().authenticated(stored);
    return new Granted(session);
  }

  private @Nullable LoginOutcome onNew(
      Session session, Pending pending, String principal, LoginOptions options) {
    // Another thread of the request may have ended the session. What it held belongs to its login.
    StoredSession known = session.snapshot();
    Map<String, AttributeValue> carried =
        known.principal().isEmpty() ? known.attributes() : Map.of();
    return onNew(session, pending, principal, options, carried);
  }

  /** Logs in on a session that is inserted; null as for {@link #tryOnce}. */
  private @Nullable LoginOutcome onNew(
      Session session,
      Pending pending,
      String principal,
      LoginOptions options,
      Map<String, AttributeValue> carried) {
    Instant now = engine.now();
    // A session that began here and was never sent keeps its id, which the application may have
    // seen.
    boolean fresh = session.status() == SessionStatus.NEW;
    SessionId id = fresh ? session.id() : SessionId.generate(now, engine.random());
    SessionToken token = engine.newToken(id);
    StoredSession draft =
        Drafts.anonymous(engine, token, now).toBuilder()
            .generation(fresh ? session.generation() : 0)
            .attributes(carried)
            .build();
    // No client holds an earlier secret of a session that was never stored.
    StoredSession next =
        loggedIn(draft, pending, principal, options, token, now)
            .previousSecretHash(null)
            .previousReadableUntil(null)
            .build();
    Admission.Outcome admission = store(next, true, now);
    if (admission != Admission.Outcome.STORED) {
      return refused(admission);
    }
    session.onLoggedIn(next, pending, token);
    engine.events().created(next);
    pending.isWhole(next, engine.events());
    engine.events().authenticated(next);
    return new Granted(session);
  }

  /**
   * Stores a session that another library kept until now, within the limit of its principal.
   *
   * @return {@code false} if the limit refuses it
   */
  boolean admit(StoredSession imported) {
    Instant now = engine.now();
    Optional<String> principal = imported.principal();
    if (principal.isEmpty()) {
      engine.store().insert(imported);
      return true;
    }
    Admission.Outcome outcome = store(imported, true, now);
    for (int tries = 1; outcome == Admission.Outcome.CROWDED && tries < MAX_TRIES; tries++) {
      endSurplus(principal.get());
      outcome = store(imported, true, now);
    }
    return outcome == Admission.Outcome.STORED;
  }

  private StoredSessionBuilder loggedIn(
      StoredSession current,
      Pending pending,
      String principal,
      LoginOptions options,
      SessionToken token,
      Instant now) {
    boolean samePrincipal = current.principal().map(principal::equals).orElse(false);
    Instant loginAt = Drafts.loginAt(current, now, now);
    Optional<Instant> provenBefore = options.authenticatedAt().filter(now::isAfter);
    StoredSessionBuilder changed =
        dropAttributes
            ? current.toBuilder().attributes(Map.of())
            : pending.applyTo(current, engine.limits());
    StoredSessionBuilder next =
        Drafts.withNewSecret(current, changed, token, loginAt)
            .principal(principal)
            .authenticatedAt(
                provenBefore.map(proven -> Drafts.loginAt(current, proven, now)).orElse(loginAt))
            .lastSeenAt(Moments.later(current.lastSeenAt(), now))
            .idleTimeout(options.idleTimeout(engine.policy()))
            .absoluteDeadline(Drafts.deadline(now, options.absoluteTimeout(engine.policy())))
            .remembered(options.remembered())
            .clientAddress(options.clientAddress().orElse(null))
            .userAgent(options.userAgent().orElse(null));
    if (provenBefore.isPresent()) {
      Drafts.markAsReplacedByLogin(next);
    }
    return samePrincipal ? next : next.fence(current.generation() + 1);
  }

  private Admission.Outcome store(StoredSession next, boolean isNew, Instant now) {
    if (limit == null) {
      if (isNew) {
        engine.store().insert(next);
        return Admission.Outcome.STORED;
      }
      return engine.store().update(next, now)
          ? Admission.Outcome.STORED
          : Admission.Outcome.CONFLICT;
    }
    Admission admission =
        engine
            .loginLimit()
            .orElseThrow()
            .admit(next, isNew, limit.sessions(), limit.whenFull(), now);
    admission.evicted().forEach(evicted -> engine.events().ended(evicted, EndReason.LIMIT));
    return admission.outcome();
  }

  /** Checks the credential again, now that "revoke all" would find this session. */
  private LoginOutcome confirm(
      Granted granted, LoginOptions options, @Nullable StoredSession dropped) {
    boolean valid = false;
    try {
      valid = options.stillValid();
    } finally {
      if (!valid) {
        boolean unused =
            SessionEnder.end(
                engine,
                granted.session(),
                EndReason.REVOKED,
                ended -> dropped == null ? ended : withAttributesOf(dropped, ended));
      }
    }
    return valid ? granted : new Refused(LoginResult.NO_LONGER_VALID);
  }

  /** Returns a session as it ends, with what its login dropped, of which no listener knows yet. */
  private static StoredSession withAttributesOf(StoredSession dropped, StoredSession ended) {
    return ended.toBuilder().attributes(dropped.attributes()).build();
  }
}
