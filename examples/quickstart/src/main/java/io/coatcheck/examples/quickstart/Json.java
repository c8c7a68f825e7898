package io.coatcheck.examples.quickstart;

import java.util.Collection;
import java.util.Map;
import java.util.StringJoiner;

/** Writes JSON: maps, collections, booleans, numbers, null; anything else as its text. */
final class Json {

  private Json() {}

  static String of(Object value) {
    if (value instanceof Map<?, ?> map) {
      StringJoiner members = new StringJoiner(",", "{", "}");
      map.forEach((name, member) -> members.add(quoted(name.toString()) + ":" + of(member)));
      return members.toString();
    }
    if (value instanceof Collection<?> collection) {
      StringJoiner elements = new StringJoiner(",", "[", "]");
      collection.forEach(element -> elements.add(of(element)));
      return elements.toString();
    }
    if (value == null || value instanceof Boolean || value instanceof Number) {
      return String.valueOf(value);
    }
    return quoted(value.toString());
  }

  private static String quoted(String text) {
    StringBuilder quoted = new StringBuilder(text.length() + 2).append('"');
    for (int i = 0; i < text.length(); i++) {
      char character = text.charAt(i);
      if (character == '"' || character == '\\') {
        quoted.append('\\').append(character);
      } else if (character < ' ' || character > '~' || character == '<' || character == '>') {
        quoted.append(String.format("\\u%04x", (int) character));
      } else {
        quoted.append(character);
      }
    }
    return quoted.append('"').toString();
  }
}
