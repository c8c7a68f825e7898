package io.coatcheck.session.testkit;

import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.token.SessionId;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** The sessions and the log of changes that several {@link FeedNode}s share. */
final class FeedLog {

  final BrokenStore sessions;

  /** The changes that are visible, by their numbers. */
  final ConcurrentSkipListMap<Long, Change> visible = new ConcurrentSkipListMap<>();

  private final AtomicLong numbers = new AtomicLong();
  private volatile long forgotten;
  private volatile boolean broken;
  private final AtomicInteger outages = new AtomicInteger();

  /** A change, and the node that made it; null if that is not known. */
  record Change(SessionId id, @Nullable FeedNode node) {}

  FeedLog(SessionStore sessions, Set<FeedFault> faults) {
    this.sessions =
        new BrokenStore(sessions) {
          @Override
          void deletedUnread(SessionId id) {
            if (!faults.contains(FeedFault.IGNORES_DELETIONS_OF_WHAT_IT_CANNOT_READ)) {
              publish(nextNumber(), new Change(id, null));
            }
          }
        };
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
    outages.incrementAndGet();
    broken = true;
  }

  /** Ends the outage. */
  void restore() {
    broken = false;
  }

  /** Returns how often the connections of all nodes were cut. */
  int outages() {
    return outages.get();
  }

  boolean isBroken() {
    return broken;
  }
}
