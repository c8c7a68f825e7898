package io.coatcheck.session.jdbc;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;

/** The statements of one operation, on a connection that is its own for the time. */
final class Statements {

  private final Connection connection;
  private final Timeouts timeouts;
  private boolean rollBack;

  Statements(Connection connection, Timeouts timeouts) {
    this.connection = connection;
    this.timeouts = timeouts;
  }

  /** Prepares a statement that is bounded in time; the caller closes it. */
  PreparedStatement prepare(String sql) throws SQLException {
    PreparedStatement statement = connection.prepareStatement(sql);
    try {
      timeouts.bound(statement);
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

  /** Has the transaction rolled back although the operation returns a result. */
  void rollBack() {
    rollBack = true;
  }

  boolean isToRollBack() {
    return rollBack;
  }
}
