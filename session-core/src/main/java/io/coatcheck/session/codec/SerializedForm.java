package io.coatcheck.session.codec;

import io.coatcheck.session.codec.CheckedInput.Purpose;
import java.io.InvalidClassException;
import java.io.NotSerializableException;
import java.io.ObjectStreamClass;
import java.io.ObjectStreamConstants;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Java serialization in both directions, under an allow-list and limits. */
final class SerializedForm {

  /** A nested object takes at least a tag and a reference to the description of its class. */
  private static final int MIN_BYTES_PER_LEVEL = 6;

  /** The magic number and the version. */
  private static final int STREAM_HEADER = 4;

  private static final byte[] NONE = {};

  private final AllowList allowed;
  private final DecodingLimits limits;

  SerializedForm(AllowList allowed, DecodingLimits limits) {
    this.allowed = allowed;
    this.limits = limits;
  }

  byte[] write(Object value) {
    return writeAgain(value, NONE);
  }

  /**
   * Writes a value that was read before.
   *
   * @param before returned if the bytes are the same, which have been read, and so are readable
   */
  byte[] writeAgain(Object value, byte[] before) {
    Class<?> root = value.getClass();
    if (value instanceof Class || value instanceof ObjectStreamClass) {
      throw unstorable(root, "it is never stored", null);
    }
    BoundedBytes sink = new BoundedBytes(limits.bytes());
    sink.writeBytes(CompactForms.header(CompactForms.SERIALIZED));
    CheckedOutput out = null;
    byte[] bytes = {};
    Throwable failure = null;
    try {
      out = new CheckedOutput(sink, allowed, root);
      out.writeObject(value);
      out.flush();
      bytes = sink.toByteArray();
      if (ClassValues.mayReferToOne(bytes)) {
        out.refuseClassValues();
      }
    } catch (Throwable thrown) {
      rethrowFatal(thrown);
      failure = thrown;
    }
    AttributeCodecException refusal = out == null ? null : out.refusal(failure);
    if (refusal != null) {
      throw refusal;
    }
    if (sink.isOverfull()) {
      throw tooLarge(root);
    }
    if (failure != null || out == null) {
      throw unstorable(root, reasonToNotWrite(failure), failure);
    }
    if (Arrays.equals(bytes, before)) {
      return before;
    }
    requireReadable(bytes, root, out.wroteResolvingClass());
    return bytes;
  }

  Object read(byte[] bytes) {
    return read(bytes, Purpose.DECODING);
  }

  /** Reads a stream of Java's own form, which begins with four bytes that are not stored here. */
  Object readStream(byte[] stream) {
    ByteBuffer buffer = ByteBuffer.wrap(stream);
    if (stream.length < STREAM_HEADER
        || buffer.getShort() != ObjectStreamConstants.STREAM_MAGIC
        || buffer.getShort() != ObjectStreamConstants.STREAM_VERSION) {
      throw undecodable("it is not a stream of serialized objects", null);
    }
    byte[] header = CompactForms.header(CompactForms.SERIALIZED);
    byte[] bytes = Arrays.copyOf(header, header.length + stream.length - STREAM_HEADER);
    buffer.get(bytes, header.length, buffer.remaining());
    return read(bytes);
  }

  private Object read(byte[] bytes, Purpose purpose) {
    Payload source = new Payload(bytes);
    CheckedInput in = null;
    Object value = null;
    Throwable failure = null;
    try {
      in = new CheckedInput(source, allowed, limits, purpose);
      value = in.readObject();
    } catch (Throwable thrown) {
      rethrowFatal(thrown);
      failure = thrown;
    }
    if (in != null && in.refusal() != null) {
      throw in.refusal();
    }
    if (failure != null) {
      throw undecodable(reasonToNotRead(failure, in), failure);
    }
    if (value == null || value instanceof Class || value instanceof ObjectStreamClass) {
      throw undecodable("it holds no value", null);
    }
    if (source.available() > 0) {
      throw undecodable(source.available() + " bytes follow the value", null);
    }
    if (in != null && in.mayHoldClass() && purpose == Purpose.DECODING && holdsClass(value)) {
      throw undecodable(ClassValues.REFUSAL, null);
    }
    return value;
  }

  /** Encodes the decoded value again, to be certain. Hardly any legitimate value needs this. */
  private boolean holdsClass(Object value) {
    CheckedOutput out = null;
    try {
      BoundedBytes sink = new BoundedBytes(Integer.MAX_VALUE);
      out = new CheckedOutput(sink, allowed, value.getClass());
      out.writeObject(value);
      out.flush();
      out.refuseClassValues();
    } catch (Throwable thrown) {
      rethrowFatal(thrown);
    }
    return out != null && out.refusesClassValue();
  }

  AttributeCodecException tooLarge(Class<?> root) {
    String remedy =
        limits.bytes() < AttributeFrames.MAX_BYTES
            ? ": raise that with JavaSerializationCodec.builder().maxBytes(...), to "
                + AttributeFrames.MAX_BYTES
                + " at most"
            : ", the most there may be";
    return unstorable(root, "it takes more than maxBytes " + limits.bytes() + remedy, null);
  }

  /**
   * Checks a new encoding against the limits as decoding will count them. An encoding too short to
   * exceed one is not read at all. Most others are walked, which instantiates nothing. Only those
   * that decoding may expand beyond what the bytes show are decoded.
   */
  private void requireReadable(byte[] bytes, Class<?> root, boolean resolving) {
    int length = bytes.length - CompactForms.HEADER;
    if (length == 1 && bytes[CompactForms.HEADER] == ObjectStreamConstants.TC_NULL) {
      throw unstorable(root, "its writeReplace returns null", null);
    }
    try {
      if (resolving || length > limits.arrayLength()) {
        read(bytes, Purpose.CHECKING);
      } else if (length > (long) MIN_BYTES_PER_LEVEL * limits.depth()
          || length > limits.references()) {
        if (!walk(bytes)) {
          read(bytes, Purpose.CHECKING);
        }
      }
    } catch (AttributeCodecException refused) {
      throw unstorable(
          root,
          "it could not be read back: " + refused.getMessage(),
          refused,
          refused.refusedClass().orElse(null));
    }
  }

  /**
   * Walks the bytes; returns false if the stream cannot be parsed without the classes that wrote
   * it.
   */
  private boolean walk(byte[] bytes) {
    CheckedInput in = null;
    boolean followed;
    try {
      in = new CheckedInput(new Payload(bytes), allowed, limits, Purpose.WALKING);
      in.readObject();
      followed = true;
    } catch (ClassNotFoundException asIntended) {
      followed = true;
    } catch (Throwable thrown) {
      rethrowFatal(thrown);
      followed = false;
    }
    if (in != null && in.refusal() != null) {
      throw in.refusal();
    }
    return followed;
  }

  /** Rethrows errors of the JVM itself; anything else was caused by the value. */
  private static void rethrowFatal(Throwable thrown) {
    if (thrown instanceof VirtualMachineError fatal && !(thrown instanceof StackOverflowError)) {
      throw fatal;
    }
  }

  private String reasonToNotWrite(@Nullable Throwable failure) {
    if (failure instanceof NotSerializableException) {
      return ClassNames.printable(failure.getMessage())
          + " does not implement Serializable: store a value of a class that does, or make it do so";
    }
    if (failure instanceof StackOverflowError) {
      return "it is nested deeper than maxDepth " + limits.depth();
    }
    return "writing it failed";
  }

  private static String reasonToNotRead(Throwable failure, @Nullable CheckedInput in) {
    if (failure instanceof ClassNotFoundException) {
      return "class " + ClassNames.printable(failure.getMessage()) + " does not exist";
    }
    if (failure instanceof InvalidClassException invalid) {
      return invalid.classname == null
          ? "refused by the filter of this JVM (jdk.serialFilter) or malformed"
          : "class "
              + ClassNames.printable(invalid.classname)
              + " has changed"
              + remedy(in == null ? null : in.missingVersion(invalid.classname));
    }
    return failure.getClass().getName();
  }

  private static String remedy(@Nullable Long missingVersion) {
    return missingVersion == null
        ? ""
        : "; its objects from before can be read if it declares serialVersionUID = "
            + missingVersion
            + "L";
  }

  private static AttributeCodecException unstorable(
      Class<?> root, String why, @Nullable Throwable cause) {
    return unstorable(root, why, cause, null);
  }

  /**
   * Returns the exception for a value that cannot be encoded.
   *
   * @param allowable the class whose absence from the allow-list is the reason; null for others
   */
  static AttributeCodecException unstorable(
      Class<?> root, String why, @Nullable Throwable cause, @Nullable String allowable) {
    return new AttributeCodecException(
        "cannot store a " + root.getTypeName() + ": " + why, cause, allowable);
  }

  private static AttributeCodecException undecodable(String why, @Nullable Throwable cause) {
    return new AttributeCodecException(
        "an encoded attribute cannot be decoded: " + why, cause, null);
  }
}
