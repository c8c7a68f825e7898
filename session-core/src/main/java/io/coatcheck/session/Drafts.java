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
 * Snapshots that are not stored yet: of a session that begins, and of one that gets a new secret.
 */
final class Drafts {

  private Drafts() {}

  static Session anonymous(Engine engine, Session.Status status) {
    Instant now = engine.now();
    SessionToken token = engine.newToken(SessionId.generate(now, engine.random()));
    return new Session(engine, anonymous(engine, token, now), token, status);
  }

  static StoredSession anonymous(Engine engine, SessionToken token, Instant now) {
    return StoredSession.builder(token.id())
        .secretHash(token.secretHash())
        .createdAt(now)
        .idleTimeout(engine.policy().anonymousIdleTimeout())
        .absoluteDeadline(deadline(now, engine.policy().absoluteTimeout()))
        .build();
  }

  /** Gives a new secret. The old one is remembered, so that it is recognised, and reads nothing. */
  static StoredSessionBuilder rekeyed(StoredSession current, SessionToken token, Instant now) {
    return current.toBuilder()
        .previousSecretHash(current.secretHash())
        .previousReadableUntil(null)
        .secretHash(token.secretHash())
        .generation(current.generation() + 1)
        .rotatedAt(now);
  }

  /**
   * Gives a new secret in passing. The old one goes on reading until the client has presented the
   * new one.
   *
   * @param lost the client never got the current secret and still has the previous one: that one
   *     stays
   */
  static StoredSessionBuilder renewed(
      StoredSession current, SessionToken token, Instant now, boolean lost) {
    StoredSessionBuilder next = rekeyed(current, token, now);
    if (lost) {
      next.previousSecretHash(current.previousSecretHash().orElseThrow());
    }
    return next.previousReadableUntil(current.absoluteDeadline());
  }

  /**
   * Returns whether the secret was renewed in passing, and the client has not presented the new one
   * yet. Until then the old one reads as long as the session lives, and from then on for a grace
   * that ends before that: so this does not depend on a clock.
   */
  static boolean isUnconfirmed(StoredSession session) {
    Optional<Instant> until = session.previousReadableUntil();
    return until.isPresent() && !until.get().isBefore(session.absoluteDeadline());
  }

  /** Ends the time of the old secret: the client has presented the new one. */
  static StoredSessionBuilder confirmed(StoredSession current, Instant now) {
    Instant last = current.absoluteDeadline().minusMillis(1);
    Instant grace = now.plus(TokenResolver.RENEWAL_GRACE);
    return current.toBuilder().previousReadableUntil(grace.isBefore(last) ? grace : last);
  }

  /**
   * Returns whether a snapshot is of the same login, or of none, as an earlier one: at most renewed
   * in passing since. A new login of the same principal and an explicit renewal make it another.
   */
  static boolean isSameLogin(StoredSession earlier, StoredSession current) {
    return earlier.generation() >= current.fence() && !Endings.isLoggedInAnew(earlier, current);
  }

  /**
   * Returns when a login happens: later than the one before, so that the two can be distinguished.
   */
  static Instant loginAt(StoredSession current, Instant now) {
    return current
        .authenticatedAt()
        .filter(last -> !last.isBefore(now))
        .map(last -> last.plusMillis(1))
        .orElse(now);
  }

  static Instant deadline(Instant now, Duration timeout) {
    Instant deadline = now.plus(timeout);
    return deadline.isAfter(StoredSession.MAX_MOMENT) ? StoredSession.MAX_MOMENT : deadline;
  }

  /** Refuses a principal that could not be stored, before anything is done. */
  static void checkPrincipal(String principal) {
    StoredSession.builder(SessionId.of(0, 0))
        .principal(Objects.requireNonNull(principal, "principal must not be null"));
  }
}
