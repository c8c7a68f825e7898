package io.coatcheck.session.jdbc;

import io.coatcheck.session.background.Operation;
import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * Deletes old changes, in short transactions of bounded size. Part of the clean-up. All nodes do
 * the same work, but rows that one node has deleted cost the others nothing.
 */
final class ChangeRetention {

  /** A reader that was away for longer has missed changes. */
  static final Duration RETENTION = Duration.ofMinutes(10);

  /** How often a node looks, whatever the interval of the clean-up. */
  private static final Duration INTERVAL = Duration.ofSeconds(30);

  private static final int STEP_ROWS = 1_000;

  /** Bounds one call; the next one continues. */
  private static final int MAX_STEPS = 1_000;

  private final Transactions transactions;
  private final ChangeLog log;
  private final LongSupplier nanoTime;
  private long latest;
  private boolean hasRun;

  ChangeRetention(Transactions transactions, ChangeLog log, LongSupplier nanoTime) {
    this.transactions = transactions;
    this.log = log;
    this.nanoTime = nanoTime;
  }

  /**
   * Deletes old changes, unless this node has done so shortly before.
   *
   * @throws io.coatcheck.session.store.SessionStoreException if it failed; the next call continues
   */
  void trim() {
    if (!isDue()) {
      return;
    }
    transactions.recordOwed(new Operation("deleteExpired"));
    // Not where the last call ended: the numbers may have begun again, in a log that was emptied,
    // created again or restored.
    long from = 0;
    for (int step = 0; step < MAX_STEPS && !Thread.currentThread().isInterrupted(); step++) {
      long begin = from;
      from =
          transactions.several(
              new Operation("deleteExpired"),
              log.dialect().cleanUp(),
              statements -> log.trim(statements, begin, STEP_ROWS, RETENTION));
      if (from == begin) {
        return;
      }
    }
  }

  private synchronized boolean isDue() {
    long now = nanoTime.getAsLong();
    if (hasRun && now - latest < INTERVAL.toNanos()) {
      return false;
    }
    hasRun = true;
    latest = now;
    return true;
  }
}
