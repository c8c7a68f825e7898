package io.coatcheck.session;

import io.coatcheck.session.codec.AttributeValue;
import org.jspecify.annotations.Nullable;

/**
 * A change of one attribute that has not been saved yet. Not a record: setting an equal value again
 * is a new change, and its object is the one watched from then on.
 */
final class AttributeChange {

  private final @Nullable Object value;
  private final @Nullable AttributeValue whenSet;
  private final boolean mayChange;
  private volatile @Nullable AttributeValue readFrom;

  /**
   * Creates a change.
   *
   * @param value the new value; null if the attribute was removed
   * @param whenSet the value as it was when it was set; null if the attribute was removed
   * @param mayChange whether the value is kept as bytes and the object may be changed in place
   */
  AttributeChange(@Nullable Object value, @Nullable AttributeValue whenSet, boolean mayChange) {
    this(value, whenSet, mayChange, null);
  }

  private AttributeChange(
      @Nullable Object value,
      @Nullable AttributeValue whenSet,
      boolean mayChange,
      @Nullable AttributeValue readFrom) {
    this.value = value;
    this.whenSet = whenSet;
    this.mayChange = mayChange;
    this.readFrom = readFrom;
  }

  /**
   * Returns the same change for an object that the request has read and now sets again, as
   * frameworks do with each object that may have been changed.
   *
   * @param stored the value that the object was decoded from; null if it is another object
   */
  AttributeChange readFrom(@Nullable AttributeValue stored) {
    return stored == null ? this : new AttributeChange(value, whenSet, mayChange, stored);
  }

  /** Returns the removal of an attribute. */
  static AttributeChange removal() {
    return new AttributeChange(null, null, false);
  }

  @Nullable Object value() {
    return value;
  }

  @Nullable AttributeValue whenSet() {
    return whenSet;
  }

  boolean mayChange() {
    return mayChange;
  }

  /**
   * Returns the stored value that the object was decoded from; null if it is another object, or was
   * changed. If the object still equals it, nothing was changed.
   */
  @Nullable AttributeValue readFrom() {
    return readFrom;
  }

  /**
   * Records that the object was changed after it was read. If it is then changed back, that is a
   * change too: the store may have what was between.
   */
  void hasChanged() {
    readFrom = null;
  }

  /** Records that the store has had another value since the object of a later change was read. */
  static void changedAgain(@Nullable AttributeChange later) {
    if (later != null) {
      later.hasChanged();
    }
  }

  /**
   * Returns whether a stored value is as it was. Values are compared by identity: an equal but
   * different value was written by another request.
   */
  static boolean isSame(@Nullable AttributeValue one, @Nullable AttributeValue other) {
    return one == null ? other == null : one.isSameAs(other);
  }
}
