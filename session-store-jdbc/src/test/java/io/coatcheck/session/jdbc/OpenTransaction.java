package io.coatcheck.session.jdbc;

import io.coatcheck.session.token.SessionId;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;

/** A transaction of another node that has recorded changes and has not ended yet. */
final class OpenTransaction implements AutoCloseable {

  private final Table table;
  private final Connection connection;
  private final Statements statements;

  OpenTransaction(Table table) throws SQLException {
    this.table = table;
    connection = table.connections.getConnection();
    connection.setAutoCommit(false);
    statements =
        new Statements(
            connection,
            new Guard(new Timeouts(Duration.ofSeconds(5), table.dialect()), connection, null),
            () -> Duration.ZERO);
  }

  /** Records changes, which take the next numbers of the log. */
  OpenTransaction record(SessionId... ids) throws SQLException {
    new ChangeLog(table.dialect()).record(statements, List.of(ids));
    return this;
  }

  void commit() throws SQLException {
    connection.commit();
  }

  void rollBack() throws SQLException {
    connection.rollback();
  }

  @Override
  public void close() throws SQLException {
    connection.rollback();
    connection.setAutoCommit(table.pool.autoCommit());
    connection.close();
  }
}
