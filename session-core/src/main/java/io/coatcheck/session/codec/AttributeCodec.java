package io.coatcheck.session.codec;

import java.util.Arrays;

/**
 * Encodes the values of attributes as bytes, and decodes them.
 *
 * <p>The bytes may be hostile, planted in the store by an attacker: {@link #decode} must not create
 * an object of a class that it was not configured to trust. An encoding begins with a mark of the
 * codec and its version, so that bytes of another codec, or of a later version of this one, are
 * refused rather than guessed at.
 *
 * <p>Implementations are thread-safe and do not block. They depend on nothing that may be
 * temporarily unavailable: a value that cannot be decoded counts as absent, and what a request sets
 * then replaces it.
 *
 * <p>A value that cannot be encoded or decoded is an {@link AttributeCodecException}. A manager
 * treats anything else that a method throws like one, except errors of the JVM such as {@code
 * OutOfMemoryError}; its message is not logged then, since it may contain the value.
 *
 * @since 0.1.0
 */
public interface AttributeCodec {

  /**
   * Encodes a value.
   *
   * @param value not retained
   * @return bytes that the caller owns
   * @throws AttributeCodecException if the value, or one that it refers to, is of a class that this
   *     codec would not decode, or if the encoding is larger than it allows; the message names the
   *     class and says how to allow it. Nothing is stored
   */
  byte[] encode(Object value);

  /**
   * Encodes a value that was decoded from an encoding, to find out whether it was changed since. A
   * codec need not check again that an encoding which is the same can be decoded. By default, calls
   * {@link #encode}; a codec that passes values on to another one passes this call on too.
   *
   * @param value not retained
   * @param before from which {@link #decode} of this codec has returned the value, or what {@link
   *     #encode} made of such a value; neither changed nor retained
   * @return {@code before} itself if the encoding is the same; else bytes that the caller owns
   * @throws AttributeCodecException as {@link #encode} does
   */
  default byte[] encodeAgain(Object value, byte[] before) {
    byte[] now = encode(value);
    return Arrays.equals(now, before) ? before : now;
  }

  /**
   * Decodes bytes.
   *
   * @param bytes any bytes; neither changed nor retained
   * @return a value that the caller owns, which shares nothing with the results of other calls
   * @throws AttributeCodecException if the bytes were not produced by {@link #encode}, if they name
   *     a class that is not allowed or no longer exists, or if a limit is exceeded. No object of a
   *     class that is not allowed was created
   */
  Object decode(byte[] bytes);

  /**
   * Returns whether a value can never change, so that it may be shared between requests and need
   * not be compared with its encoding when the session is saved.
   *
   * <p>By default, recognises the immutable types of the JDK by their exact class. A codec may
   * recognise more. Returning {@code true} for a value that does change loses the change.
   */
  default boolean isImmutable(Object value) {
    return ImmutableTypes.contains(value.getClass());
  }
}
