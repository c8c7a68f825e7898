package io.coatcheck.session.memory;

import io.coatcheck.session.store.StoredSession;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.ConcurrentSkipListMap;
import org.jspecify.annotations.Nullable;

/**
 * An index of slots by expiry, for the clean-up. Each slot is on the page of a time that is not
 * later than its session's expiry. A touch leaves it there: a page is visited when its time has
 * come, and sessions that were touched since move to a later page. So the cost of clean-up is
 * proportional to the number of expired sessions, plus one visit to each session in use per idle
 * timeout.
 *
 * <p>Pages are lists linked through the slots themselves: 16 bytes for each session, and removal in
 * constant time. Thread-safe. A slot is moved under its own monitor, then the page's; nothing else
 * is done under them.
 */
final class ExpiryCalendar {

  /** A page spans about a second: precise enough, with few pages. */
  private static final int PAGE_BITS = 10;

  private static final int CHUNK = 256;

  private final ConcurrentSkipListMap<Long, Page> pages = new ConcurrentSkipListMap<>();

  private volatile boolean isClosed;

  /**
   * Puts a slot on the page of its session's expiry, or removes it from its page if the session has
   * ended. Called when a session began, ended, or now expires earlier. With concurrent calls, the
   * last one leaves the right result.
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
      long number = number(slot.expiresAtMillis(session));
      if (current == null || current.number != number) {
        if (current != null) {
          take(current, slot);
        }
        put(number, slot);
      }
    }
  }

  /**
   * Visits slots whose sessions may have expired, those of the earliest pages first.
   *
   * @param most about how many are visited, so that a call is bounded however many sessions are in
   *     use; the last page is always completed, since its slots may have to stay on it
   * @param visitor ends the session or leaves it; returns whether to continue
   * @return whether all were visited
   */
  boolean visit(Instant cutoff, long most, Visitor visitor) {
    long last = number(cutoff.toEpochMilli());
    long shown = 0;
    for (Page page : pages.headMap(last, false).values()) {
      // A visited slot, expired or touched, is no longer on this page.
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

  /** Handles a slot whose session may have expired. */
  interface Visitor {
    boolean visit(Slot slot);
  }

  boolean isEmpty() {
    return pages.isEmpty();
  }

  /** Removes everything. Nothing stays of what is placed afterwards, or at the same time. */
  void close() {
    isClosed = true;
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
      // The page was empty and has just been removed; the next one is new.
      Thread.onSpinWait();
    }
    if (isClosed) {
      // It may have been added after the close has removed everything.
      pages.clear();
    }
  }

  private void take(Page page, Slot slot) {
    if (page.removeAndClose(slot)) {
      pages.remove(page.number, page);
    }
  }

  private static long number(long millis) {
    return millis >> PAGE_BITS;
  }

  /** The slots of about a second: the head of a list linked through {@link Slot#next}. */
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
