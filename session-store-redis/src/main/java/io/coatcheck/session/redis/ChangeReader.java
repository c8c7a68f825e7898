package io.coatcheck.session.redis;

import io.coatcheck.session.background.PolledChangeFeed;
import io.coatcheck.session.store.ChangeListeners;
import io.coatcheck.session.store.SessionStoreException;
import java.util.List;

/**
 * Reads the logs of changes, one of each bucket. The changes are complete up to a moment if all
 * logs were read to their ends since.
 *
 * <p>Used by one thread.
 */
final class ChangeReader implements PolledChangeFeed.Reader {

  private final List<ChangeLog> logs;
  private final ChangeListeners listeners;

  /**
   * Creates a reader.
   *
   * @param elsewhere is run when another connection is read than before, which may lead to another
   *     server
   */
  ChangeReader(Buckets buckets, ChangeListeners listeners, Runnable elsewhere) {
    logs =
        buckets.all().stream()
            .map(bucket -> new ChangeLog(bucket.redis(), bucket.keys(), listeners, elsewhere))
            .toList();
    this.listeners = listeners;
  }

  @Override
  public void rest() {
    logs.forEach(ChangeLog::rest);
  }

  @Override
  public boolean read() {
    long asked = System.nanoTime();
    SessionStoreException failure = null;
    boolean[] isMore = {false};
    for (ChangeLog log : logs) {
      failure = Buckets.attempt(log::ask, failure);
    }
    for (ChangeLog log : logs) {
      failure = Buckets.attempt(() -> isMore[0] |= log.read(), failure);
    }
    if (failure != null) {
      throw failure;
    }
    if (!isMore[0]) {
      listeners.completeUpTo(asked);
    }
    return isMore[0];
  }
}
