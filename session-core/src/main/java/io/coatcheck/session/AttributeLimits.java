package io.coatcheck.session;

import io.coatcheck.session.codec.AttributeValue;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How much a session may hold. Live values, which are never encoded, have no size here; their
 * number is limited all the same. A session that is beyond a limit already, because the limit was
 * lowered, may still be changed to hold less.
 */
record AttributeLimits(int attributes, int attributeBytes, int sessionBytes) {

  static final AttributeLimits DEFAULTS = new AttributeLimits(1_000, 1 << 20, 4 << 20);

  static int size(@Nullable AttributeValue value) {
    return value == null ? 0 : value.size();
  }

  /**
   * Refuses a value, before anything is changed.
   *
   * @param before what it is to replace; null if there is nothing of that name
   * @param others how many other attributes there are
   * @param otherBytes the bytes of the others
   */
  void check(
      String name,
      AttributeValue value,
      @Nullable AttributeValue before,
      int others,
      long otherBytes) {
    int size = size(value);
    if (before != null && size <= size(before)) {
      return;
    }
    if (size > attributeBytes) {
      throw new IllegalArgumentException(
          "an attribute must have at most maxAttributeBytes = "
              + attributeBytes
              + " bytes: "
              + AttributeName.quoted(name)
              + " has "
              + size);
    }
    if (before == null && others >= attributes) {
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

  /** Begins to add to attributes. */
  Room roomBeside(Map<String, AttributeValue> attributes) {
    long bytes = 0;
    for (AttributeValue value : attributes.values()) {
      bytes += size(value);
    }
    return new Room(this, bytes);
  }

  /** What is left of the limits while values are added to attributes one by one. */
  static final class Room {

    private final AttributeLimits limits;
    private long bytes;

    private Room(AttributeLimits limits, long bytes) {
      this.limits = limits;
      this.bytes = bytes;
    }

    /** Replaces an attribute if it does not grow by that; returns whether it was replaced. */
    boolean shrinks(Map<String, AttributeValue> attributes, String name, AttributeValue value) {
      AttributeValue before = attributes.get(name);
      return before != null && size(value) <= size(before) && put(attributes, name, value);
    }

    /** Adds or replaces an attribute if it fits; returns whether it did. */
    boolean fits(Map<String, AttributeValue> attributes, String name, AttributeValue value) {
      AttributeValue before = attributes.get(name);
      return size(value) <= limits.attributeBytes()
          && (before != null || attributes.size() < limits.attributes())
          && bytes - size(before) + size(value) <= limits.sessionBytes()
          && put(attributes, name, value);
    }

    private boolean put(Map<String, AttributeValue> attributes, String name, AttributeValue value) {
      bytes += size(value) - size(attributes.put(name, value));
      return true;
    }
  }
}
