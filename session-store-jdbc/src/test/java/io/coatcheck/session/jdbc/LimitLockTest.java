package io.coatcheck.session.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.store.Admission;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.WhenFull;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("stores 15: one table is one lock, whatever it is called, and the lock exists")
class LimitLockTest {

  private static final int LIMIT = 3;
  private static final int ROUNDS = 10;

  static Stream<Pool> pools() {
    return Pool.eachAndMySql();
  }

  @ParameterizedTest
  @MethodSource("pools")
  void oneTableByItsSeveralNames_limitHolds(Pool pool) {
    try (Table table = new Table(pool, 10)) {
      List<JdbcSessionStore> nodes = new ArrayList<>();
      for (String name : names(table)) {
        nodes.add(
            JdbcSessionStore.builder(table.connections)
                .database(pool.database())
                .tableName(name)
                .queryTimeout(Table.PATIENCE)
                .build());
      }
      for (int round = 0; round < ROUNDS; round++) {
        String principal = "alice" + round;
        loginAtOnce(nodes, principal);
        assertThat(live(table, principal)).isEqualTo(LIMIT);
      }
    }
  }

  private static List<String> names(Table table) {
    String upper = table.name.toUpperCase(Locale.ROOT);
    return switch (table.pool.server()) {
      case POSTGRESQL -> List.of(table.name, upper, "public." + table.name, "PUBLIC." + upper);
      // Names of tables are those of files there, with their case.
      case MARIADB -> List.of(table.name, "sessions." + table.name);
      case H2 -> List.of(table.name, upper, "public." + table.name, "PUBLIC." + upper);
      case SQLITE -> List.of(table.name, upper);
    };
  }

  @DisplayName("H2: rows of the lock table that were deleted are put back by the next login")
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void h2LockTableEmptied_limitHolds(boolean autoCommit) {
    try (Table table = new Table(new Pool(TestDatabase.H2, Database.H2, autoCommit, null), 10)) {
      for (int round = 0; round < ROUNDS; round++) {
        table.execute("TRUNCATE TABLE " + table.name + "_lock");
        String principal = "alice" + round;
        loginAtOnce(List.of(table.store, table.builder().build()), principal);
        assertThat(live(table, principal)).isEqualTo(LIMIT);
      }
    }
  }

  @DisplayName("H2: a lock table that is missing is found when the store is built")
  @Test
  void h2LockTableMissing_isRefused() {
    try (Table table = new Table(Pool.h2())) {
      table.execute("DROP TABLE " + table.name + "_lock");

      assertThatThrownBy(() -> table.builder().build())
          .hasMessageContaining(table.name + "_lock")
          .hasMessageContaining("createSchema(true)");
    }
  }

  @DisplayName("GET_LOCK is one server's: where several are written, build says so")
  @ParameterizedTest
  @EnumSource(names = {"MARIADB", "MYSQL"})
  void severalServersAreWritten_isWarnedOf(Database database) {
    String isolation = "TRANSACTION_READ_COMMITTED";
    try (Table table = new Table(new Pool(TestDatabase.MARIADB, database, true, isolation))) {
      assertThat(Warnings.during(() -> table.builder().build())).isEmpty();

      // No cluster is at hand: another variable of this server stands for its own.
      for (String variable : List.of("wsrep_on", "group_replication_single_primary_mode")) {
        DelegatingDataSource cluster =
            new DelegatingDataSource(table.connections) {
              @Override
              public Connection getConnection() throws SQLException {
                return renaming(
                    super.getConnection(),
                    "'" + variable + "'",
                    variable.equals("wsrep_on") ? "'autocommit'" : "'big_tables'");
              }
            };
        assertThat(
                Warnings.during(
                    () ->
                        JdbcSessionStore.builder(cluster)
                            .database(database)
                            .tableName(table.name)
                            .queryTimeout(Table.PATIENCE)
                            .build()))
            .singleElement()
            .asString()
            .contains("GET_LOCK");
      }
    }
  }

  static Connection renaming(Connection connection, String before, String after) {
    return (Connection)
        Proxy.newProxyInstance(
            LimitLockTest.class.getClassLoader(),
            new Class<?>[] {Connection.class},
            (proxy, method, arguments) -> {
              if (method.getName().equals("prepareStatement")) {
                arguments[0] = ((String) arguments[0]).replace(before, after);
              }
              try {
                return method.invoke(connection, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }

  private static void loginAtOnce(List<JdbcSessionStore> nodes, String principal) {
    List<Callable<Admission>> logins = new ArrayList<>();
    for (int login = 0; login < 8; login++) {
      JdbcSessionStore node = nodes.get(login % nodes.size());
      StoredSession session = Sessions.of(principal).build();
      logins.add(
          () ->
              node.loginLimit()
                  .orElseThrow()
                  .admit(session, true, LIMIT, WhenFull.REFUSE_NEWCOMER, Sessions.NOW));
    }
    Together.run(logins);
  }

  private static int live(Table table, String principal) {
    String read =
        switch (table.pool.server()) {
          case POSTGRESQL, SQLITE -> "principal";
          case MARIADB -> "CONVERT(principal USING utf8mb4)";
          case H2 -> "UTF8TOSTRING(principal)";
        };
    return table
        .query("SELECT id FROM " + table.name + " WHERE " + read + " = '" + principal + "'")
        .size();
  }
}
