package io.coatcheck.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * Puts tables into pages of the documentation: each between the lines {@code <!-- NAME -->} and
 * {@code <!-- /NAME -->}, in place of what is there. So no figure is copied by hand.
 */
final class Pages {

  private Pages() {}

  /** Rewrites a page. */
  static void write(Path page, Map<String, String> tables) throws IOException {
    Files.writeString(page, filled(Files.readString(page), tables));
  }

  /**
   * Returns a page with the tables in their places.
   *
   * @throws IllegalArgumentException if a place has no end
   */
  static String filled(String page, Map<String, String> tables) {
    String filled = page;
    for (Map.Entry<String, String> table : tables.entrySet()) {
      String begin = "<!-- " + table.getKey() + " -->\n";
      String end = "<!-- /" + table.getKey() + " -->\n";
      int start = filled.indexOf(begin);
      if (start >= 0) {
        int stop = filled.indexOf(end, start);
        if (stop < 0) {
          throw new IllegalArgumentException("there is no " + end.strip() + " in the page");
        }
        filled =
            filled.substring(0, start + begin.length())
                + "\n"
                + table.getValue()
                + "\n"
                + filled.substring(stop);
      }
    }
    return filled;
  }
}
