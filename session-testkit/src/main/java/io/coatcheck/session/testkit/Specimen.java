package io.coatcheck.session.testkit;

import io.coatcheck.session.codec.AttributeValue;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.StoredSessionBuilder;
import io.coatcheck.session.token.SecretHash;
import io.coatcheck.session.token.SessionId;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Function;

/** Every kind of session that a store must keep, each unusual in at least one way. */
enum Specimen {
  ANONYMOUS(SampleSessions::anonymous),
  AUTHENTICATED(now -> SampleSessions.authenticated("alice", now)),
  COMPLETE(SampleSessions::complete),
  WITHOUT_IDLE_TIMEOUT(now -> SampleSessions.anonymous(now).idleTimeout(null)),
  WITHOUT_END(
      now ->
          SampleSessions.authenticated("alice", now)
              .idleTimeout(null)
              .absoluteDeadline(StoredSession.MAX_MOMENT)),
  EXPIRED_BY_IDLENESS(
      now ->
          SampleSessions.complete(now.minus(Duration.ofHours(2)))
              .idleTimeout(Duration.ofMinutes(1))),
  EXPIRED_BY_DEADLINE(now -> SampleSessions.complete(now).absoluteDeadline(now.minusSeconds(1))),
  FROM_THE_EPOCH(
      now ->
          SampleSessions.complete(Instant.EPOCH)
              .authenticatedAt(Instant.EPOCH)
              .lastSeenAt(Instant.EPOCH)
              .rotatedAt(Instant.EPOCH)
              .previousReadableUntil(Instant.EPOCH)
              .absoluteDeadline(StoredSession.MAX_MOMENT)),
  UNTIL_THE_LAST_MOMENT(
      now ->
          SampleSessions.complete(StoredSession.MAX_MOMENT.minus(Duration.ofDays(1)))
              .authenticatedAt(StoredSession.MAX_MOMENT)
              .lastSeenAt(StoredSession.MAX_MOMENT)
              .rotatedAt(StoredSession.MAX_MOMENT)
              .previousReadableUntil(StoredSession.MAX_MOMENT)
              .absoluteDeadline(StoredSession.MAX_MOMENT)),
  MAX_IDLE_TIMEOUT(
      now -> SampleSessions.anonymous(now).idleTimeout(Duration.ofSeconds(Long.MAX_VALUE))),
  MIN_IDLE_TIMEOUT(now -> SampleSessions.anonymous(now).idleTimeout(Duration.ofMillis(1))),
  IDLE_TIMEOUT_BEYOND_INT(
      now -> SampleSessions.anonymous(now).idleTimeout(Duration.ofMillis(1L + Integer.MAX_VALUE))),
  LARGE_NUMBERS(
      now ->
          SampleSessions.complete(now)
              .generation(Long.MAX_VALUE)
              .fence(Long.MAX_VALUE - 1)
              .version(Long.MAX_VALUE - 2)),
  MAX_PRINCIPAL_LENGTH(
      now ->
          SampleSessions.authenticated(
              "\uD83D\uDE00".repeat(StoredSession.MAX_PRINCIPAL_LENGTH), now)),
  MAX_CLIENT_LENGTH(
      now ->
          SampleSessions.complete(now)
              .clientAddress("f".repeat(StoredSession.MAX_CLIENT_ADDRESS_LENGTH))
              .userAgent("\u00e9".repeat(StoredSession.MAX_USER_AGENT_LENGTH))),
  ODD_CLIENT(
      now ->
          SampleSessions.complete(now)
              .clientAddress(" 127.0.0.1 \t")
              .userAgent(" '\"\\\n\u20ac \uD83D\uDE00 a\u0301 \u3042 ")),
  CLIENT_LIKE_NONE(now -> SampleSessions.complete(now).clientAddress("null").userAgent("null")),
  EMPTY_CLIENT(now -> SampleSessions.complete(now).clientAddress("").userAgent("")),
  ALL_ZERO_ID(now -> SampleSessions.anonymous(SessionId.of(0, 0), now)),
  ALL_ONE_ID(now -> SampleSessions.anonymous(SessionId.of(-1, -1), now)),
  ID_LIKE_TEXT(
      now -> SampleSessions.anonymous(SessionId.of(0x2725_3b2d_2d00_0a0dL, 0x5c00_255fL), now)),
  ODD_ATTRIBUTE_NAMES(
      now -> {
        Map<String, AttributeValue> attributes = new HashMap<>();
        for (String name :
            new String[] {
              "",
              " ",
              "a",
              "A",
              "a ",
              "\u00e1",
              "a\u0301",
              "\uD83D\uDE00",
              "\uD83D",
              "\u0000",
              "a\u0000b",
              "'; --",
              "\"",
              "\\",
              "\n",
              "a.b",
              ".",
              "$set",
              "__proto__",
              "_id",
              "version",
              "null",
              "x".repeat(1_000)
            }) {
          attributes.put(name, SampleSessions.text("value of " + attributes.size()));
        }
        return SampleSessions.anonymous(now).attributes(attributes);
      }),
  ODD_BYTES(
      now -> {
        Map<String, AttributeValue> attributes = new HashMap<>();
        for (String text : new String[] {"\u0000", "\u0000\u0000", " ", " a ", "a\n", "a\u0000"}) {
          attributes.put("value " + attributes.size(), SampleSessions.text(text));
        }
        byte[] zeros = new byte[SecretHash.LENGTH];
        zeros[SecretHash.LENGTH / 2] = 1;
        byte[] ones = new byte[SecretHash.LENGTH];
        Arrays.fill(ones, (byte) -1);
        return SampleSessions.authenticated("alice", now)
            .generation(2)
            .secretHash(SecretHash.of(zeros))
            .previousSecretHash(SecretHash.of(ones))
            .attributes(attributes);
      }),
  MEGABYTE_ATTRIBUTE(
      now -> {
        byte[] bytes = new byte[1 << 20];
        new SplittableRandom(1).nextBytes(bytes);
        return SampleSessions.anonymous(now).attribute("large", AttributeValue.encoded(bytes));
      }),
  MANY_ATTRIBUTES(
      now -> {
        Map<String, AttributeValue> attributes = new HashMap<>();
        for (int i = 0; i < 1_000; i++) {
          attributes.put("name " + i, SampleSessions.text("value " + i));
        }
        return SampleSessions.anonymous(now).attributes(attributes);
      });

  @SuppressWarnings("ImmutableEnumChecker") // None of the functions above holds anything.
  private final Function<Instant, StoredSessionBuilder> sessions;

  Specimen(Function<Instant, StoredSessionBuilder> sessions) {
    this.sessions = sessions;
  }

  /** Begins such a session; all except those for special moments are created at {@code now}. */
  StoredSessionBuilder at(Instant now) {
    return sessions.apply(now);
  }
}
