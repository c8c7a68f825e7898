package io.coatcheck.session.servlet;

import io.coatcheck.session.text.QuotedText;

/**
 * The names of attributes that an application may not change, even if it lets its clients choose
 * names: those of what the filter keeps in the session, and of what a container keeps there.
 */
final class ReservedNames {

  private static final String OUR_PACKAGE = ReservedNames.class.getPackageName() + ".";

  private ReservedNames() {}

  /** Returns whether an attribute is the filter's, which the application does not see. */
  static boolean areOurs(String name) {
    // One comparison suffices for nearly all names.
    return name.startsWith(OUR_PACKAGE) && (ContainerUser.owns(name) || AskedTimeout.owns(name));
  }

  /**
   * Checks that an attribute is not the filter's.
   *
   * @throws IllegalArgumentException if it is
   */
  static void requireNotOurs(String name) {
    if (areOurs(name)) {
      throw refused(name);
    }
  }

  /**
   * Checks that an attribute may be the application's.
   *
   * @throws IllegalArgumentException if it may not
   */
  static void requireFree(String name) {
    if (areOurs(name) || ContainerValues.owns(name)) {
      throw refused(name);
    }
  }

  /**
   * Checks that a value is the container's, which alone may use its names: what they hold is not in
   * the store, and no limit applies to it.
   *
   * @throws IllegalArgumentException if it is not
   */
  static void requireContainers(String name, Object value) {
    if (!ContainerValues.owns(value.getClass().getName())) {
      throw refused(name);
    }
  }

  private static IllegalArgumentException refused(String name) {
    return new IllegalArgumentException(
        "name must not be that of an attribute of the container or of the session filter: "
            + QuotedText.of(name));
  }
}
