package io.coatcheck.session;

import java.util.Locale;

/** Names of attributes, which may come from outside, in messages. */
final class AttributeName {

  private static final int LONGEST_SHOWN = 100;

  private AttributeName() {}

  /**
   * Returns a name in quotes, fit for a line of a log: what would end the line, steer a terminal or
   * turn its text around is escaped, and what is too long is cut off.
   */
  static String quoted(String name) {
    StringBuilder shown = new StringBuilder("\"");
    for (int i = 0; i < name.length() && i < LONGEST_SHOWN; i++) {
      char next = name.charAt(i);
      if (isPlain(next)) {
        shown.append(next);
      } else {
        shown.append(String.format(Locale.ROOT, "\\u%04x", (int) next));
      }
    }
    return shown.append(name.length() > LONGEST_SHOWN ? "...\"" : "\"").toString();
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
