package io.coatcheck.session.codec;

import java.net.URL;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The classes that an encoding may contain: those of {@link JdkTypes}, one by one, and those that
 * the application added. An array is allowed if its elements are. Arrays of primitives are always
 * allowed, and so are those of {@code URL}, whose elements are written as {@link UrlText}.
 */
final class AllowList {

  private final Set<String> classes;
  private final List<AllowPattern> packages;
  private final Set<String> classValues;

  AllowList(List<AllowPattern> patterns) {
    this(patterns, Set.of());
  }

  /**
   * Creates the list with the entries of an application.
   *
   * @param classValues the names of the classes that may themselves be values, in addition to those
   *     of enums
   */
  AllowList(List<AllowPattern> patterns, Set<String> classValues) {
    this.classValues = Set.copyOf(classValues);
    classes =
        patterns.stream()
            .filter(AllowPattern::isClass)
            .map(AllowPattern::base)
            .collect(Collectors.toUnmodifiableSet());
    packages = patterns.stream().filter(pattern -> !pattern.isClass()).distinct().toList();
  }

  /** Returns whether a class itself, not only an instance of it, may be a value. */
  boolean mayBeValue(Class<?> type) {
    return type.isEnum() || classValues.contains(type.getName());
  }

  /** Decides by the name alone, so that a refused class is not even loaded. */
  boolean allows(String className) {
    String element = ClassNames.element(className);
    return element != null
        && (element.isEmpty()
            || allowsElement(element)
            || (element.equals(URL.class.getName()) && !element.equals(className)));
  }

  boolean allows(Class<?> type) {
    Class<?> element = type;
    for (Class<?> next = type; next != null; next = next.componentType()) {
      element = next;
    }
    return (type.isArray() && (element.isPrimitive() || element == URL.class))
        || allowsElement(element.getName());
  }

  private boolean allowsElement(String className) {
    if (JdkTypes.isNeverAllowed(className)) {
      return false;
    }
    if (JdkTypes.isValueType(className) || classes.contains(className)) {
      return true;
    }
    for (AllowPattern pattern : packages) {
      if (pattern.matches(className)) {
        return true;
      }
    }
    return false;
  }

  /**
   * Returns the name by which {@code allow} can allow a refused class; null if it cannot be
   * allowed.
   */
  static @Nullable String refusedClass(Class<?> type) {
    String name = elementOf(type);
    return JdkTypes.isNeverAllowed(name) || type.isPrimitive() ? null : name;
  }

  private static String elementOf(Class<?> type) {
    String element = ClassNames.element(type.getName());
    return element == null ? type.getName() : element;
  }

  /** Returns a message with the reason that a class is refused and the line that would allow it. */
  static String refusalOf(Class<?> type) {
    String name = elementOf(type);
    if (name.equals("java.lang.invoke.SerializedLambda")) {
      return "a lambda cannot be stored: use a named class";
    }
    if (JdkTypes.isNeverAllowed(name) || type.isPrimitive()) {
      return ClassNames.printable(name) + " is never stored";
    }
    return notAllowed(name);
  }

  /** Returns a message that a class is not on the allow-list, with the line that would add it. */
  static String notAllowed(String className) {
    String argument =
        AllowListPreset.with(className)
            .map(preset -> "AllowListPreset." + preset)
            .orElse('"' + className + '"');
    return className
        + " is not on the allow-list: add JavaSerializationCodec.builder().allow("
        + argument
        + ")";
  }
}
