package io.coatcheck.session.memory;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The slots of each principal's sessions. It may hold a slot a moment before its session has the
 * principal and a moment after, never the other way round: a reader asks the slot.
 *
 * <p>Thread-safe: each set is read and changed inside the map's own lock for its key, which is held
 * for nothing else. Most principals have one session, hence a set of one costs one object.
 */
final class SlotsByPrincipal {

  private final ConcurrentHashMap<String, Set<Slot>> slots = new ConcurrentHashMap<>();

  void add(String principal, Slot slot) {
    slots.compute(principal, (name, known) -> with(known, slot));
  }

  void remove(String principal, Slot slot) {
    slots.computeIfPresent(principal, (name, known) -> without(known, slot));
  }

  /** Returns a copy. */
  List<Slot> of(String principal) {
    List<Slot> copy = new ArrayList<>();
    slots.computeIfPresent(
        principal,
        (name, known) -> {
          copy.addAll(known);
          return known;
        });
    return copy;
  }

  /** Returns how many principals have a slot. */
  int size() {
    return slots.size();
  }

  void clear() {
    slots.clear();
  }

  private static Set<Slot> with(@Nullable Set<Slot> known, Slot slot) {
    if (known == null) {
      return Collections.singleton(slot);
    }
    if (known instanceof HashSet) {
      known.add(slot);
      return known;
    }
    Set<Slot> several = new HashSet<>(known);
    several.add(slot);
    return several.size() == 1 ? known : several;
  }

  private static @Nullable Set<Slot> without(Set<Slot> known, Slot slot) {
    if (known instanceof HashSet) {
      known.remove(slot);
      return known.size() > 1 ? known : Collections.singleton(known.iterator().next());
    }
    return known.contains(slot) ? null : known;
  }
}
