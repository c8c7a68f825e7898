package io.coatcheck.session.testkit;

import io.coatcheck.session.store.ChangeFeed;
import io.coatcheck.session.token.SessionId;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** A listener that records the reports of a feed, in order, with their times. */
final class ChangeJournal implements ChangeFeed.Listener {

  private final List<Entry> entries = new ArrayList<>();

  /** How many calls take some time. If all did, a fast feed would have to wait for them. */
  private static final int SLOW_CALLS = 500;

  /**
   * How long the first calls take, in nanoseconds, so that calls at the same time overlap visibly.
   */
  private final long duration;

  /** How long the journal waits for a call. */
  private final Duration patience;

  /** The threads that call the listener at this moment; more than one is a fault of the feed. */
  private int callers;

  private boolean overlapped;

  /**
   * One call of the listener.
   *
   * @param id the session that changed; null if all may have changed, or if the call reports
   *     completeness
   * @param completeUpTo null if the call reports changes
   * @param at when the call began
   */
  record Entry(@Nullable SessionId id, @Nullable Long completeUpTo, long at) {

    boolean isMissed() {
      return id == null && completeUpTo == null;
    }

    /** Returns whether a copy of a session is discarded by this call. */
    boolean discards(SessionId copied) {
      return isMissed() || copied.equals(id);
    }

    boolean isCompletePast(long moment) {
      return completeUpTo != null && completeUpTo - moment > 0;
    }
  }

  ChangeJournal() {
    this(StoreUnderTest.PATIENCE);
  }

  /** Creates a listener. */
  ChangeJournal(Duration patience) {
    this(patience, Duration.ZERO);
  }

  /** Creates a listener whose first calls take some time. */
  ChangeJournal(Duration patience, Duration duration) {
    this.patience = patience;
    this.duration = duration.toNanos();
  }

  @Override
  public void changed(SessionId id) {
    add(new Entry(id, null, System.nanoTime()));
  }

  @Override
  public void missed() {
    add(new Entry(null, null, System.nanoTime()));
  }

  @Override
  public void completeUpTo(long nanoTime) {
    add(new Entry(null, nanoTime, System.nanoTime()));
  }

  private void add(Entry entry) {
    boolean isSlow;
    synchronized (entries) {
      callers++;
      overlapped |= callers > 1;
      isSlow = duration > 0 && entries.size() < SLOW_CALLS;
    }
    if (isSlow) {
      LockSupport.parkNanos(duration);
    }
    synchronized (entries) {
      entries.add(entry);
      callers--;
      entries.notifyAll();
    }
  }

  /** Returns the calls so far. */
  List<Entry> entries() {
    synchronized (entries) {
      return List.copyOf(entries);
    }
  }

  boolean hasOverlapped() {
    synchronized (entries) {
      return overlapped;
    }
  }

  /** Returns the ids of all changes so far. */
  Set<SessionId> changed() {
    return entries().stream()
        .filter(entry -> entry.id() != null)
        .map(Entry::id)
        .collect(Collectors.toSet());
  }

  /** Waits until the feed is complete up to now, and returns the calls until then. */
  List<Entry> awaitComplete() throws Exception {
    long now = System.nanoTime();
    return await("the feed is complete up to a moment", entry -> entry.isCompletePast(now));
  }

  /** Waits for a call, and returns the calls up to it. */
  List<Entry> await(String what, Predicate<Entry> wanted) throws Exception {
    long deadline = System.nanoTime() + patience.toNanos();
    synchronized (entries) {
      for (int next = 0; ; next++) {
        while (next == entries.size()) {
          long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
          if (left <= 0) {
            throw new TimeoutException("not within " + patience.toSeconds() + " s: " + what);
          }
          entries.wait(left);
        }
        if (wanted.test(entries.get(next))) {
          return List.copyOf(entries.subList(0, next + 1));
        }
      }
    }
  }
}
