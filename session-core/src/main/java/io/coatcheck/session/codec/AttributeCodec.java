package io.coatcheck.session.codec;

/**
 * Turns the value of an attribute into bytes and back.
 *
 * <p>A codec is given bytes that somebody may have put into the store on purpose: {@link #decode}
 * must not create an object of any class that it was not told to trust. Its encoding begins with
 * what is needed to recognise it, so that bytes of another codec, or of a later version of this
 * one, are refused and not guessed at.
 *
 * <p>Implementations are thread-safe and do not block.
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
   *     class and says how to allow it. Nothing was stored
   */
  byte[] encode(Object value);

  /**
   * Decodes bytes.
   *
   * @param bytes anything at all; neither changed nor retained
   * @return a value that the caller owns, sharing nothing with another call's
   * @throws AttributeCodecException if the bytes are not what {@link #encode} gave, if they name a
   *     class that is not allowed or does not exist any more, or if a limit is passed. No object of
   *     a class that is not allowed was created
   */
  Object decode(byte[] bytes);

  /**
   * Tells whether a value can never change, so that it may be shared between requests and need not
   * be compared with its encoding when the session is saved.
   *
   * <p>The default knows the immutable types of the JDK by their exact class. A codec may know
   * more. Answering {@code true} for a value that does change loses the change.
   */
  default boolean isImmutable(Object value) {
    return ImmutableTypes.contains(value.getClass());
  }
}
