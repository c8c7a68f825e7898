package io.coatcheck.session.text;

/**
 * The rule by which untrusted text enters messages and lines of a log, so that a client cannot
 * forge a line, control a terminal or hide a part of it (ASVS 5.0, 16.4.1):
 *
 * <ul>
 *   <li>It is in double quotes; a double quote and a backslash in it follow a backslash.
 *   <li>Control and format characters, among them line breaks and characters that change the
 *       direction of text, line and paragraph separators, lone surrogates, private-use and
 *       unassigned characters are written as {@code \}{@code uXXXX}.
 *   <li>After {@value #MAX_LENGTH} characters it is cut, and {@code ...} shows that.
 * </ul>
 */
public final class QuotedText {

  /** The maximum number of characters that are shown, as {@link String#length()} counts them. */
  public static final int MAX_LENGTH = 300;

  private QuotedText() {}

  /** Returns a text in quotes. */
  public static String of(String text) {
    StringBuilder shown = new StringBuilder(Math.min(text.length(), MAX_LENGTH) + 16);
    shown.append('"');
    append(shown, text, MAX_LENGTH, true);
    return shown.append('"').toString();
  }

  /**
   * Returns a text by the same rule, but without quotes, and with those in it as they are. For a
   * message that may itself quote untrusted text.
   *
   * @param maxLength the maximum number of characters, instead of {@link #MAX_LENGTH}
   */
  public static String unquoted(String text, int maxLength) {
    StringBuilder shown = new StringBuilder(Math.min(text.length(), maxLength) + 16);
    append(shown, text, maxLength, false);
    return shown.toString();
  }

  private static void append(
      StringBuilder shown, String text, int maxLength, boolean escapesQuotes) {
    int index = 0;
    while (index < text.length() && index < maxLength) {
      int next = text.codePointAt(index);
      index += Character.charCount(next);
      if (escapesQuotes && (next == '"' || next == '\\')) {
        shown.append('\\').append((char) next);
      } else if (isShown(next)) {
        shown.appendCodePoint(next);
      } else {
        for (char unit : Character.toChars(next)) {
          shown.append("\\u").append(Integer.toHexString(0x10000 | unit), 1, 5);
        }
      }
    }
    if (index < text.length()) {
      shown.append("...");
    }
  }

  private static boolean isShown(int codePoint) {
    return switch (Character.getType(codePoint)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.PRIVATE_USE,
          Character.UNASSIGNED,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR ->
          false;
      default -> true;
    };
  }
}
