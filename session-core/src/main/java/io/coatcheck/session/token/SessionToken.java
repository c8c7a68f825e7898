package io.coatcheck.session.token;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.security.DigestException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The credential that the client holds: {@code <id>.<secret>}, the public id of the session and 256
 * random bits in base64url without padding, 80 characters in all.
 *
 * <p>A client that presents it gets the session. It is generated once, sent to the client and not
 * kept: a store only sees its {@link #secretHash()}. {@link #toString()} is redacted; only {@link
 * #value()} returns the text. Deliberately not serializable. Immutable and thread-safe.
 *
 * @since 0.1.0
 */
public final class SessionToken {

  /** The length of the secret in bytes. ASVS 5.0, 7.2.3 requires 16. */
  public static final int SECRET_LENGTH = 32;

  private static final int SECRET_TEXT_LENGTH = 43;

  /** The length of the text form, in characters: each token has exactly this many. */
  public static final int TEXT_LENGTH = SessionId.TEXT_LENGTH + 1 + SECRET_TEXT_LENGTH;

  private static final byte[] ALPHABET =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".getBytes(ISO_8859_1);
  private static final byte[] SEXTETS = sextets();

  /**
   * A digest for each thread, and room for its result: obtaining one from the provider costs as
   * much as the hash itself. Only JDK classes are used: a class of this library would keep its
   * class loader alive after the application has stopped, as long as the container's thread lives.
   */
  private static final ThreadLocal<Map.Entry<MessageDigest, byte[]>> SHA_256 =
      ThreadLocal.withInitial(() -> Map.entry(sha256(), new byte[SecretHash.LENGTH]));

  private final SessionId id;
  private final byte[] secret;

  private SessionToken(SessionId id, byte[] secret) {
    this.id = id;
    this.secret = secret;
  }

  /**
   * Generates a token with a new secret.
   *
   * @param random the source of {@value #SECRET_LENGTH} bytes; if it throws, so does this method:
   *     there is no fallback
   */
  public static SessionToken generate(SessionId id, SecureRandom random) {
    byte[] secret = new byte[SECRET_LENGTH];
    random.nextBytes(secret);
    return new SessionToken(id, secret);
  }

  /**
   * Parses the text form.
   *
   * @param text any text, of any length; nothing is trimmed, unquoted or decoded
   * @return the token, or empty if {@code text} is not exactly a text that {@link #value()} can
   *     return; each token has one text
   */
  public static Optional<SessionToken> parse(@Nullable String text) {
    return text == null ? Optional.empty() : parse(text, 0, text.length());
  }

  /**
   * Parses the text form within a longer text, such as a {@code Cookie} header.
   *
   * @param start the index of the first character
   * @param end the index after the last character
   * @throws IndexOutOfBoundsException if the range does not lie within {@code text}
   */
  public static Optional<SessionToken> parse(String text, int start, int end) {
    Objects.checkFromToIndex(start, end, text.length());
    if (end - start != TEXT_LENGTH || text.charAt(start + SessionId.TEXT_LENGTH) != '.') {
      return Optional.empty();
    }
    SessionId id = SessionId.parseAt(text, start);
    if (id == null) {
      return Optional.empty();
    }
    byte[] secret = decode(text, end - SECRET_TEXT_LENGTH);
    return secret == null ? Optional.empty() : Optional.of(new SessionToken(id, secret));
  }

  /** Returns the public id of the session that this token opens. */
  public SessionId id() {
    return id;
  }

  /** Returns the SHA-256 of the 32 bytes of the secret. */
  public SecretHash secretHash() {
    Map.Entry<MessageDigest, byte[]> sha256 = SHA_256.get();
    byte[] hash = sha256.getValue();
    try {
      // A stack that overflowed in an earlier call may have left bytes behind.
      sha256.getKey().reset();
      sha256.getKey().update(secret);
      sha256.getKey().digest(hash, 0, hash.length);
    } catch (DigestException e) {
      throw new IllegalStateException("SHA-256 has " + hash.length + " bytes", e);
    }
    return SecretHash.of(hash);
  }

  /** Returns the credential itself. It belongs in the response to the client and nowhere else. */
  public String value() {
    // Written in place: a login creates one text, and not four.
    byte[] text = new byte[TEXT_LENGTH];
    id.writeTo(text);
    int to = SessionId.TEXT_LENGTH;
    text[to++] = '.';
    int from = 0;
    for (; from < SECRET_LENGTH - 2; from += 3) {
      int bits = unsigned(from) << 16 | unsigned(from + 1) << 8 | unsigned(from + 2);
      text[to++] = ALPHABET[bits >> 18];
      text[to++] = ALPHABET[(bits >> 12) & 0x3f];
      text[to++] = ALPHABET[(bits >> 6) & 0x3f];
      text[to++] = ALPHABET[bits & 0x3f];
    }
    int bits = unsigned(from) << 10 | unsigned(from + 1) << 2;
    text[to++] = ALPHABET[bits >> 12];
    text[to++] = ALPHABET[(bits >> 6) & 0x3f];
    text[to] = ALPHABET[bits & 0x3f];
    return new String(text, ISO_8859_1);
  }

  private int unsigned(int index) {
    return Byte.toUnsignedInt(secret[index]);
  }

  /** Compares the secrets in constant time. */
  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof SessionToken that
        && id.equals(that.id)
        && MessageDigest.isEqual(secret, that.secret);
  }

  @Override
  public int hashCode() {
    return id.hashCode();
  }

  /** Returns the id, without the secret. */
  @Override
  public String toString() {
    return "SessionToken[" + id + ".redacted]";
  }

  /**
   * Decodes 43 characters to 32 bytes; returns null if one is outside the alphabet or the last has
   * spare bits.
   */
  private static byte @Nullable [] decode(String text, int start) {
    byte[] bytes = new byte[SECRET_LENGTH];
    // Negative if any character's value is.
    int seen = 0;
    int from = start;
    for (int position = 0; position < SECRET_LENGTH - 2; position += 3) {
      int bits = sextet(text, from) << 18 | lowerBits(text, from + 1);
      seen |= bits;
      bytes[position] = (byte) (bits >> 16);
      bytes[position + 1] = (byte) (bits >> 8);
      bytes[position + 2] = (byte) bits;
      from += 4;
    }
    int bits = lowerBits(text, from);
    seen |= bits;
    bytes[SECRET_LENGTH - 2] = (byte) (bits >> 10);
    bytes[SECRET_LENGTH - 1] = (byte) (bits >> 2);
    boolean hasSpareBits = (bits & 0b11) != 0;
    return seen < 0 || hasSpareBits ? null : bytes;
  }

  /** Decodes 3 characters; returns a negative number if one is outside the alphabet. */
  private static int lowerBits(String text, int start) {
    return sextet(text, start) << 12 | sextet(text, start + 1) << 6 | sextet(text, start + 2);
  }

  /** Returns the value of a character, negative if it is outside the alphabet. */
  private static int sextet(String text, int index) {
    char character = text.charAt(index);
    return character < SEXTETS.length ? SEXTETS[character] : -1;
  }

  private static byte[] sextets() {
    byte[] sextets = new byte[256];
    Arrays.fill(sextets, (byte) -1);
    for (int i = 0; i < ALPHABET.length; i++) {
      sextets[ALPHABET[i]] = (byte) i;
    }
    return sextets;
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform must provide SHA-256", e);
    }
  }
}
