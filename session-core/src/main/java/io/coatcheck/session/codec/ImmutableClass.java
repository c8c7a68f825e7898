package io.coatcheck.session.codec;

import java.lang.reflect.Field;
import java.lang.reflect.Modifier;

/** Checks a class that an application declares to be immutable, as far as that can be checked. */
final class ImmutableClass {

  /**
   * A field that is not final, and is not assigned once the user has logged in. Applications extend
   * the class.
   */
  private static final String ERASED_AT_LOGIN =
      "org.springframework.security.core.userdetails.User.password";

  private ImmutableClass() {}

  /**
   * Returns the class.
   *
   * @throws IllegalArgumentException if no object can have exactly this class, if it belongs to the
   *     JDK, or if one of its fields, or of its superclasses, can be assigned
   */
  static Class<?> checked(Class<?> type) {
    if (type.isInterface()
        || type.isArray()
        || type.isPrimitive()
        || Modifier.isAbstract(type.getModifiers())) {
      throw refused("takes classes of which there are objects", type.getName());
    }
    ClassLoader loader = type.getClassLoader();
    if (loader == null || loader == ClassLoader.getPlatformClassLoader()) {
      throw refused(
          "takes no class of the JDK: which of them never change is known", type.getName());
    }
    for (Class<?> part = type; part != null && part != Object.class; part = part.getSuperclass()) {
      for (Field field : part.getDeclaredFields()) {
        requireFinal(type, field);
      }
    }
    return type;
  }

  private static void requireFinal(Class<?> type, Field field) {
    int modifiers = field.getModifiers();
    String name = field.getDeclaringClass().getName() + "." + field.getName();
    if (!Modifier.isFinal(modifiers)
        && !Modifier.isStatic(modifiers)
        && !Modifier.isTransient(modifiers)
        && !name.equals(ERASED_AT_LOGIN)) {
      throw refused(
          "takes classes whose fields are final, and " + name + " is not", type.getName());
    }
  }

  private static IllegalArgumentException refused(String rule, String className) {
    return new IllegalArgumentException(
        "immutable " + rule + ": " + ClassNames.printable(className));
  }
}
