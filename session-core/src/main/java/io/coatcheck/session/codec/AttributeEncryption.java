package io.coatcheck.session.codec;

import io.coatcheck.session.token.SessionId;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;
import javax.crypto.SecretKey;

/**
 * Encrypts the values of attributes before they are stored, with AES-256 in Galois/Counter Mode
 * (NIST SP 800-38D). Pass it to {@code SessionManagerBuilder.encryption}. It works with every codec
 * and every store that keeps bytes.
 *
 * <pre>{@code
 * SecretKey key = new SecretKeySpec(Base64.getDecoder().decode(secretFromTheVault), "AES");
 * SessionManager.builder(store)
 *     .encryption(AttributeEncryption.builder("2026-01", key).build())
 * }</pre>
 *
 * <p><b>What it protects.</b> A copy of the store, such as a backup, does not reveal the values. A
 * value that was changed, or moved to another session or another attribute name, is refused: it
 * reads as absent, with a {@code SessionEvent.AttributeUndecodable}. <b>What it does not
 * protect.</b> The names and sizes of attributes and all other columns, such as the principal, can
 * be read and changed. The memory of this process is not protected. Attributes can be removed, or
 * replaced by one of their older values.
 *
 * <p><b>Rotating keys.</b> Each encrypted value names its key. Values are encrypted with the
 * current key and decrypted with any of the keys. Whenever a session's attributes are written,
 * those under another key are encrypted again. To rotate on several nodes, first add the new key on
 * all nodes as a {@linkplain Builder#decryptionKey decryption key}, then make it the current one
 * and keep the old one as a decryption key. Remove the old one when no session is left that was
 * last written before the change: a login writes its session, so that is after the longest absolute
 * timeout.
 *
 * <p><b>The bound of random nonces.</b> With random 96-bit nonces, one key must not encrypt more
 * than 2<sup>32</sup> values (SP 800-38D, section 8.3). So no value is encrypted with a configured
 * key itself, but with a key derived from it for the session (NIST SP 800-108, counter mode,
 * HMAC-SHA-256). The bound then applies to each session separately, and no site needs to rotate
 * keys because of it.
 *
 * <pre>
 *   frame = 'E', version (one byte, 16), length of key id (one byte), key id (ASCII),
 *           nonce (12 bytes), AES-GCM of the value's encoding with its tag (16 bytes)
 *   associated data = frame up to the nonce, session id (16 bytes), attribute name (UTF-16BE)
 * </pre>
 *
 * <p>Immutable and thread-safe; does not block. No key appears in {@link #toString()}, a log or an
 * exception.
 *
 * @since 0.1.0
 */
public final class AttributeEncryption {

  /** The length of a configured key. */
  static final int KEY_BYTES = 32;

  private static final Pattern KEY_ID = Pattern.compile("[A-Za-z0-9._-]{1,32}");

  private final String currentKey;
  private final Map<String, byte[]> keys;
  private final boolean acceptPlain;
  private final SecureRandom random;

  private AttributeEncryption(Builder builder) {
    currentKey = builder.currentKey;
    keys = Map.copyOf(builder.keys);
    acceptPlain = builder.acceptPlain;
    random = new SecureRandom();
  }

  /**
   * Begins with one key, the current one.
   *
   * @param keyId 1 to 32 letters, digits, dots, underscores and hyphens; stored in plain text with
   *     each value. Never reuse the id of another key
   * @param key 32 random bytes, copied
   * @throws IllegalArgumentException if the id has another form, or the key has another length or
   *     no {@linkplain SecretKey#getEncoded() encoding}
   */
  public static Builder builder(String keyId, SecretKey key) {
    return new Builder(keyId, key);
  }

  /**
   * Returns attributes in the form that a store keeps. A value that {@link #decrypted} returned for
   * the same session and name is passed on as it was stored if it is already under the current key,
   * or if it cannot be decrypted.
   *
   * @param attributes neither changed nor retained
   * @return encoded values that are bound to the session and their names
   * @throws AttributeCodecException if a live value cannot be encoded
   */
  public Map<String, AttributeValue> encrypted(
      SessionId id, Map<String, AttributeValue> attributes) {
    if (attributes.isEmpty()) {
      return attributes;
    }
    SessionCipher cipher = new SessionCipher(this, id);
    Map<String, AttributeValue> encrypted = new LinkedHashMap<>();
    attributes.forEach((name, value) -> encrypted.put(name, encrypted(cipher, name, value)));
    return encrypted;
  }

  private AttributeValue encrypted(SessionCipher cipher, String name, AttributeValue value) {
    EncryptedValue stored = value.encryptedContent();
    if (stored == null) {
      return AttributeValue.encoded(cipher.encrypt(name, value.bytes()));
    }
    if (stored.isOf(cipher, name) && cipher.isUnderCurrentKey(stored.frame())) {
      return stored.stored();
    }
    byte[] plain;
    try {
      plain = stored.plain();
    } catch (AttributeCodecException unreadable) {
      // Only this attribute is lost, and reading it notifies the listeners.
      return stored.stored();
    }
    return AttributeValue.encoded(cipher.encrypt(name, plain));
  }

  /**
   * Returns attributes in the form that the application reads. This call decrypts nothing; a value
   * that cannot be decrypted throws {@link AttributeCodecException} when it is read.
   *
   * @param stored neither changed nor retained; its values are retained
   */
  public Map<String, AttributeValue> decrypted(SessionId id, Map<String, AttributeValue> stored) {
    if (stored.isEmpty()) {
      return stored;
    }
    SessionCipher cipher = new SessionCipher(this, id);
    Map<String, AttributeValue> decrypted = new LinkedHashMap<>();
    stored.forEach(
        (name, value) ->
            decrypted.put(
                name, isReadAsItIs(value) ? value : AttributeValue.encrypted(value, cipher, name)));
    return decrypted;
  }

  private boolean isReadAsItIs(AttributeValue value) {
    return value.isLive()
        || value.encryptedContent() != null
        || (acceptPlain && !EncryptedFrame.isFrame(value.bytes()));
  }

  static boolean isKeyId(String text) {
    return KEY_ID.matcher(text).matches();
  }

  String currentKey() {
    return currentKey;
  }

  SecureRandom random() {
    return random;
  }

  /** Returns a configured key; must not be changed. */
  byte[] key(String keyId) {
    byte[] key = keys.get(keyId);
    if (key == null) {
      throw new AttributeCodecException(
          "the value is encrypted with the key \"" + keyId + "\", which is not configured");
    }
    return key;
  }

  /** Returns the id of the current key and the number of the others. */
  @Override
  public String toString() {
    return "AttributeEncryption[current key "
        + currentKey
        + ", decryption keys: "
        + (keys.size() - 1)
        + (acceptPlain ? ", accepts plain values]" : "]");
  }

  /**
   * Collects the keys. Not thread-safe.
   *
   * @since 0.1.0
   */
  public static final class Builder {

    private final String currentKey;
    private final Map<String, byte[]> keys = new HashMap<>();
    private boolean acceptPlain;

    private Builder(String keyId, SecretKey key) {
      currentKey = keyId;
      decryptionKey(keyId, key);
    }

    /**
     * Adds a key that only decrypts values: one that was current, or one that will be. Default:
     * none.
     *
     * @param keyId as for {@link AttributeEncryption#builder}
     * @throws IllegalArgumentException as for {@link AttributeEncryption#builder}, and if there is
     *     already a key with that id, or the same key under another id
     */
    public Builder decryptionKey(String keyId, SecretKey key) {
      if (!isKeyId(keyId)) {
        throw new IllegalArgumentException(
            "keyId must be 1 to 32 letters, digits, dots, underscores and hyphens: it has "
                + keyId.length()
                + " characters");
      }
      byte[] bytes = Objects.requireNonNull(key, "key").getEncoded();
      if (bytes == null || bytes.length != KEY_BYTES) {
        throw new IllegalArgumentException(
            "the key \""
                + keyId
                + "\" must have "
                + KEY_BYTES
                + " bytes: "
                + (bytes == null ? "none can be read" : bytes.length));
      }
      if (keys.containsKey(keyId)) {
        throw new IllegalArgumentException("there is a key \"" + keyId + "\" already");
      }
      keys.forEach(
          (otherId, other) -> {
            if (MessageDigest.isEqual(other, bytes)) {
              throw new IllegalArgumentException(
                  "the keys \"" + otherId + "\" and \"" + keyId + "\" must differ: they are equal");
            }
          });
      keys.put(keyId, bytes.clone());
      return this;
    }

    /**
     * Sets whether values that are not encrypted are read as well, for the time after encryption
     * was switched on for existing sessions. They are encrypted when their session's attributes are
     * next written. An encoding that begins with the byte {@code 'E'} counts as encrypted; those of
     * {@link JavaSerializationCodec} do not begin so. While this is on, anyone who can write to the
     * store can store plain values. Default: false; such a value reads as absent.
     */
    public Builder acceptPlain(boolean accept) {
      acceptPlain = accept;
      return this;
    }

    /** Builds the encryption; later calls of this builder do not change it. */
    public AttributeEncryption build() {
      return new AttributeEncryption(this);
    }
  }
}
