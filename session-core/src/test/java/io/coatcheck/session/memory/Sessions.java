package io.coatcheck.session.memory;

import io.coatcheck.session.codec.AttributeValue;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.StoredSessionBuilder;
import io.coatcheck.session.token.SecretHash;
import io.coatcheck.session.token.SessionId;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;

/** Sessions as the tests of this package need them: ids in sequence, three small attributes. */
final class Sessions {

  static final Instant NOW = Instant.parse("2026-11-23T12:00:00Z");

  private static final AtomicLong IDS = new AtomicLong();

  private Sessions() {}

  static StoredSessionBuilder anonymous() {
    return anonymous(NOW);
  }

  static StoredSessionBuilder anonymous(Instant now) {
    long number = IDS.incrementAndGet();
    return StoredSession.builder(SessionId.of(now.toEpochMilli() << 16, mix(number)))
        .secretHash(
            SecretHash.of(ByteBuffer.allocate(SecretHash.LENGTH).putLong(mix(~number)).array()))
        .createdAt(now)
        .idleTimeout(Duration.ofMinutes(30))
        .absoluteDeadline(now.plus(Duration.ofHours(12)));
  }

  static StoredSessionBuilder of(String principal) {
    return anonymous().principal(principal).authenticatedAt(NOW);
  }

  /** Three small attributes of known names, each value its own object. */
  static Map<String, AttributeValue> attributes(long number) {
    return Map.of(
        "user", value("user-" + number),
        "locale", value("en_GB-" + number % 7),
        "cart", value("cart-" + number));
  }

  private static AttributeValue value(String text) {
    return AttributeValue.encoded(text.getBytes(java.nio.charset.StandardCharsets.UTF_8));
  }

  /** Spreads consecutive numbers over all bits (SplitMix64), as random ids are. */
  private static long mix(long number) {
    long bits = number * 0x9E3779B97F4A7C15L;
    bits = (bits ^ bits >>> 30) * 0xBF58476D1CE4E5B9L;
    bits = (bits ^ bits >>> 27) * 0x94D049BB133111EBL;
    return bits ^ bits >>> 31;
  }
}
