package io.coatcheck.session.codec;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which classes may stand in an encoding: those of {@link JdkTypes}, one by one, and what the
 * application added. An array is allowed if its elements are; a primitive array always.
 */
final class AllowList {

  private final List<AllowPattern> patterns;

  AllowList(List<AllowPattern> patterns) {
    this.patterns = List.copyOf(patterns);
  }

  /** Decides by the name alone, so that a class that is refused is not even loaded. */
  boolean allows(String className) {
    String element = ClassNames.element(className);
    return element != null && (element.isEmpty() || allowsElement(element));
  }

  boolean allows(Class<?> type) {
    Class<?> element = type;
    for (Class<?> next = type; next != null; next = next.componentType()) {
      element = next;
    }
    return (type.isArray() && element.isPrimitive()) || allowsElement(element.getName());
  }

  private boolean allowsElement(String className) {
    if (JdkTypes.isNeverAllowed(className)) {
      return false;
    }
    if (JdkTypes.isValueType(className)) {
      return true;
    }
    for (AllowPattern pattern : patterns) {
      if (pattern.matches(className)) {
        return true;
      }
    }
    return false;
  }

  /** Says why a class is refused, and which line would allow it. */
  static String refusalOf(Class<?> type) {
    @Nullable String element = ClassNames.element(type.getName());
    String name = element == null ? type.getName() : element;
    if (name.equals("java.lang.invoke.SerializedLambda")) {
      return "a lambda is never stored: use a class";
    }
    if (JdkTypes.isNeverAllowed(name) || type.isPrimitive()) {
      return ClassNames.printable(name) + " is never stored";
    }
    return name
        + " is not on the allow-list: add JavaSerializationCodec.builder().allow(\""
        + AllowPattern.lineFor(name)
        + "\")";
  }
}
