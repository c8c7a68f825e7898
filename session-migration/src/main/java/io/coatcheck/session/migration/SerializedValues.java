package io.coatcheck.session.migration;

import io.coatcheck.session.codec.AttributeCodecException;
import io.coatcheck.session.codec.JavaSerializationCodec;
import java.util.Optional;

/** The values of Spring Session's own fields, which are serialized as any attribute is. */
final class SerializedValues {

  /** Allows value types of the JDK and nothing else. */
  private static final JavaSerializationCodec PLAIN =
      JavaSerializationCodec.builder().maxBytes(8_192).build();

  private SerializedValues() {}

  static Optional<Long> number(byte[] stream) {
    return value(stream)
        .filter(Number.class::isInstance)
        .map(value -> ((Number) value).longValue());
  }

  static Optional<String> text(byte[] stream) {
    return value(stream).filter(String.class::isInstance).map(String.class::cast);
  }

  /** A field that is not what Spring Session writes counts as absent. */
  private static Optional<Object> value(byte[] stream) {
    try {
      return Optional.of(PLAIN.decodeStream(stream));
    } catch (AttributeCodecException e) {
      return Optional.empty();
    }
  }
}
