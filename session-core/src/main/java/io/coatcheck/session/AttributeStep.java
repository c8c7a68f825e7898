package io.coatcheck.session;

import io.coatcheck.session.codec.AttributeValue;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.StoredSessionBuilder;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * An atomic change of one attribute, decided on one snapshot. It also holds on a newer snapshot in
 * which the attribute is the same. Confined to one thread.
 */
final class AttributeStep {

  private final String name;
  private final StoredSession decidedOn;
  private final Pending collected;
  private final @Nullable AttributeValue before;
  private final @Nullable Object value;
  private final @Nullable AttributeValue after;
  private final boolean mayChange;
  private @Nullable StoredSession overtakenBy;

  /**
   * Creates a step.
   *
   * @param collected what the request has changed so far; the step is applied after it
   * @param before the value that the step was decided on; null if there was none
   * @param value the next value; null to remove the attribute
   * @param after the next value in the form that the store keeps
   * @param mayChange whether the value is kept as bytes and {@code value} may be changed in place
   */
  AttributeStep(
      String name,
      StoredSession decidedOn,
      Pending collected,
      @Nullable AttributeValue before,
      @Nullable Object value,
      @Nullable AttributeValue after,
      boolean mayChange) {
    this.name = name;
    this.decidedOn = decidedOn;
    this.collected = collected;
    this.before = before;
    this.value = value;
    this.after = after;
    this.mayChange = mayChange;
  }

  String name() {
    return name;
  }

  StoredSession decidedOn() {
    return decidedOn;
  }

  @Nullable Object value() {
    return value;
  }

  @Nullable AttributeValue after() {
    return after;
  }

  boolean mayChange() {
    return mayChange;
  }

  boolean changesNothing() {
    return isSame(before, after);
  }

  /** Returns whether the step holds on a snapshot; remembers the snapshot if not. */
  boolean holdsOn(StoredSession current) {
    boolean holds = isSame(before, collected.valueIn(current, name));
    overtakenBy = holds ? null : current;
    return holds;
  }

  /** Returns the last snapshot on which the step did not hold; null if it held. */
  @Nullable StoredSession overtakenBy() {
    return overtakenBy;
  }

  /**
   * Applies the step to the next snapshot.
   *
   * @param attributes the attributes of {@code next} so far
   * @throws IllegalArgumentException if the session would hold more than its limits allow
   */
  StoredSessionBuilder applyTo(
      StoredSessionBuilder next, Map<String, AttributeValue> attributes, AttributeLimits limits) {
    if (after == null) {
      return next.removeAttribute(name);
    }
    limits.check(name, after, attributes);
    return next.attribute(name, after);
  }

  /**
   * Compares bytes by content and anything else by identity: the application's {@code equals} must
   * not run in the save queue, and an equal object may have been set since.
   */
  static boolean isSame(@Nullable AttributeValue one, @Nullable AttributeValue other) {
    return AttributeChange.isSame(one, other)
        || (one != null
            && other != null
            && !one.isLive()
            && !other.isLive()
            && Objects.equals(one, other));
  }
}
