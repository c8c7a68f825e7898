package io.coatcheck.session.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.codec.AttributeValue;
import io.coatcheck.session.token.SecretHash;
import io.coatcheck.session.token.SessionId;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StoredSessionTest {

  private static final Instant NOW = Instant.parse("2026-03-01T12:00:00Z");
  private static final SessionId ID = SessionId.of(1, 2);

  private static StoredSessionBuilder valid() {
    return StoredSession.builder(ID)
        .secretHash(SecretHash.of(new byte[32]))
        .createdAt(NOW)
        .absoluteDeadline(NOW.plus(Duration.ofHours(12)));
  }

  @Nested
  @DisplayName("What an update stores over a snapshot")
  class Replacing {

    private final StoredSession stored =
        valid().version(4).idleTimeout(Duration.ofMinutes(30)).build();

    @Test
    void replacing_sameVersion_isTheNextVersion() {
      StoredSession changed = stored.toBuilder().remembered(true).build();

      assertThat(changed.replacing(stored, NOW))
          .contains(stored.toBuilder().remembered(true).version(5).build());
    }

    @Test
    @DisplayName("I6: the later last-seen moment is kept")
    void replacing_theLaterLastSeen_isKept() {
      StoredSession touched = stored.seenAt(NOW.plusSeconds(9));

      assertThat(stored.replacing(touched, NOW)).contains(touched.toBuilder().version(5).build());
      assertThat(touched.replacing(stored, NOW)).contains(touched.toBuilder().version(5).build());
    }

    @Test
    @DisplayName("I6: a moment that the store keeps apart counts as that of the stored session")
    void replacing_lastSeenApart_isAsIfItWereInTheSnapshot() {
      StoredSession changed = stored.toBuilder().remembered(true).build();
      long later = NOW.plusSeconds(9).toEpochMilli();

      assertThat(changed.replacing(stored, later, NOW))
          .isEqualTo(changed.replacing(stored.seenAt(NOW.plusSeconds(9)), NOW))
          .isPresent();
      assertThat(changed.replacing(stored, 0, NOW)).isEqualTo(changed.replacing(stored, NOW));
      Instant expired = stored.expiresAt();
      assertThat(changed.replacing(stored, 0, expired)).isEmpty();
      assertThat(changed.replacing(stored, later, expired)).isPresent();
      assertThat(changed.replacing(stored, later, expired.plusSeconds(9))).isEmpty();
    }

    @Test
    void withNextVersion_differsInTheVersionAlone() {
      assertThat(stored.withNextVersion()).isEqualTo(stored.toBuilder().version(5).build());

      StoredSession last = valid().version(Long.MAX_VALUE).build();
      assertThatThrownBy(last::withNextVersion).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void replacing_anotherVersion_isRefused() {
      for (long version : new long[] {0, 3, 5, Long.MAX_VALUE}) {
        assertThat(stored.toBuilder().version(version).build().replacing(stored, NOW)).isEmpty();
      }
    }

    @Test
    void replacing_expired_isRefused() {
      StoredSession longer = stored.toBuilder().idleTimeout(null).build();

      assertThat(longer.replacing(stored, stored.expiresAt())).isEmpty();
      assertThat(longer.replacing(stored, stored.expiresAt().minusNanos(1))).isPresent();
    }

    @Test
    void replacing_lastVersion_throws() {
      StoredSession last = valid().version(Long.MAX_VALUE).build();

      assertThatThrownBy(() -> last.replacing(last, NOW))
          .isInstanceOf(SessionStoreException.class)
          .hasMessageContaining(ID.toString());
      assertThat(last.replacing(last, last.expiresAt())).as("an expired one").isEmpty();
    }

    @Test
    void replacing_anotherId_throws() {
      StoredSession other =
          StoredSession.builder(SessionId.of(1, 3))
              .secretHash(SecretHash.of(new byte[32]))
              .createdAt(NOW)
              .absoluteDeadline(NOW.plusSeconds(1))
              .build();

      assertThatThrownBy(() -> other.replacing(stored, NOW))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Nested
  @DisplayName("I6: expiresAt is the earlier of the two limits, and that instant is expired")
  class Expiry {

    @Test
    void isExpiredAt_exactIdleInstant() {
      StoredSession session = valid().idleTimeout(Duration.ofMinutes(30)).build();
      Instant deadline = NOW.plus(Duration.ofMinutes(30));

      assertThat(session.expiresAt()).isEqualTo(deadline);
      assertThat(session.isExpiredAt(deadline.minusNanos(1))).isFalse();
      assertThat(session.isExpiredAt(deadline)).isTrue();
      assertThat(session.isExpiredAt(deadline.plusNanos(1))).isTrue();
    }

    @Test
    void expiresAtMillis_lastSeenApart_isThatOfTheTouchedSession() {
      StoredSession session = valid().idleTimeout(Duration.ofMinutes(30)).build();
      for (long seconds : new long[] {-9, 0, 9, 12 * 3600 - 1, 12 * 3600, 13 * 3600}) {
        long seen = NOW.plusSeconds(seconds).toEpochMilli();
        assertThat(session.expiresAtMillis(seen))
            .as("seen after %s s", seconds)
            .isEqualTo(session.seenAtMillis(seen).expiresAtMillis());
      }
    }

    @Test
    void expiresAt_absoluteIsEarlier() {
      StoredSession session =
          valid()
              .idleTimeout(Duration.ofMinutes(30))
              .lastSeenAt(NOW.plus(Duration.ofMinutes(719)))
              .build();

      assertThat(session.expiresAt()).isEqualTo(session.absoluteDeadline());
    }

    @Test
    void expiresAt_noIdleLimit_isTheAbsoluteDeadline() {
      StoredSession session = valid().build();

      assertThat(session.idleTimeout()).isEmpty();
      assertThat(session.expiresAt()).isEqualTo(NOW.plus(Duration.ofHours(12)));
    }

    @Test
    @DisplayName("F57: the farthest values do not overflow")
    void expiresAt_farthestValues_doNotOverflow() {
      StoredSession session =
          valid()
              .absoluteDeadline(StoredSession.MAX_MOMENT)
              .lastSeenAt(StoredSession.MAX_MOMENT)
              .idleTimeout(Duration.ofSeconds(Long.MAX_VALUE))
              .build();

      assertThat(session.expiresAt()).isEqualTo(StoredSession.MAX_MOMENT);
      assertThat(session.isExpiredAt(StoredSession.MAX_MOMENT.minusMillis(1))).isFalse();
    }

    @Test
    void expiresAt_lastSeenBehindTheDeadline_isTheDeadline() {
      StoredSession session =
          valid()
              .idleTimeout(Duration.ofMillis(1))
              .lastSeenAt(NOW.plus(Duration.ofDays(1)))
              .build();

      assertThat(session.expiresAt()).isEqualTo(session.absoluteDeadline());
    }
  }

  @Nested
  class Validation {

    @Test
    void build_requiredPartMissing_namesIt() {
      assertThatThrownBy(() -> StoredSession.builder(ID).build())
          .hasMessage("secretHash must be set");
      assertThatThrownBy(
              () -> StoredSession.builder(ID).secretHash(SecretHash.of(new byte[32])).build())
          .hasMessage("createdAt must be set");
    }

    @Test
    void build_principalWithoutMoment_isRefused() {
      assertThatThrownBy(() -> valid().principal("alice").build())
          .hasMessageContaining("must both be present or both be absent");
      assertThatThrownBy(() -> valid().authenticatedAt(NOW).build())
          .hasMessageContaining("must both be present or both be absent");
    }

    @Test
    void build_contradictions_areRefused() {
      assertThatThrownBy(() -> valid().previousReadableUntil(NOW).build())
          .hasMessageContaining("previousReadableUntil needs a previousSecretHash");
      assertThatThrownBy(() -> valid().fence(1).build())
          .hasMessageContaining("fence must not be above generation: 1 > 0");
    }

    @Test
    void idleTimeout_notPositive_isRefused() {
      assertThatThrownBy(() -> valid().idleTimeout(Duration.ZERO))
          .hasMessage("idleTimeout must be at least 1 millisecond: PT0S");
      assertThatThrownBy(() -> valid().idleTimeout(Duration.ofNanos(999_999)))
          .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void moments_outOfRange_areRefused() {
      assertThatThrownBy(() -> valid().createdAt(Instant.EPOCH.minusNanos(1)))
          .hasMessageContaining("createdAt must lie between");
      assertThatThrownBy(() -> valid().absoluteDeadline(Instant.MAX))
          .hasMessageContaining("absoluteDeadline must lie between");
    }

    @Test
    void client_tooLong_isRefused() {
      assertThatThrownBy(() -> valid().userAgent("x".repeat(129)))
          .hasMessage("userAgent must have at most 128 characters: 129");
      assertThatThrownBy(() -> valid().clientAddress("x".repeat(46)))
          .hasMessage("clientAddress must have at most 45 characters: 46");
      assertThatThrownBy(() -> valid().userAgent("a\0"))
          .hasMessage("userAgent must not contain U+0000, at index 1");
      assertThatThrownBy(() -> valid().userAgent("ab\uDC00"))
          .hasMessage("userAgent must not contain a lone surrogate, at index 2");
      assertThatThrownBy(() -> valid().clientAddress("\0"))
          .hasMessage("clientAddress must not contain U+0000, at index 0");
      assertThatThrownBy(() -> valid().clientAddress("\uD800x"))
          .hasMessage("clientAddress must not contain a lone surrogate, at index 0");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a\u0000b", "\uD800", "a\uDC00", "\uDC00\uD800"})
    @DisplayName("I16: a principal that a store could not keep exactly is refused")
    void principal_outOfRange_isRefused(String principal) {
      assertThatThrownBy(() -> valid().principal(principal))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageStartingWith("principal must");
    }

    @Test
    @DisplayName("I16: 255 code points are the most, whatever they take in UTF-16")
    void principal_length_isCountedInCodePoints() {
      String longest = "😀".repeat(255);
      StoredSession session = valid().principal(longest).authenticatedAt(NOW).build();

      assertThat(session.principal()).contains(longest);
      assertThatThrownBy(() -> valid().principal(longest + "a"))
          .hasMessage("principal must have 1 to 255 code points: 256");
    }
  }

  @Test
  void attributes_areCopied() {
    Map<String, AttributeValue> given = new HashMap<>();
    given.put("a", AttributeValue.encoded(new byte[] {1}));
    StoredSession session = valid().attributes(given).build();
    given.clear();

    assertThat(session.attributes()).containsOnlyKeys("a");
    assertThatThrownBy(() -> session.attributes().clear())
        .isInstanceOf(UnsupportedOperationException.class);
  }

  @Test
  void attribute_oneByOne_keepsTheOthers() {
    AttributeValue first = AttributeValue.encoded(new byte[] {1});
    AttributeValue second = AttributeValue.encoded(new byte[] {2});
    StoredSession session = valid().attribute("a", first).attribute("b", first).build();

    StoredSession changed =
        session.toBuilder()
            .attribute("a", second)
            .removeAttribute("b")
            .removeAttribute("c")
            .build();
    assertThat(changed.attributes()).containsExactlyEntriesOf(Map.of("a", second));
    assertThat(session.attributes()).isEqualTo(Map.of("a", first, "b", first));
  }

  @Test
  void toBuilder_changesOnePart() {
    StoredSession session =
        valid().principal("alice").authenticatedAt(NOW).userAgent("agent").remembered(true).build();

    assertThat(session.toBuilder().build()).isEqualTo(session).hasSameHashCodeAs(session);
    assertThat(session.toBuilder().remembered(false).build()).isNotEqualTo(session);
    assertThat(session.toBuilder().version(1).build()).isNotEqualTo(session);
  }

  @Test
  @DisplayName("I1: the text of a snapshot holds no hash, no principal and no attribute")
  void toString_isSafeToLog() {
    StoredSession session =
        valid()
            .principal("alice")
            .authenticatedAt(NOW)
            .clientAddress("192.0.2.7")
            .attribute(
                "card",
                AttributeValue.encoded("4111".getBytes(java.nio.charset.StandardCharsets.UTF_8)))
            .build();

    assertThat(session.toString())
        .contains(ID.toString(), "authenticated", "1 attributes")
        .doesNotContain("alice", "192.0.2.7", "card", "4111");
  }
}
