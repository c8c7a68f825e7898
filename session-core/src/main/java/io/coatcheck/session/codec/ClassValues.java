package io.coatcheck.session.codec;

import static java.io.ObjectStreamConstants.TC_ARRAY;
import static java.io.ObjectStreamConstants.TC_CLASS;
import static java.io.ObjectStreamConstants.TC_ENDBLOCKDATA;
import static java.io.ObjectStreamConstants.TC_ENUM;
import static java.io.ObjectStreamConstants.TC_EXCEPTION;
import static java.io.ObjectStreamConstants.TC_OBJECT;
import static java.io.ObjectStreamConstants.TC_REFERENCE;

/**
 * Classes, and descriptions of classes, that stand in a stream as values. Java serialization has no
 * place to intercept them; the byte before a description says what it is for.
 *
 * <p>A value may be the class of an enum, since an {@code EnumSet} and an {@code EnumMap} name
 * their element type so, and what {@link AllowList#mayBeValue} takes besides.
 */
final class ClassValues {

  static final String REFUSAL = "a Class, but that of an enum, is no value";
  static final String DESCRIPTION_REFUSAL = "the description of a class is no value";

  private ClassValues() {}

  /**
   * Returns whether a description that is no part of an object, array, class or other description
   * follows a byte: it is a value itself.
   */
  static boolean isDescriptionAlone(int before) {
    return switch (before) {
      case TC_OBJECT, TC_ARRAY, TC_ENUM, TC_CLASS, TC_EXCEPTION, TC_ENDBLOCKDATA -> false;
      default -> true;
    };
  }

  /**
   * Returns whether a stream may hold a class as a value whose description came before. Bytes of a
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
