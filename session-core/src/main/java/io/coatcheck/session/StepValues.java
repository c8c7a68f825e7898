package io.coatcheck.session;

import io.coatcheck.session.codec.AttributeValue;
import io.coatcheck.session.store.StoredSession;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The values that an atomic step on one attribute starts from and leaves behind in the request's
 * {@link AttributeChanges}. Guarded by the lock of the session, like those.
 */
final class StepValues {

  private final WorkingCopy owner;
  private final EngineContext engine;
  private final AttributeChanges changes;

  StepValues(WorkingCopy owner, EngineContext engine) {
    this.owner = owner;
    this.engine = engine;
    this.changes = owner.attributeChanges();
  }

  /**
   * Sets or removes an attribute of a session that only this request knows, atomically. A session
   * that holds a value is then stored by the next save.
   *
   * @param expected the value that the attribute must have; null for none
   * @return {@code false} if the attribute has another value, or the session has been stored since
   */
  boolean replaceUnstored(String name, @Nullable Object expected, @Nullable Object value) {
    AttributeValue whenSet = value == null ? null : engine.attributeValue(name, value);
    boolean mayChange = whenSet != null && value != null && changes.isToBeWatched(whenSet, value);
    synchronized (owner) {
      owner.live();
      AttributeChange change = changes.change(name);
      if (owner.status() == SessionStatus.STORED
          || (change == null ? null : change.value()) != expected) {
        return false;
      }
      if (whenSet != null) {
        changes.checkLimits(name, whenSet);
        owner.relyOn();
      }
      changes.record(name, new AttributeChange(value, whenSet, mayChange));
      return true;
    }
  }

  /**
   * Returns the value that a step is decided on; null if it cannot be read.
   *
   * @param newest the snapshot that the step is decided on
   * @param value the attribute of that snapshot after {@code collected} is applied
   * @param isOwn whether a decoded value must be a new object, not one that the request already has
   */
  @Nullable Object before(
      StoredSession newest, String name, AttributeValue value, Pending collected, boolean isOwn) {
    AttributeDelta delta = collected.attributes();
    if (collected.sets(name)) {
      AttributeChange change = delta.source().get(name);
      return change == null ? null : change.value();
    }
    if (!isOwn) {
      synchronized (owner) {
        WatchedValue known = changes.decoded().watched(name);
        if (known != null
            && (AttributeChange.isSame(delta.foundValue(name), value)
                || AttributeChange.isSame(owner.snapshot().attribute(name), value))) {
          return known.value();
        }
      }
    }
    return changes.decode(newest, name, value);
  }

  /**
   * Records that a step is stored, together with the earlier changes of the request. Its value is
   * watched like one that was set.
   */
  void onStored(StoredSession stored, Pending others, AttributeStep step) {
    Object value = step.value();
    synchronized (owner) {
      boolean isSaved = owner.onSaved(stored, others);
      changes.decoded().forgetReplaced(step.name());
      if (isSaved
          && value != null
          && step.mayChange()
          && changes.change(step.name()) == null
          && AttributeChange.isSame(owner.snapshot().attribute(step.name()), step.after())) {
        changes.remember(step.name(), new WatchedValue(value, true));
      }
    }
  }

  /**
   * Watches the value of a step that changed nothing: the application holds it and may change it.
   *
   * @param given the value that the step was decided on
   * @return the attribute's object in this request; not the step's value if the request had an
   *     object before
   */
  @Nullable Object onConfirmed(AttributeStep step, @Nullable Object given) {
    Object value = step.value();
    if (value == null && step.after() != null) {
      synchronized (owner) {
        if (AttributeChange.isSame(owner.snapshot().attribute(step.name()), step.after())) {
          // It was reported when the step was decided.
          changes.recordUndecodable(step.name());
        }
      }
    } else if (value != null && step.mayChange()) {
      synchronized (owner) {
        WatchedValue known = changes.decoded().watched(step.name());
        if (changes.change(step.name()) != null) {
          return value;
        }
        if (known != null && value == given) {
          return known.handOut();
        }
        if (Objects.equals(owner.snapshot().attribute(step.name()), step.after())) {
          changes.remember(step.name(), new WatchedValue(value, true));
        }
      }
    }
    return value;
  }
}
