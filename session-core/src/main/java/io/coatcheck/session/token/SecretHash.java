package io.coatcheck.session.token;

import java.security.MessageDigest;
import org.jspecify.annotations.Nullable;

/**
 * What a store knows of a session's secret: its SHA-256, 32 bytes.
 *
 * <p>A secret has 256 random bits, so that a fast, unsalted hash is enough: there is no dictionary
 * to try. Who reads the store can present nothing. Immutable and thread-safe; {@code equals}
 * compares in constant time.
 *
 * @since 0.1.0
 */
public final class SecretHash {

  /** The length in bytes. */
  public static final int LENGTH = 32;

  private final byte[] bytes;

  private SecretHash(byte[] bytes) {
    this.bytes = bytes;
  }

  /**
   * Restores a hash from the bytes that a store kept.
   *
   * @param bytes copied; the caller keeps ownership
   * @throws IllegalArgumentException if there are not exactly {@value #LENGTH} bytes
   */
  public static SecretHash of(byte[] bytes) {
    if (bytes.length != LENGTH) {
      throw new IllegalArgumentException(
          "a secret hash must have " + LENGTH + " bytes: " + bytes.length);
    }
    return new SecretHash(bytes.clone());
  }

  /** Takes ownership of {@code bytes}. */
  static SecretHash adopt(byte[] bytes) {
    return new SecretHash(bytes);
  }

  /** Returns a copy of the 32 bytes, for a store to keep. */
  public byte[] toBytes() {
    return bytes.clone();
  }

  /** Compares in time that does not depend on where the hashes differ. */
  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof SecretHash that && MessageDigest.isEqual(bytes, that.bytes);
  }

  @Override
  public int hashCode() {
    return (bytes[0] & 0xFF) << 24
        | (bytes[1] & 0xFF) << 16
        | (bytes[2] & 0xFF) << 8
        | (bytes[3] & 0xFF);
  }

  /** Returns a fixed text. Not even the hash belongs in a log. */
  @Override
  public String toString() {
    return "SecretHash[redacted]";
  }
}
