package io.coatcheck.session.jdbc;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.sql.Statement;
import org.jspecify.annotations.Nullable;

/**
 * Bounds the calls of one operation on a connection that it uses alone, and restores the settings
 * of the connection that it changes. The caller ends it.
 */
final class Guard {

  /** Marks that there is nothing to restore. */
  private static final int UNTOUCHED = -1;

  private final Timeouts timeouts;
  private final Connection connection;
  private final Watchdog.@Nullable Watch watch;
  private int networkBefore = UNTOUCHED;
  private int queryBefore = UNTOUCHED;

  /**
   * Creates a guard.
   *
   * @param watch null if the driver does not end a connection that is aborted
   */
  Guard(Timeouts timeouts, Connection connection, Watchdog.@Nullable Watch watch) {
    this.timeouts = timeouts;
    this.connection = connection;
    this.watch = watch;
  }

  Timeouts timeouts() {
    return timeouts;
  }

  /** Bounds the wait for the socket, unless it already has a tighter bound. */
  void boundNetwork() throws SQLException {
    if (!timeouts.isNetworkTimeoutSupported()) {
      return;
    }
    int wanted = timeouts.networkMillis();
    try {
      int before = connection.getNetworkTimeout();
      if (before <= 0 || before > wanted) {
        connection.setNetworkTimeout(Runnable::run, wanted);
        networkBefore = before;
      }
    } catch (SQLFeatureNotSupportedException unsupported) {
      timeouts.networkTimeoutIsUnsupported();
    }
  }

  /** Bounds a statement that is executed next. */
  void bound(Statement statement) throws SQLException {
    if (timeouts.boundsStatements()) {
      if (queryBefore == UNTOUCHED && timeouts.isQueryTimeoutToBeRestored()) {
        queryBefore = statement.getQueryTimeout();
      }
      statement.setQueryTimeout(timeouts.querySeconds());
    }
    next();
  }

  /** Records that another call to the database begins. */
  void next() {
    if (watch != null) {
      watch.next();
    }
  }

  /** Returns whether the connection was aborted because a call did not end. */
  boolean isAborted() {
    return watch != null && watch.isAborted();
  }

  void restoreQuery() throws SQLException {
    if (queryBefore != UNTOUCHED) {
      next();
      try (Statement statement = connection.createStatement()) {
        statement.setQueryTimeout(queryBefore);
      }
    }
  }

  void restoreNetwork() throws SQLException {
    if (networkBefore != UNTOUCHED) {
      connection.setNetworkTimeout(Runnable::run, networkBefore);
    }
  }

  /** Ends the guard, and returns whether the connection was aborted or is about to be. */
  boolean end() {
    return watch != null && watch.end();
  }
}
