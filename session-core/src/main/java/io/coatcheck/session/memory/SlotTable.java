package io.coatcheck.session.memory;

import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.token.SessionId;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * Slots by session id: a hash table without entry objects, with open addressing and linear probing.
 * Every request waits for this look-up, and the time goes into memory access: instead of a map's
 * table, entry, key and value, only the table and the slot are loaded ({@code benchmarks/run
 * validate}).
 *
 * <p>Thread-safe. Readers take no lock: a place that has held a slot never becomes empty again
 * within the same array, so that the slots after it stay reachable. A reader that began before the
 * table grew continues in the old array and finds what was there. Writers take the monitor of the
 * table for a few instructions.
 */
final class SlotTable {

  private static final int SMALLEST = 16;

  private static final int LARGEST = 1 << 30;

  /** Spreads the bits of hash codes, so that the upper ones determine the place. */
  private static final int SPREAD = 0x9E37_79B9;

  /** Marks a removed slot: a search for another one continues after it. */
  private static final Slot REMOVED = new Slot(SessionId.of(0, 0));

  // Written under the monitor.
  private volatile AtomicReferenceArray<@Nullable Slot> places =
      new AtomicReferenceArray<>(SMALLEST);
  private volatile int size;

  /** How many places are not empty; {@link #LARGEST}, which they never are, once closed. */
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
   * Adds a slot, replacing any other with the same id.
   *
   * @return whether this very slot was not there before
   * @throws SessionStoreException if there are half a billion slots, or this table is closed
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

  /** Removes exactly this slot; another one with the same id stays. */
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

  /** Removes all slots; a later {@link #put} throws. */
  synchronized void close() {
    places = new AtomicReferenceArray<>(SMALLEST);
    size = 0;
    used = LARGEST;
  }

  /** Moves all slots to a new array of which they fill at most a quarter, without the gaps. */
  private void rebuild() {
    if (used == LARGEST) {
      throw new SessionStoreException("the in-memory store is closed");
    }
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
