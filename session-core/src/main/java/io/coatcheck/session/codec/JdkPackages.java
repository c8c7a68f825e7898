package io.coatcheck.session.codec;

import java.lang.module.ModuleFinder;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The packages of the JDK that runs this, whatever their names begin with: {@code com.sun.rowset}
 * is one, and {@code com.sun.faces}, which is Mojarra's, is none.
 */
final class JdkPackages {

  /** What only the JDK may define, or what has been a part of it in every release. */
  private static final List<String> RESERVED =
      List.of("java.", "jdk.", "sun.", "com.sun.org.", "netscape.", "org.w3c.dom.", "org.xml.sax.");

  private JdkPackages() {}

  /** Returns whether a package, given with its final dot, is of the JDK or has one below it. */
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
