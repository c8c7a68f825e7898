package io.coatcheck.session;

import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import io.coatcheck.session.token.SessionToken;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;

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
  static StoredSession.Builder rekeyed(StoredSession current, SessionToken token, Instant now) {
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
  static StoredSession.Builder renewed(
      StoredSession current, SessionToken token, Instant now, boolean lost) {
    StoredSession.Builder next = rekeyed(current, token, now);
    if (lost) {
      next.previousSecretHash(current.previousSecretHash().orElseThrow());
    }
    return next.previousReadableUntil(current.absoluteDeadline());
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
