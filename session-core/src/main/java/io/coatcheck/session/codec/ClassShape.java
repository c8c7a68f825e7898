package io.coatcheck.session.codec;

import java.io.Externalizable;
import java.io.Serializable;
import java.lang.reflect.Constructor;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;

/**
 * What a serializable class does when it is read, as far as its declaration shows.
 *
 * <p>The results are cached with the class. They are JDK types, so that a class that lives longer
 * does not keep this library's class loader alive.
 */
final class ClassShape {

  private static final ClassValue<Boolean> RESOLVES =
      new ClassValue<>() {
        @Override
        protected Boolean computeValue(Class<?> type) {
          return declaresReadResolve(type);
        }
      };

  private static final ClassValue<String> OBSTACLES =
      new ClassValue<>() {
        @Override
        protected String computeValue(Class<?> type) {
          return findObstacle(type);
        }
      };

  private ClassShape() {}

  /**
   * Returns whether reading may replace an object by one of a class that the stream does not show.
   */
  static boolean resolves(Class<?> type) {
    return RESOLVES.get(type);
  }

  /**
   * Returns why objects of a class cannot be created on reading, which Java serialization detects
   * only then; {@code ""} if they can.
   */
  static String obstacle(Class<?> type) {
    return OBSTACLES.get(type);
  }

  /** Returns whether a class declares the version of its serialized form. */
  static boolean hasVersion(Class<?> type) {
    try {
      int modifiers = type.getDeclaredField("serialVersionUID").getModifiers();
      return Modifier.isStatic(modifiers) && Modifier.isFinal(modifiers);
    } catch (NoSuchFieldException absent) {
      return false;
    }
  }

  private static boolean declaresReadResolve(Class<?> type) {
    for (Class<?> next = type; next != null; next = next.getSuperclass()) {
      for (Method method : next.getDeclaredMethods()) {
        if (method.getName().equals("readResolve") && method.getParameterCount() == 0) {
          return true;
        }
      }
    }
    return false;
  }

  private static String findObstacle(Class<?> type) {
    if (type.isArray()
        || type.isInterface()
        || type.isRecord()
        || Enum.class.isAssignableFrom(type)) {
      return "";
    }
    if (Externalizable.class.isAssignableFrom(type)) {
      return hasConstructor(type, Modifier.PUBLIC)
          ? ""
          : type.getName() + " is Externalizable without a public no-argument constructor";
    }
    Class<?> first = type;
    while (first != null && Serializable.class.isAssignableFrom(first)) {
      first = first.getSuperclass();
    }
    if (first == null) {
      return "";
    }
    boolean samePackage =
        first.getClassLoader() == type.getClassLoader()
            && first.getPackageName().equals(type.getPackageName());
    boolean callable =
        samePackage
            ? !hasConstructor(first, Modifier.PRIVATE) && hasConstructor(first, 0)
            : hasConstructor(first, Modifier.PUBLIC | Modifier.PROTECTED);
    return callable
        ? ""
        : first.getName()
            + ", which "
            + type.getName()
            + " extends, is not Serializable and has no no-argument constructor for it";
  }

  /**
   * Returns whether there is a no-argument constructor with one of the modifiers; with any, for 0.
   */
  private static boolean hasConstructor(Class<?> type, int modifiers) {
    try {
      Constructor<?> constructor = type.getDeclaredConstructor();
      return modifiers == 0 || (constructor.getModifiers() & modifiers) != 0;
    } catch (NoSuchMethodException absent) {
      return false;
    }
  }
}
