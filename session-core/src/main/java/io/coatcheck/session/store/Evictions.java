package io.coatcheck.session.store;

import java.util.function.Consumer;

/**
 * An optional capability: the store is bounded and gives up live sessions by itself when it is
 * full.
 *
 * @since 0.1.0
 */
public interface Evictions {

  /**
   * Registers who is told of each session that was given up for lack of room. Each such session
   * goes to exactly one call, after it is gone; sessions that expired, or that {@code delete} took,
   * are not told here. Who is registered last is told, and nobody else; what was given up before is
   * not told again.
   *
   * @param evicted called on the thread whose operation made room; must not block. What it throws
   *     is the store's to contain: the operation succeeds
   */
  void onEvicted(Consumer<StoredSession> evicted);
}
