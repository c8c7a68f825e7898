package io.coatcheck.session.jdbc;

import io.coatcheck.session.background.Operation;
import io.coatcheck.session.store.SessionStoreException;
import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * Changes whose commit came late: a reader of the log of changes that began in the meantime may
 * have passed their numbers over. They are recorded again, with new numbers. Changes that could not
 * be recorded again are kept, and recorded later.
 */
final class LateCommits {

  /**
   * A change that is not committed this long after it was about to take a number in the log is
   * recorded again, with a new number. Readers rely on it: see {@link Changes#overdueAfter}. So it
   * does not depend on a setting, which may differ between nodes.
   */
  static final Duration LATE = Duration.ofSeconds(4);

  /** How often a change is recorded before its operation fails. */
  private static final int MAX_RECORDS = 3;

  /** How many changes are kept whose operations failed because they were not recorded again. */
  private static final int MAX_OWED = 1_000;

  private final Transactions transactions;
  private final Queue<Statements.Recorded> owed = new LinkedBlockingQueue<>(MAX_OWED);

  LateCommits(Transactions transactions) {
    this.transactions = transactions;
  }

  /**
   * Returns whether a change was committed late.
   *
   * @param waited the time from the call of its operation to the commit
   */
  static boolean isLate(Statements.Recorded recorded, Duration waited) {
    return waited.minus(recorded.since()).compareTo(LATE) > 0;
  }

  /**
   * Records a change again that was committed late.
   *
   * @param records how often it was recorded so far
   * @throws SessionStoreException if that fails, or is late each time
   */
  void recordAgain(Operation operation, Statements.Recorded late, int records) {
    String happened =
        operation
            + " happened, but other nodes may not be notified: its commit took more than "
            + LATE.toSeconds()
            + " seconds";
    if (records == MAX_RECORDS) {
      throw new SessionStoreException(happened + ", " + records + " times in a row");
    }
    boolean isRecorded = false;
    try {
      transactions.record(operation, late.again(), records + 1);
      isRecorded = true;
    } catch (SessionStoreException failure) {
      if (records > 1) {
        throw failure;
      }
      throw new SessionStoreException(
          happened + ", and the change could not be recorded again", failure);
    } finally {
      if (!isRecorded && records == 1) {
        owed.offer(late);
      }
    }
  }

  /** Records the kept changes; see {@link Transactions#recordOwed}. */
  void recordOwed(Operation operation) {
    for (Statements.Recorded next = owed.poll(); next != null; next = owed.poll()) {
      recordAgain(operation, next, 1);
    }
  }
}
