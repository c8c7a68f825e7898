package io.coatcheck.session.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariDataSource;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/**
 * A table of a test's own, and a watched pool to reach it by; ends with a check that all was
 * closed.
 */
final class Table implements AutoCloseable {

  /** A query timeout that does not pass on a machine that stalls for seconds. */
  static final Duration PATIENCE = Duration.ofSeconds(30);

  private static final AtomicInteger COUNT = new AtomicInteger();

  final String name = "t" + COUNT.incrementAndGet();
  final Pool pool;
  final HikariDataSource connections;
  final WatchedDataSource watched;
  final JdbcSessionStore store;
  private final boolean recordsChanges;

  Table(Pool pool) {
    this(pool, 4);
  }

  Table(Pool pool, int size) {
    this(pool, size, false);
  }

  /** Creates a table with a log of changes beside it. */
  static Table withChanges(Pool pool) {
    return new Table(pool, 8, true);
  }

  Table(Pool pool, int size, boolean recordsChanges) {
    this(pool, pool.open(size), recordsChanges);
  }

  /** Creates a table on a pool of its own settings, which it closes. */
  Table(Pool pool, HikariDataSource connections, boolean recordsChanges) {
    this.pool = pool;
    this.recordsChanges = recordsChanges;
    this.connections = connections;
    watched = new WatchedDataSource(connections);
    JdbcSessionStore.builder(connections)
        .database(pool.server().database)
        .tableName(name)
        .changeFeed(recordsChanges)
        .createSchema(true)
        .queryTimeout(PATIENCE)
        .build();
    store = builder().build();
    // A store looks at its table once, before the tests count.
    watched.takeKinds();
  }

  /**
   * Returns the settings of a store whose timeouts do not pass on a busy machine. A change feed
   * begins as far back as four times the query timeout, so with it the timeout is shorter.
   */
  JdbcSessionStore.Builder builder() {
    return JdbcSessionStore.builder(watched)
        .database(pool.database())
        .tableName(name)
        .queryTimeout(recordsChanges ? Duration.ofSeconds(10) : PATIENCE)
        .changeFeed(recordsChanges)
        .changeFeedInterval(Duration.ofMillis(20));
  }

  /** Creates the tables of a store, whose own timeouts may pass meanwhile on a busy machine. */
  static void create(JdbcSessionStore.Builder store) {
    await("the schema", () -> isCreated(store.createSchema(true).queryTimeout(PATIENCE)));
  }

  private static boolean isCreated(JdbcSessionStore.Builder store) {
    try {
      store.build().close();
      return true;
    } catch (SessionStoreException e) {
      return false;
    }
  }

  /** Makes the newest change in the log older than any retention. */
  void ageNewestChange() {
    String newest = query("SELECT MAX(seq) FROM " + changes()).get(0).get(0);
    execute("UPDATE " + changes() + " SET changed_at = 0 WHERE seq = " + newest);
  }

  /** Returns the name of the log of changes. */
  String changes() {
    return name + "_change";
  }

  Dialect dialect() {
    return pool.database().dialect(new TableName(name));
  }

  void execute(String sql) {
    try (Connection connection = connections.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
      if (!connection.getAutoCommit()) {
        connection.commit();
      }
    } catch (SQLException e) {
      throw new IllegalStateException(sql, e);
    }
  }

  /** Returns the rows of a query, each as the text of its columns. */
  List<List<String>> query(String sql) {
    try (Connection connection = connections.getConnection();
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(sql)) {
      List<List<String>> result = new ArrayList<>();
      while (rows.next()) {
        List<String> row = new ArrayList<>();
        for (int i = 1; i <= rows.getMetaData().getColumnCount(); i++) {
          row.add(rows.getString(i));
        }
        result.add(row);
      }
      if (!connection.getAutoCommit()) {
        connection.commit();
      }
      return result;
    } catch (SQLException e) {
      throw new IllegalStateException(sql, e);
    }
  }

  /** Stores a session as many times, each under a new id. */
  void multiply(StoredSession session, int times) {
    String id =
        switch (pool.server()) {
          case POSTGRESQL -> "gen_random_uuid()";
          case MARIADB -> "RANDOM_BYTES(16)";
          case H2 -> "RANDOM_UUID()";
          case SQLITE -> "randomblob(16)";
        };
    multiply(session, times, id);
  }

  /** Does the same, under ids that begin with the time, as those of sessions do. */
  void multiplyInOrder(StoredSession session, int times) {
    String id =
        switch (pool.server()) {
          case POSTGRESQL -> "uuidv7()";
          case MARIADB ->
              "UNHEX(CONCAT(LPAD(HEX(FLOOR(UNIX_TIMESTAMP(SYSDATE(3)) * 1000)), 12, '0'),"
                  + " HEX(RANDOM_BYTES(10))))";
          case H2 -> "RANDOM_UUID(7)";
          case SQLITE ->
              "unhex(printf('%012x', unixepoch() * 1000 + i % 1000) || hex(randomblob(10)))";
        };
    multiply(session, times, id);
  }

  private void multiply(StoredSession session, int times, String id) {
    store.insert(session);
    String series =
        switch (pool.server()) {
          case POSTGRESQL -> "generate_series(1, %d)";
          case MARIADB -> "seq_1_to_%d";
          case H2 -> "SYSTEM_RANGE(1, %d)";
          case SQLITE ->
              "(WITH RECURSIVE counted (i) AS"
                  + " (SELECT 1 UNION ALL SELECT i + 1 FROM counted WHERE i < %d)"
                  + " SELECT i FROM counted)";
        };
    String all = Column.list(EnumSet.allOf(Column.class));
    String others = all.substring("id, ".length());
    execute(
        String.format(
            "INSERT INTO %1$s (id, %2$s) SELECT %3$s, %2$s FROM %1$s, %4$s AS series"
                + " WHERE last_seen_at = %5$d",
            name,
            others,
            id,
            String.format(series, times - 1),
            session.lastSeenAt().toEpochMilli()));
  }

  int count() {
    return Integer.parseInt(query("SELECT COUNT(*) FROM " + name).get(0).get(0));
  }

  /** Returns whether a transaction of any connection waits for a row that another one holds. */
  boolean hasWaiter() {
    String waiting =
        switch (pool.server()) {
          case POSTGRESQL -> "SELECT 1 FROM pg_locks WHERE NOT granted";
          case MARIADB ->
              "SELECT 1 FROM information_schema.global_status"
                  + " WHERE variable_name = 'Innodb_row_lock_current_waits' AND variable_value > 0";
          case H2 -> "SELECT 1 FROM information_schema.sessions WHERE blocker_id IS NOT NULL";
          case SQLITE -> throw new IllegalStateException("SQLite does not say who waits");
        };
    return !query(waiting).isEmpty();
  }

  static void await(String what, BooleanSupplier condition) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime() - deadline).as(what).isNegative();
      LockSupport.parkNanos(5_000_000);
    }
  }

  @Override
  public void close() {
    // A change feed uses connections until it is closed.
    store.close();
    try {
      watched.assertClean();
    } finally {
      execute("DROP TABLE IF EXISTS " + name);
      execute("DROP TABLE IF EXISTS " + changes());
      connections.close();
    }
  }
}
