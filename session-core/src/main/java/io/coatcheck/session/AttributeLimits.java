package io.coatcheck.session;

import io.coatcheck.session.codec.AttributeValue;

/**
 * How much a session may hold. Live values, which are never encoded, have no size here; their
 * number is limited all the same.
 */
record AttributeLimits(int attributes, int attributeBytes, int sessionBytes) {

  static final AttributeLimits DEFAULTS = new AttributeLimits(1_000, 1 << 20, 4 << 20);

  static int size(AttributeValue value) {
    return value.isLive() ? 0 : value.bytes().length;
  }

  /** Refuses a value, before anything is changed. */
  void check(String name, AttributeValue value, int others, long otherBytes) {
    int size = size(value);
    if (size > attributeBytes) {
      throw new IllegalArgumentException(
          "an attribute must have at most maxAttributeBytes = "
              + attributeBytes
              + " bytes: "
              + AttributeName.quoted(name)
              + " has "
              + size);
    }
    if (others + 1 > attributes) {
      throw new IllegalArgumentException(
          "a session must have at most maxAttributes = "
              + attributes
              + " attributes: "
              + AttributeName.quoted(name));
    }
    if (otherBytes + size > sessionBytes) {
      throw new IllegalArgumentException(
          "the attributes of a session must have at most maxSessionBytes = "
              + sessionBytes
              + " bytes together: with "
              + AttributeName.quoted(name)
              + " they have "
              + (otherBytes + size));
    }
  }
}
