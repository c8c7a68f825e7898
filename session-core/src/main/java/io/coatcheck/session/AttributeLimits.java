package io.coatcheck.session;

import io.coatcheck.session.codec.AttributeValue;
import io.coatcheck.session.text.QuotedText;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How much a session may hold. Live values, which are never encoded, have no size here; only their
 * number is limited. A session that already exceeds a limit, because the limit was lowered, may
 * still be changed to hold less.
 */
record AttributeLimits(int attributes, int attributeBytes, int sessionBytes) {

  static final AttributeLimits DEFAULTS = new AttributeLimits(1_000, 1 << 20, 4 << 20);

  static int size(@Nullable AttributeValue value) {
    return value == null ? 0 : value.size();
  }

  /**
   * Rejects a value that does not fit, before anything is changed.
   *
   * @param before the value to be replaced; null if there is none
   * @param others the number of other attributes
   * @param otherBytes their size in bytes
   */
  void check(
      String name,
      AttributeValue value,
      @Nullable AttributeValue before,
      int others,
      long otherBytes) {
    if (isNoLarger(value, before)) {
      return;
    }
    int size = size(value);
    if (size > attributeBytes) {
      throw new IllegalArgumentException(
          "an attribute must have at most maxAttributeBytes = "
              + attributeBytes
              + " bytes: "
              + QuotedText.of(name)
              + " has "
              + size);
    }
    if (before == null && others >= attributes) {
      throw new IllegalArgumentException(
          "a session must have at most maxAttributes = "
              + attributes
              + " attributes: "
              + QuotedText.of(name));
    }
    if (otherBytes + size > sessionBytes) {
      throw new IllegalArgumentException(
          "the attributes of a session must have at most maxSessionBytes = "
              + sessionBytes
              + " bytes together: with "
              + QuotedText.of(name)
              + " they have "
              + (otherBytes + size));
    }
  }

  /**
   * Checks a value that is to be stored among attributes, in place of one of the same name.
   *
   * @throws IllegalArgumentException if the session would hold more than this allows
   */
  void check(String name, AttributeValue value, Map<String, AttributeValue> attributes) {
    AttributeValue before = attributes.get(name);
    // This is nearly always so. The other attributes then need not be counted.
    if (!isNoLarger(value, before)) {
      int others = before == null ? attributes.size() : attributes.size() - 1;
      check(name, value, before, others, bytesOf(attributes) - size(before));
    }
  }

  private static boolean isNoLarger(AttributeValue value, @Nullable AttributeValue before) {
    return before != null && size(value) <= size(before);
  }

  private static long bytesOf(Map<String, AttributeValue> attributes) {
    long bytes = 0;
    for (AttributeValue value : attributes.values()) {
      bytes += size(value);
    }
    return bytes;
  }

  /**
   * Checks a value that a request sets, in addition to what it has changed before.
   *
   * @param stored the attributes of the snapshot
   * @param pending what the request has set or removed since, by name
   * @throws IllegalArgumentException if the session would hold more than this allows
   */
  void check(
      String name,
      AttributeValue value,
      Map<String, AttributeValue> stored,
      Map<String, AttributeChange> pending) {
    AttributeChange changed = pending.get(name);
    AttributeValue before = changed == null ? stored.get(name) : changed.whenSet();
    if (isNoLarger(value, before)) {
      return;
    }
    int others = 0;
    long otherBytes = 0;
    for (Map.Entry<String, AttributeValue> one : stored.entrySet()) {
      if (!one.getKey().equals(name) && !pending.containsKey(one.getKey())) {
        others++;
        otherBytes += size(one.getValue());
      }
    }
    for (Map.Entry<String, AttributeChange> one : pending.entrySet()) {
      if (!one.getKey().equals(name) && one.getValue().value() != null) {
        others++;
        otherBytes += size(one.getValue().whenSet());
      }
    }
    check(name, value, before, others, otherBytes);
  }

  /** Returns the room left beside the given attributes. */
  Room roomBeside(Map<String, AttributeValue> attributes) {
    return new Room(this, bytesOf(attributes));
  }

  /** The room left within the limits while values are added one by one. */
  static final class Room {

    private final AttributeLimits limits;
    private long bytes;

    private Room(AttributeLimits limits, long bytes) {
      this.limits = limits;
      this.bytes = bytes;
    }

    /** Replaces an attribute if that does not make it larger; returns whether it was replaced. */
    boolean shrinks(Map<String, AttributeValue> attributes, String name, AttributeValue value) {
      return isNoLarger(value, attributes.get(name)) && put(attributes, name, value);
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
