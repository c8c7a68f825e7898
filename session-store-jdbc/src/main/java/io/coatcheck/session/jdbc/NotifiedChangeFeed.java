package io.coatcheck.session.jdbc;

import io.coatcheck.session.background.Operation;
import io.coatcheck.session.background.Outage;
import io.coatcheck.session.background.PolledChangeFeed;
import io.coatcheck.session.background.RecurringWork;
import io.coatcheck.session.store.ChangeFeed;
import io.coatcheck.session.store.ChangeListeners;
import io.coatcheck.session.store.SessionStoreException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A change feed that also reads the log when PostgreSQL notifies it that a session has ended or has
 * a new secret. A notification says nothing else, and none is relied on: the feed is complete up to
 * what it has read, and reads after its interval whether notified or not.
 *
 * <p>A thread listens on a connection of its own while there are listeners. Each wait is short and
 * asks the server nothing, so that closing the store has nothing to interrupt. At first another
 * connection notifies this one ({@link TrialNotifications}), to see that it receives notifications.
 * From time to time the thread asks the server whether the connection still listens: the network
 * may have lost it without a trace, a pooler may have replaced it, and the table may have been
 * created again.
 */
final class NotifiedChangeFeed implements ChangeFeed {

  /** How long {@link #close} waits at most for a connection that only waits. */
  private static final int WAIT_MILLIS = 200;

  private static final Duration CHECK_INTERVAL = Duration.ofSeconds(10);

  private static final Duration RETRY_INTERVAL = Duration.ofSeconds(1);

  private static final Logger LOG = LoggerFactory.getLogger(JdbcSessionStore.class);

  private static final Operation LISTEN = new Operation("listen");

  private static final AtomicInteger NUMBER = new AtomicInteger();

  private final PolledChangeFeed feed;
  private final ChangeListeners listeners;
  private final TrialNotifications trials;
  private final Transactions transactions;
  private final Dialect dialect;
  private final String selectChannel;
  private final String selectIsListening;
  private final RecurringWork work;
  private volatile boolean closed;

  /** The attempts that have failed since it last listened. Used by the thread only. */
  private final Outage outage = new Outage(LOG, 2);

  /**
   * Whether the last attempt did not receive what another connection had sent. Used by the thread
   * only.
   */
  private boolean wentAstray;

  /**
   * Prepares the thread, which the first subscription starts.
   *
   * @param listeners those of the feed
   * @param trials the reader of the feed
   */
  NotifiedChangeFeed(
      PolledChangeFeed feed,
      ChangeListeners listeners,
      TrialNotifications trials,
      Transactions transactions,
      Dialect dialect) {
    this.feed = feed;
    this.listeners = listeners;
    this.trials = trials;
    this.transactions = transactions;
    this.dialect = dialect;
    selectChannel = "SELECT " + channel(dialect);
    selectIsListening =
        selectChannel + " IN (SELECT pg_listening_channels()), " + dialect.readOnlyOrFalse();
    work =
        new RecurringWork(
            "coatcheck-listener-" + NUMBER.incrementAndGet(),
            RETRY_INTERVAL::toNanos,
            this::listen,
            this::logFailure);
  }

  /**
   * Returns the expression for the name of the channel. It has the number of the table, which can
   * be named in several ways, and the names of two tables may be too long for a channel.
   */
  static String channel(Dialect dialect) {
    return "'coatcheck_' || CAST(CAST('" + dialect.table.qualified() + "' AS regclass) AS oid)";
  }

  @Override
  public Subscription subscribe(Listener listener) {
    // First: if the thread cannot start, nothing is left, and the next call tries again.
    work.start();
    Subscription subscription = feed.subscribe(listener);
    work.wake();
    return subscription;
  }

  @Override
  public Duration interval() {
    return feed.interval();
  }

  private void listen() {
    if (listeners.isEmpty()) {
      return;
    }
    wentAstray = false;
    try {
      transactions.read(
          LISTEN,
          statements -> {
            Notifications notifications = Notifications.of(statements.connection());
            try {
              listen(statements, notifications);
            } catch (SQLException failure) {
              throw lost(failure, failure.getSQLState(), failure.getErrorCode());
            } catch (RuntimeException failure) {
              throw lost(failure, null, 0);
            }
            return true;
          });
    } catch (SessionStoreException failure) {
      throw wentAstray
          ? new SessionStoreException(
              failure.getMessage()
                  + ", since none arrived that another connection had sent: a pooler must give this"
                  + " store session pooling",
              failure)
          : failure;
    }
  }

  /** Makes a failure one that costs the connection, which may still listen. */
  private static SQLException lost(Exception failure, @Nullable String state, int code) {
    return new SQLNonTransientConnectionException("listening failed", state, code, failure);
  }

  private void listen(Statements statements, Notifications notifications) throws SQLException {
    String channel = channel(statements);
    run(statements, "LISTEN " + channel);
    TrialNotifications.Trial trial = trials.send(channel);
    boolean isAwaited = true;
    long checked = System.nanoTime();
    // For what was notified before, and for the trial.
    feed.pollSoon();
    while (work.rest(0) && !listeners.isEmpty()) {
      statements.next();
      if (notifications.arriveWithin(WAIT_MILLIS)) {
        isAwaited = false;
        receives();
        feed.pollSoon();
      }
      if (isAwaited && trial.isSent()) {
        if (trial.isSentBefore(CHECK_INTERVAL.toNanos())) {
          wentAstray = true;
          throw new SQLException("no notification arrived", "08003");
        }
      } else if (System.nanoTime() - checked > CHECK_INTERVAL.toNanos()) {
        requireListening(statements);
        checked = System.nanoTime();
      }
    }
    run(statements, "UNLISTEN " + channel);
  }

  private void receives() {
    int failures = outage.end();
    if (failures > 0) {
      LOG.info("notifications are received again, after {} failed attempts", failures);
    }
  }

  private String channel(Statements statements) throws SQLException {
    try (PreparedStatement statement = statements.prepare(selectChannel);
        ResultSet row = statement.executeQuery()) {
      row.next();
      return row.getString(1);
    }
  }

  private void requireListening(Statements statements) throws SQLException {
    boolean isListening;
    try (PreparedStatement statement = statements.prepare(selectIsListening);
        ResultSet row = statement.executeQuery()) {
      row.next();
      dialect.refuseReadOnly(row, 2);
      isListening = row.getBoolean(1);
    }
    endTransaction(statements);
    if (!isListening) {
      throw new SQLException("the connection does not listen", "08003");
    }
  }

  private static void run(Statements statements, String sql) throws SQLException {
    statements.execute(sql);
    endTransaction(statements);
  }

  /** Nothing is received within a transaction. */
  private static void endTransaction(Statements statements) throws SQLException {
    Connection connection = statements.connection();
    if (!connection.getAutoCommit()) {
      statements.next();
      connection.commit();
    }
  }

  private void logFailure(Throwable failure) {
    if (!outage.add(failure) || closed) {
      return;
    }
    if (failure instanceof SessionStoreException) {
      LOG.warn(
          "notifications are not received; ends of sessions are found at the interval of the"
              + " change feed: {}",
          failure.getMessage());
    } else {
      LOG.error("receiving notifications failed, and will be retried", failure);
    }
  }

  /** Ends the threads, and all subscriptions. */
  void close() {
    closed = true;
    work.endOrWarn(LOG, "the store's server");
    feed.close();
  }
}
