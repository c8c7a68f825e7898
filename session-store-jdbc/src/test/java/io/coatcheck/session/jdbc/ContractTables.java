package io.coatcheck.session.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.token.SessionId;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;

/** One table for all tests of a contract on one pool, emptied before each. */
final class ContractTables {

  /** The tables of stores without a change feed. */
  static final ContractTables PLAIN = new ContractTables(false, false);

  /** The tables of stores with a change feed, with a log of changes each. */
  static final ContractTables WITH_CHANGES = new ContractTables(true, false);

  /** The tables of stores whose change feed is also notified. */
  static final ContractTables WITH_NOTIFICATIONS = new ContractTables(true, true);

  private final Map<Pool, Table> tables = new LinkedHashMap<>();
  private final boolean recordChanges;
  private final boolean notifies;

  private ContractTables(boolean recordChanges, boolean notifies) {
    this.recordChanges = recordChanges;
    this.notifies = notifies;
  }

  /** Each database once, in both modes of a pool between them. */
  static Stream<Pool> pools() {
    return Stream.of(
        new Pool(TestDatabase.POSTGRESQL, Database.POSTGRESQL, true, null),
        new Pool(TestDatabase.MARIADB, Database.MARIADB, false, null),
        Pool.h2());
  }

  /** SQLite, other modes and isolations than the default, and MySQL's statements. */
  static Stream<Pool> morePools() {
    return Stream.of(
        new Pool(TestDatabase.POSTGRESQL, Database.POSTGRESQL, false, null),
        new Pool(TestDatabase.POSTGRESQL, Database.POSTGRESQL, true, "TRANSACTION_REPEATABLE_READ"),
        new Pool(TestDatabase.MARIADB, Database.MARIADB, true, null),
        new Pool(TestDatabase.MARIADB, Database.MARIADB, true, "TRANSACTION_READ_COMMITTED"),
        Pool.mySql(),
        new Pool(TestDatabase.H2, Database.H2, false, null),
        new Pool(TestDatabase.SQLITE, Database.SQLITE, true, null),
        new Pool(TestDatabase.SQLITE, Database.SQLITE, false, null));
  }

  /** Closes the pools of all tables. */
  static void closeAll() {
    PLAIN.close();
    WITH_CHANGES.close();
    WITH_NOTIFICATIONS.close();
  }

  SessionStore createStore(Pool pool) {
    Table table =
        tables.computeIfAbsent(pool, first -> new Table(first, open(first), recordChanges));
    table.execute("DELETE FROM " + table.name);
    table.watched.failWith(sql -> {});
    return createNode(table);
  }

  /**
   * PostgreSQL looks for a deadlock when a transaction has waited, by default for a second. Some
   * races of the contract meet one in every other round.
   */
  private static HikariDataSource open(Pool pool) {
    HikariConfig config = pool.config(10);
    if (pool.server() == TestDatabase.POSTGRESQL) {
      config.setConnectionInitSql("SET deadlock_timeout = '20ms'");
    }
    return new HikariDataSource(config);
  }

  SessionStore createOtherNode(Pool pool) {
    return createNode(tables.get(pool));
  }

  /**
   * No test of a contract is about a slow database, and the machine may be busy. A change feed
   * begins as far back as four times the timeout, so with it the timeout stays short.
   */
  private SessionStore createNode(Table table) {
    return table
        .builder()
        .queryTimeout(recordChanges ? Duration.ofSeconds(10) : Table.PATIENCE)
        .changeFeedNotifications(notifies)
        .build();
  }

  /** Deletes all changes from the log but the last one, as the clean-up does when they are old. */
  void forgetChanges(Pool pool) {
    Table table = tables.get(pool);
    table.execute("UPDATE " + table.changes() + " SET changed_at = 0");
    // A new node, since each cleans up its log only now and then.
    try (JdbcSessionStore node = table.builder().build()) {
      node.deleteExpired(Instant.EPOCH, 1, deleted -> {});
    }
    assertThat(table.query("SELECT seq FROM " + table.changes())).hasSize(1);
  }

  /** Closes the pool of both nodes, as its owner may; the next store gets another one. */
  void breakPool(Pool pool) {
    Table table = tables.remove(pool);
    table.execute("DROP TABLE " + table.name);
    table.execute("DROP TABLE IF EXISTS " + table.changes());
    table.connections.close();
  }

  /** Makes each statement of both nodes lose its connection. */
  void cutOff(Pool pool) {
    tables
        .get(pool)
        .watched
        .failWith(
            sql -> {
              throw new SQLNonTransientConnectionException("cut", "08006");
            });
  }

  /** Makes statements reach the database again. */
  void restore(Pool pool) {
    tables.get(pool).watched.failWith(sql -> {});
  }

  /** Replaces the attributes of a session by bytes that are none. */
  void damage(Pool pool, SessionId id) throws SQLException {
    Table table = tables.get(pool);
    try (Connection connection = table.connections.getConnection();
        PreparedStatement statement =
            connection.prepareStatement(
                "UPDATE " + table.name + " SET attributes = ? WHERE id = ?")) {
      statement.setBytes(1, new byte[] {99});
      table.dialect().setId(statement, 2, id);
      assertThat(statement.executeUpdate()).isOne();
      if (!connection.getAutoCommit()) {
        connection.commit();
      }
    }
  }

  void assertEmpty(Pool pool) {
    assertThat(tables.get(pool).count()).as("the rows that are left over").isZero();
  }

  private void close() {
    tables.values().forEach(Table::close);
    tables.clear();
  }
}
