package io.coatcheck.session.jdbc;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.time.Duration;

/**
 * Bounds statements and the waiting for a socket. The query timeout is for a database that is slow:
 * it cancels the statement and keeps the connection. The network timeout, a second longer, is for a
 * database or a network that is gone, and costs the connection.
 */
final class Timeouts {

  static final Duration NETWORK_EXTRA = Duration.ofSeconds(1);

  /** What {@link #take} returns if there is nothing to put back. */
  private static final int UNTOUCHED = -1;

  private final Duration query;
  private volatile boolean networkSupported = true;

  Timeouts(Duration query) {
    this.query = query;
  }

  /** Returns the query timeout in whole seconds, rounded up, as JDBC counts them. */
  int querySeconds() {
    return Math.toIntExact(query.plus(Duration.ofNanos(999_999_999)).toSeconds());
  }

  void bound(PreparedStatement statement) throws SQLException {
    statement.setQueryTimeout(querySeconds());
  }

  /**
   * Bounds the waiting for the socket, unless it is bounded tighter already.
   *
   * @return what {@link #restore} is to be given
   */
  int take(Connection connection) throws SQLException {
    if (!networkSupported) {
      return UNTOUCHED;
    }
    int wanted = Math.toIntExact(query.plus(NETWORK_EXTRA).toMillis());
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
