package io.coatcheck.session;

import io.coatcheck.session.codec.AttributeValue;
import io.coatcheck.session.event.DropReason;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.StoredSessionBuilder;
import java.time.Duration;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What one save has to store. It is collected before the save queues, since the values are encoded
 * for it. Used by one thread.
 */
final class Pending {

  /** A change of the idle timeout; null for no idle limit. */
  record IdleTimeoutChange(@Nullable Duration timeout) {}

  private final AttributeDelta attributes;
  private final @Nullable IdleTimeoutChange idleTimeout;
  private AttributeDelta.Merged merged = AttributeDelta.Merged.NOTHING;

  Pending(AttributeDelta attributes, @Nullable IdleTimeoutChange idleTimeout) {
    this.attributes = attributes;
    this.idleTimeout = idleTimeout;
  }

  AttributeDelta attributes() {
    return attributes;
  }

  @Nullable IdleTimeoutChange idleTimeout() {
    return idleTimeout;
  }

  boolean isEmpty() {
    return attributes.isEmpty() && idleTimeout == null;
  }

  /** Returns whether an attribute was set or removed. */
  boolean sets(String name) {
    return attributes.set().containsKey(name);
  }

  /**
   * Returns what an attribute of a snapshot is with these changes, whose size is not looked at;
   * null if there is none.
   */
  @Nullable AttributeValue valueIn(StoredSession session, String name) {
    return attributes.valueIn(session.attributes(), name);
  }

  /** Returns the names of what was changed in place, and is another's value in a snapshot. */
  Set<String> overtakenIn(StoredSession session) {
    return attributes.overtakenIn(session.attributes());
  }

  /** Returns all of this but the change of one attribute, which counts as saved with this. */
  Pending without(String name) {
    return new Pending(attributes.without(name), idleTimeout);
  }

  /** Returns whether storing this would change nothing of a snapshot. */
  boolean changesNothingOf(StoredSession session) {
    return idleTimeout == null && attributes.removesOnlyWhatIsNotIn(session.attributes());
  }

  /** Applies the changes to a snapshot that may be newer than the one that they were made on. */
  StoredSessionBuilder applyTo(StoredSession current, AttributeLimits limits) {
    merged = attributes.applyTo(current.attributes(), limits);
    StoredSessionBuilder builder = current.toBuilder().attributes(merged.attributes());
    return idleTimeout == null ? builder : builder.idleTimeout(idleTimeout.timeout());
  }

  /**
   * Notifies the listeners of the changes that were left out when this was applied last.
   *
   * @param stored the session as it was stored
   * @return whether all that the application set is stored
   */
  boolean isWhole(StoredSession stored, Events events) {
    if (!merged.overtaken().isEmpty()) {
      events.dropped(stored, DropReason.OVERTAKEN, merged.overtaken());
    }
    if (!merged.tooLarge().isEmpty()) {
      events.dropped(stored, DropReason.LIMIT, merged.tooLarge());
    }
    return merged.tooLarge().isEmpty();
  }
}
