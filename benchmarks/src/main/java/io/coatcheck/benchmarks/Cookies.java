package io.coatcheck.benchmarks;

import java.util.List;

/** The {@code Cookie} line of a browser that has two more cookies, as most have. */
final class Cookies {

  private Cookies() {}

  static String line(String name, String value) {
    return line(List.of(name + "=" + value));
  }

  /** As {@link #line(String, String)}, with what a response has set. */
  static String line(List<String> pairs) {
    return "consent=1; " + String.join("; ", pairs) + "; theme=dark";
  }

  static int count(String line) {
    int count = 1;
    for (int i = 0; i < line.length(); i++) {
      if (line.charAt(i) == ';') {
        count++;
      }
    }
    return count;
  }

  /** Finds the value of a cookie in its line. */
  static String value(String line, String prefix) {
    int start = 0;
    while (!line.startsWith(prefix, start)) {
      start = line.indexOf(';', start) + 2;
    }
    int end = line.indexOf(';', start);
    return line.substring(start + prefix.length(), end < 0 ? line.length() : end);
  }
}
