package io.coatcheck.session.codec;

import java.net.URL;
import java.util.Set;

/**
 * One entry of an application's allow-list: a class by its name, {@code com.example.*} for the
 * classes of one package, or {@code com.example.**} to include its sub-packages.
 *
 * @param base the name of the class, or the name of the package with its final dot
 */
record AllowPattern(String base, Reach reach) {

  enum Reach {
    CLASS,
    PACKAGE,
    TREE
  }

  /** Package prefixes that unrelated projects share, so that a pattern for one is too wide. */
  private static final Set<String> SHARED_ROOTS =
      Set.of(
          "com.github.",
          "com.google.",
          "io.github.",
          "org.apache.",
          "org.codehaus.",
          "org.eclipse.",
          "org.hibernate.",
          "org.springframework.");

  private static final Set<String> REGISTRIES =
      Set.of("ac", "co", "com", "edu", "gov", "net", "or", "org");

  static AllowPattern parse(String pattern) {
    if (pattern.endsWith(".**")) {
      return tree(pattern, pattern.substring(0, pattern.length() - 2));
    }
    if (pattern.endsWith(".*")) {
      String base = pattern.substring(0, pattern.length() - 1);
      requirePackages(pattern, base);
      return new AllowPattern(base, Reach.PACKAGE);
    }
    requireName(pattern, pattern);
    return exactly(pattern);
  }

  static AllowPattern of(Class<?> type) {
    if (type.isArray() || type.isPrimitive()) {
      throw refused(
          "takes no array or primitive type: these are decoded where their elements are",
          type.getName());
    }
    if (type.isInterface()) {
      throw refused("takes classes, and subtypes are named one by one", type.getName());
    }
    if (type.isHidden()) {
      throw refused("takes no hidden class: it cannot be found by its name", type.getName());
    }
    return exactly(type.getName());
  }

  boolean isClass() {
    return reach == Reach.CLASS;
  }

  boolean matches(String className) {
    return switch (reach) {
      case CLASS -> className.equals(base);
      case PACKAGE -> className.startsWith(base) && className.lastIndexOf('.') == base.length() - 1;
      case TREE -> className.startsWith(base);
    };
  }

  private static AllowPattern exactly(String className) {
    if (className.equals(URL.class.getName())) {
      throw refused("needs no line for this class: it is stored as its text", className);
    }
    if (JdkTypes.isNeverAllowed(className)) {
      throw refused("never takes this class, which decoding could be misused with", className);
    }
    return new AllowPattern(className, Reach.CLASS);
  }

  private static AllowPattern tree(String pattern, String base) {
    requirePackages(pattern, base);
    // The last part, after the final dot, is empty.
    String[] packages = base.split("\\.", -1);
    if (packages.length < 3) {
      throw refused("takes at least two packages before .**, or a single class", pattern);
    }
    boolean registry =
        packages.length == 3 && packages[0].length() == 2 && REGISTRIES.contains(packages[1]);
    if (registry || SHARED_ROOTS.contains(base)) {
      throw refused("takes no tree that unrelated projects share: add a package", pattern);
    }
    return new AllowPattern(base, Reach.TREE);
  }

  private static void requirePackages(String pattern, String base) {
    requireName(pattern, base.substring(0, base.length() - 1));
    if (JdkPackages.reachedBy(base)) {
      throw refused("takes classes of the JDK one by one, by their full names", pattern);
    }
  }

  private static void requireName(String pattern, String name) {
    for (String part : name.split("\\.", -1)) {
      boolean identifier =
          !part.isEmpty()
              && Character.isJavaIdentifierStart(part.charAt(0))
              && part.chars().allMatch(AllowPattern::isNamePart);
      if (!identifier) {
        throw refused(
            "takes com.example.Cart, com.example.* or com.example.**, and nothing else", pattern);
      }
    }
  }

  /** Kotlin and Scala put a hyphen into the names of classes; Java ignores control characters. */
  private static boolean isNamePart(int character) {
    return character == '-'
        || (Character.isJavaIdentifierPart(character)
            && !Character.isIdentifierIgnorable(character));
  }

  private static IllegalArgumentException refused(String rule, String value) {
    return new IllegalArgumentException("allow " + rule + ": " + ClassNames.printable(value));
  }
}
