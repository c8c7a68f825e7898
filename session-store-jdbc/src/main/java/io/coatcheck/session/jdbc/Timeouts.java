package io.coatcheck.session.jdbc;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.sql.Statement;
import java.time.Duration;

/**
 * Bounds statements and waits for the socket. The query timeout handles a slow database: it cancels
 * the statement and keeps the connection. The network timeout handles a database or network that is
 * down, and costs the connection.
 *
 * <p>The query timeout expires a second before the network timeout, or a second after it where
 * {@link Dialect#givesUpBeforeCancelling} says so.
 */
final class Timeouts {

  static final Duration BETWEEN = Duration.ofSeconds(1);

  /** Marks that there is nothing to restore. */
  static final int UNTOUCHED = -1;

  private final Duration query;
  private final Duration network;
  private final boolean outlivesStatement;
  private volatile boolean networkSupported = true;

  Timeouts(Duration first, Dialect dialect) {
    boolean networkFirst = dialect.givesUpBeforeCancelling();
    query = networkFirst ? first.plus(BETWEEN) : first;
    network = networkFirst ? first : first.plus(BETWEEN);
    outlivesStatement = dialect.keepsQueryTimeout();
  }

  /** Returns the query timeout in whole seconds, rounded up, as JDBC counts them. */
  int querySeconds() {
    return Math.toIntExact(query.plus(Duration.ofNanos(999_999_999)).toSeconds());
  }

  /**
   * Bounds a statement.
   *
   * @return the argument for {@link #restoreQuery}
   */
  int bound(Statement statement) throws SQLException {
    int before = outlivesStatement ? statement.getQueryTimeout() : UNTOUCHED;
    statement.setQueryTimeout(querySeconds());
    return before;
  }

  void restoreQuery(Connection connection, int before) throws SQLException {
    if (before != UNTOUCHED) {
      try (Statement statement = connection.createStatement()) {
        statement.setQueryTimeout(before);
      }
    }
  }

  /**
   * Bounds the wait for the socket, unless it already has a tighter bound.
   *
   * @return the argument for {@link #restore}
   */
  int take(Connection connection) throws SQLException {
    if (!networkSupported) {
      return UNTOUCHED;
    }
    int wanted = Math.toIntExact(network.toMillis());
    try {
      int before = connection.getNetworkTimeout();
      if (before > 0 && before <= wanted) {
        return UNTOUCHED;
      }
      connection.setNetworkTimeout(Runnable::run, wanted);
      return before;
    } catch (SQLFeatureNotSupportedException unsupported) {
      networkSupported = false;
      return UNTOUCHED;
    }
  }

  void restore(Connection connection, int before) throws SQLException {
    if (before != UNTOUCHED) {
      connection.setNetworkTimeout(Runnable::run, before);
    }
  }
}
