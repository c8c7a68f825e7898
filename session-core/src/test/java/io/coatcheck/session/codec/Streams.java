package io.coatcheck.session.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.ObjectOutputStream;
import java.io.ObjectStreamConstants;
import java.io.UncheckedIOException;

/** Encodings that the codec itself would not make. */
final class Streams {

  private Streams() {}

  /** Writes any object as the codec would if it allowed everything. */
  static byte[] ofAnything(Object value) {
    return of(
        out -> {
          ByteArrayOutputStream stream = new ByteArrayOutputStream();
          try (ObjectOutputStream objects = new ObjectOutputStream(stream)) {
            objects.writeObject(value);
          }
          byte[] bytes = stream.toByteArray();
          out.write(bytes, 4, bytes.length - 4);
        });
  }

  /** Writes a stream by hand, after the header. */
  static byte[] of(Content content) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    bytes.writeBytes(CompactForms.header(CompactForms.SERIALIZED));
    try {
      content.writeTo(new DataOutputStream(bytes));
    } catch (IOException impossible) {
      throw new UncheckedIOException(impossible);
    }
    return bytes.toByteArray();
  }

  /** Writes the description of a class without fields and without a superclass. */
  static void describe(DataOutputStream out, String className, long serialVersion, int flags)
      throws IOException {
    out.writeByte(ObjectStreamConstants.TC_CLASSDESC);
    out.writeUTF(className);
    out.writeLong(serialVersion);
    out.writeByte(flags);
    out.writeShort(0);
    out.writeByte(ObjectStreamConstants.TC_ENDBLOCKDATA);
    out.writeByte(ObjectStreamConstants.TC_NULL);
  }

  static void assertRefused(AttributeCodec codec, byte[] bytes, String message) {
    byte[] given = bytes.clone();
    assertThatExceptionOfType(AttributeCodecException.class)
        .isThrownBy(() -> codec.decode(bytes))
        .withMessageContaining(message);
    assertThat(bytes).isEqualTo(given);
  }

  interface Content {
    void writeTo(DataOutputStream out) throws IOException;
  }
}
