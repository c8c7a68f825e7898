package io.coatcheck.session.codec;

import org.jspecify.annotations.Nullable;

/** Class names in the form that a stream uses. They may be hostile. */
final class ClassNames {

  private static final int MAX_SHOWN = 200;
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

  /** Returns a name in a form safe for messages: without control characters and not too long. */
  static String printable(@Nullable String name) {
    if (name == null) {
      return "(no name)";
    }
    StringBuilder shown = new StringBuilder();
    for (int index = 0; index < name.length() && index < MAX_SHOWN; index++) {
      char next = name.charAt(index);
      shown.append(Character.isLetterOrDigit(next) || "._$-*[;/".indexOf(next) >= 0 ? next : '?');
    }
    return name.length() > MAX_SHOWN ? shown + "..." : shown.toString();
  }
}
