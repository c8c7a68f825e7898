package io.coatcheck.session.jdbc;

import io.coatcheck.session.codec.AttributeValue;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.StoredSessionBuilder;
import io.coatcheck.session.token.SessionId;
import io.coatcheck.session.token.SessionToken;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.SplittableRandom;

/** Sessions to store in tests: created at {@link #NOW}, 30 minutes idle, 12 hours absolute. */
final class Sessions {

  static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");
  static final Duration IDLE = Duration.ofMinutes(30);

  private static final SecureRandom RANDOM = new SecureRandom();

  private Sessions() {}

  static SessionToken token() {
    return SessionToken.generate(SessionId.generate(NOW, RANDOM), RANDOM);
  }

  static StoredSessionBuilder anonymous() {
    SessionToken token = token();
    return StoredSession.builder(token.id())
        .secretHash(token.secretHash())
        .createdAt(NOW)
        .idleTimeout(IDLE)
        .absoluteDeadline(NOW.plus(Duration.ofHours(12)));
  }

  static StoredSessionBuilder of(String principal) {
    return anonymous().principal(principal).authenticatedAt(NOW);
  }

  static AttributeValue bytes(int length) {
    byte[] bytes = new byte[length];
    new SplittableRandom(length).nextBytes(bytes);
    return AttributeValue.encoded(bytes);
  }
}
