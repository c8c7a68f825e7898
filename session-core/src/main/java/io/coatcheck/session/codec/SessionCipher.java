package io.coatcheck.session.codec;

import io.coatcheck.session.token.SessionId;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.Mac;
import javax.crypto.SecretKey;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * Encrypts and decrypts the values of one session. Thread-safe. Keeps the last derived key, so that
 * the attributes of a session need one derivation.
 */
final class SessionCipher {

  private static final byte[] LABEL =
      "coatcheck attribute encryption".getBytes(StandardCharsets.US_ASCII);

  private final AttributeEncryption encryption;
  private final SessionId id;

  /** A data race at worst derives a key twice. */
  private volatile @Nullable Derived derived;

  /** A key of this session. Not a record: nothing prints it. */
  private static final class Derived {
    final String keyId;
    final SecretKey key;

    Derived(String keyId, SecretKey key) {
      this.keyId = keyId;
      this.key = key;
    }
  }

  SessionCipher(AttributeEncryption encryption, SessionId id) {
    this.encryption = encryption;
    this.id = id;
  }

  /** Returns whether both are for the same session and the same keys. */
  boolean isSameAs(SessionCipher other) {
    return encryption == other.encryption && id.equals(other.id);
  }

  boolean isUnderCurrentKey(@Nullable EncryptedFrame frame) {
    return frame != null && frame.keyId().equals(encryption.currentKey());
  }

  byte[] encrypt(String name, byte[] plain) {
    String keyId = encryption.currentKey();
    byte[] header = EncryptedFrame.header(keyId);
    byte[] nonce = new byte[EncryptedFrame.NONCE_BYTES];
    encryption.random().nextBytes(nonce);
    int start = header.length + nonce.length;
    byte[] frame = new byte[Math.addExact(start + EncryptedFrame.TAG_BYTES, plain.length)];
    System.arraycopy(header, 0, frame, 0, header.length);
    System.arraycopy(nonce, 0, frame, header.length, nonce.length);
    try {
      cipher(Cipher.ENCRYPT_MODE, keyId, frame, header.length, name)
          .doFinal(plain, 0, plain.length, frame, start);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this JDK cannot encrypt with AES-GCM", e);
    }
    return frame;
  }

  /**
   * Decrypts a value.
   *
   * @throws AttributeCodecException if its key is not configured, or {@link #encrypt} did not
   *     produce it for this session and name
   */
  byte[] decrypt(String name, EncryptedFrame frame) {
    int start = frame.headerBytes() + EncryptedFrame.NONCE_BYTES;
    try {
      return cipher(Cipher.DECRYPT_MODE, frame.keyId(), frame.bytes(), frame.headerBytes(), name)
          .doFinal(frame.bytes(), start, frame.bytes().length - start);
    } catch (AEADBadTagException e) {
      throw new AttributeCodecException(
          "the value cannot be decrypted: it was changed, or moved from another session or"
              + " attribute, or encrypted with another key of the id \""
              + frame.keyId()
              + "\"",
          e);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this JDK cannot decrypt with AES-GCM", e);
    }
  }

  private Cipher cipher(int mode, String keyId, byte[] frame, int headerBytes, String name)
      throws GeneralSecurityException {
    Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
    cipher.init(
        mode,
        key(keyId),
        new GCMParameterSpec(
            EncryptedFrame.TAG_BYTES * Byte.SIZE, frame, headerBytes, EncryptedFrame.NONCE_BYTES));
    cipher.updateAAD(frame, 0, headerBytes);
    ByteBuffer place = ByteBuffer.allocate(2 * Long.BYTES + Math.multiplyExact(2, name.length()));
    putId(place);
    place.asCharBuffer().put(name);
    cipher.updateAAD(place.array());
    return cipher;
  }

  private void putId(ByteBuffer out) {
    out.putLong(id.mostSignificantBits()).putLong(id.leastSignificantBits());
  }

  private SecretKey key(String keyId) throws GeneralSecurityException {
    Derived known = derived;
    if (known == null || !known.keyId.equals(keyId)) {
      known = new Derived(keyId, derive(encryption.key(keyId)));
      derived = known;
    }
    return known.key;
  }

  /** Derives 256 bits: NIST SP 800-108, counter mode, one block of HMAC-SHA-256. */
  private SecretKey derive(byte[] key) throws GeneralSecurityException {
    Mac mac = Mac.getInstance("HmacSHA256");
    mac.init(new SecretKeySpec(key, "HmacSHA256"));
    ByteBuffer input =
        ByteBuffer.allocate(Integer.BYTES + LABEL.length + 1 + 2 * Long.BYTES + Integer.BYTES);
    input.putInt(1).put(LABEL).put((byte) 0);
    putId(input);
    input.putInt(AttributeEncryption.KEY_BYTES * Byte.SIZE);
    return new SecretKeySpec(mac.doFinal(input.array()), "AES");
  }
}
