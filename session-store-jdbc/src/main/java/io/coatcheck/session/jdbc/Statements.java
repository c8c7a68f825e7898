package io.coatcheck.session.jdbc;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;

/** The statements of one operation, on a connection that is its own for the time. */
final class Statements {

  private final Connection connection;
  private final Timeouts timeouts;
  private int queryTimeoutBefore = Timeouts.UNTOUCHED;
  private boolean rollBack;

  Statements(Connection connection, Timeouts timeouts) {
    this.connection = connection;
    this.timeouts = timeouts;
  }

  /** Prepares a statement that is bounded in time; the caller closes it. */
  PreparedStatement prepare(String sql) throws SQLException {
    PreparedStatement statement = connection.prepareStatement(sql);
    try {
      int before = timeouts.bound(statement);
      if (queryTimeoutBefore == Timeouts.UNTOUCHED) {
        queryTimeoutBefore = before;
      }
      return statement;
    } catch (Throwable failure) {
      try {
        statement.close();
      } catch (Throwable second) {
        failure.addSuppressed(second);
      }
      throw failure;
    }
  }

  Connection connection() {
    return connection;
  }

  /** Puts back what {@link #prepare} changed of the connection. */
  void restore() throws SQLException {
    timeouts.restoreQuery(connection, queryTimeoutBefore);
  }

  /** Has the transaction rolled back although the operation returns a result. */
  void rollBack() {
    rollBack = true;
  }

  boolean isToRollBack() {
    return rollBack;
  }
}
