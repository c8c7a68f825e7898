package io.coatcheck.session.nearcache;

import io.coatcheck.session.store.BatchLookup;
import io.coatcheck.session.store.ChangeFeed;
import io.coatcheck.session.token.SessionId;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Discards the copies of sessions that the change feed reports. A report does not say what changed:
 * it may be this node's own write, whose copy is good, or an end, of which the listener is to be
 * notified. So the sessions that had a copy are compared with the store, many at a time; requests
 * do not wait for that and read the store themselves.
 */
final class ReportedChanges implements ChangeFeed.Listener {

  private final Copies copies;
  private final boolean isSettled;
  private final Set<SessionId> unsettled = ConcurrentHashMap.newKeySet();

  /**
   * Creates the listener, to be subscribed.
   *
   * @param isSettled whether {@link #settle} will be called
   */
  ReportedChanges(Copies copies, boolean isSettled) {
    this.copies = copies;
    this.isSettled = isSettled;
  }

  @Override
  public void changed(SessionId id) {
    if (copies.changed(id) && isSettled) {
      unsettled.add(id);
    }
  }

  @Override
  public void missed() {
    copies.missed();
    unsettled.clear();
  }

  @Override
  public void completeUpTo(long nanoTime) {
    copies.completeUpTo(nanoTime);
  }

  /** Compares the reported sessions with the store. */
  void settle(BatchLookup store) {
    Map<SessionId, LocalEnds.Start> batch = new HashMap<>();
    for (Iterator<SessionId> ids = unsettled.iterator(); ids.hasNext(); ) {
      SessionId id = ids.next();
      // First, so that a report from now on adds it again.
      ids.remove();
      batch.put(id, copies.start(id));
      if (batch.size() == BatchLookup.MAX_IDS) {
        settle(store, batch);
        batch.clear();
      }
    }
    if (!batch.isEmpty()) {
      settle(store, batch);
    }
  }

  private void settle(BatchLookup store, Map<SessionId, LocalEnds.Start> batch) {
    Map<SessionId, BatchLookup.Stamp> stamps;
    try {
      stamps = store.stamps(batch.keySet());
    } catch (Throwable e) {
      unsettled.addAll(batch.keySet());
      throw e;
    }
    batch.forEach(
        (id, start) -> {
          BatchLookup.Stamp stamp = stamps.get(id);
          if (stamp == null) {
            copies.gone(id, start.moment());
          } else {
            copies.settle(start, stamp);
          }
        });
  }
}
