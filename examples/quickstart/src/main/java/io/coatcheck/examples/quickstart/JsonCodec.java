package io.coatcheck.examples.quickstart;

import io.coatcheck.session.codec.AttributeCodec;
import io.coatcheck.session.codec.AttributeCodecException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/** The codec of docs/CONFIGURATION.md: values of listed classes as JSON. */
final class JsonCodec implements AttributeCodec {

  private static final String MARK = "json1 ";

  private final JsonMapper json = JsonMapper.builder().build();
  private final Map<String, Class<?>> classes;
  private final AttributeCodec others;

  JsonCodec(List<Class<?>> classes, AttributeCodec others) {
    this.classes = classes.stream().collect(Collectors.toMap(Class::getName, each -> each));
    this.others = others;
  }

  @Override
  public byte[] encode(Object value) {
    String name = value.getClass().getName();
    if (!classes.containsKey(name)) {
      return others.encode(value);
    }
    try {
      return (MARK + name + " " + json.writeValueAsString(value)).getBytes(StandardCharsets.UTF_8);
    } catch (JacksonException e) {
      throw new AttributeCodecException("no JSON: " + name, e);
    }
  }

  @Override
  public byte[] encodeAgain(Object value, byte[] before) {
    return classes.containsKey(value.getClass().getName())
        ? AttributeCodec.super.encodeAgain(value, before)
        : others.encodeAgain(value, before);
  }

  @Override
  public Object decode(byte[] bytes) {
    String[] parts = new String(bytes, StandardCharsets.UTF_8).split(" ", 3);
    if (parts.length < 3 || !MARK.equals(parts[0] + " ")) {
      return others.decode(bytes);
    }
    Class<?> type = classes.get(parts[1]);
    if (type == null) {
      throw new AttributeCodecException("of a class that JsonCodec does not have");
    }
    try {
      return json.readValue(parts[2], type);
    } catch (JacksonException e) {
      throw new AttributeCodecException("not JSON of " + type.getName(), e);
    }
  }
}
