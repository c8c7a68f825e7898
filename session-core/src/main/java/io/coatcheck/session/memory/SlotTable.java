package io.coatcheck.session.memory;

import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.token.SessionId;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * Slots by the id of their session: a hash table without entries of its own, with open addressing
 * and linear probing. It is here because every request waits for this look-up, and what it waits
 * for is memory: of a map's table, entry, key and value, only table and slot are left to fetch
 * ({@code benchmarks/run validate}).
 *
 * <p>Thread-safe. Readers take no lock: a place that has held a slot never becomes empty again but
 * in another array, so that the way to the slots behind it stays. A reader that began before the
 * table grew goes on in the old array and finds what was there. Writers take the monitor of the
 * table, for a few instructions.
 */
final class SlotTable {

  private static final int SMALLEST = 16;

  private static final int LARGEST = 1 << 30;

  /** Spreads the bits of hash codes, so that the upper ones tell the place. */
  private static final int SPREAD = 0x9E37_79B9;

  /** Where a slot was: whoever looks for another one goes on behind it. */
  private static final Slot REMOVED = new Slot(SessionId.of(0, 0));

  // Written under the monitor.
  private volatile AtomicReferenceArray<@Nullable Slot> places =
      new AtomicReferenceArray<>(SMALLEST);
  private volatile int size;

  /** How many places are not empty. */
  private int used;

  /** Returns the slot of an id; null if there is none. */
  @Nullable Slot get(SessionId id) {
    AtomicReferenceArray<@Nullable Slot> all = places;
    int last = all.length() - 1;
    for (int i = first(id, all); ; i = (i + 1) & last) {
      Slot slot = all.get(i);
      if (slot == null || (slot.isOf(id) && slot != REMOVED)) {
        return slot;
      }
    }
  }

  /**
   * Puts a slot in, in the place of another one of the same id.
   *
   * @return whether it was not there already
   * @throws SessionStoreException if there are half a billion
   */
  synchronized boolean put(Slot slot) {
    SessionId id = slot.id();
    if (size >= LARGEST / 2) {
      throw new SessionStoreException(
          "there is no room in memory for more than " + size + " authenticated sessions: " + id);
    }
    if (2L * (used + 1) > places.length()) {
      rebuild();
    }
    AtomicReferenceArray<@Nullable Slot> all = places;
    int last = all.length() - 1;
    int free = -1;
    for (int i = first(id, all); ; i = (i + 1) & last) {
      Slot known = all.get(i);
      if (known == null) {
        if (free < 0) {
          free = i;
          used++;
        }
        all.set(free, slot);
        size++;
        return true;
      }
      if (known == REMOVED) {
        free = free < 0 ? i : free;
      } else if (known.isOf(id)) {
        all.set(i, slot);
        return known != slot;
      }
    }
  }

  /** Takes exactly this slot out; another one of the same id stays. */
  synchronized void remove(Slot slot) {
    SessionId id = slot.id();
    AtomicReferenceArray<@Nullable Slot> all = places;
    int last = all.length() - 1;
    for (int i = first(id, all); ; i = (i + 1) & last) {
      Slot known = all.get(i);
      if (known == null) {
        return;
      }
      if (known == slot) {
        all.set(i, REMOVED);
        size--;
        return;
      }
    }
  }

  /** Returns how many slots there are. */
  int size() {
    return size;
  }

  synchronized void clear() {
    places = new AtomicReferenceArray<>(SMALLEST);
    size = 0;
    used = 0;
  }

  /** Moves all slots to an array of which they fill a quarter at most, and leaves the gaps out. */
  private void rebuild() {
    AtomicReferenceArray<@Nullable Slot> all = places;
    int length = SMALLEST;
    while (length < LARGEST && length < 4L * size) {
      length *= 2;
    }
    AtomicReferenceArray<@Nullable Slot> next = new AtomicReferenceArray<>(length);
    for (int i = 0; i < all.length(); i++) {
      Slot slot = all.get(i);
      if (slot != null && slot != REMOVED) {
        int place = first(slot.id(), next);
        while (next.get(place) != null) {
          place = (place + 1) & (length - 1);
        }
        next.setPlain(place, slot);
      }
    }
    used = size;
    places = next;
  }

  private static int first(SessionId id, AtomicReferenceArray<@Nullable Slot> all) {
    return (id.hashCode() * SPREAD) >>> (Integer.numberOfLeadingZeros(all.length()) + 1);
  }
}
