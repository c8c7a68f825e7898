package io.coatcheck.session.nearcache;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.codec.AttributeCodec;
import io.coatcheck.session.codec.AttributeValue;
import io.coatcheck.session.codec.JavaSerializationCodec;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SecretHash;
import io.coatcheck.session.token.SessionId;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("stores 20: maximumBytes counts what the values decode to as well")
class CopyWeightTest {

  private static final Instant NOW = Instant.parse("2026-03-01T12:00:00Z");
  private static final AttributeCodec CODEC = JavaSerializationCodec.builder().build();
  private static final int LENGTH = 100_000;
  private static final SecureRandom RANDOM = new SecureRandom();

  private final RemoteStore remote = new RemoteStore();
  private final AtomicLong nanos = new AtomicLong();

  private static StoredSession holding(String text) {
    return StoredSession.builder(SessionId.generate(NOW, RANDOM))
        .secretHash(SecretHash.of(new byte[32]))
        .createdAt(NOW)
        .absoluteDeadline(NOW.plus(Duration.ofHours(12)))
        .attributes(Map.of("text", AttributeValue.encoded(CODEC.encode(text))))
        .build();
  }

  /** In memory, a text takes one byte a character if all are Latin, else two. */
  private static long decodedBytes(String text) {
    return text.chars().allMatch(unit -> unit <= 0xff) ? text.length() : 2L * text.length();
  }

  @ParameterizedTest
  @ValueSource(strings = {"a", "é", "漢", "aaaaaaaaa漢", "😀"})
  void weight_coversBytesAndText(String unit) {
    String text = unit.repeat(LENGTH / unit.length());
    StoredSession session = holding(text);
    long encoded = session.attributes().get("text").bytes().length;

    int weight = new Copy(session, new LocalEnds().start(session.id(), 0)).weight();

    assertThat(weight).isGreaterThan((int) (encoded + decodedBytes(text)));
  }

  @Test
  @DisplayName("so that what all copies hold, read or not, stays within it")
  void copiesThatAreRead_stayWithinTheMaximum() {
    long maximum = 20L * LENGTH;
    Copies copies =
        new Copies(remote, Duration.ofSeconds(1).toNanos(), 0, maximum, nanos::get, null);
    String text = "a".repeat(LENGTH);
    List<StoredSession> sessions = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      StoredSession session = holding(text);
      remote.insert(session);
      sessions.add(session);
    }
    for (StoredSession session : sessions) {
      StoredSession found = copies.lookUp(session.id(), 0, 0).session().orElseThrow();
      assertThat(found.attributes().get("text").object(CODEC)).isEqualTo(text);
    }
    long held =
        copies.table().all().values().stream()
            .mapToLong(
                copy -> copy.session().attributes().get("text").bytes().length + decodedBytes(text))
            .sum();
    assertThat(held).isPositive().isLessThanOrEqualTo(maximum);
  }
}
