package io.coatcheck.session.servlet;

import java.util.ArrayList;
import java.util.Enumeration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads the values of the filter's cookies from the {@code Cookie} headers as the client sent them.
 *
 * <p>The containers' own parsers unquote, decode and repair values, each in its own way; here a
 * value is taken literally. Pairs end at {@code ;}, spaces and tabs around a pair are dropped, the
 * name must match exactly, and the value is not changed. Cookies without a name are ignored (RFC
 * 6265bis, 5.4), and so is any header in the form of RFC 2965, which begins with {@code $Version}.
 * No input causes an exception.
 */
final class CookieHeader {

  private static final String RFC_2965 = "$Version";

  private CookieHeader() {}

  /**
   * Reads all header lines in order, until no more values are taken.
   *
   * @param lines null if the container does not show them
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
        // A hint opens nothing, so one that a client of RFC 2965 returns in quotation marks counts.
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
   * Reads every value of a name, wherever it is, for a logout: that must end every session whose
   * token the client holds, even if none would be admitted. A sibling host can plant cookies that
   * make a browser's header ambiguous, or that have the form of RFC 2965. Quotes around a value,
   * which that form has, are dropped.
   *
   * @param lines null if the container does not show them
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
   * Returns a header line without the cookies of one name, and otherwise unchanged. They are
   * removed in any place and form that a container may read: also in a line of RFC 2965, and with
   * spaces before the equals sign. A cookie whose value contains the name and a token is removed
   * too, since some proxies join the lines of a header with commas.
   *
   * @return null if no cookie is left
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
    // Within the segment only: to search the rest of the line for each would be quadratic.
    for (int i = start; i + name.length() <= end; i++) {
      if (line.startsWith(name, i)) {
        return VisibleHeaders.hasToken(line.substring(start, end), name);
      }
    }
    return false;
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
