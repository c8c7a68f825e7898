package io.coatcheck.session.testkit;

import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.token.SessionId;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicLong;

/** The sessions and the log of changes that several {@link FeedNode}s share. */
final class FeedLog {

  final SessionStore sessions;

  /** The changes that are visible, by their numbers. */
  final ConcurrentSkipListMap<Long, Change> visible = new ConcurrentSkipListMap<>();

  private final AtomicLong numbers = new AtomicLong();
  private volatile long forgotten;
  private volatile boolean broken;

  /** A change, and the node that made it. */
  record Change(SessionId id, FeedNode node) {}

  FeedLog(SessionStore sessions) {
    this.sessions = sessions;
  }

  /** Takes a number for a change, which may become visible later, or never. */
  long nextNumber() {
    return numbers.incrementAndGet();
  }

  /** Returns the number that was taken last. */
  long lastNumber() {
    return numbers.get();
  }

  void publish(long number, Change change) {
    visible.put(number, change);
  }

  /** Forgets what the log holds so far. */
  void forget() {
    forgotten = numbers.get();
    visible.headMap(forgotten, true).clear();
  }

  /** Returns the last number whose change was forgotten. */
  long forgotten() {
    return forgotten;
  }

  /** Makes the log fail for all nodes, as an outage would. */
  void breakDown() {
    broken = true;
  }

  boolean isBroken() {
    return broken;
  }
}
