package io.coatcheck.session.spring;

import io.coatcheck.session.codec.AllowListPreset;
import io.coatcheck.session.codec.AttributeCodec;
import io.coatcheck.session.codec.JavaSerializationCodec;
import java.util.function.Consumer;

/** A codec as the starter configures it, which counts what it does. */
final class CountingCodec implements AttributeCodec {

  final AttributeCodec codec;
  int decoded;
  int encodedAgain;

  CountingCodec(Consumer<JavaSerializationCodec.Builder> more) {
    JavaSerializationCodec.Builder builder =
        JavaSerializationCodec.builder().allow(AllowListPreset.values());
    more.accept(builder);
    codec = builder.build();
  }

  @Override
  public byte[] encode(Object value) {
    return codec.encode(value);
  }

  @Override
  public byte[] encodeAgain(Object value, byte[] before) {
    encodedAgain++;
    return codec.encodeAgain(value, before);
  }

  @Override
  public Object decode(byte[] bytes) {
    decoded++;
    return codec.decode(bytes);
  }

  @Override
  public boolean isImmutable(Object value) {
    return codec.isImmutable(value);
  }
}
