package io.coatcheck.session.jdbc;

import io.coatcheck.session.store.ChangeFeed;
import io.coatcheck.session.token.SessionId;
import java.util.ArrayList;
import java.util.List;

/** A listener that keeps the reports of a feed. */
final class ReportedChanges implements ChangeFeed.Listener {

  private final List<SessionId> changed = new ArrayList<>();
  private final List<Long> complete = new ArrayList<>();
  private int missed;

  @Override
  public synchronized void changed(SessionId id) {
    changed.add(id);
  }

  @Override
  public synchronized void missed() {
    missed++;
  }

  @Override
  public synchronized void completeUpTo(long nanoTime) {
    complete.add(nanoTime);
  }

  /** Returns the ids that were reported since the last call. */
  synchronized List<SessionId> takeChanged() {
    List<SessionId> taken = List.copyOf(changed);
    changed.clear();
    return taken;
  }

  /** Returns how often changes were missed since the last call. */
  synchronized int takeMissed() {
    int taken = missed;
    missed = 0;
    return taken;
  }

  /** Returns the moments of completeness since the last call. */
  synchronized List<Long> takeComplete() {
    List<Long> taken = List.copyOf(complete);
    complete.clear();
    return taken;
  }

  synchronized boolean hasChanged(SessionId id) {
    return changed.contains(id);
  }

  synchronized boolean isCompletePast(long nanoTime) {
    return complete.stream().anyMatch(moment -> moment - nanoTime > 0);
  }
}
