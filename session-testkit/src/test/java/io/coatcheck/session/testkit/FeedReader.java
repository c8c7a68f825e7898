package io.coatcheck.session.testkit;

import io.coatcheck.session.store.ChangeListeners;
import io.coatcheck.session.token.SessionId;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;

/** Reads the log of changes for one node, on a thread, and reports to its listeners. */
final class FeedReader {

  /** How many changes are read at once by a feed that leaves out the earlier ones. */
  private static final int PAGE = 1_000;

  private final FeedLog log;
  private final FeedNode node;
  private final Set<FeedFault> faults;
  private final ChangeListeners listeners;
  private final Set<Long> gaps = new TreeSet<>();
  private final Set<SessionId> reportedIds = new HashSet<>();
  private final ReentrantLock reading = new ReentrantLock();
  private long position;
  private int outages;
  private volatile boolean rested;
  private volatile boolean closed;

  FeedReader(FeedLog log, FeedNode node, Set<FeedFault> faults, ChangeListeners listeners) {
    this.log = log;
    this.node = node;
    this.faults = faults;
    this.listeners = listeners;
  }

  private boolean has(FeedFault fault) {
    return faults.contains(fault);
  }

  /** Reads from now on. */
  void start() {
    // From the beginning, since anything may become visible from now on.
    position = has(FeedFault.BEGINS_AT_THE_END_OF_THE_LOG) ? log.lastNumber() : log.forgotten();
    Thread thread = new Thread(this::read, "feed-node");
    thread.setDaemon(true);
    thread.start();
  }

  void close() {
    closed = true;
  }

  /** Waits until no listener is being called; for 4 seconds, in vain, if a listener calls this. */
  void awaitPause() {
    long began = System.nanoTime();
    while (reading.isLocked() && System.nanoTime() - began < TimeUnit.SECONDS.toNanos(4)) {
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
    }
  }

  boolean isClosed() {
    return closed;
  }

  private void read() {
    long reported = 0;
    while (!closed) {
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
      if (has(FeedFault.CALLS_LISTENERS_UNDER_ITS_LOCK)) {
        synchronized (log) {
          readOnce(0);
        }
      } else {
        reading.lock();
        try {
          reported = readOnce(reported);
        } finally {
          reading.unlock();
        }
      }
    }
  }

  /** Records that there were no listeners, and that one is being added. */
  void goOn() {
    rested = true;
    closeIf(FeedFault.ENDS_WITHOUT_LISTENERS);
  }

  private void beginAgain() {
    if (rested) {
      rested = false;
      skipIf(FeedFault.BEGINS_AGAIN_AT_THE_END_OF_THE_LOG);
    }
    if (outages != log.outages()) {
      outages = log.outages();
      closeIf(FeedFault.ENDS_AT_AN_OUTAGE);
      skipIf(FeedFault.LOSES_CHANGES_IN_AN_OUTAGE);
    }
  }

  private void closeIf(FeedFault fault) {
    if (has(fault)) {
      closed = true;
    }
  }

  private void skipIf(FeedFault fault) {
    if (has(fault)) {
      position = log.lastNumber();
      gaps.clear();
    }
  }

  private long readOnce(long reported) {
    long now = System.nanoTime();
    if (log.isBroken() && !has(FeedFault.IS_COMPLETE_DURING_AN_OUTAGE)) {
      return reported;
    }
    beginAgain();
    long forgotten = log.forgotten();
    if (forgotten > position && !has(FeedFault.NEVER_SAYS_THAT_IT_MISSED_CHANGES)) {
      listeners.missed();
    }
    position = Math.max(position, forgotten);
    gaps.removeIf(number -> number <= forgotten);
    Map<Long, FeedLog.Change> found = found();
    if (has(FeedFault.TAKES_THE_TIME_AFTER_THE_QUERY)) {
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(2));
      now = System.nanoTime();
    }
    if (has(FeedFault.TAKES_THE_TIME_OF_ANOTHER_MACHINE)) {
      now += TimeUnit.MINUTES.toNanos(1);
    }
    if (has(FeedFault.IS_COMPLETE_BEFORE_IT_REPORTS)) {
      listeners.completeUpTo(now);
    }
    report(found);
    if (!has(FeedFault.IS_SILENT_WITHOUT_CHANGES) || !found.isEmpty() || reported == 0) {
      listeners.completeUpTo(now);
    }
    return now;
  }

  /** Returns what has become visible, after the position or in a gap before it. */
  private Map<Long, FeedLog.Change> found() {
    Map<Long, FeedLog.Change> found = new TreeMap<>();
    // One by one: a copy of the whole would rely on a size that changes meanwhile.
    log.visible.tailMap(position, false).forEach(found::put);
    for (long number : new HashSet<>(gaps)) {
      FeedLog.Change change = log.visible.get(number);
      if (change != null) {
        found.put(number, change);
      }
    }
    return found;
  }

  private void report(Map<Long, FeedLog.Change> found) {
    int toSkip = has(FeedFault.SKIPS_A_BACKLOG) ? found.size() - PAGE : 0;
    for (Map.Entry<Long, FeedLog.Change> each : found.entrySet()) {
      long number = each.getKey();
      if (has(FeedFault.STOPS_AT_A_CHANGE_THAT_WAS_UNDONE) && number > position + 1) {
        break;
      }
      for (long missing = position + 1; missing < number; missing++) {
        if (!has(FeedFault.FORGETS_GAPS)) {
          gaps.add(missing);
        }
      }
      gaps.remove(number);
      position = Math.max(position, number);
      boolean isNew = reportedIds.add(each.getValue().id());
      if (toSkip-- <= 0
          && !isIgnored(each.getValue())
          && (isNew || !has(FeedFault.REPORTS_EACH_SESSION_ONCE))) {
        listeners.changed(each.getValue().id());
      }
    }
  }

  private boolean isIgnored(FeedLog.Change change) {
    return change.node() == node
        ? has(FeedFault.IGNORES_ITS_OWN_CHANGES) || has(FeedFault.REPORTS_ITS_OWN_CHANGES_TOO_EARLY)
        : has(FeedFault.IGNORES_CHANGES_OF_OTHERS);
  }
}
