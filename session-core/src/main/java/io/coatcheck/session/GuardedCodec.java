package io.coatcheck.session;

import io.coatcheck.session.codec.AttributeCodec;
import io.coatcheck.session.codec.AttributeCodecException;

/**
 * The codec of a manager. It may be the application's, and throw what a codec should not. Here that
 * is an {@link AttributeCodecException} too, so that it costs one value, and not the save, the
 * login or the logout that encodes or decodes it. Errors of the JVM itself are not changed.
 *
 * @param codec the codec as it was configured, which live values keep
 */
record GuardedCodec(AttributeCodec codec) implements AttributeCodec {

  @Override
  public byte[] encode(Object value) {
    try {
      return codec.encode(value);
    } catch (Throwable failure) {
      throw problem(failure);
    }
  }

  @Override
  public byte[] encodeAgain(Object value, byte[] before) {
    try {
      return codec.encodeAgain(value, before);
    } catch (Throwable failure) {
      throw problem(failure);
    }
  }

  @Override
  public Object decode(byte[] bytes) {
    try {
      return codec.decode(bytes);
    } catch (Throwable failure) {
      throw problem(failure);
    }
  }

  @Override
  public boolean isImmutable(Object value) {
    try {
      return codec.isImmutable(value);
    } catch (Throwable failure) {
      throw problem(failure);
    }
  }

  /** Returns the exception to throw. It does not repeat a message that may contain the value. */
  private AttributeCodecException problem(Throwable failure) {
    if (failure instanceof AttributeCodecException expected) {
      return expected;
    }
    if (failure instanceof VirtualMachineError fatal && !(failure instanceof StackOverflowError)) {
      throw fatal;
    }
    return new AttributeCodecException(
        codec.getClass().getName() + " threw " + failure.getClass().getName(), failure);
  }
}
