package io.coatcheck.session.memory;

import io.coatcheck.session.store.StoredSession;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.ConcurrentSkipListMap;
import org.jspecify.annotations.Nullable;

/**
 * Where to look for expired sessions. Each slot is on the page of a moment that is not later than
 * its session's expiry. A touch leaves it there: a page is looked at when its time has come, and
 * what was touched meanwhile moves on. So a clean-up costs as much as there is to clean up, plus
 * one look at each session that is in use per idle timeout.
 *
 * <p>Pages are lists through the slots themselves: 16 bytes a session, and removal by one step.
 * Thread-safe. A slot is moved under its own monitor, then the page's; nothing else is done under
 * them.
 */
final class ExpiryCalendar {

  /** A page is about a second wide: exact enough, and few pages. */
  private static final int PAGE_BITS = 10;

  private static final int CHUNK = 256;

  private final ConcurrentSkipListMap<Long, Page> pages = new ConcurrentSkipListMap<>();

  /**
   * Puts a slot onto the page of its session's expiry, or off all pages if its session has ended.
   * Called when a session began, ended, or now expires earlier; whoever comes last is right.
   */
  void place(Slot slot) {
    synchronized (slot) {
      StoredSession session = slot.read();
      Page current = slot.page;
      if (session == null) {
        if (current != null) {
          take(current, slot);
        }
        return;
      }
      long number = number(slot.asSeen(session).expiresAt());
      if (current == null || current.number != number) {
        if (current != null) {
          take(current, slot);
        }
        put(number, slot);
      }
    }
  }

  /**
   * Shows slots whose sessions may be expired, those of the earliest pages first.
   *
   * @param most about how many are shown, so that a call is bounded whatever is in use; at least
   *     all of the last page, whose slots may have to stay on it
   * @param visitor ends the session or leaves it; returns whether to go on
   * @return whether all were shown
   */
  boolean visit(Instant cutoff, long most, Visitor visitor) {
    long last = number(cutoff);
    long shown = 0;
    for (Page page : pages.headMap(last, false).values()) {
      // Whatever is on it, expired or touched, is not on it any more when it has been visited.
      for (List<Slot> slots = page.some(CHUNK); !slots.isEmpty(); slots = page.some(CHUNK)) {
        if (shown >= most || !visit(slots, visitor)) {
          return false;
        }
        shown += slots.size();
      }
    }
    Page page = pages.get(last);
    return page == null || visit(page.some(Integer.MAX_VALUE), visitor);
  }

  /** Says what to do with a slot that may be expired. */
  interface Visitor {
    boolean visit(Slot slot);
  }

  boolean isEmpty() {
    return pages.isEmpty();
  }

  void clear() {
    pages.clear();
  }

  private boolean visit(Collection<Slot> slots, Visitor visitor) {
    for (Slot slot : slots) {
      boolean goOn = visitor.visit(slot);
      place(slot);
      if (!goOn) {
        return false;
      }
    }
    return true;
  }

  private void put(long number, Slot slot) {
    while (!pages.computeIfAbsent(number, Page::new).add(slot)) {
      // It was empty and has just been torn out; the next one is new.
      Thread.onSpinWait();
    }
  }

  private void take(Page page, Slot slot) {
    if (page.removeAndClose(slot)) {
      pages.remove(page.number, page);
    }
  }

  private static long number(Instant moment) {
    return moment.toEpochMilli() >> PAGE_BITS;
  }

  /** The slots of about a second, the first of a list through {@link Slot#next}. */
  static final class Page {
    private final long number;
    private @Nullable Slot first;
    private boolean closed;

    Page(long number) {
      this.number = number;
    }

    /** Adds a slot; false if this page is closed. */
    synchronized boolean add(Slot slot) {
      if (closed) {
        return false;
      }
      Slot second = first;
      if (second != null) {
        second.previous = slot;
      }
      slot.next = second;
      slot.page = this;
      first = slot;
      return true;
    }

    /** Removes a slot of this page, and closes it if it was the last one. */
    synchronized boolean removeAndClose(Slot slot) {
      Slot before = slot.previous;
      Slot after = slot.next;
      if (before == null) {
        first = after;
      } else {
        before.next = after;
      }
      if (after != null) {
        after.previous = before;
      }
      slot.previous = null;
      slot.next = null;
      slot.page = null;
      closed = first == null;
      return closed;
    }

    synchronized List<Slot> some(int most) {
      List<Slot> slots = new ArrayList<>();
      for (Slot slot = first; slot != null && slots.size() < most; slot = slot.next) {
        slots.add(slot);
      }
      return slots;
    }
  }
}
