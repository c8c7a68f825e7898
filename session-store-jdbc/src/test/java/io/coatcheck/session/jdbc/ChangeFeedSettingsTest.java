package io.coatcheck.session.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariDataSource;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("I11: a change feed that could miss changes does not start")
class ChangeFeedSettingsTest {

  static Stream<Pool> pools() {
    return Pool.eachAndMySql();
  }

  @DisplayName("a store has no change feed by default")
  @ParameterizedTest
  @MethodSource("pools")
  void changeFeed_isOffByDefault(Pool pool) {
    try (Table table = new Table(pool)) {
      assertThat(table.store.changeFeed()).isEmpty();
      assertThatThrownBy(() -> table.query("SELECT seq FROM " + table.changes()))
          .as("no table is created for it")
          .isInstanceOf(IllegalStateException.class);
    }
  }

  @ParameterizedTest
  @MethodSource("pools")
  void tableMissing_isNamedWithBothRemedies(Pool pool) {
    try (Table table = new Table(pool)) {
      assertThatThrownBy(() -> table.builder().changeFeed(true).build())
          .isInstanceOf(SessionStoreException.class)
          .hasMessageStartingWith(
              "build failed: table " + table.changes() + " is missing in the " + pool.database())
          .hasMessageContaining("createSchema(true)")
          .hasMessageContaining(pool.database().changesFile());
      assertThat(table.builder().changeFeed(false).build().changeFeed()).isEmpty();
    }
  }

  @DisplayName("nodes that start at once and create both tables all come up")
  @ParameterizedTest
  @EnumSource(TestDatabase.class)
  void createSchema_byManyAtOnce(TestDatabase server) throws SQLException {
    for (boolean autoCommit : new boolean[] {true, false}) {
      try (HikariDataSource connections = server.pool(autoCommit, 10)) {
        for (int round = 0; round < 3; round++) {
          String table = "feed" + round + autoCommit;
          Together.run(
              8,
              () ->
                  JdbcSessionStore.builder(connections)
                      .tableName(table)
                      .changeFeed(true)
                      .createSchema(true)
                      .queryTimeout(Table.PATIENCE)
                      .build());
          try (Connection connection = connections.getConnection();
              Statement statement = connection.createStatement()) {
            statement.execute("DROP TABLE " + table);
            statement.execute("DROP TABLE " + table + "_change");
            if (!autoCommit) {
              connection.commit();
            }
          }
        }
      }
    }
  }

  @Test
  void createSchema_inAnotherSchema_createsItThere() throws SQLException {
    try (HikariDataSource connections = TestDatabase.POSTGRESQL.pool(true, 4)) {
      execute(connections, "CREATE SCHEMA feeds");
      try (JdbcSessionStore store =
          JdbcSessionStore.builder(connections)
              .tableName("feeds.App_Session")
              .changeFeed(true)
              .createSchema(true)
              .queryTimeout(Table.PATIENCE)
              .build()) {
        StoredSession session = Sessions.anonymous().build();
        store.insert(session);
        assertThat(store.update(session, Sessions.NOW)).isTrue();
      }
      execute(connections, "DROP TABLE feeds.App_Session_change, feeds.App_Session");
      execute(connections, "DROP SCHEMA feeds");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"CACHE 20", "INCREMENT 2", "CYCLE"})
  void postgreSql_sequenceWithHoles_isRefused(String setting) {
    try (Table table =
        Table.withChanges(new Pool(TestDatabase.POSTGRESQL, Database.POSTGRESQL, true, null))) {
      table.execute("ALTER SEQUENCE " + table.changes() + "_seq_seq " + setting);
      assertThatIllegalArgumentException()
          .isThrownBy(() -> table.builder().build())
          .withMessageContaining("sequence of " + table.changes())
          .withMessageContaining("CACHE 1");
    }
  }

  @Test
  void mariaDb_incrementOfSeveral_isRefused() {
    try (Table table =
            Table.withChanges(new Pool(TestDatabase.MARIADB, Database.MARIADB, true, null));
        HikariDataSource connections = TestDatabase.MARIADB.pool(true, 1)) {
      assertThatIllegalArgumentException()
          .isThrownBy(
              () ->
                  JdbcSessionStore.builder(
                          new DelegatingDataSource(connections) {
                            @Override
                            public Connection getConnection() throws SQLException {
                              Connection connection = target.getConnection();
                              try (Statement statement = connection.createStatement()) {
                                statement.execute("SET SESSION auto_increment_increment = 3");
                              }
                              return connection;
                            }
                          })
                      .tableName(table.name)
                      .changeFeed(true)
                      .queryTimeout(Table.PATIENCE)
                      .build())
          .withMessageContaining("auto_increment_increment must be 1");
    }
  }

  @Test
  void changeFeedInterval_outOfRange_isRefused() {
    try (HikariDataSource connections = TestDatabase.H2.pool(true, 1)) {
      JdbcSessionStore.Builder builder = JdbcSessionStore.builder(connections);
      for (Duration interval :
          new Duration[] {Duration.ofMillis(9), Duration.ZERO, Duration.ofMillis(10_001)}) {
        assertThatIllegalArgumentException()
            .isThrownBy(() -> builder.changeFeedInterval(interval))
            .withMessage(
                "changeFeedInterval must be from 10 milliseconds to 10 seconds: " + interval);
      }
      builder.changeFeedInterval(Duration.ofMillis(10)).changeFeedInterval(Duration.ofSeconds(10));
    }
  }

  @DisplayName("a number is overdue after twice the longest time of a transaction")
  @Test
  void overdue_followsTheQueryTimeout() {
    assertThat(Changes.overdueAfter(Duration.ofSeconds(5))).isEqualTo(Duration.ofSeconds(25));
    assertThat(Changes.overdueAfter(Duration.ofSeconds(1)))
        .isEqualTo(Duration.ofSeconds(9))
        .as("whatever the timeouts of the writers")
        .isGreaterThan(LateCommits.LATE.multipliedBy(2));
  }

  private static void execute(HikariDataSource connections, String sql) throws SQLException {
    try (Connection connection = connections.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }
}
