package io.coatcheck.session.testkit;

import io.coatcheck.session.codec.AttributeValue;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.StoredSessionBuilder;
import io.coatcheck.session.token.SecretHash;
import io.coatcheck.session.token.SessionId;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;

/**
 * Sessions for tests, each with its own id and secret hash. They are builders, so that a test sets
 * only the parts that it tests.
 *
 * @since 0.1.0
 */
public final class SampleSessions {

  /** The idle timeout of every sample that has one. */
  public static final Duration IDLE_TIMEOUT = Duration.ofMinutes(30);

  /** The time from creation to the absolute deadline of every sample. */
  public static final Duration ABSOLUTE_TIMEOUT = Duration.ofHours(12);

  private static final List<String> OPTIONAL_PARTS =
      List.of("principal", "idleTimeout", "remembered", "clientAddress", "userAgent", "attributes");

  private static final SecureRandom RANDOM = new SecureRandom();

  private SampleSessions() {}

  /** Begins an anonymous session without attributes, created and last seen at {@code now}. */
  public static StoredSessionBuilder anonymous(Instant now) {
    return anonymous(SessionId.generate(now, RANDOM), now);
  }

  /** Begins a session as {@link #anonymous(Instant)} does, with an id that the test has chosen. */
  public static StoredSessionBuilder anonymous(SessionId id, Instant now) {
    return StoredSession.builder(id)
        .secretHash(secretHash())
        .createdAt(now)
        .idleTimeout(IDLE_TIMEOUT)
        .absoluteDeadline(now.plus(ABSOLUTE_TIMEOUT));
  }

  /** Begins a session of a principal who authenticated at {@code now}. */
  public static StoredSessionBuilder authenticated(String principal, Instant now) {
    return anonymous(now).principal(principal).authenticatedAt(now);
  }

  /** Begins a session with every optional part, all parts different. */
  public static StoredSessionBuilder complete(Instant now) {
    return complete(SessionId.generate(now, RANDOM), now);
  }

  /** Begins a session as {@link #complete(Instant)} does, with an id that the test has chosen. */
  public static StoredSessionBuilder complete(SessionId id, Instant now) {
    return anonymous(id, now)
        .previousSecretHash(secretHash())
        .previousReadableUntil(now.plusSeconds(61))
        .principal("alice")
        .authenticatedAt(now.plusSeconds(2))
        .lastSeenAt(now.plusSeconds(3))
        .rotatedAt(now.plusSeconds(4))
        .generation(7)
        .fence(5)
        .version(3)
        .remembered(true)
        .clientAddress("2001:db8::1")
        .userAgent("Mozilla/5.0 (X11; Linux x86_64)")
        .attribute("cart", text("three apples"))
        .attribute("empty", AttributeValue.encoded(new byte[0]))
        .attribute("every byte", AttributeValue.encoded(everyByte()));
  }

  /** Creates an attribute value of the UTF-8 bytes of a text; no codec would decode it. */
  public static AttributeValue text(String text) {
    return AttributeValue.encoded(text.getBytes(StandardCharsets.UTF_8));
  }

  /** Creates a random secret hash, of an unknown secret. */
  public static SecretHash secretHash() {
    byte[] bytes = new byte[SecretHash.LENGTH];
    RANDOM.nextBytes(bytes);
    return SecretHash.of(bytes);
  }

  private static byte[] everyByte() {
    byte[] bytes = new byte[256];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) i;
    }
    return bytes;
  }

  /**
   * Begins a session for each combination of the parts that may be absent: previous secret hash
   * (also with the moment until which it is accepted), principal, idle timeout, remembered, client
   * address, user agent and attributes; the name says which are present. Each has its own id and is
   * unexpired at {@code now}.
   */
  public static Stream<Named<StoredSessionBuilder>> everyKind(Instant now) {
    return IntStream.range(0, 3 << OPTIONAL_PARTS.size()).mapToObj(number -> kind(number, now));
  }

  private static Named<StoredSessionBuilder> kind(int number, Instant now) {
    StoredSessionBuilder session = anonymous(now).idleTimeout(null).generation(6).fence(number % 7);
    List<String> names = new ArrayList<>();
    for (int i = 0; i < OPTIONAL_PARTS.size(); i++) {
      if ((number >> i & 1) == 1) {
        names.add(OPTIONAL_PARTS.get(i));
        add(session, OPTIONAL_PARTS.get(i), now);
      }
    }
    int previous = number >> OPTIONAL_PARTS.size();
    if (previous > 0) {
      names.add("previousSecretHash");
      session.previousSecretHash(secretHash());
    }
    if (previous > 1) {
      names.add("previousReadableUntil");
      session.previousReadableUntil(now.plusSeconds(61));
    }
    return Named.of(names.isEmpty() ? "no optional part" : String.join(", ", names), session);
  }

  private static void add(StoredSessionBuilder session, String part, Instant now) {
    switch (part) {
      case "principal" -> session.principal("alice").authenticatedAt(now.plusSeconds(2));
      case "idleTimeout" -> session.idleTimeout(IDLE_TIMEOUT);
      case "remembered" -> session.remembered(true);
      case "clientAddress" -> session.clientAddress("2001:db8::1");
      case "userAgent" -> session.userAgent("Mozilla/5.0 (X11; Linux x86_64)");
      case "attributes" -> session.attribute("cart", text("three apples"));
      default -> throw new IllegalArgumentException("no such part: " + part);
    }
  }
}
