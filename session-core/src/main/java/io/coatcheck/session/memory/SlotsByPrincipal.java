package io.coatcheck.session.memory;

import io.coatcheck.session.token.SessionId;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * The slots of each principal's sessions, in the order of their ids. It may hold a slot for a
 * moment before its session has the principal and for a moment after, but never lacks one: a reader
 * must check the slot.
 *
 * <p>Thread-safe: a principal's slots are read and changed inside the map's lock for its key, which
 * is held for nothing else and never longer than a page takes. Most principals have one session, so
 * a single slot is stored without a set.
 */
final class SlotsByPrincipal {

  /** A {@link Slot}, or several of them. */
  private final ConcurrentHashMap<String, Object> slots = new ConcurrentHashMap<>();

  /** Adds a slot, replacing one with the same id, whose session has ended. */
  void add(String principal, Slot slot) {
    slots.compute(principal, (name, known) -> with(known, slot));
  }

  /** Removes exactly this slot; another one with the same id stays. */
  void remove(String principal, Slot slot) {
    slots.computeIfPresent(principal, (name, known) -> without(known, slot));
  }

  /**
   * Returns a page of a principal's slots, in ascending order of ids.
   *
   * @param after the last id of the page before; null for the first page
   */
  List<Slot> page(String principal, @Nullable SessionId after, int most) {
    List<Slot> page = new ArrayList<>();
    Slot last = after == null ? null : new Slot(after);
    slots.computeIfPresent(
        principal,
        (name, known) -> {
          if (known instanceof Several several) {
            Iterator<Slot> rest =
                (last == null ? several : several.tailSet(last, false)).iterator();
            while (page.size() < most && rest.hasNext()) {
              page.add(rest.next());
            }
          } else if (last == null || Slot.compareIds((Slot) known, last) > 0) {
            page.add((Slot) known);
          }
          return known;
        });
    return page;
  }

  /** Returns the slot of a principal's greatest id; null if there is none. */
  @Nullable Slot last(String principal) {
    AtomicReference<@Nullable Slot> last = new AtomicReference<>();
    slots.computeIfPresent(
        principal,
        (name, known) -> {
          last.set(known instanceof Several several ? several.last() : (Slot) known);
          return known;
        });
    return last.get();
  }

  /** Returns how many principals have a slot. */
  int size() {
    return slots.size();
  }

  void clear() {
    slots.clear();
  }

  private static Object with(@Nullable Object known, Slot slot) {
    if (known instanceof Several several) {
      several.remove(slot);
      several.add(slot);
      return several;
    }
    if (known == null || Slot.compareIds((Slot) known, slot) == 0) {
      return slot;
    }
    Several several = new Several();
    several.add((Slot) known);
    several.add(slot);
    return several;
  }

  private static @Nullable Object without(Object known, Slot slot) {
    if (known instanceof Several several) {
      if (several.floor(slot) == slot) {
        several.remove(slot);
      }
      return several.size() == 1 ? several.first() : several;
    }
    return known == slot ? null : known;
  }

  private static final class Several extends TreeSet<Slot> {
    private static final long serialVersionUID = 1L;

    Several() {
      super(Slot::compareIds);
    }
  }
}
