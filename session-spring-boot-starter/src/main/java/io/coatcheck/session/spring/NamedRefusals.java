package io.coatcheck.session.spring;

import io.coatcheck.session.codec.AttributeCodec;
import io.coatcheck.session.codec.AttributeCodecException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Names the property that allows a refused class, where the other codec names its builder, which
 * the application does not have.
 */
final class NamedRefusals implements AttributeCodec {

  private static final Pattern LINE =
      Pattern.compile("add JavaSerializationCodec\\.builder\\(\\)\\.allow\\([^)]*\\)");

  private final AttributeCodec codec;

  NamedRefusals(AttributeCodec codec) {
    this.codec = codec;
  }

  @Override
  public byte[] encode(Object value) {
    try {
      return codec.encode(value);
    } catch (AttributeCodecException e) {
      throw named(e);
    }
  }

  @Override
  public byte[] encodeAgain(Object value, byte[] before) {
    try {
      return codec.encodeAgain(value, before);
    } catch (AttributeCodecException e) {
      throw named(e);
    }
  }

  private static AttributeCodecException named(AttributeCodecException refusal) {
    String refused = refusal.refusedClass().orElse(null);
    if (refused == null) {
      return refusal;
    }
    String line = "add it to coatcheck.attributes.allow: " + refused;
    String message =
        LINE.matcher(String.valueOf(refusal.getMessage()))
            .replaceAll(Matcher.quoteReplacement(line));
    return new AttributeCodecException(message, refusal);
  }

  @Override
  public Object decode(byte[] bytes) {
    return codec.decode(bytes);
  }

  @Override
  public boolean isImmutable(Object value) {
    return codec.isImmutable(value);
  }
}
