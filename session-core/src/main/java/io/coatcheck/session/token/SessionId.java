package io.coatcheck.session.token;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.security.SecureRandom;
import java.time.Instant;
import java.util.Arrays;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The public id of a session: 128 bits, stable from its creation to its end.
 *
 * <p>An id does not authenticate. It may be logged, listed, put into a URL and shown to the
 * session's user; only the secret in the {@link SessionToken} gives access. Its layout is that of a
 * version 7 UUID (RFC 9562, section 5.7): the first 48 bits are the millisecond of creation, so
 * that rows created together lie together in a B-tree. Its text is the canonical lower-case UUID
 * form, the same in tokens, logs and databases that have a UUID type.
 *
 * <p>Immutable and thread-safe. Ordered by unsigned value, hence by time of creation.
 *
 * @since 0.1.0
 */
public final class SessionId implements Comparable<SessionId> {

  /** The length of the text form, in characters. */
  public static final int TEXT_LENGTH = 36;

  private static final byte[] ALPHABET = "0123456789abcdef".getBytes(ISO_8859_1);

  /**
   * The value of each character; negative if it is not a lower-case hexadecimal digit. There are as
   * many as a byte has values, so that a compiler need not compare the characters of most strings.
   */
  private static final byte[] DIGITS = digits();

  private final long mostSignificantBits;
  private final long leastSignificantBits;

  private SessionId(long mostSignificantBits, long leastSignificantBits) {
    this.mostSignificantBits = mostSignificantBits;
    this.leastSignificantBits = leastSignificantBits;
  }

  /**
   * Creates a new id.
   *
   * @param now the moment of creation; its milliseconds since the epoch become the leading 48 bits
   * @param random the source of the other 74 bits; if it throws, so does this method
   */
  public static SessionId generate(Instant now, SecureRandom random) {
    byte[] bytes = new byte[10];
    random.nextBytes(bytes);
    long randomA = (((bytes[0] & 0xFFL) << 8) | (bytes[1] & 0xFFL)) & 0x0FFFL;
    long randomB = 0;
    for (int i = 2; i < 10; i++) {
      randomB = (randomB << 8) | (bytes[i] & 0xFFL);
    }
    long most = (now.toEpochMilli() << 16) | 0x7000L | randomA;
    long least = (randomB & 0x3FFF_FFFF_FFFF_FFFFL) | 0x8000_0000_0000_0000L;
    return new SessionId(most, least);
  }

  /** Restores an id from the two halves that a store kept. Any bits are accepted. */
  public static SessionId of(long mostSignificantBits, long leastSignificantBits) {
    return new SessionId(mostSignificantBits, leastSignificantBits);
  }

  /**
   * Parses the text form.
   *
   * @param text any text, of any length
   * @return the id, or empty if {@code text} is not exactly the 36 characters, in lower case, that
   *     {@link #toString()} returns; each id has one text
   */
  public static Optional<SessionId> parse(@Nullable String text) {
    return text == null || text.length() != TEXT_LENGTH
        ? Optional.empty()
        : Optional.ofNullable(parseAt(text, 0));
  }

  /**
   * Parses 36 characters from {@code start}, which must lie within {@code text}; returns null if
   * they are malformed.
   */
  static @Nullable SessionId parseAt(String text, int start) {
    if (text.charAt(start + 8) != '-'
        || text.charAt(start + 13) != '-'
        || text.charAt(start + 18) != '-'
        || text.charAt(start + 23) != '-') {
      return null;
    }
    long first = hexadecimal(text, start);
    long second = hexadecimal(text, start + 4);
    long third = hexadecimal(text, start + 9);
    long fourth = hexadecimal(text, start + 14);
    long fifth = hexadecimal(text, start + 19);
    long sixth = hexadecimal(text, start + 24);
    long seventh = hexadecimal(text, start + 28);
    long eighth = hexadecimal(text, start + 32);
    return (first | second | third | fourth | fifth | sixth | seventh | eighth) < 0
        ? null
        : new SessionId(
            first << 48 | second << 32 | third << 16 | fourth,
            fifth << 48 | sixth << 32 | seventh << 16 | eighth);
  }

  /** Parses 4 digits. The result is negative if any character is not a digit. */
  private static int hexadecimal(String text, int start) {
    return digit(text, start) << 12
        | digit(text, start + 1) << 8
        | digit(text, start + 2) << 4
        | digit(text, start + 3);
  }

  /** Returns the value of a character, negative if it is not a digit. */
  private static int digit(String text, int index) {
    char character = text.charAt(index);
    return character < DIGITS.length ? DIGITS[character] : -1;
  }

  private static byte[] digits() {
    byte[] digits = new byte[256];
    Arrays.fill(digits, (byte) -1);
    for (int i = 0; i < ALPHABET.length; i++) {
      digits[ALPHABET[i]] = (byte) i;
    }
    return digits;
  }

  /** Returns the first 64 bits, which begin with the time of creation. */
  public long mostSignificantBits() {
    return mostSignificantBits;
  }

  /** Returns the last 64 bits. */
  public long leastSignificantBits() {
    return leastSignificantBits;
  }

  /** Returns the same 128 bits as a {@link UUID}, for databases that have the type. */
  public UUID toUuid() {
    return new UUID(mostSignificantBits, leastSignificantBits);
  }

  @Override
  public int compareTo(SessionId other) {
    int order = Long.compareUnsigned(mostSignificantBits, other.mostSignificantBits);
    return order != 0
        ? order
        : Long.compareUnsigned(leastSignificantBits, other.leastSignificantBits);
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof SessionId that
        && mostSignificantBits == that.mostSignificantBits
        && leastSignificantBits == that.leastSignificantBits;
  }

  @Override
  public int hashCode() {
    // The last bits are random; the first ones are similar in ids created close together.
    return Long.hashCode(leastSignificantBits) ^ Long.hashCode(mostSignificantBits);
  }

  /** Writes the 36 characters of {@link #toString()} to the beginning of an array. */
  void writeTo(byte[] text) {
    write(text, 0, mostSignificantBits >>> 32, 8);
    text[8] = '-';
    write(text, 9, mostSignificantBits >>> 16, 4);
    text[13] = '-';
    write(text, 14, mostSignificantBits, 4);
    text[18] = '-';
    write(text, 19, leastSignificantBits >>> 48, 4);
    text[23] = '-';
    write(text, 24, leastSignificantBits, 12);
  }

  /** Writes the last digits of a number. */
  private static void write(byte[] text, int start, long number, int digits) {
    long left = number;
    for (int i = start + digits - 1; i >= start; i--) {
      text[i] = ALPHABET[(int) (left & 0xf)];
      left >>>= 4;
    }
  }

  /** Returns the 36 characters of the canonical UUID form, in lower case. */
  @Override
  public String toString() {
    return toUuid().toString();
  }
}
