package io.coatcheck.session;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SecretHash;
import io.coatcheck.session.token.SessionId;
import io.coatcheck.session.token.SessionToken;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class VersionHintTest {

  private static final Instant NOW = Instant.parse("2026-03-01T12:00:00Z");
  private static final SecureRandom RANDOM = new SecureRandom();

  private final SessionId id = SessionId.generate(NOW, RANDOM);
  private final String token = SessionToken.generate(id, RANDOM).value();

  private VersionHint among(String... hints) {
    return VersionHint.among(List.of(hints), id);
  }

  private static String textOf(SessionId id, long generation, long version) {
    return VersionHint.textOf(
        StoredSession.builder(id)
            .generation(generation)
            .version(version)
            .secretHash(SecretHash.of(new byte[32]))
            .createdAt(NOW)
            .absoluteDeadline(NOW.plus(Duration.ofHours(1)))
            .build());
  }

  @Test
  void text_isReadBack() {
    assertThat(textOf(id, 3, 17)).isEqualTo(id + "~3~17");
    assertThat(among(textOf(id, 3, 17))).isEqualTo(new VersionHint(3, 17));
    assertThat(among(textOf(id, 0, 999_999_999_999_999_999L)))
        .isEqualTo(new VersionHint(0, 999_999_999_999_999_999L));
  }

  @Test
  @DisplayName("a hint about another session is ignored, and hides none about this one")
  void otherId_isIgnored() {
    String other = textOf(SessionId.generate(NOW, RANDOM), 9, 99);
    assertThat(among(other)).isEqualTo(VersionHint.NONE);
    assertThat(among(other, textOf(id, 1, 2), other)).isEqualTo(new VersionHint(1, 2));
  }

  @Test
  void several_theLatestCounts() {
    assertThat(among(textOf(id, 1, 2), textOf(id, 2, 7), textOf(id, 1, 3)))
        .isEqualTo(new VersionHint(2, 7));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "~",
        "~~",
        "~1",
        "~1~",
        "~~1",
        "~-1~1",
        "~1~-1",
        "~1~+1",
        "~1~1~1",
        "~1~ 1",
        "~1~1 ",
        "~1~1\u0000",
        "~1~\u0661",
        "~1~0x1",
        "~1~1e3",
        "~1.1",
        "~1~1000000000000000000",
        "~1~9223372036854775808",
        "~99999999999999999999~1",
        "~1~1111111111111111111111111111111111111111111111",
      })
  @DisplayName("I14: a malformed hint is ignored")
  void malformed_isIgnored(String tail) {
    assertThat(among(id + tail)).isEqualTo(VersionHint.NONE);
    assertThat(among(id.toString().toUpperCase(java.util.Locale.ROOT) + "~1~1"))
        .isEqualTo(VersionHint.NONE);
    assertThat(among(token)).isEqualTo(VersionHint.NONE);
  }

  @Test
  @DisplayName("I14: any characters are read without an exception")
  void anyCharacters_areRead() {
    String alphabet = "~~~0123456789.-aZ\u0000\u00ff\ud83d\ude00";
    Random random = new Random(20260301);
    for (int round = 0; round < 100_000; round++) {
      StringBuilder text = new StringBuilder(id.toString());
      text.setLength(random.nextInt(4) == 0 ? random.nextInt(text.length() + 1) : text.length());
      for (int i = random.nextInt(30); i > 0; i--) {
        text.append(alphabet.charAt(random.nextInt(alphabet.length())));
      }
      VersionHint hint = among(text.toString());
      assertThat(hint.generation()).isNotNegative();
      assertThat(hint.version()).isNotNegative();
    }
  }
}
