package io.coatcheck.session.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@DisplayName("I11: a pool with a setting that breaks a promise does not start a store")
class PoolSettingsTest {

  /** SQLite has its own test; an H2 connection does not become read-only. */
  static Stream<Pool> servers() {
    return Pool.eachAndMySql()
        .filter(pool -> pool.server() != TestDatabase.H2 && pool.server() != TestDatabase.SQLITE);
  }

  @DisplayName("with readOnly, a transaction of several statements would fail, and only that")
  @ParameterizedTest
  @MethodSource("servers")
  void readOnly_isRefused(Pool pool) {
    HikariConfig config = pool.server().config(pool.autoCommit(), 2);
    config.setReadOnly(true);
    assertRefused(
        pool, config, "dataSource must give connections that may write: they are read-only");
  }

  static Stream<Pool> all() {
    return Pool.eachAndMySql();
  }

  @DisplayName("what others have not committed would be decided on, and saved")
  @ParameterizedTest
  @MethodSource("all")
  void readUncommitted_isRefused(Pool pool) {
    HikariConfig config = pool.server().config(pool.autoCommit(), 2);
    config.setTransactionIsolation("TRANSACTION_READ_UNCOMMITTED");
    assertRefused(
        pool,
        config,
        "dataSource must have an isolation of READ COMMITTED or above: READ UNCOMMITTED");
  }

  private static void assertRefused(Pool pool, HikariConfig config, String message) {
    try (Table table = new Table(pool);
        HikariDataSource connections = new HikariDataSource(config)) {
      for (boolean create : new boolean[] {true, false}) {
        for (String name : new String[] {table.name, table.name + "_new"}) {
          assertThatIllegalArgumentException()
              .isThrownBy(
                  () ->
                      JdbcSessionStore.builder(connections)
                          .database(pool.database())
                          .tableName(name)
                          .createSchema(create)
                          .queryTimeout(Table.PATIENCE)
                          .build())
              .withMessage(message);
        }
      }
      assertThat(table.builder().build().find(Sessions.token().id())).isEmpty();
    }
  }
}
