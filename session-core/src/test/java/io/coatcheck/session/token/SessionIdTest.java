package io.coatcheck.session.token;

import static org.assertj.core.api.Assertions.assertThat;

import java.security.SecureRandom;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SessionIdTest {

  private static final SecureRandom RANDOM = new SecureRandom();

  @Test
  void generate_isUuidVersion7OfTheMoment() {
    Instant now = Instant.parse("2026-03-01T12:00:00.123Z");

    UUID uuid = SessionId.generate(now, RANDOM).toUuid();

    assertThat(uuid.version()).isEqualTo(7);
    assertThat(uuid.variant()).isEqualTo(2);
    assertThat(uuid.getMostSignificantBits() >>> 16).isEqualTo(now.toEpochMilli());
  }

  @Test
  void toString_isTheTextOfTheUuid_andParsesBack() {
    for (int i = 0; i < 1_000; i++) {
      SessionId id = SessionId.of(RANDOM.nextLong(), RANDOM.nextLong());
      assertThat(id).hasToString(id.toUuid().toString());
      assertThat(SessionId.parse(id.toString())).contains(id);
    }
    assertThat(SessionId.of(0, 0)).hasToString("00000000-0000-0000-0000-000000000000");
    assertThat(SessionId.of(-1, -1)).hasToString("ffffffff-ffff-ffff-ffff-ffffffffffff");
  }

  @Test
  void compareTo_isByTimeOfCreation() {
    Instant start = Instant.parse("2026-03-01T12:00:00Z");
    List<SessionId> ids = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      ids.add(SessionId.generate(start.plusMillis(i), RANDOM));
    }
    List<SessionId> shuffled = new ArrayList<>(ids);
    Collections.shuffle(shuffled, RANDOM);
    Collections.sort(shuffled);

    assertThat(shuffled).isEqualTo(ids);
    assertThat(SessionId.of(-1, 0)).isGreaterThan(SessionId.of(1, 0));
    assertThat(SessionId.of(1, -1)).isGreaterThan(SessionId.of(1, 1));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "018f0000-0000-7000-8000-00000000000",
        "018f0000-0000-7000-8000-0000000000000",
        "018F0000-0000-7000-8000-000000000000",
        "018f0000_0000-7000-8000-000000000000",
        "018f00000-000-7000-8000-000000000000",
        "018g0000-0000-7000-8000-000000000000",
        "{18f0000-0000-7000-8000-000000000000",
        "٠18f0000-0000-7000-8000-000000000000"
      })
  void parse_malformed_isEmpty(String text) {
    assertThat(SessionId.parse(text)).isEmpty();
  }
}
