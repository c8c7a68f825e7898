package io.coatcheck.session;

import java.util.Locale;

/** Formats names of attributes, which may be untrusted, for messages. */
final class AttributeName {

  private static final int MAX_SHOWN = 100;

  private AttributeName() {}

  /**
   * Checks the length of a name.
   *
   * @throws IllegalArgumentException if it is out of range
   */
  static void check(String name) {
    if (name.isEmpty() || name.length() > Session.MAX_ATTRIBUTE_NAME_LENGTH) {
      throw new IllegalArgumentException(
          "the name of an attribute must have 1 to "
              + Session.MAX_ATTRIBUTE_NAME_LENGTH
              + " characters: "
              + name.length());
    }
  }

  /**
   * Returns a name in quotes, safe for one line of a log: characters that would end the line,
   * control a terminal or reverse the text direction are escaped, and a name that is too long is
   * cut off.
   */
  static String quoted(String name) {
    StringBuilder shown = new StringBuilder("\"");
    for (int i = 0; i < name.length() && i < MAX_SHOWN; i++) {
      char next = name.charAt(i);
      if (isPlain(next)) {
        shown.append(next);
      } else {
        shown.append(String.format(Locale.ROOT, "\\u%04x", (int) next));
      }
    }
    return shown.append(name.length() > MAX_SHOWN ? "...\"" : "\"").toString();
  }

  private static boolean isPlain(char next) {
    return switch (Character.getType(next)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR ->
          false;
      default -> next != '"' && next != '\\';
    };
  }
}
