package io.coatcheck.session;

import io.coatcheck.session.codec.AttributeValue;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Changes that are about to be saved, already encoded.
 *
 * @param set what was set or removed, by name; empty for a removal
 * @param found what was changed in place, by name
 * @param source the changes that {@code set} comes from, so that later changes of the same
 *     attributes are still saved
 */
record AttributeDelta(
    Map<String, Optional<AttributeValue>> set,
    Map<String, Found> found,
    Map<String, AttributeChange> source) {

  static final AttributeDelta NONE = new AttributeDelta(Map.of(), Map.of(), Map.of());

  /** A value that was changed in place: as it was read and as it is now. */
  record Found(AttributeValue before, AttributeValue now) {}

  /**
   * The attributes with the changes applied.
   *
   * @param tooLarge the names of changes that did not fit in addition to what other requests have
   *     stored
   * @param overtaken the names of values that were changed in place but replaced by another request
   */
  record Merged(
      Map<String, AttributeValue> attributes, Set<String> tooLarge, Set<String> overtaken) {

    static final Merged NOTHING = new Merged(Map.of(), Set.of(), Set.of());
  }

  boolean isEmpty() {
    return set.isEmpty() && found.isEmpty();
  }

  Set<String> names() {
    Set<String> names = new TreeSet<>(set.keySet());
    names.addAll(found.keySet());
    return names;
  }

  /** Returns an attribute's value after a change in place; null if there was no such change. */
  @Nullable AttributeValue foundValue(String name) {
    Found change = found.get(name);
    return change == null ? null : change.now();
  }

  /** Returns the value of an attribute with these changes applied; null if there is none. */
  @Nullable AttributeValue valueIn(Map<String, AttributeValue> current, String name) {
    Optional<AttributeValue> change = set.get(name);
    if (change != null) {
      return change.orElse(null);
    }
    AttributeValue stored = current.get(name);
    Found inPlace = found.get(name);
    return inPlace != null && inPlace.before().equals(stored) ? inPlace.now() : stored;
  }

  /** Returns the changes without that of one attribute; its source stays. */
  AttributeDelta without(String name) {
    if (!set.containsKey(name) && !found.containsKey(name)) {
      return this;
    }
    Map<String, Optional<AttributeValue>> otherSet = new HashMap<>(set);
    Map<String, Found> otherFound = new HashMap<>(found);
    otherSet.remove(name);
    otherFound.remove(name);
    return new AttributeDelta(otherSet, otherFound, source);
  }

  /** Returns the names of values that were changed in place but replaced by another request. */
  Set<String> overtakenIn(Map<String, AttributeValue> current) {
    if (found.isEmpty()) {
      return Set.of();
    }
    Set<String> overtaken = new HashSet<>();
    found.forEach(
        (name, change) -> {
          AttributeValue stored = current.get(name);
          if (!change.before().equals(stored) && !change.now().equals(stored)) {
            overtaken.add(name);
          }
        });
    return Set.copyOf(overtaken);
  }

  /** Returns whether these are only removals of attributes that do not exist. */
  boolean removesOnlyWhatIsNotIn(Map<String, AttributeValue> attributes) {
    if (!found.isEmpty()) {
      return false;
    }
    for (Map.Entry<String, Optional<AttributeValue>> one : set.entrySet()) {
      if (one.getValue().isPresent() || attributes.containsKey(one.getKey())) {
        return false;
      }
    }
    return true;
  }

  /**
   * Applies the changes to attributes that may be newer than those that they were made on. A change
   * in place yields to a change that another request has stored. A change that does not fit is left
   * out, so that no request fails because of what others store. A value that becomes smaller always
   * fits.
   */
  Merged applyTo(Map<String, AttributeValue> current, AttributeLimits limits) {
    if (isEmpty()) {
      return new Merged(current, Set.of(), Set.of());
    }
    Map<String, AttributeValue> merged = new HashMap<>(current);
    Map<String, AttributeValue> wanted =
        set.size() + found.size() == 1 ? new HashMap<>(2) : new TreeMap<>();
    set.forEach(
        (name, value) -> {
          if (value.isPresent()) {
            wanted.put(name, value.get());
          } else {
            merged.remove(name);
          }
        });
    found.forEach(
        (name, change) -> {
          if (change.before().equals(current.get(name))) {
            wanted.put(name, change.now());
          }
        });
    AttributeLimits.Room room = limits.roomBeside(merged);
    wanted.entrySet().removeIf(entry -> room.shrinks(merged, entry.getKey(), entry.getValue()));
    if (!wanted.isEmpty()) {
      wanted.entrySet().removeIf(entry -> room.fits(merged, entry.getKey(), entry.getValue()));
    }
    return new Merged(merged, Set.copyOf(wanted.keySet()), overtakenIn(current));
  }
}
