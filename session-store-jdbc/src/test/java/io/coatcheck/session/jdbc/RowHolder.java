package io.coatcheck.session.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.token.SessionId;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;

/** Another party's transaction, which holds rows of a table until it is closed or rolled back. */
final class RowHolder implements AutoCloseable {

  private final Table table;
  private final Connection connection;

  RowHolder(Table table) throws SQLException {
    this.table = table;
    connection = table.connections.getConnection();
    connection.setAutoCommit(false);
  }

  void hold(SessionId id) throws SQLException {
    execute("UPDATE " + table.name + " SET generation = generation", id);
  }

  void delete(SessionId id) throws SQLException {
    execute("DELETE FROM " + table.name, id);
  }

  private void execute(String sql, SessionId id) throws SQLException {
    String uuid = id.toUuid().toString();
    String bytes = uuid.replace("-", "");
    String literal =
        switch (table.pool.server()) {
          case MARIADB -> "0x" + bytes;
          case SQLITE -> "X'" + bytes + "'";
          case POSTGRESQL, H2 -> "'" + uuid + "'";
        };
    try (Statement statement = connection.createStatement()) {
      assertThat(statement.executeUpdate(sql + " WHERE id = " + literal)).isEqualTo(1);
    }
  }

  /** Holds one more row; if that is a deadlock which costs this transaction, lets go of all. */
  void holdOrRollBack(SessionId id) throws SQLException {
    try {
      hold(id);
    } catch (SQLException deadlock) {
      assertThat(table.dialect().failure(deadlock).isRolledBack()).isTrue();
      rollBack();
    }
  }

  void awaitWaiter() {
    Table.await("a transaction waits for the row", table::hasWaiter);
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
