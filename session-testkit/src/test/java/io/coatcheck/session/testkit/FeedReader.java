package io.coatcheck.session.testkit;

import io.coatcheck.session.store.ChangeListeners;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** Reads the log of changes for one node, on a thread, and reports to its listeners. */
final class FeedReader {

  /** How many changes are read at once by a feed that leaves out the earlier ones. */
  private static final int PAGE = 1_000;

  private final FeedLog log;
  private final FeedNode node;
  private final Set<FeedFault> faults;
  private final ChangeListeners listeners;
  private final Set<Long> gaps = new TreeSet<>();
  private long position;
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
        reported = readOnce(reported);
      }
    }
  }

  private long readOnce(long reported) {
    long now = System.nanoTime();
    if (log.isBroken() && !has(FeedFault.IS_COMPLETE_DURING_AN_OUTAGE)) {
      return reported;
    }
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
      if (toSkip-- <= 0 && !isIgnored(each.getValue())) {
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
