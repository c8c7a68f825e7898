package io.coatcheck.session.jdbc;

import io.coatcheck.session.background.Operation;
import io.coatcheck.session.log.LimitedLog;
import io.coatcheck.session.store.SessionStoreException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import java.time.Duration;
import javax.sql.DataSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes connections from the pool and gives them back. Refuses those that are in the middle of a
 * transaction of the application. Thread-safe.
 */
final class Connections {

  private static final Logger LOG = LoggerFactory.getLogger(JdbcSessionStore.class);

  private final DataSource dataSource;
  private final LimitedLog notReturned = new LimitedLog(LOG, Duration.ofMinutes(1));

  /** After a connection in autocommit, one that is not is in a transaction of the application. */
  private volatile boolean autoCommits;

  Connections(DataSource dataSource) {
    this.dataSource = dataSource;
  }

  /**
   * Takes a connection.
   *
   * @throws SQLException if there is none, even if the data source throws an unchecked exception,
   *     as some pools and routing data sources do
   */
  Connection take() throws SQLException {
    return take(dataSource);
  }

  /** Takes a connection, as {@link #take()} does. */
  static Connection take(DataSource dataSource) throws SQLException {
    try {
      return dataSource.getConnection();
    } catch (RuntimeException failure) {
      throw new SQLNonTransientConnectionException("the data source failed", "08001", failure);
    }
  }

  /**
   * Returns whether a connection commits each statement.
   *
   * @throws SessionStoreException if it is in a transaction of the application
   */
  boolean isInAutoCommit(Operation operation, Connection connection) throws SQLException {
    boolean autoCommit = connection.getAutoCommit();
    if (autoCommit) {
      autoCommits = true;
    } else if (autoCommits) {
      throw new SessionStoreException(
          operation
              + " failed: dataSource gave a connection in the middle of a transaction; give the"
              + " store the pool itself, not a transaction-aware view of it");
    }
    return autoCommit;
  }

  /**
   * Gives a connection back when the outcome of the operation is known: a failure here costs the
   * connection, but does not affect the caller.
   *
   * @param isSuspect whether the connection must not be used again
   */
  void giveBack(Operation operation, Connection connection, boolean isSuspect) {
    try {
      if (isSuspect) {
        connection.abort(Runnable::run);
        // Fails, so that a pool that watches exceptions, such as HikariCP, replaces it.
        connection.getAutoCommit();
      }
    } catch (SQLException | RuntimeException failure) {
      SqlFailure.keepInterrupt(failure);
      LOG.debug("{}: a connection was discarded", operation);
    }
    try {
      connection.close();
    } catch (SQLException | RuntimeException failure) {
      SqlFailure.keepInterrupt(failure);
      String reason =
          failure instanceof SQLException exception
              ? "SQLState " + exception.getSQLState()
              : failure.getClass().getName();
      notReturned.warn(
          reason, operation + ": a connection could not be returned to the pool, " + reason);
    }
  }
}
