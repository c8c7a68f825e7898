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
 *
 * <p>They are bounded in number: while the comparison fails or is slow, others may be reported for
 * as long as that lasts. Those beyond the bound are left to their next requests. Their copies are
 * not used before that, but their ends are not notified.
 */
final class ReportedChanges implements ChangeFeed.Listener {

  /** The most that wait for their comparison, some 10 MB. */
  static final int MAX_UNSETTLED = 100_000;

  private final Copies copies;
  private final CopyTable table;
  private final boolean isSettled;
  private final int most;
  private final Set<SessionId> unsettled = ConcurrentHashMap.newKeySet();

  /**
   * Creates the listener, to be subscribed.
   *
   * @param isSettled whether {@link #settle} will be called
   */
  ReportedChanges(Copies copies, boolean isSettled) {
    this(copies, isSettled, MAX_UNSETTLED);
  }

  ReportedChanges(Copies copies, boolean isSettled, int most) {
    this.copies = copies;
    table = copies.table();
    this.isSettled = isSettled;
    this.most = most;
  }

  @Override
  public void changed(SessionId id) {
    if (table.changed(id) && isSettled) {
      add(id);
    }
  }

  private void add(SessionId id) {
    if (unsettled.size() < most) {
      unsettled.add(id);
    }
  }

  /** Returns how many sessions wait for their comparison. */
  int unsettled() {
    return unsettled.size();
  }

  @Override
  public void missed() {
    table.missed();
    unsettled.clear();
  }

  @Override
  public void completeUpTo(long nanoTime) {
    table.completeUpTo(nanoTime);
  }

  /** Compares the reported sessions with the store. */
  void settle(BatchLookup store) {
    Map<SessionId, LocalEnds.Start> batch = new HashMap<>();
    for (Iterator<SessionId> ids = unsettled.iterator(); ids.hasNext(); ) {
      SessionId id = ids.next();
      // First, so that a report from now on adds it again.
      ids.remove();
      batch.put(id, table.start(id));
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
      batch.keySet().forEach(this::add);
      throw e;
    }
    batch.forEach(
        (id, start) -> {
          BatchLookup.Stamp stamp = stamps.get(id);
          if (stamp == null) {
            copies.gone(id, start.moment());
          } else {
            table.settle(start, stamp);
          }
        });
  }
}
