package io.coatcheck.session.token;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SecretHashTest {

  @Test
  void toBytes_givesBackWhatWasHandedIn() {
    byte[] bytes = random();
    SecretHash hash = SecretHash.of(bytes);
    assertThat(hash.toBytes()).isEqualTo(bytes);
    assertThat(SecretHash.of(hash.toBytes())).isEqualTo(hash).hasSameHashCodeAs(hash);
  }

  @Test
  void of_sharesNothingWithTheArray() {
    byte[] bytes = random();
    byte[] copy = bytes.clone();
    SecretHash hash = SecretHash.of(bytes);
    bytes[0]++;
    hash.toBytes()[31]++;
    assertThat(hash.toBytes()).isEqualTo(copy);
  }

  @Test
  void equals_oneBitOff_isFalse() {
    byte[] bytes = random();
    SecretHash hash = SecretHash.of(bytes);
    for (int bit = 0; bit < 8 * SecretHash.LENGTH; bit++) {
      byte[] other = bytes.clone();
      other[bit / 8] ^= (byte) (1 << bit % 8);
      assertThat(SecretHash.of(other)).as("bit %s", bit).isNotEqualTo(hash);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 31, 33, 64})
  void of_otherLength_throws(int length) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> SecretHash.of(new byte[length]))
        .withMessage("a secret hash must have 32 bytes: " + length);
  }

  @Test
  void toString_revealsNothing() {
    assertThat(SecretHash.of(random())).hasToString("SecretHash[redacted]");
  }

  private static byte[] random() {
    byte[] bytes = new byte[SecretHash.LENGTH];
    new Random(7).nextBytes(bytes);
    return bytes;
  }
}
