package io.coatcheck.session.servlet;

import jakarta.servlet.http.HttpServletRequest;
import java.util.ArrayList;
import java.util.Enumeration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads the values of one cookie from the {@code Cookie} headers as the client sent them.
 *
 * <p>The containers' own parsers unquote, decode and forgive, each in its way; here a value counts
 * only as it stands. Pairs end at {@code ;}, spaces and tabs around a pair are dropped, the name
 * must be ours to the letter, and nothing is done to the value. Cookies without a name are nobody's
 * (RFC 6265bis, 5.4), and a header in the form of RFC 2965, which begins with {@code $Version}, is
 * ignored whole. Any characters are read without an exception.
 */
final class CookieHeader {

  /** As many as are looked up. */
  private static final int MOST_VALUES = 4;

  private static final String RFC_2965 = "$Version";

  private CookieHeader() {}

  /** Returns the values of the cookie, the first four, in the order of all header lines. */
  static List<String> valuesOf(String name, HttpServletRequest request) {
    return valuesOf(name, request.getHeaders("Cookie"));
  }

  static List<String> valuesOf(String name, @Nullable Enumeration<String> lines) {
    List<String> values = List.of();
    while (lines != null && lines.hasMoreElements() && values.size() < MOST_VALUES) {
      values = collect(name, lines.nextElement(), values);
    }
    return values;
  }

  private static List<String> collect(String name, String line, List<String> before) {
    List<String> values = before;
    int start = skipSpaces(line, 0, line.length());
    if (line.regionMatches(true, start, RFC_2965, 0, RFC_2965.length())) {
      return values;
    }
    while (start < line.length() && values.size() < MOST_VALUES) {
      int semicolon = line.indexOf(';', start);
      int end = semicolon < 0 ? line.length() : semicolon;
      int first = skipSpaces(line, start, end);
      int value = first + name.length() + 1;
      if (value <= end && line.startsWith(name, first) && line.charAt(value - 1) == '=') {
        values = with(values, line.substring(value, dropSpaces(line, value, end)));
      }
      start = end + 1;
    }
    return values;
  }

  /** Nearly always there is one, which needs no list that grows. */
  private static List<String> with(List<String> values, String value) {
    if (values.isEmpty()) {
      return List.of(value);
    }
    List<String> more = new ArrayList<>(values);
    more.add(value);
    return more;
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
