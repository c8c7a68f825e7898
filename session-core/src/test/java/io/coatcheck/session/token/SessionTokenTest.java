package io.coatcheck.session.token;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.security.MessageDigest;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SessionTokenTest {

  private static final SecureRandom RANDOM = new SecureRandom();
  private static final Instant NOW = Instant.parse("2026-03-01T12:00:00Z");

  private static SessionToken token() {
    return SessionToken.generate(SessionId.generate(NOW, RANDOM), RANDOM);
  }

  @Test
  void value_isParsedBackToTheSameToken() {
    SessionToken token = token();

    assertThat(SessionToken.parse(token.value())).contains(token);
    assertThat(token.value()).hasSize(SessionToken.TEXT_LENGTH).startsWith(token.id() + ".");
    assertThat(SessionToken.parse("x" + token.value() + ";y", 1, 81)).contains(token);
  }

  @Test
  void value_isTheIdAndTheSecretInBase64Url() {
    Base64.Encoder encoder = Base64.getUrlEncoder().withoutPadding();
    for (int first = 0; first < 256; first++) {
      byte[] secret = new byte[SessionToken.SECRET_LENGTH];
      for (int i = 0; i < secret.length; i++) {
        secret[i] = (byte) (first + 91 * i);
      }
      SessionId id = SessionId.of(0x0123_4567_89ab_cdefL * first, 0xfedc_ba98_7654_3210L * first);

      SessionToken token = SessionToken.generate(id, new Fixed(secret));

      assertThat(token.value())
          .isEqualTo(id.toUuid() + "." + encoder.encodeToString(secret))
          .isEqualTo(id + "." + encoder.encodeToString(secret));
    }
  }

  @Test
  void secretHash_afterTheStackHasOverflowedWithinIt_isRight() throws Exception {
    SessionToken token = token();
    SecretHash expected = token.secretHash();
    Set<SecretHash> found = ConcurrentHashMap.newKeySet();
    AtomicInteger overflows = new AtomicInteger();

    Thread thread =
        new Thread(
            null,
            () -> {
              // Ever deeper, so that the stack ends in each of the calls within.
              for (int depth = 0; overflows.get() < 500; depth++) {
                try {
                  hashAt(depth, token);
                } catch (StackOverflowError overflow) {
                  overflows.incrementAndGet();
                  found.add(token.secretHash());
                }
              }
            },
            "deep",
            256 * 1024);
    thread.start();
    thread.join();

    assertThat(overflows).hasValue(500);
    assertThat(found).containsExactly(expected);
  }

  private static void hashAt(int depth, SessionToken token) {
    if (depth == 0) {
      token.secretHash();
    } else {
      hashAt(depth - 1, token);
    }
  }

  /** Yields the same bytes again and again. */
  private static final class Fixed extends SecureRandom {
    private static final long serialVersionUID = 1L;
    private final byte[] all;

    Fixed(byte[] all) {
      this.all = all;
    }

    @Override
    public void nextBytes(byte[] bytes) {
      System.arraycopy(all, 0, bytes, 0, bytes.length);
    }
  }

  @Test
  @DisplayName(
      "ASVS 7.2.3: ten thousand values are distinct, of one length, over the whole alphabet")
  void value_manyTokens_areDistinctAndUniform() {
    Set<String> values = new HashSet<>();
    int[] counts = new int[128];
    for (int i = 0; i < 10_000; i++) {
      String value = token().value();
      assertThat(value).matches("[0-9a-f-]{36}\\.[A-Za-z0-9_-]{43}");
      values.add(value);
      // The last character carries four bits only.
      value.substring(37, 79).chars().forEach(character -> counts[character]++);
    }
    assertThat(values).hasSize(10_000);
    int[] used = Arrays.stream(counts).filter(count -> count > 0).toArray();
    double expected = 10_000 * 42 / 64.0;
    double chiSquare =
        Arrays.stream(used).mapToDouble(n -> (n - expected) * (n - expected) / expected).sum();
    assertThat(used).hasSize(64);
    // 63 degrees of freedom: above 150 once in ten million runs.
    assertThat(chiSquare).isLessThan(150);
  }

  @Test
  @DisplayName("ASVS 11.5.2: a failing source of randomness causes an exception, never a token")
  void generate_randomFails_throws() {
    SecureRandom broken =
        new SecureRandom() {
          private static final long serialVersionUID = 1L;

          @Override
          public void nextBytes(byte[] bytes) {
            throw new IllegalStateException("no entropy");
          }
        };

    SessionId id = SessionId.generate(NOW, RANDOM);
    assertThatThrownBy(() -> SessionToken.generate(id, broken)).hasMessage("no entropy");
    assertThatThrownBy(() -> SessionId.generate(NOW, broken)).hasMessage("no entropy");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        ".",
        "a.b",
        "018f0000-0000-7000-8000-000000000000",
        "018f0000-0000-7000-8000-000000000000.",
        "'; DROP TABLE http_session; --",
        "\u0000",
        "\r\nSet-Cookie: a=b",
        "é",
        "\uD800"
      })
  @DisplayName("I14: a malformed text is not a token, and causes no exception")
  void parse_malformed_isEmpty(String text) {
    assertThat(SessionToken.parse(text)).isEmpty();
  }

  @Test
  @DisplayName("I14: each token has exactly one text")
  void parse_anyCharacterReplaced_isEmptyOrAnotherToken() {
    SessionToken token = token();
    String value = token.value();
    String strange = "=+/%\" ;,~.\u0000\u007f\u0130éＡ";
    for (int i = 0; i < value.length(); i++) {
      for (int c = 0; c < strange.length(); c++) {
        if (value.charAt(i) != strange.charAt(c)) {
          String changed = value.substring(0, i) + strange.charAt(c) + value.substring(i + 1);
          assertThat(SessionToken.parse(changed)).as(changed).isEmpty();
        }
      }
    }
    assertThat(SessionToken.parse(value.toUpperCase(java.util.Locale.ROOT))).isEmpty();
    assertThat(SessionToken.parse(value + "=")).isEmpty();
    assertThat(SessionToken.parse(" " + value)).isEmpty();
    assertThat(SessionToken.parse("\"" + value + "\"")).isEmpty();
    assertThat(SessionToken.parse(null)).isEmpty();
  }

  @Test
  @DisplayName(
      "I14: spare bits of the last character must be zero, since otherwise one secret has four texts")
  void parse_spareBitsSet_isEmpty() {
    String value = token().value();
    String alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    int last = alphabet.indexOf(value.charAt(79));
    for (int spare = 1; spare < 4; spare++) {
      String changed = value.substring(0, 79) + alphabet.charAt(last | spare);
      assertThat(SessionToken.parse(changed)).isEmpty();
    }
  }

  @Test
  void parse_rangeOutsideOfText_throws() {
    assertThatThrownBy(() -> SessionToken.parse("abc", 0, 4))
        .isInstanceOf(IndexOutOfBoundsException.class);
  }

  @Test
  void secretHash_isSha256OfTheSecretBytes() throws Exception {
    SessionToken token = token();
    byte[] secret = Base64.getUrlDecoder().decode(token.value().substring(37));

    byte[] expected = MessageDigest.getInstance("SHA-256").digest(secret);

    assertThat(token.secretHash().toBytes()).isEqualTo(expected);
    assertThat(token.secretHash()).isEqualTo(SecretHash.of(expected));
    assertThat(token.secretHash()).isNotEqualTo(token().secretHash());
  }

  @Test
  void secretHash_ofWrongLength_isRefused() {
    assertThatThrownBy(() -> SecretHash.of(new byte[31]))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("a secret hash must have 32 bytes: 31");
  }

  @Test
  void secretHash_sharesNoArray() {
    byte[] bytes = new byte[32];
    SecretHash hash = SecretHash.of(bytes);
    bytes[0] = 1;
    hash.toBytes()[1] = 1;

    assertThat(hash.toBytes()).isEqualTo(new byte[32]);
  }

  @Test
  @DisplayName("I1: neither the secret nor its hash is in any text but value()")
  void toString_isRedacted() {
    SessionToken token = token();

    assertThat(token.toString())
        .isEqualTo("SessionToken[" + token.id() + ".redacted]")
        .doesNotContain(token.value().substring(37));
    assertThat(token.secretHash()).hasToString("SecretHash[redacted]");
  }
}
