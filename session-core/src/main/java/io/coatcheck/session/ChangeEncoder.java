package io.coatcheck.session;

import io.coatcheck.session.codec.AttributeCodecException;
import io.coatcheck.session.codec.AttributeValue;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.text.QuotedText;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * Encodes the changes of one save. Runs code of the values, so it holds no lock and is not used in
 * the save queue.
 */
final class ChangeEncoder {

  private final EngineContext engine;
  private final AttributeChanges changes;
  private final StoredSession snapshot;

  /**
   * Creates an encoder.
   *
   * @param changes records values that can no longer be encoded
   * @param snapshot the session that the changes were made on
   */
  ChangeEncoder(EngineContext engine, AttributeChanges changes, StoredSession snapshot) {
    this.engine = engine;
    this.changes = changes;
    this.snapshot = snapshot;
  }

  /**
   * Encodes changes.
   *
   * @param pending what was set or removed, by name
   * @param mayHaveChanged the objects that the application holds, by name
   */
  AttributeDelta encode(Map<String, AttributeChange> pending, Map<String, Object> mayHaveChanged) {
    Map<String, Optional<AttributeValue>> set = new HashMap<>();
    Map<String, AttributeChange> source = new HashMap<>();
    pending.forEach(
        (name, change) -> {
          if (isAsRead(change)) {
            changes.withdraw(name, change);
          } else {
            set.put(name, current(name, change));
            source.put(name, change);
          }
        });
    if (mayHaveChanged.isEmpty()) {
      return set.isEmpty() ? AttributeDelta.NONE : new AttributeDelta(set, Map.of(), source);
    }
    Map<String, AttributeDelta.Found> found = new HashMap<>();
    mayHaveChanged.forEach(
        (name, value) -> changedInPlace(name, value).ifPresent(change -> found.put(name, change)));
    return new AttributeDelta(set, found, source);
  }

  /**
   * Returns whether an object was read, set again and not changed. Frameworks set each object that
   * may have been changed, as Spring does with session-scoped beans: if that counted as a change, a
   * request that only reads would undo what another one has stored.
   */
  private boolean isAsRead(AttributeChange change) {
    AttributeValue read = change.readFrom();
    Object value = change.value();
    if (read == null || value == null) {
      return false;
    }
    try {
      if (read.bytesIfChanged(value, engine.codec()) == null) {
        return true;
      }
    } catch (AttributeCodecException e) {
      // Reported when it is encoded to be stored.
    }
    change.hasChanged();
    return false;
  }

  /** Returns the current form of a value that was set: it may have been changed since. */
  private Optional<AttributeValue> current(String name, AttributeChange change) {
    Object value = change.value();
    if (value == null) {
      return Optional.empty();
    }
    AttributeValue whenSet = Objects.requireNonNull(change.whenSet());
    if (!change.mayChange()) {
      return Optional.of(whenSet);
    }
    try {
      return Optional.of(AttributeValue.encoded(engine.codec().encode(value)));
    } catch (AttributeCodecException e) {
      unencodable(name, value, e);
      return Optional.of(whenSet);
    }
  }

  /** Returns how a value was changed in place. */
  private Optional<AttributeDelta.Found> changedInPlace(String name, Object value) {
    AttributeValue stored = snapshot.attribute(name);
    if (stored == null) {
      return Optional.empty();
    }
    try {
      byte[] now = stored.bytesIfChanged(value, engine.codec());
      return now == null
          ? Optional.empty()
          : Optional.of(new AttributeDelta.Found(stored, AttributeValue.encoded(now)));
    } catch (AttributeCodecException e) {
      unencodable(name, value, e);
      return Optional.empty();
    }
  }

  /**
   * Notifies the listeners of a value that can no longer be encoded.
   *
   * @throws AttributeCodecException if the store reports such values for tests; once for each
   *     attribute, so that the request's error page can be sent
   */
  private void unencodable(String name, Object value, AttributeCodecException problem) {
    engine.events().unencodable(snapshot, name, value, problem);
    if (engine.store().failsOnUnencodable() && changes.recordFailure(name)) {
      throw new AttributeCodecException(
          "attribute "
              + QuotedText.of(name)
              + " was changed after it was set or read, and cannot be stored any more: "
              + problem.getMessage(),
          problem);
    }
  }
}
