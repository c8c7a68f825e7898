package io.coatcheck.session.codec;

import static java.nio.charset.StandardCharsets.UTF_16BE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.token.SessionId;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.Map;
import java.util.Set;
import javax.crypto.Cipher;
import javax.crypto.Mac;
import javax.crypto.SecretKey;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("Attributes are encrypted, each for its session and its name")
class AttributeEncryptionTest {

  private static final AttributeCodec CODEC = JavaSerializationCodec.builder().build();
  private static final SessionId ID = SessionId.of(0x0190_0000_0000_7000L, 0x8000_0000_0000_0001L);
  private static final SessionId OTHER =
      SessionId.of(0x0190_0000_0000_7000L, 0x8000_0000_0000_0002L);
  private static final AttributeEncryption ENCRYPTION =
      AttributeEncryption.builder("new", key(1)).build();

  private static SecretKey key(int fill) {
    byte[] bytes = new byte[32];
    Arrays.fill(bytes, (byte) fill);
    return new SecretKeySpec(bytes, "AES");
  }

  private static AttributeValue encoded(Object value) {
    return AttributeValue.encoded(CODEC.encode(value));
  }

  private static byte[] encrypt(AttributeEncryption by, SessionId id, String name, Object value) {
    return by.encrypted(id, Map.of(name, encoded(value))).get(name).bytes();
  }

  private static AttributeValue stored(
      AttributeEncryption by, SessionId id, String name, byte[] bytes) {
    return by.decrypted(id, Map.of(name, AttributeValue.encoded(bytes))).get(name);
  }

  private static void assertRefused(
      AttributeEncryption by, SessionId id, String name, byte[] bytes, String message) {
    AttributeValue value = stored(by, id, name, bytes);
    assertThatThrownBy(() -> value.object(CODEC))
        .isInstanceOf(AttributeCodecException.class)
        .hasMessageContaining(message);
    assertThatThrownBy(value::bytes).isInstanceOf(AttributeCodecException.class);
    assertThat(value).isEqualTo(stored(by, id, name, bytes)).isNotEqualTo(encoded("text"));
    assertThat(value).hasSameHashCodeAs(stored(by, id, name, bytes));
    assertThat(value.size()).isNotNegative();
    assertThat(by.encrypted(id, Map.of(name, value)).get(name).bytes()).isEqualTo(bytes);
  }

  @Test
  void encrypted_isReadAgain_andShowsNothing() {
    byte[] bytes = encrypt(ENCRYPTION, ID, "card", "4111 1111 1111 1111");
    AttributeValue read = stored(ENCRYPTION, ID, "card", bytes);

    assertThat(new String(bytes, UTF_8)).doesNotContain("4111");
    assertThat(read.object(CODEC)).isEqualTo("4111 1111 1111 1111");
    assertThat(read).isEqualTo(encoded("4111 1111 1111 1111"));
    assertThat(encoded("4111 1111 1111 1111")).isEqualTo(read).hasSameHashCodeAs(read);
    assertThat(read.size()).isEqualTo(read.bytes().length);
    assertThat(read.isLive()).isFalse();
    assertThat(read.toString()).isEqualTo("AttributeValue[" + read.size() + " bytes]");
  }

  @Test
  @DisplayName("the frame is AES-256-GCM under a key of the session, as documented")
  void encrypted_isWhatTheJdkDecrypts() throws Exception {
    byte[] bytes = encrypt(ENCRYPTION, ID, "cärt", "a book");
    byte[] header = Arrays.copyOf(bytes, 6);
    assertThat(header).isEqualTo(new byte[] {'E', 16, 3, 'n', 'e', 'w'});

    Mac mac = Mac.getInstance("HmacSHA256");
    mac.init(key(1));
    byte[] id = HexFormat.of().parseHex("01900000000070008000000000000001");
    mac.update(new byte[] {0, 0, 0, 1});
    mac.update("coatcheck attribute encryption".getBytes(UTF_8));
    mac.update((byte) 0);
    mac.update(id);
    mac.update(new byte[] {0, 0, 1, 0});
    Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
    cipher.init(
        Cipher.DECRYPT_MODE,
        new SecretKeySpec(mac.doFinal(), "AES"),
        new GCMParameterSpec(128, bytes, 6, 12));
    byte[] name = "cärt".getBytes(UTF_16BE);
    cipher.updateAAD(
        ByteBuffer.allocate(6 + 16 + name.length).put(header).put(id).put(name).array());
    assertThat(cipher.doFinal(bytes, 18, bytes.length - 18)).isEqualTo(CODEC.encode("a book"));
  }

  @Test
  void encrypted_twice_hasAnotherNonce() {
    Set<String> nonces = new HashSet<>();
    for (int i = 0; i < 1_000; i++) {
      byte[] bytes = encrypt(ENCRYPTION, ID, "cart", "a book");
      nonces.add(HexFormat.of().formatHex(bytes, 6, 18));
    }
    assertThat(nonces).hasSize(1_000);
  }

  @Test
  void decrypted_movedToAnotherSessionOrName_isRefused() {
    byte[] bytes = encrypt(ENCRYPTION, ID, "role", "admin");
    assertRefused(ENCRYPTION, OTHER, "role", bytes, "moved from another session or attribute");
    assertRefused(ENCRYPTION, ID, "rolf", bytes, "moved from another session or attribute");
    byte[] loneSurrogate = encrypt(ENCRYPTION, ID, "a\ud800", "admin");
    assertThat(stored(ENCRYPTION, ID, "a\ud800", loneSurrogate).object(CODEC)).isEqualTo("admin");
    assertRefused(ENCRYPTION, ID, "a\ud801", loneSurrogate, "moved");
    assertRefused(ENCRYPTION, ID, "a?", loneSurrogate, "moved");
  }

  @Test
  @DisplayName("any bit that is changed, any cut and any suffix is refused")
  void decrypted_changed_isRefused() {
    byte[] bytes = encrypt(ENCRYPTION, ID, "cart", "a book");
    for (int bit = 0; bit < bytes.length * 8; bit++) {
      byte[] changed = bytes.clone();
      changed[bit / 8] ^= (byte) (1 << bit % 8);
      assertRefused(ENCRYPTION, ID, "cart", changed, "");
    }
    for (int length = 0; length < bytes.length; length++) {
      assertRefused(ENCRYPTION, ID, "cart", Arrays.copyOf(bytes, length), "");
    }
    assertRefused(ENCRYPTION, ID, "cart", Arrays.copyOf(bytes, bytes.length + 1), "was changed");
    assertRefused(ENCRYPTION, ID, "cart", Arrays.copyOf(bytes, 20), "is cut off: it has 20 bytes");
    byte[] version = bytes.clone();
    version[1] = 32;
    assertRefused(ENCRYPTION, ID, "cart", version, "another version of AttributeEncryption: 32");
    byte[] badId = bytes.clone();
    badId[3] = '\n';
    assertRefused(ENCRYPTION, ID, "cart", badId, "does not name its key by a valid id");
  }

  @Test
  void decrypted_unknownOrWrongKey_isRefused() {
    byte[] old = encrypt(AttributeEncryption.builder("old", key(2)).build(), ID, "cart", "a book");
    assertRefused(ENCRYPTION, ID, "cart", old, "the key \"old\", which is not configured");
    AttributeEncryption wrong =
        AttributeEncryption.builder("new", key(1)).decryptionKey("old", key(3)).build();
    assertRefused(wrong, ID, "cart", old, "with another key of the id \"old\"");
  }

  @Test
  @DisplayName("a value under an old key is read, and is encrypted again when it is written")
  void rotation() {
    byte[] old = encrypt(AttributeEncryption.builder("old", key(2)).build(), ID, "cart", "a book");
    AttributeEncryption rotated =
        AttributeEncryption.builder("new", key(1)).decryptionKey("old", key(2)).build();

    AttributeValue read = stored(rotated, ID, "cart", old);
    assertThat(read.object(CODEC)).isEqualTo("a book");
    byte[] written = rotated.encrypted(ID, Map.of("cart", read)).get("cart").bytes();
    assertThat(stored(ENCRYPTION, ID, "cart", written).object(CODEC)).isEqualTo("a book");

    AttributeValue current = stored(rotated, ID, "cart", written);
    assertThat(rotated.encrypted(ID, Map.of("cart", current)).get("cart").bytes())
        .as("what is under the current key is not encrypted again")
        .isSameAs(written);
  }

  @Test
  void encrypted_readFromOneSession_isBoundToTheOtherItIsWrittenTo() {
    AttributeValue read = stored(ENCRYPTION, ID, "cart", encrypt(ENCRYPTION, ID, "cart", "a book"));
    byte[] moved = ENCRYPTION.encrypted(OTHER, Map.of("cart", read)).get("cart").bytes();
    assertThat(stored(ENCRYPTION, OTHER, "cart", moved).object(CODEC)).isEqualTo("a book");
    byte[] renamed = ENCRYPTION.encrypted(ID, Map.of("basket", read)).get("basket").bytes();
    assertThat(stored(ENCRYPTION, ID, "basket", renamed).object(CODEC)).isEqualTo("a book");
  }

  @Test
  void acceptPlain_readsPlainValues_andEncryptsThemWhenWritten() {
    byte[] plain = CODEC.encode("a book");
    assertRefused(ENCRYPTION, ID, "cart", plain, "acceptPlain(true)");

    AttributeEncryption accepting =
        AttributeEncryption.builder("new", key(1)).acceptPlain(true).build();
    AttributeValue read = stored(accepting, ID, "cart", plain);
    assertThat(read.object(CODEC)).isEqualTo("a book");
    byte[] written = accepting.encrypted(ID, Map.of("cart", read)).get("cart").bytes();
    assertThat(stored(ENCRYPTION, ID, "cart", written).object(CODEC)).isEqualTo("a book");
    byte[] changed = written.clone();
    changed[changed.length - 1] ^= 1;
    assertRefused(accepting, ID, "cart", changed, "was changed");
  }

  @Test
  void decrypted_immutable_isDecodedOnceForOneStoredValue() {
    AttributeValue kept = AttributeValue.encoded(encrypt(ENCRYPTION, ID, "cart", "a book"));
    Object first = ENCRYPTION.decrypted(ID, Map.of("cart", kept)).get("cart").object(CODEC);
    Object second = ENCRYPTION.decrypted(ID, Map.of("cart", kept)).get("cart").object(CODEC);
    assertThat(second).isSameAs(first);
  }

  @Test
  void live_isEncodedAndEncrypted_emptyStaysEmpty() {
    byte[] bytes =
        ENCRYPTION
            .encrypted(ID, Map.of("cart", AttributeValue.live("a book", CODEC)))
            .get("cart")
            .bytes();
    assertThat(stored(ENCRYPTION, ID, "cart", bytes).object(CODEC)).isEqualTo("a book");
    assertThat(ENCRYPTION.encrypted(ID, Map.of())).isEmpty();
    assertThat(ENCRYPTION.decrypted(ID, Map.of())).isEmpty();
  }

  @Test
  void builder_refusesWhatIsNoKey() {
    AttributeEncryption.Builder builder = AttributeEncryption.builder("a", key(1));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.decryptionKey("b", new SecretKeySpec(new byte[16], "AES")))
        .withMessage("the key \"b\" must have 32 bytes: 16");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.decryptionKey("b", new KeyWithoutBytes()))
        .withMessage("the key \"b\" must have 32 bytes: none can be read");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.decryptionKey("a", key(2)))
        .withMessage("there is a key \"a\" already");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.decryptionKey("b", key(1)))
        .withMessage("the keys \"a\" and \"b\" must differ: they are equal");
    for (String id : new String[] {"", "ä", "a b", "a".repeat(33)}) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> builder.decryptionKey(id, key(2)))
          .withMessageContaining("keyId must be 1 to 32 letters, digits");
    }
  }

  private static final class KeyWithoutBytes implements SecretKey {
    private static final long serialVersionUID = 1L;

    @Override
    public String getAlgorithm() {
      return "AES";
    }

    @Override
    public String getFormat() {
      return "none";
    }

    @Override
    public byte[] getEncoded() {
      return null;
    }
  }

  @Test
  void key_changedAfterwards_isNotChangedHere() {
    byte[] bytes = new byte[32];
    Arrays.fill(bytes, (byte) 1);
    SecretKey shared = new KeyOf(bytes);
    AttributeEncryption encryption = AttributeEncryption.builder("new", shared).build();
    bytes[0] = 9;
    byte[] frame = encrypt(encryption, ID, "cart", "a book");
    assertThat(stored(ENCRYPTION, ID, "cart", frame).object(CODEC)).isEqualTo("a book");
  }

  private static final class KeyOf implements SecretKey {
    private static final long serialVersionUID = 1L;
    private final byte[] bytes;

    KeyOf(byte[] bytes) {
      this.bytes = bytes;
    }

    @Override
    public String getAlgorithm() {
      return "AES";
    }

    @Override
    public String getFormat() {
      return "RAW";
    }

    @Override
    public byte[] getEncoded() {
      return bytes;
    }
  }

  @Test
  void toString_andMessages_showNoKey() {
    byte[] bytes = "an entirely secret key: 32 bytes".getBytes(UTF_8);
    AttributeEncryption encryption =
        AttributeEncryption.builder("new", new SecretKeySpec(bytes, "AES"))
            .decryptionKey("old", key(7))
            .acceptPlain(true)
            .build();
    assertThat(encryption.toString())
        .isEqualTo(
            "AttributeEncryption[current key new, decryption keys: 1, accepts plain values]");
    byte[] frame = encrypt(encryption, ID, "cart", "a book");
    frame[frame.length - 1] ^= 1;
    assertThatThrownBy(() -> stored(encryption, ID, "cart", frame).bytes())
        .hasMessageContaining("\"new\"")
        .satisfies(
            e ->
                assertThat(e.toString() + e.getCause())
                    .doesNotContain("entirely")
                    .doesNotContain(Base64.getEncoder().encodeToString(bytes))
                    .doesNotContain(HexFormat.of().formatHex(bytes)));
  }
}
