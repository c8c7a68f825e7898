package io.coatcheck.session.codec;

import static java.io.ObjectStreamConstants.TC_ARRAY;
import static java.io.ObjectStreamConstants.TC_CLASS;
import static java.io.ObjectStreamConstants.TC_ENDBLOCKDATA;
import static java.io.ObjectStreamConstants.TC_ENUM;
import static java.io.ObjectStreamConstants.TC_EXCEPTION;
import static java.io.ObjectStreamConstants.TC_OBJECT;
import static java.io.ObjectStreamConstants.TC_REFERENCE;

/**
 * Classes, and descriptions of classes, that are values in a stream. Java serialization has no hook
 * to intercept them; the byte before a description shows its purpose.
 *
 * <p>A value may be the class of an enum, since {@code EnumSet} and {@code EnumMap} store their
 * element type that way, or another class that {@link AllowList#mayBeValue} allows.
 */
final class ClassValues {

  static final String REFUSAL =
      "a Class cannot be stored as a value, unless it is the class of an enum";
  static final String DESCRIPTION_REFUSAL = "a class description cannot be stored as a value";

  private ClassValues() {}

  /**
   * Returns whether the description after a byte is itself a value: not part of an object, array,
   * class or other description.
   */
  static boolean isDescriptionAlone(int before) {
    return switch (before) {
      case TC_OBJECT, TC_ARRAY, TC_ENUM, TC_CLASS, TC_EXCEPTION, TC_ENDBLOCKDATA -> false;
      default -> true;
    };
  }

  /**
   * Returns whether a stream may contain, as a value, a class that was described before. Bytes of a
   * number may look the same.
   */
  static boolean mayReferToOne(byte[] stream) {
    for (int index = 1; index < stream.length; index++) {
      if (stream[index] == TC_REFERENCE && stream[index - 1] == TC_CLASS) {
        return true;
      }
    }
    return false;
  }
}
