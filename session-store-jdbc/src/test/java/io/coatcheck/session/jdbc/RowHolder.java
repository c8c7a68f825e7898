package io.coatcheck.session.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.token.SessionId;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

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
    String hex = id.toUuid().toString();
    try (Statement statement = connection.createStatement()) {
      int held =
          statement.executeUpdate(
              "UPDATE "
                  + table.name
                  + " SET generation = generation WHERE id = "
                  + (table.pool.server() == TestDatabase.MARIADB
                      ? "0x" + hex.replace("-", "")
                      : "'" + hex + "'"));
      assertThat(held).isEqualTo(1);
    }
  }

  /** Holds one more row; if that is a deadlock which costs this transaction, lets go of all. */
  void holdOrRollBack(SessionId id) throws SQLException {
    try {
      hold(id);
    } catch (SQLException deadlock) {
      assertThat(SqlFailure.isRolledBack(deadlock, table.pool.database())).isTrue();
      rollBack();
    }
  }

  /** Waits until a transaction waits for a row of this or another holder. */
  void awaitWaiter() {
    String waiting =
        switch (table.pool.server()) {
          case POSTGRESQL -> "SELECT 1 FROM pg_locks WHERE NOT granted";
          case MARIADB ->
              "SELECT 1 FROM information_schema.global_status"
                  + " WHERE variable_name = 'Innodb_row_lock_current_waits' AND variable_value > 0";
          case H2 -> "SELECT 1 FROM information_schema.sessions WHERE blocker_id IS NOT NULL";
        };
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (table.query(waiting).isEmpty()) {
      assertThat(System.nanoTime() - deadline).as("somebody waits for the row").isNegative();
      LockSupport.parkNanos(5_000_000);
    }
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
