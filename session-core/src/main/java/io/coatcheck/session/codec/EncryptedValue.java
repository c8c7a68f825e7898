package io.coatcheck.session.codec;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The content of an {@link AttributeValue} that a store keeps encrypted. It is decrypted when it is
 * first read; a data race at worst decrypts twice. Thread-safe.
 */
final class EncryptedValue {

  /** The value as the store keeps it; it also caches decoded immutable values. */
  private final AttributeValue stored;

  private final SessionCipher cipher;
  private final String name;
  private volatile byte @Nullable [] plain;

  EncryptedValue(AttributeValue stored, SessionCipher cipher, String name) {
    this.stored = stored;
    this.cipher = cipher;
    this.name = name;
  }

  AttributeValue stored() {
    return stored;
  }

  /** Returns whether this is the value of a given name in a given session. */
  boolean isOf(SessionCipher otherCipher, String otherName) {
    return cipher.isSameAs(otherCipher) && name.equals(otherName);
  }

  /** Returns the frame; null if the stored bytes are not a frame. */
  @Nullable EncryptedFrame frame() {
    try {
      return EncryptedFrame.of(stored.bytes());
    } catch (AttributeCodecException notFrame) {
      return null;
    }
  }

  /** Returns the encoding, which must not be changed. */
  byte[] plain() {
    byte[] known = plain;
    if (known == null) {
      known = cipher.decrypt(name, EncryptedFrame.of(stored.bytes()));
      plain = known;
    }
    return known;
  }

  byte @Nullable [] plainIfReadable() {
    try {
      return plain();
    } catch (AttributeCodecException unreadable) {
      return null;
    }
  }

  /** Returns the size of the encoding, without decrypting it. */
  int size() {
    EncryptedFrame frame = frame();
    return frame == null ? stored.bytes().length : frame.plainBytes();
  }

  /** Returns whether both have the same session, name and bytes. */
  boolean isSameAs(EncryptedValue other) {
    return other.isOf(cipher, name) && Arrays.equals(stored.bytes(), other.stored.bytes());
  }
}
