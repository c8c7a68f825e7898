package io.coatcheck.session.token;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * The SHA-256 of a session's secret, 32 bytes: all that a store knows of the secret.
 *
 * <p>A secret has 256 random bits, so a fast, unsalted hash is enough: there is no dictionary to
 * try. Reading the store yields nothing that can be presented. Immutable and thread-safe; {@code
 * equals} compares in constant time.
 *
 * @since 0.1.0
 */
public final class SecretHash {

  /** The length in bytes. */
  public static final int LENGTH = 32;

  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

  // Not an array: that would cost each session 16 bytes more.
  private final long first;
  private final long second;
  private final long third;
  private final long fourth;

  private SecretHash(byte[] bytes) {
    first = (long) LONGS.get(bytes, 0);
    second = (long) LONGS.get(bytes, Long.BYTES);
    third = (long) LONGS.get(bytes, 2 * Long.BYTES);
    fourth = (long) LONGS.get(bytes, 3 * Long.BYTES);
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
    return new SecretHash(bytes);
  }

  /** Returns a copy of the 32 bytes, for a store to keep. */
  public byte[] toBytes() {
    return ByteBuffer.allocate(LENGTH)
        .putLong(first)
        .putLong(second)
        .putLong(third)
        .putLong(fourth)
        .array();
  }

  /** Compares in time that does not depend on where the hashes differ. */
  @Override
  public boolean equals(@Nullable Object other) {
    // Like MessageDigest.isEqual: every bit is compared, and the only branch is at the end.
    return other instanceof SecretHash that
        && ((first ^ that.first)
                | (second ^ that.second)
                | (third ^ that.third)
                | (fourth ^ that.fourth))
            == 0;
  }

  @Override
  public int hashCode() {
    return (int) (first >>> 32);
  }

  /** Returns a fixed text. Not even the hash belongs in a log. */
  @Override
  public String toString() {
    return "SecretHash[redacted]";
  }
}
