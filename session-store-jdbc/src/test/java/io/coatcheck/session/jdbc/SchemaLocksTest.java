package io.coatcheck.session.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.store.SessionStoreException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("stores 5: createSchema does not stop the writes of nodes that run")
class SchemaLocksTest {

  static Stream<Pool> pools() {
    return Pool.eachAndMySql();
  }

  @DisplayName("where nothing is missing, nothing is created: the catalogue is read")
  @ParameterizedTest
  @MethodSource("pools")
  void nothingMissing_noDdl(Pool pool) {
    try (Table table = new Table(pool)) {
      table.builder().createSchema(true).build();

      assertThat(table.watched.takeStatements())
          .isNotEmpty()
          .allSatisfy(sql -> assertThat(sql).matches("(?s)(SELECT|SHOW|PRAGMA) .*"));
    }
  }

  @DisplayName("a start during a VACUUM or ANALYZE does not wait, and makes no other client wait")
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void vacuumIsRunning_startsAtOnce(boolean autoCommit) throws SQLException {
    Pool pool = new Pool(TestDatabase.POSTGRESQL, Database.POSTGRESQL, autoCommit, null);
    try (Table table = new Table(pool);
        Connection vacuum = locked(table)) {
      table.watched.takeStatements();
      JdbcSessionStore store = table.builder().createSchema(true).build();
      store.insert(Sessions.anonymous().build());

      assertThat(table.watched.takeStatements())
          .as("none needs a lock that conflicts with that of VACUUM")
          .isNotEmpty()
          .allSatisfy(sql -> assertThat(sql).matches("(?s)(SELECT|INSERT) .*"));
      vacuum.rollback();
    }
  }

  @DisplayName("an index that is missing waits a moment for its lock; then the start fails")
  @Test
  void indexMissingWhileVacuumIsRunning_writesGoOn() throws Exception {
    Pool pool = new Pool(TestDatabase.POSTGRESQL, Database.POSTGRESQL, true, null);
    try (Table table = new Table(pool)) {
      table.execute("DROP INDEX " + table.name + "_sweep_at");
      ExecutorService starting = Executors.newSingleThreadExecutor();
      try (Connection vacuum = locked(table)) {
        AtomicReference<Future<JdbcSessionStore>> start = new AtomicReference<>();
        // On a busy machine, it may have failed before it was seen to wait.
        Table.await(
            "the start waits for the lock",
            () -> {
              if (start.get() == null || start.get().isDone()) {
                start.set(starting.submit(() -> table.builder().createSchema(true).build()));
              }
              return table.hasWaiter();
            });

        long begin = System.nanoTime();
        table.store.insert(Sessions.anonymous().build());
        assertThat(Duration.ofNanos(System.nanoTime() - begin))
            .as("a login while another node starts, with a query timeout of 30 seconds")
            .isLessThan(Duration.ofSeconds(15));

        assertThatThrownBy(() -> start.get().get(60, TimeUnit.SECONDS))
            .hasCauseInstanceOf(SessionStoreException.class)
            .cause()
            .hasMessageContaining("createSchema failed")
            .hasMessageContaining(table.name)
            .hasMessageContaining("SQLState 55P03");
        vacuum.rollback();
      } finally {
        starting.shutdownNow();
      }

      table.builder().createSchema(true).build();
      assertThat(table.query("SELECT to_regclass('" + table.name + "_sweep_at')"))
          .as("created once the lock is free")
          .hasSize(1)
          .doesNotContain(java.util.Collections.singletonList(null));
    }
  }

  @DisplayName("every missing part of a schema is created, again and again")
  @ParameterizedTest
  @MethodSource("pools")
  void anythingMissing_isCreated(Pool pool) {
    try (Table table = new Table(pool)) {
      for (String drop : drops(table)) {
        table.execute(drop);

        table.builder().createSchema(true).build().insert(Sessions.of("alice").build());
        table.watched.takeStatements();
        table.builder().createSchema(true).build();

        assertThat(table.watched.takeStatements())
            .as("after " + drop)
            .allSatisfy(sql -> assertThat(sql).matches("(?s)(SELECT|SHOW|PRAGMA) .*"));
      }
    }
  }

  private static String[] drops(Table table) {
    return switch (table.pool.server()) {
      case POSTGRESQL, SQLITE ->
          new String[] {
            "DROP TABLE " + table.name,
            "DROP INDEX " + table.name + "_sweep_at",
            "DROP INDEX " + table.name + "_principal"
          };
      // Its table and indexes are one statement.
      case MARIADB -> new String[] {"DROP TABLE " + table.name};
      case H2 ->
          new String[] {
            "DROP TABLE " + table.name,
            "DROP INDEX " + table.name + "_sweep_at",
            "DROP INDEX " + table.name + "_principal",
            "DROP TABLE " + table.name + "_lock",
            "DELETE FROM " + table.name + "_lock WHERE slot = 7"
          };
    };
  }

  /** Returns a connection with the lock that VACUUM, ANALYZE and others of their kind take. */
  private static Connection locked(Table table) throws SQLException {
    Connection connection = table.connections.getConnection();
    connection.setAutoCommit(false);
    try (Statement statement = connection.createStatement()) {
      statement.execute("LOCK TABLE " + table.name + " IN SHARE UPDATE EXCLUSIVE MODE");
    }
    return connection;
  }
}
