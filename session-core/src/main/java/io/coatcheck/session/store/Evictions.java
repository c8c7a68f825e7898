package io.coatcheck.session.store;

import java.util.function.Consumer;

/**
 * An optional capability: the store is bounded, and evicts live sessions by itself when it is full.
 *
 * @since 0.1.0
 */
public interface Evictions {

  /**
   * Sets the listener that is notified of each session that was evicted for lack of room. Each such
   * session is passed to exactly one call, after it is gone. Sessions that expired, or that {@code
   * delete} returned, are not passed to it. Replaces the listener that was set before; earlier
   * evictions are not reported again.
   *
   * @param evicted called on the thread whose operation made room; must not block. The store
   *     catches and logs what it throws: the operation succeeds
   */
  void onEvicted(Consumer<StoredSession> evicted);
}
