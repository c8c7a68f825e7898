package io.coatcheck.session.jdbc;

import io.coatcheck.session.background.PolledChangeFeed;
import io.coatcheck.session.store.ChangeFeed;
import io.coatcheck.session.store.ChangeListeners;
import java.time.Duration;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The additional parts of a store that records changes.
 *
 * @param close ends the threads of the feed
 */
record Changes(ChangeFeed feed, Runnable close, ChangeRetention retention) {

  private static final Logger LOG = LoggerFactory.getLogger(JdbcSessionStore.class);

  /**
   * Checks the settings of a store.
   *
   * @throws IllegalArgumentException if it is to notify what it does not record, or cannot notify
   */
  static void check(boolean records, boolean notifies, Dialect dialect) {
    if (notifies && !records) {
      throw new IllegalArgumentException(
          "changeFeedNotifications(true) needs changeFeed(true): false");
    }
    if (notifies && dialect.database != Database.POSTGRESQL) {
      throw new IllegalArgumentException(
          "changeFeedNotifications(true) needs PostgreSQL: " + dialect.database);
    }
  }

  /**
   * Creates the reader of a log and the retention that trims it.
   *
   * @param queryTimeout as it is set for all nodes
   * @param interval between two reads of the log
   */
  static Changes of(
      Transactions transactions,
      ChangeLog log,
      Duration queryTimeout,
      Duration interval,
      LongSupplier nanoTime) {
    ChangeListeners listeners = new ChangeListeners();
    ChangeReader reader =
        new ChangeReader(transactions, log, listeners, nanoTime, overdueAfter(queryTimeout));
    ChangeRetention retention = new ChangeRetention(transactions, log, nanoTime);
    if (!log.notifies()) {
      PolledChangeFeed polled = new PolledChangeFeed(listeners, reader, interval, LOG);
      return new Changes(polled, polled::close, retention);
    }
    TrialNotifications trials = new TrialNotifications(reader, transactions);
    PolledChangeFeed polled = new PolledChangeFeed(listeners, trials, interval, LOG);
    NotifiedChangeFeed notified =
        new NotifiedChangeFeed(polled, listeners, trials, transactions, log.dialect());
    return new Changes(notified, notified::close, retention);
  }

  /**
   * Returns when a number is overdue: twice the longest transaction, and a second. A transaction
   * takes numbers by its last statement, so only that statement and the commit remain. Each takes
   * no longer than the query timeout and the second until the connection is aborted. A writer that
   * was stopped, or that has longer timeouts, may commit later nevertheless: it records its change
   * again, {@link LateCommits#LATE}, which is less than half of this with any timeout.
   */
  static Duration overdueAfter(Duration queryTimeout) {
    return queryTimeout.plusSeconds(1).multipliedBy(2).multipliedBy(2).plusSeconds(1);
  }
}
