package io.coatcheck.session;

import io.coatcheck.session.text.QuotedText;
import org.jspecify.annotations.Nullable;

/** The type that the caller expects of an attribute. */
final class AttributeType {

  private AttributeType() {}

  /**
   * Returns the value cast to a type.
   *
   * @throws ClassCastException if it is of another type
   */
  static <T> @Nullable T of(String name, Class<T> type, @Nullable Object value) {
    if (value == null || type.isInstance(value)) {
      return type.cast(value);
    }
    throw new ClassCastException(
        "attribute "
            + QuotedText.of(name)
            + " is of type "
            + value.getClass().getName()
            + ", not "
            + type.getName());
  }
}
