package io.coatcheck.session;

import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.StoredSessionBuilder;
import io.coatcheck.session.token.SessionId;
import io.coatcheck.session.token.SessionToken;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;

/**
 * Creates snapshots that are not stored yet: for a new session, and for a session that gets a new
 * secret.
 */
final class Drafts {

  /** The moment until which a previous secret that a login replaced may still read: always past. */
  private static final Instant REPLACED_BY_LOGIN = Instant.EPOCH;

  private Drafts() {}

  static Session anonymous(EngineContext engine, SessionStatus status) {
    Instant now = engine.now();
    SessionToken token = engine.newToken(SessionId.generate(now, engine.random()));
    return new Session(engine, anonymous(engine, token, now), token, status);
  }

  static StoredSession anonymous(EngineContext engine, SessionToken token, Instant now) {
    return StoredSession.builder(token.id())
        .secretHash(token.secretHash())
        .createdAt(now)
        .idleTimeout(engine.policy().anonymousIdleTimeout())
        .absoluteDeadline(deadline(now, engine.policy().absoluteTimeout()))
        .build();
  }

  /**
   * Sets a new secret. The old one is remembered, so that it is recognised, but no longer
   * authenticates.
   *
   * @param next begun from {@code current}, with the other changes that are stored with the secret
   */
  static StoredSessionBuilder withNewSecret(
      StoredSession current, StoredSessionBuilder next, SessionToken token, Instant now) {
    return next.previousSecretHash(current.secretHash())
        .previousReadableUntil(null)
        .secretHash(token.secretHash())
        .generation(current.generation() + 1)
        .rotatedAt(now);
  }

  /**
   * Sets a new secret in a periodic renewal. The old one still authenticates until the client has
   * presented the new one.
   *
   * @param next as for {@link #withNewSecret}
   * @param lost whether the client never got the current secret and still has the previous one,
   *     which stays valid
   */
  static StoredSessionBuilder renewed(
      StoredSession current,
      StoredSessionBuilder next,
      SessionToken token,
      Instant now,
      boolean lost) {
    withNewSecret(current, next, token, now);
    if (lost) {
      next.previousSecretHash(current.previousSecretHash().orElseThrow());
    }
    return next.previousReadableUntil(current.absoluteDeadline());
  }

  /**
   * Returns whether the secret was renewed periodically and the client has not presented the new
   * one yet. Until then the old secret authenticates as long as the session lives; afterwards, for
   * a grace period that ends before the session does. So this does not depend on a clock.
   */
  static boolean isUnconfirmed(StoredSession session) {
    Optional<Instant> until = session.previousReadableUntil();
    return until.isPresent() && !until.get().isBefore(session.absoluteDeadline());
  }

  /** Starts the grace period of the old secret: the client has presented the new one. */
  static StoredSessionBuilder confirmed(StoredSession current, Instant now) {
    Instant last = current.absoluteDeadline().minusMillis(1);
    Instant grace = now.plus(TokenJudge.RENEWAL_GRACE);
    return current.toBuilder().previousReadableUntil(grace.isBefore(last) ? grace : last);
  }

  /**
   * Returns whether a snapshot belongs to the same login, or lack of a login, as an earlier one. A
   * periodic renewal does not change that. An explicit renewal does, and so does a new login, even
   * of the same principal.
   */
  @SuppressWarnings("ReferenceEquality")
  static boolean isSameLogin(StoredSession earlier, StoredSession current) {
    // It is nearly always the same snapshot, which need not be compared.
    return RequestLogin.hasSameFence(earlier, current)
        && (earlier == current || !SessionEnder.isLoggedInAnew(earlier, current));
  }

  /**
   * Marks the previous secret as one that a login replaced, where the moments of the login and of
   * the new secret differ. Such a secret never authenticates.
   */
  static void markAsReplacedByLogin(StoredSessionBuilder next) {
    next.previousReadableUntil(REPLACED_BY_LOGIN);
  }

  /** Returns whether a login replaced the previous secret, rather than a renewal. */
  static boolean isReplacedByLogin(StoredSession session) {
    return session.authenticatedAt().filter(session.rotatedAt()::equals).isPresent()
        || session.previousReadableUntil().filter(REPLACED_BY_LOGIN::equals).isPresent();
  }

  /**
   * Returns the time of a login: when the user proved who they are, but at least a millisecond
   * after the previous login, so that the two differ. A previous login that was recorded before the
   * clock was set back does not count.
   *
   * @param proven when the user proved who they are: {@code now} or earlier
   */
  static Instant loginAt(StoredSession current, Instant proven, Instant now) {
    return current
        .authenticatedAt()
        .filter(last -> !last.isBefore(proven) && !Moments.isOfAnotherTime(last, now))
        .map(last -> last.plusMillis(1))
        .orElse(proven);
  }

  static Instant deadline(Instant now, Duration timeout) {
    Instant deadline = now.plus(timeout);
    return deadline.isAfter(StoredSession.MAX_MOMENT) ? StoredSession.MAX_MOMENT : deadline;
  }

  /**
   * Rejects a principal that no user may have, or that could not be stored, before anything is
   * done.
   */
  static void checkPrincipal(String principal) {
    StoredSession.builder(SessionId.of(0, 0))
        .principal(Objects.requireNonNull(principal, "principal must not be null"));
    Claims.checkNotReserved(principal);
  }
}
