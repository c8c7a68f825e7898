package io.coatcheck.session.servlet;

import java.text.Normalizer;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * Folds all paths that some framework or file system considers equal into one spelling. It ignores
 *
 * <ul>
 *   <li>case, both when compared by character, as {@code equalsIgnoreCase} and case-insensitive
 *       routers do, and when the whole path is converted to upper or lower case: so an i with a
 *       dot, an i without one and a capital I with a dot are one letter, and a sharp s is ss;
 *   <li>how a letter with an accent is composed;
 *   <li>dots and spaces at the end of a segment, which Windows drops, and a final slash.
 * </ul>
 */
final class PathCase {

  private static final Pattern TAIL = Pattern.compile("[. ]+(?=/|$)");

  private PathCase() {}

  /**
   * Returns the spelling that stands for a path.
   *
   * @param path decoded
   */
  static String fold(String path) {
    String folded = isAscii(path) ? path.toLowerCase(Locale.ROOT) : foldEveryScript(path);
    if (hasTail(folded)) {
      folded = TAIL.matcher(folded).replaceAll("");
    }
    return folded.endsWith("/") ? folded.substring(0, folded.length() - 1) : folded;
  }

  /** Most paths have no such tail, and need no matcher. */
  private static boolean hasTail(String path) {
    for (int i = 0; i < path.length(); i++) {
      char character = path.charAt(i);
      boolean isTail = character == '.' || character == ' ';
      if (isTail && (i + 1 == path.length() || path.charAt(i + 1) == '/')) {
        return true;
      }
    }
    return false;
  }

  private static boolean isAscii(String path) {
    for (int i = 0; i < path.length(); i++) {
      if (path.charAt(i) >= 0x80) {
        return false;
      }
    }
    return true;
  }

  private static String foldEveryScript(String path) {
    // A letter without an upper-case form becomes several here, such as a sharp s.
    String upper =
        eachLower(Normalizer.normalize(path, Normalizer.Form.NFD)).toUpperCase(Locale.ROOT);
    // The dot of a Turkish capital i, or of a Lithuanian small one with an accent.
    return eachLower(upper).replace("i\u0307", "i").replace("j\u0307", "j");
  }

  /** Converts each character separately: in a whole string, a sigma depends on its neighbours. */
  private static String eachLower(String text) {
    return text.codePoints()
        .map(codePoint -> Character.toLowerCase(Character.toUpperCase(codePoint)))
        .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
        .toString();
  }
}
