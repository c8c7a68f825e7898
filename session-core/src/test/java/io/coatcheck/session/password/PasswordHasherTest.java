package io.coatcheck.session.password;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.nio.CharBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PasswordHasherTest {

  private static final byte[] KEY =
      "0123456789abcdef0123456789abcdef".getBytes(java.nio.charset.StandardCharsets.US_ASCII);
  private static final String TAIL = "N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy";

  private final CountingBcrypt bcrypt = new CountingBcrypt();
  private final PasswordHasher hasher = PasswordHasher.builder().bcrypt(bcrypt).build();
  private final PasswordHasher keyed =
      PasswordHasher.builder().bcrypt(bcrypt).preHashKey(KEY).build();

  @Nested
  @DisplayName("F60: a password is used whole, or refused")
  class WholePasswords {

    @Test
    void hash_of72Bytes_isTheLastThatWorks() {
      String longest = "a".repeat(72);
      assertThat(hasher.verify(longest, hasher.hash(longest))).isTrue();
      assertRefused(hasher, "a".repeat(73), "72 bytes");
      assertRefused(hasher, "ä".repeat(37), "72 bytes");
      assertRefused(hasher, "a" + "😀".repeat(18), "72 bytes");
      assertThat(hasher.hash("😀".repeat(18))).isNotNull();
    }

    @Test
    @DisplayName("CVE-2025-22228: two passwords that begin with the same 72 bytes")
    void verify_ofALongerPassword_isFalse() {
      String longest = "a".repeat(72);
      String hash = hasher.hash(longest);
      assertThat(hasher.verify(longest + "b", hash)).isFalse();
      assertThat(hasher.verify(longest + "a", hash)).isFalse();
    }

    @Test
    void hash_ofMalformedUtf16_isRefused_andNoOtherPasswordVerifies() {
      assertRefused(hasher, "a\ud800", "well-formed");
      assertRefused(hasher, "\udc00", "well-formed");
      assertRefused(hasher, "\ud800\ud800\udc00", "well-formed");
      assertRefused(keyed, "a\ud800", "well-formed");
      assertThat(hasher.verify("a\ud800", hasher.hash("a?"))).isFalse();
      assertThat(hasher.verify("a\ud800", hasher.hash("a"))).isFalse();
    }

    @Test
    @DisplayName("bcrypt itself treats a and a, U+0000, a as the same")
    void hash_ofNul_isRefused() {
      assertRefused(hasher, "a\0a", "U+0000");
      assertRefused(hasher, "\0", "U+0000");
      assertThat(hasher.verify("a\0a", hasher.hash("a"))).isFalse();
      assertThat(keyed.verify("a\0a", keyed.hash("a\0a"))).isTrue();
      assertThat(keyed.verify("a\0a", keyed.hash("a"))).isFalse();
    }

    @Test
    void hash_ofNothing_isRefused() {
      assertRefused(hasher, "", "1 to 72");
      assertRefused(keyed, "", "1 to 4096");
      assertThat(hasher.verify("", hasher.hash("a"))).isFalse();
    }

    @Test
    void hash_takesAnyCharacterSequence_asItIs() {
      char[] characters = {'p', 'ä', ' '};
      String hash = hasher.hash(CharBuffer.wrap(characters));
      assertThat(hasher.verify("pä ", hash)).isTrue();
      assertThat(hasher.verify(CharBuffer.wrap("xpä ", 1, 4), hash)).isTrue();
      assertThat(hasher.verify("pä", hash)).isFalse();
      assertThat(hasher.verify("PÄ ", hash)).isFalse();
      assertThat(hasher.verify("pa\u0308 ", hash)).isFalse();
      assertThat(characters).containsExactly('p', 'ä', ' ');
    }

    @Test
    void bytesOfPasswords_areClearedAfterwards() {
      String hash = hasher.hash("wonderland-1");
      assertThat(hasher.verify("wonderland-1", hash)).isTrue();
      assertThat(keyed.verify("wonderland-1", keyed.hash("wonderland-1"))).isTrue();
      assertThat(bcrypt.secrets).hasSize(4).allMatch(secret -> allZero(secret));
    }

    private static boolean allZero(byte[] bytes) {
      return Arrays.equals(bytes, new byte[bytes.length]);
    }
  }

  @Nested
  @DisplayName("F60: each check takes the same work")
  class EqualWork {

    private final long one = 1L << 12;

    @Test
    void verify_ofRightWrongLongAndAbsent_isOneBcrypt() {
      String hash = hasher.hash("wonderland-1");
      bcrypt.takeWork();
      assertWork(hasher, "wonderland-1", hash, true);
      assertWork(hasher, "builder-1", hash, false);
      assertWork(hasher, "", hash, false);
      assertWork(hasher, "a".repeat(73), hash, false);
      assertWork(hasher, "a\ud800", hash, false);
      assertWork(hasher, "wonderland-1", null, false);
      assertWork(hasher, "a".repeat(73), null, false);
      assertWork(keyed, "wonderland-1", null, false);
      assertThat(hasher.verify("wonderland-1", Optional.empty())).isFalse();
      assertThat(bcrypt.takeWork()).isEqualTo(one);
      assertThat(hasher.verify("wonderland-1", Optional.of(hash))).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
        strings = {
          "",
          "x",
          "$2a$12$",
          "$2a$12$" + TAIL + "x",
          "$2x$12$" + TAIL,
          "$2$12$" + TAIL,
          "$2a$1$" + TAIL,
          "$2a$012$" + TAIL,
          "$2a$3é$" + TAIL,
          "{bcrypt}$2a$12$" + TAIL,
          "{hmac-sha384}",
          "{hmac-sha384}{hmac-sha384}$2a$12$" + TAIL,
          "$2a$12$" + TAIL + "\n",
          "$2a$16$" + TAIL,
          "$2a$31$" + TAIL,
          "$2a$99$" + TAIL,
          "$2a$03$" + TAIL,
          "$2a$00$" + TAIL
        })
    @DisplayName("CVE-2022-22976: a malformed hash, and one of an absurd cost, is false")
    void verify_ofMalformedHash_isFalseAtTheSameWork(String stored) {
      assertWork(hasher, "wonderland-1", stored, false);
      assertWork(keyed, "wonderland-1", stored, false);
      assertThat(hasher.needsRehash(stored)).isTrue();
    }

    @Test
    @DisplayName("the dummy check never succeeds, not even if it matches")
    void verify_ofWhatCannotBe_isFalse_evenIfTheStandInMatches() {
      CountingBcrypt credulous =
          new CountingBcrypt() {
            @Override
            public boolean matches(byte[] secret, String hash) {
              return super.matches(secret, hash) || secret.length > 0;
            }
          };
      PasswordHasher gullible = PasswordHasher.builder().bcrypt(credulous).build();
      assertThat(gullible.verify("a", "$2a$12$" + TAIL)).isTrue();
      assertThat(gullible.verify("a", "$2a$04$" + TAIL)).isTrue();
      assertThat(gullible.verify("a", (String) null)).isFalse();
      assertThat(gullible.verify("a", "$2a$03$" + TAIL)).isFalse();
      assertThat(gullible.verify("a", "$2a$16$" + TAIL)).isFalse();
      assertThat(gullible.verify("a", "{hmac-sha384}$2a$12$" + TAIL)).isFalse();
      assertThat(gullible.verify("a".repeat(73), "$2a$12$" + TAIL)).isFalse();
    }

    @Test
    void verify_ofAMegabytePassword_encodesNothingAndIsOneBcrypt() {
      String hash = hasher.hash("a");
      bcrypt.takeWork();
      Unreadable huge = new Unreadable(10_000_000);
      for (PasswordHasher each : new PasswordHasher[] {hasher, keyed}) {
        assertThat(each.verify(huge, hash)).isFalse();
        assertThat(bcrypt.takeWork()).isEqualTo(one);
        assertThatIllegalArgumentException().isThrownBy(() -> each.hash(huge));
      }
    }

    @Test
    void verify_ofAHashOfALowerCost_makesUpForIt() {
      for (int lower = 10; lower <= 12; lower++) {
        String hash = PasswordHasher.builder().bcrypt(bcrypt).cost(lower).build().hash("a");
        bcrypt.takeWork();
        assertWork(hasher, "a", hash, true);
        assertWork(hasher, "b", hash, false);
        assertWork(hasher, "a".repeat(99), hash, false);
      }
      String higher = PasswordHasher.builder().bcrypt(bcrypt).cost(13).build().hash("a");
      bcrypt.takeWork();
      assertThat(hasher.verify("a", higher)).isTrue();
      assertThat(bcrypt.takeWork()).isEqualTo(2 * one);
    }

    private void assertWork(PasswordHasher with, String password, String stored, boolean expected) {
      assertThat(with.verify(password, stored)).isEqualTo(expected);
      assertThat(bcrypt.takeWork()).isEqualTo(one);
    }
  }

  @Nested
  class PreHash {

    @Test
    void hash_ofALongPassphrase_isWhole() {
      String passphrase = "correct horse ".repeat(20);
      String hash = keyed.hash(passphrase);
      assertThat(hash).startsWith("{hmac-sha384}$2a$12$").hasSize(73);
      assertThat(keyed.verify(passphrase, hash)).isTrue();
      assertThat(keyed.verify(passphrase + "x", hash)).isFalse();
      assertThat(keyed.verify("correct horse ".repeat(6), hash)).isFalse();
      assertThat(keyed.hash("a".repeat(4_096))).isNotNull();
      assertRefused(keyed, "a".repeat(4_097), "4096 bytes");
    }

    @Test
    void verify_withAnotherKeyOrNone_isFalse() {
      String hash = keyed.hash("a");
      byte[] other = KEY.clone();
      other[0]++;
      assertThat(
              PasswordHasher.builder().bcrypt(bcrypt).preHashKey(other).build().verify("a", hash))
          .isFalse();
      bcrypt.takeWork();
      assertThat(hasher.verify("a", hash)).isFalse();
      assertThat(bcrypt.takeWork()).isEqualTo(1L << 12);
      assertThat(hasher.verify("a", hash.substring("{hmac-sha384}".length()))).isFalse();
    }

    @Test
    void verify_ofAHashFromBefore_isStillTrue_andNeedsRehash() {
      String before = hasher.hash("a");
      assertThat(keyed.verify("a", before)).isTrue();
      assertThat(keyed.verify("a".repeat(73), before)).isFalse();
      assertThat(keyed.needsRehash(before)).isTrue();
      assertThat(keyed.needsRehash(keyed.hash("a"))).isFalse();
      assertThat(hasher.needsRehash(keyed.hash("a"))).isTrue();
    }

    @Test
    void preHashKey_isCopied() {
      byte[] key = KEY.clone();
      PasswordHasher copied = PasswordHasher.builder().bcrypt(bcrypt).preHashKey(key).build();
      Arrays.fill(key, (byte) 0);
      assertThat(copied.verify("a", keyed.hash("a"))).isTrue();
    }
  }

  @Nested
  class Settings {

    @Test
    void needsRehash_ifTheCostRose() {
      PasswordHasher more = PasswordHasher.builder().bcrypt(bcrypt).cost(13).build();
      assertThat(more.needsRehash(hasher.hash("a"))).isTrue();
      assertThat(hasher.needsRehash(hasher.hash("a"))).isFalse();
      assertThat(hasher.needsRehash(more.hash("a"))).isFalse();
      assertThat(hasher.needsRehash("$2y$12$" + TAIL)).isFalse();
      assertThat(hasher.needsRehash("$2b$04$" + TAIL)).isTrue();
    }

    @Test
    @DisplayName("I11: a setting out of range names itself, the rule and the value")
    void builder_outOfRange_isRefused() {
      PasswordHasher.Builder builder = PasswordHasher.builder();
      for (int cost : new int[] {-1, 0, 4, 9, 16, 31}) {
        assertThatIllegalArgumentException()
            .isThrownBy(() -> builder.cost(cost))
            .withMessage("cost must be 10 to 15: " + cost);
      }
      assertThatIllegalArgumentException()
          .isThrownBy(() -> builder.preHashKey(new byte[31]))
          .withMessage("preHashKey must have at least 32 bytes: 31");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> builder.maxConcurrent(0))
          .withMessage("maxConcurrent must be 1 to 1024: 0");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> builder.maxWait(Duration.ofMillis(-1)))
          .withMessage("maxWait must be PT0S to PT1M: PT-0.001S");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> builder.maxWait(Duration.ofSeconds(Long.MAX_VALUE)))
          .withMessageStartingWith("maxWait must be PT0S to PT1M: ");
      assertThat(builder.cost(10).cost(15).bcrypt(bcrypt).build().hash("a")).startsWith("$2a$15$");
    }

    @Test
    void toString_showsNoKey() {
      assertThat(keyed).hasToString("PasswordHasher[cost=12, preHash=true]");
      assertThat(hasher).hasToString("PasswordHasher[cost=12, preHash=false]");
    }
  }

  @Nested
  @DisplayName("the library itself")
  class Library {

    private final PasswordHasher real = PasswordHasher.builder().cost(10).build();

    @Test
    void hash_isSalted_andVerifies() {
      String hash = real.hash("wonderland-1");
      assertThat(hash).startsWith("$2a$10$").hasSize(60).isNotEqualTo(real.hash("wonderland-1"));
      assertThat(real.verify("wonderland-1", hash)).isTrue();
      assertThat(real.verify("wonderland-2", hash)).isFalse();
      assertThat(real.verify("a".repeat(73), hash)).isFalse();
      assertThat(real.verify("wonderland-1", (String) null)).isFalse();
    }

    @Test
    void hash_of72Bytes_verifies() {
      String longest = "ä".repeat(36);
      assertThat(real.verify(longest, real.hash(longest))).isTrue();
      PasswordHasher pepper = PasswordHasher.builder().cost(10).preHashKey(KEY).build();
      String passphrase = "correct horse ".repeat(20);
      assertThat(pepper.verify(passphrase, pepper.hash(passphrase))).isTrue();
    }

    @Test
    @DisplayName("hashes of other implementations verify")
    void verify_ofKnownHashes() {
      assertThat(real.verify("abc", "$2a$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i"))
          .isTrue();
      assertThat(real.verify("abc", "$2b$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i"))
          .isTrue();
      assertThat(
              real.verify(
                  "ππππππππ", "$2y$10$.TtQJ4Jr6isd4Hp.mVfZeuh6Gws4rOQ/vdBczhDx.19NFK0Y84Dle"))
          .isTrue();
      assertThat(real.verify("abd", "$2a$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i"))
          .isFalse();
    }

    @Test
    void ofUnknownUser_isWellFormedForTheLibrary() {
      assertThat(
              at.favre.lib.crypto.bcrypt.BCrypt.verifyer()
                  .verify(
                      new byte[] {'a'},
                      StoredHash.ofUnknownUser(4)
                          .getBytes(java.nio.charset.StandardCharsets.US_ASCII))
                  .validFormat)
          .isTrue();
      for (int cost = 4; cost <= 15; cost++) {
        StoredHash unknown = StoredHash.parse(StoredHash.ofUnknownUser(cost));
        assertThat(unknown).isNotNull();
        assertThat(unknown.cost()).isEqualTo(cost);
      }
    }
  }

  private static void assertRefused(PasswordHasher with, String password, String rule) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> with.hash(password))
        .withMessageStartingWith("password must have 1 to ")
        .withMessageContaining(rule)
        .satisfies(
            refused -> {
              if (!password.isEmpty()) {
                assertThat(refused.getMessage()).doesNotContain(password);
              }
            });
  }

  /** Long, and not to be looked into. */
  private record Unreadable(int length) implements CharSequence {
    @Override
    public char charAt(int index) {
      throw new AssertionError("read at " + index);
    }

    @Override
    public CharSequence subSequence(int start, int end) {
      throw new AssertionError("read from " + start + " to " + end);
    }

    @Override
    public String toString() {
      throw new AssertionError("copied");
    }
  }
}
