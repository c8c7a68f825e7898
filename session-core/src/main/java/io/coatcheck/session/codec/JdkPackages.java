package io.coatcheck.session.codec;

import java.lang.module.ModuleFinder;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The packages of the running JDK, whatever their prefixes: {@code com.sun.rowset} is one, while
 * {@code com.sun.faces}, which is Mojarra's, is not.
 */
final class JdkPackages {

  /** Prefixes that only the JDK may define, or that have been part of it in every release. */
  private static final List<String> RESERVED =
      List.of("java.", "jdk.", "sun.", "com.sun.org.", "netscape.", "org.w3c.dom.", "org.xml.sax.");

  private JdkPackages() {}

  /**
   * Returns whether a package, given with its final dot, belongs to the JDK or contains a package
   * that does.
   */
  static boolean reachedBy(String base) {
    for (String start : RESERVED) {
      if (base.startsWith(start) || start.startsWith(base)) {
        return true;
      }
    }
    for (String known : Names.ALL) {
      if (known.startsWith(base)) {
        return true;
      }
    }
    return false;
  }

  /** Read when the first pattern for a package is given. */
  private static final class Names {

    static final Set<String> ALL =
        ModuleFinder.ofSystem().findAll().stream()
            .flatMap(module -> module.descriptor().packages().stream())
            .map(name -> name + ".")
            .collect(Collectors.toUnmodifiableSet());
  }
}
