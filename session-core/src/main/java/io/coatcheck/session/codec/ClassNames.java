package io.coatcheck.session.codec;

import io.coatcheck.session.text.QuotedText;
import org.jspecify.annotations.Nullable;

/** Class names in the form that a stream uses. They may be hostile. */
final class ClassNames {

  private static final String PRIMITIVES = "BCDFIJSZ";

  private ClassNames() {}

  /**
   * Returns the element type of an array class; {@code ""} if that is primitive, the name itself if
   * it is not an array, null if it is malformed.
   */
  static @Nullable String element(String name) {
    int dimensions = 0;
    while (dimensions < name.length() && name.charAt(dimensions) == '[') {
      dimensions++;
    }
    if (dimensions == 0) {
      return name.isEmpty() ? null : name;
    }
    String element = name.substring(dimensions);
    if (element.length() == 1 && PRIMITIVES.contains(element)) {
      return "";
    }
    return element.length() > 2 && element.startsWith("L") && element.endsWith(";")
        ? element.substring(1, element.length() - 1)
        : null;
  }

  /**
   * Returns a name for messages: as it is if it looks like the name of a class, in quotes as {@link
   * QuotedText} specifies otherwise.
   */
  static String printable(@Nullable String name) {
    if (name == null) {
      return "(no name)";
    }
    boolean isPlain =
        !name.isEmpty()
            && name.length() <= QuotedText.MAX_LENGTH
            && name.chars().allMatch(ClassNames::isPlain);
    return isPlain ? name : QuotedText.of(name);
  }

  private static boolean isPlain(int character) {
    return Character.isLetterOrDigit(character) || "._$-*[;/".indexOf(character) >= 0;
  }
}
