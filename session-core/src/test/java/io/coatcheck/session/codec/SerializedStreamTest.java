package io.coatcheck.session.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectOutputStream;
import java.io.Serializable;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Decoding of what an {@code ObjectOutputStream} wrote. */
class SerializedStreamTest {

  private final JavaSerializationCodec codec =
      JavaSerializationCodec.builder().maxBytes(1_000).build();

  private record NotAllowed(String text) implements Serializable {}

  private static byte[] stream(Object... values) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      for (Object value : values) {
        out.writeObject(value);
      }
    }
    return bytes.toByteArray();
  }

  @Test
  void decodeStream_returnsTheValue() throws Exception {
    assertThat(codec.decodeStream(stream("text"))).isEqualTo("text");
    assertThat(codec.decodeStream(stream(List.of(1L, "two")))).isEqualTo(List.of(1L, "two"));
  }

  @Test
  void decodeStream_ofAClassThatIsNotAllowed_isRefused() throws Exception {
    byte[] stream = stream(List.of(new NotAllowed("x")));
    assertThatThrownBy(() -> codec.decodeStream(stream))
        .isInstanceOf(AttributeCodecException.class)
        .hasMessageContaining(NotAllowed.class.getName());
  }

  @Test
  void decodeStream_ofOtherBytes_isRefused() throws Exception {
    byte[] good = stream("text");
    byte[] otherVersion = good.clone();
    otherVersion[3]++;
    for (byte[] bytes :
        List.of(
            new byte[0],
            new byte[] {1, 2, 3},
            Arrays.copyOf(good, 4),
            Arrays.copyOf(good, good.length - 1),
            otherVersion,
            codec.encode("text"),
            stream("two", "values"),
            stream((Object) null),
            stream("x".repeat(1_000)))) {
      assertThatThrownBy(() -> codec.decodeStream(bytes))
          .isInstanceOf(AttributeCodecException.class);
    }
  }
}
