package io.coatcheck.session;

import io.coatcheck.session.codec.AttributeValue;
import io.coatcheck.session.event.DropReason;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.StoredSessionBuilder;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The changes that one save has to store. Collected before the save enters its queue, since it
 * encodes the values. Confined to one thread.
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

  /**
   * Collects what is to be saved. Runs code of the values, so it must not be called in the save
   * queue.
   */
  static Pending of(WorkingCopy session) {
    return new Pending(session.attributeChanges().collect(), session.idleTimeoutChange());
  }

  /** Returns whether there may be changes; without any, there is no need to collect them. */
  static boolean mayExistIn(WorkingCopy session) {
    return session.idleTimeoutChange() != null || session.attributeChanges().mayHaveChanges();
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
   * Returns the value of an attribute of a snapshot with these changes, whatever their size; null
   * if there is none.
   */
  @Nullable AttributeValue valueIn(StoredSession session, String name) {
    return attributes.valueIn(session.attributes(), name);
  }

  /**
   * Returns the names of values that were changed in place but replaced in a snapshot by another
   * request.
   */
  Set<String> overtakenIn(StoredSession session) {
    return attributes.overtakenIn(session.attributes());
  }

  /** Returns the part of this that is still to be saved now that the save is in its queue. */
  Pending stillIn(WorkingCopy session) {
    AttributeChanges changes = session.attributeChanges();
    IdleTimeoutChange timeout = session.idleTimeoutChange() == null ? null : idleTimeout;
    boolean isSameTimeout = timeout != null || idleTimeout == null;
    return isSameTimeout && changes.areAllPending(attributes)
        ? this
        : new Pending(changes.stillPending(attributes), timeout);
  }

  /** Discards these changes, since they turned out to change nothing. */
  void discardFrom(WorkingCopy session) {
    synchronized (session) {
      StoredSession unchanged = session.snapshot();
      session.attributeChanges().onSaved(attributes, unchanged, unchanged);
    }
  }

  /** Returns this without the change of one attribute, which counts as saved together with it. */
  @SuppressWarnings("ReferenceEquality") // The delta returns itself if there is no such change.
  Pending without(String name) {
    AttributeDelta others = attributes.without(name);
    return others == attributes ? this : new Pending(others, idleTimeout);
  }

  /** Returns whether storing this would leave a snapshot unchanged. */
  boolean changesNothingOf(StoredSession session) {
    return idleTimeout == null && attributes.removesOnlyWhatIsNotIn(session.attributes());
  }

  /** Applies the changes to a snapshot that may be newer than the one that they were made on. */
  StoredSessionBuilder applyTo(StoredSession current, AttributeLimits limits) {
    StoredSessionBuilder builder = current.toBuilder();
    if (attributes.isEmpty()) {
      merged = AttributeDelta.Merged.NOTHING;
    } else {
      merged = attributes.applyTo(current.attributes(), limits);
      builder.attributes(merged.attributes());
    }
    return idleTimeout == null ? builder : builder.idleTimeout(idleTimeout.timeout());
  }

  /**
   * Returns the attributes that the last application of the changes resulted in.
   *
   * @param current what they were applied to
   */
  Map<String, AttributeValue> mergedAttributes(StoredSession current) {
    return attributes.isEmpty() ? current.attributes() : merged.attributes();
  }

  /**
   * Notifies the listeners of the changes that the last application left out.
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
