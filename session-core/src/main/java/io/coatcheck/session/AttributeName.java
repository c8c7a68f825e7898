package io.coatcheck.session;

/** The range check for names of attributes. */
final class AttributeName {

  private AttributeName() {}

  /**
   * Checks the length of a name.
   *
   * @throws IllegalArgumentException if it is out of range
   */
  static void check(String name) {
    if (name.isEmpty() || name.length() > Session.MAX_ATTRIBUTE_NAME_LENGTH) {
      throw new IllegalArgumentException(
          "the name of an attribute must have 1 to "
              + Session.MAX_ATTRIBUTE_NAME_LENGTH
              + " characters: "
              + name.length());
    }
  }
}
