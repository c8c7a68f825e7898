package io.coatcheck.session.servlet;

import java.util.ArrayList;
import java.util.Enumeration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads the values of our cookies from the {@code Cookie} headers as the client sent them.
 *
 * <p>The containers' own parsers unquote, decode and forgive, each in its way; here a value counts
 * only as it stands. Pairs end at {@code ;}, spaces and tabs around a pair are dropped, the name
 * must be ours to the letter, and nothing is done to the value. Cookies without a name are nobody's
 * (RFC 6265bis, 5.4), and a header in the form of RFC 2965, which begins with {@code $Version}, is
 * ignored whole. Any characters are read without an exception.
 */
final class CookieHeader {

  private static final String RFC_2965 = "$Version";

  private CookieHeader() {}

  /**
   * Reads all header lines in their order, until no more is taken.
   *
   * @param lines null if the container lets nobody see them
   * @param hintName the name of the cookie of the version hint; null if there is none
   */
  static void read(
      @Nullable Enumeration<String> lines,
      String name,
      @Nullable String hintName,
      PresentedValues found) {
    while (lines != null && lines.hasMoreElements() && !found.areFull(hintName != null)) {
      readLine(lines.nextElement(), name, hintName, found);
    }
  }

  private static void readLine(
      String line, String name, @Nullable String hintName, PresentedValues found) {
    if (isOfRfc2965(line)) {
      found.leaveOut();
      return;
    }
    int start = 0;
    while (start < line.length() && !found.areFull(hintName != null)) {
      int semicolon = line.indexOf(';', start);
      int end = semicolon < 0 ? line.length() : semicolon;
      int first = skipSpaces(line, start, end);
      if (isNamed(line, first, end, name)) {
        int value = first + name.length() + 1;
        found.addText(line, value, dropSpaces(line, value, end));
      } else if (hintName != null && isNamed(line, first, end, hintName)) {
        int value = first + hintName.length() + 1;
        // It opens nothing, so one that a client of RFC 2965 sends back in quotation marks counts.
        found.addHint(unquoted(line.substring(value, dropSpaces(line, value, end))));
      }
      start = end + 1;
    }
  }

  private static boolean isOfRfc2965(String line) {
    int start = skipSpaces(line, 0, line.length());
    return line.startsWith("$", start)
        && line.regionMatches(true, start, RFC_2965, 0, RFC_2965.length());
  }

  /**
   * Reads every value under a name, wherever it stands: for a logout, which must end what the
   * client holds even where none of it would be admitted. A sibling host can plant cookies that
   * make a browser's header ambiguous, or have the form of RFC 2965. Quotes around a value, which
   * that form has, are dropped.
   *
   * @param lines null if the container lets nobody see them
   */
  static List<String> all(@Nullable Enumeration<String> lines, String name) {
    List<String> values = new ArrayList<>();
    while (lines != null && lines.hasMoreElements()) {
      String line = lines.nextElement();
      int start = 0;
      while (start < line.length()) {
        int semicolon = line.indexOf(';', start);
        int end = semicolon < 0 ? line.length() : semicolon;
        int first = skipSpaces(line, start, end);
        if (isNamed(line, first, end, name)) {
          int value = first + name.length() + 1;
          values.add(unquoted(line.substring(value, dropSpaces(line, value, end))));
        }
        start = end + 1;
      }
    }
    return values;
  }

  private static String unquoted(String value) {
    boolean isQuoted = value.length() > 1 && value.startsWith("\"") && value.endsWith("\"");
    return isQuoted ? value.substring(1, value.length() - 1) : value;
  }

  /**
   * Returns a header line without the cookies of one name, and otherwise as it is. It is removed in
   * whatever place and form a container may read it: also in a line of RFC 2965, and with spaces
   * before the equals sign. A cookie that has it in its value, with a token, goes with it: some
   * proxies join the lines of a header with commas.
   *
   * @return null if no other cookie is left
   */
  static @Nullable String without(String line, String name) {
    if (!line.contains(name)) {
      return line;
    }
    StringBuilder rest = new StringBuilder(line.length());
    boolean isChanged = false;
    int start = 0;
    while (start <= line.length()) {
      int semicolon = line.indexOf(';', start);
      int end = semicolon < 0 ? line.length() : semicolon;
      if (isLooselyNamed(line, start, end, name) || hasTokenOf(line, start, end, name)) {
        isChanged = true;
      } else if (start == 0) {
        rest.append(line, 0, end);
      } else if (rest.isEmpty()) {
        rest.append(line, skipSpaces(line, start, end), end);
      } else {
        rest.append(line, start - 1, end);
      }
      start = end + 1;
    }
    if (!isChanged) {
      return line;
    }
    boolean isEmpty = rest.chars().allMatch(each -> each == ';' || isSpace((char) each));
    return isEmpty ? null : rest.toString();
  }

  private static boolean isLooselyNamed(String line, int start, int end, String name) {
    int first = skipSpaces(line, start, end);
    if (!line.startsWith(name, first)) {
      return false;
    }
    int equals = skipSpaces(line, first + name.length(), end);
    return equals < end && line.charAt(equals) == '=';
  }

  private static boolean hasTokenOf(String line, int start, int end, String name) {
    int within = line.indexOf(name, start);
    return within >= 0 && within < end && VisibleHeaders.hasToken(line.substring(start, end), name);
  }

  private static boolean isNamed(String line, int first, int end, String name) {
    int equals = first + name.length();
    return equals < end && line.startsWith(name, first) && line.charAt(equals) == '=';
  }

  private static int skipSpaces(String line, int start, int end) {
    int position = start;
    while (position < end && isSpace(line.charAt(position))) {
      position++;
    }
    return position;
  }

  private static int dropSpaces(String line, int start, int end) {
    int position = end;
    while (position > start && isSpace(line.charAt(position - 1))) {
      position--;
    }
    return position;
  }

  private static boolean isSpace(char character) {
    return character == ' ' || character == '\t';
  }
}
