package io.coatcheck.session;

import io.coatcheck.session.codec.AttributeValue;
import io.coatcheck.session.store.StoredSession;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a request has decoded from the attributes of a session: the mutable values, which are
 * watched for changes in place, those that another request has replaced since, and the names whose
 * bytes could not be decoded. Also the values that the request has set and that are never stored.
 * Guarded by the lock of the owning {@link Session}; {@link #isWatching} needs none.
 */
final class DecodedValues {

  /** Used as long as a request has decoded nothing that is kept; never changed. */
  static final DecodedValues NONE = new DecodedValues(Map.of());

  /** The mutable values, by name. */
  private final Map<String, WatchedValue> watched;

  /** What another request has replaced since this one read it; null while there is nothing. */
  private @Nullable ReplacedObjects replaced;

  /** The names whose bytes could not be decoded, so that each is reported once. */
  private Set<String> undecodable = Set.of();

  /** The values that this request has set and that are never stored, by name. */
  private Map<String, Object> discarded = Map.of();

  DecodedValues() {
    this(new HashMap<>());
  }

  private DecodedValues(Map<String, WatchedValue> watched) {
    this.watched = watched;
  }

  /** Returns whether a value may have been changed in place. */
  boolean isWatching() {
    return !watched.isEmpty();
  }

  /** Returns the watched value of an attribute; null if there is none. */
  @Nullable WatchedValue watched(String name) {
    return watched.get(name);
  }

  void watch(String name, WatchedValue value) {
    watched.put(name, value);
  }

  /** Returns the values that the application holds and may have changed, by name; a copy. */
  Map<String, Object> handedOut() {
    if (watched.isEmpty()) {
      return Map.of();
    }
    Map<String, Object> handedOut = new HashMap<>();
    watched.forEach(
        (name, one) -> {
          if (one.isHandedOut()) {
            handedOut.put(name, one.value());
          }
        });
    return handedOut;
  }

  /** Returns the names whose bytes could not be decoded; not a copy. */
  Set<String> undecodable() {
    return undecodable;
  }

  /** Returns {@code false} if it was recorded before. */
  boolean recordUndecodable(String name) {
    undecodable = undecodable.isEmpty() ? new HashSet<>() : undecodable;
    return undecodable.add(name);
  }

  /** Returns whether the value of an attribute is watched, or could not be decoded. */
  boolean isKnown(String name) {
    return watched.containsKey(name) || undecodable.contains(name);
  }

  /**
   * Returns the stored value that an object was decoded from; null if it was not decoded here.
   *
   * @param snapshot the session as this request has it
   */
  @Nullable AttributeValue readFrom(String name, @Nullable Object value, StoredSession snapshot) {
    WatchedValue known = watched.get(name);
    if (known != null && known.value() == value) {
      return snapshot.attribute(name);
    }
    return replaced == null ? null : replaced.readFrom(name, value);
  }

  /** Records a value that this request has set, and that a save has left out. */
  void discard(String name, Object value) {
    discarded = discarded.isEmpty() ? new HashMap<>() : discarded;
    discarded.put(name, value);
  }

  /** Returns whether a value that this request has set is never stored. */
  boolean isDiscarded(String name, Object value) {
    return discarded.get(name) == value;
  }

  /** Returns what is left when the session has ended: the values that are never stored. */
  DecodedValues discarding(Map<String, AttributeChange> unsaved) {
    if (discarded.isEmpty() && unsaved.isEmpty()) {
      return NONE;
    }
    DecodedValues left = new DecodedValues();
    discarded.forEach(left::discard);
    unsaved.forEach(
        (name, change) -> {
          Object value = change.value();
          if (value != null) {
            left.discard(name, value);
          }
        });
    return left;
  }

  /** Forgets the value of an attribute that this request has changed itself. */
  void forget(String name) {
    if (!discarded.isEmpty()) {
      discarded.remove(name);
    }
    if (!watched.isEmpty()) {
      watched.remove(name);
    }
    forgetReplaced(name);
  }

  /** Forgets the object that was replaced: this request has changed the attribute itself. */
  void forgetReplaced(String name) {
    if (replaced != null) {
      replaced.forget(name);
    }
  }

  /** Forgets what was replaced: this request has logged in, and may have dropped attributes. */
  void forgetReplaced() {
    if (replaced != null) {
      replaced = null;
    }
  }

  /**
   * Records that the session has another snapshot. A value is still watched unless another request
   * has replaced it.
   *
   * @param delta what this request has saved
   * @param before the attributes of the snapshot so far
   * @param after those of the new one
   */
  void onSaved(
      AttributeDelta delta, Map<String, AttributeValue> before, Map<String, AttributeValue> after) {
    if (!undecodable.isEmpty()) {
      undecodable.removeIf(name -> !AttributeChange.isSame(before.get(name), after.get(name)));
    }
    if (!watched.isEmpty()) {
      watched
          .entrySet()
          .removeIf(
              entry -> {
                String name = entry.getKey();
                AttributeValue now = after.get(name);
                boolean isOurs = now != null && AttributeChange.isSame(now, delta.foundValue(name));
                if (isOurs || Objects.equals(before.get(name), now)) {
                  return false;
                }
                rememberReplaced(name, entry.getValue(), before.get(name));
                return true;
              });
    }
  }

  private void rememberReplaced(String name, WatchedValue one, @Nullable AttributeValue from) {
    if (from != null && one.isHandedOut()) {
      replaced = replaced == null ? new ReplacedObjects() : replaced;
      replaced.add(name, one.value(), from);
    }
  }
}
