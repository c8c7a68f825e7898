package io.coatcheck.session.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.test.log.RecordedLog;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

@DisplayName("I11: a store whose table is missing or too old does not start")
class SchemaCheckTest {

  static Stream<Pool> pools() {
    return Pool.eachAndMySql();
  }

  @ParameterizedTest
  @MethodSource("pools")
  void build_tableMissing_namesItAndBothRemedies(Pool pool) {
    try (Table table = new Table(pool)) {
      table.execute("DROP TABLE " + table.name);

      assertThatThrownBy(() -> table.builder().build())
          .isInstanceOf(SessionStoreException.class)
          .hasMessageStartingWith(
              "build failed: table " + table.name + " is missing in the " + pool.database())
          .hasMessageContaining(" database \"")
          .hasMessageContaining(catalog(pool) + "\"")
          .hasMessageContaining(": build the store with createSchema(true), or run ")
          .hasMessageContaining(pool.database().schemaFile())
          .hasMessageContaining(
              pool.server() == TestDatabase.SQLITE ? "vendor code 1" : "SQLState 42")
          .hasCauseInstanceOf(SQLException.class);
    }
  }

  private static String catalog(Pool pool) {
    return switch (pool.server()) {
      case POSTGRESQL -> "postgres";
      case MARIADB -> "sessions";
      case H2 -> "SESSIONS";
      case SQLITE -> "sessions.db";
    };
  }

  @ParameterizedTest
  @MethodSource("pools")
  void build_askedForTheDatabase_checksToo(Pool pool) {
    try (Table table = new Table(pool)) {
      assertThatThrownBy(
              () ->
                  JdbcSessionStore.builder(table.watched)
                      .tableName("no_such_table")
                      .queryTimeout(Table.PATIENCE)
                      .build())
          .isInstanceOf(SessionStoreException.class)
          .hasMessageContaining("table no_such_table is missing in the ")
          .hasMessageContaining("createSchema(true)");
    }
  }

  static Stream<Pool> poolsWithSchemas() {
    return pools().filter(pool -> pool.server() != TestDatabase.SQLITE);
  }

  @ParameterizedTest
  @MethodSource("poolsWithSchemas")
  void build_schemaMissing_isRefused(Pool pool) {
    try (Table table = new Table(pool)) {
      assertThatThrownBy(
              () ->
                  JdbcSessionStore.builder(table.watched)
                      .database(pool.database())
                      .tableName("no_such_schema.sessions")
                      .queryTimeout(Table.PATIENCE)
                      .build())
          .isInstanceOf(SessionStoreException.class)
          .hasMessageContaining("table no_such_schema.sessions");
    }
  }

  @ParameterizedTest
  @MethodSource("pools")
  void build_columnMissing_saysThatTheSchemaIsOld(Pool pool) {
    try (Table table = new Table(pool)) {
      table.execute("ALTER TABLE " + table.name + " DROP COLUMN user_agent");

      for (boolean create : new boolean[] {false, true}) {
        assertThatThrownBy(() -> table.builder().createSchema(create).build())
            .isInstanceOf(SessionStoreException.class)
            .hasMessageStartingWith(
                "build failed: table " + table.name + " in the " + pool.database() + " database \"")
            .hasMessageContaining(" lacks a column")
            .hasMessageContaining(pool.database().schemaFile());
      }
    }
  }

  @Test
  @DisplayName("no column of the schema is left out of the look")
  void build_anyColumnMissing_isRefused() {
    Pool pool = Pool.h2();
    List<String> columns;
    try (Table table = new Table(pool)) {
      columns =
          table
              .query(
                  "SELECT column_name FROM information_schema.columns WHERE table_name = '"
                      + table.name.toUpperCase(Locale.ROOT)
                      + "'")
              .stream()
              .map(row -> row.get(0))
              .toList();
    }
    assertThat(columns).hasSize(21);
    for (String column : columns) {
      try (Table table = new Table(pool)) {
        // H2 drops no column that is one of several in an index.
        table.execute("DROP INDEX " + table.name + "_principal");
        table.execute("ALTER TABLE " + table.name + " DROP PRIMARY KEY");
        table.execute("ALTER TABLE " + table.name + " DROP COLUMN " + column);

        assertThatThrownBy(() -> table.builder().build())
            .as(column)
            .hasMessageContaining("lacks a column");
      }
    }
  }

  @ParameterizedTest
  @MethodSource("pools")
  @DisplayName("the look is one statement, reads no row and leaves the connection as it was")
  void build_looksOnce(Pool pool) {
    try (Table table = new Table(pool)) {
      StoredSession session = Sessions.of("alice").build();
      table.store.insert(session);
      table.watched.takeStatements();

      JdbcSessionStore store = table.builder().build();

      // It also queries the settings of H2, MariaDB and MySQL, and the schemas of H2's tables.
      assertThat(table.watched.takeStatements())
          .filteredOn(sql -> sql.endsWith(" FROM " + table.name + " WHERE 1 = 0"))
          .filteredOn(sql -> !sql.startsWith("SELECT * "))
          .singleElement()
          .asString()
          .startsWith("SELECT ");
      assertThat(store.find(session.id())).contains(session);
      assertThat(table.watched.takeKinds()).containsExactly("SELECT");
    }
  }

  @Test
  @DisplayName("the message says which rights a user needs to read the table")
  void build_notAllowedToRead_isRefused() {
    Pool pool = new Pool(TestDatabase.POSTGRESQL, Database.POSTGRESQL, true, null);
    try (Table table = new Table(pool)) {
      table.execute("CREATE ROLE reader LOGIN");
      HikariConfig config = pool.server().config(true, 1);
      config.setJdbcUrl(config.getJdbcUrl().replace("user=postgres", "user=reader"));
      try (HikariDataSource readers = new HikariDataSource(config)) {
        assertThatThrownBy(
                () ->
                    JdbcSessionStore.builder(readers)
                        .tableName(table.name)
                        .queryTimeout(Table.PATIENCE)
                        .build())
            .isInstanceOf(SessionStoreException.class)
            .hasMessageContaining(
                "table " + table.name + " in the POSTGRESQL database \"postgres\"")
            .hasMessageContaining("needs SELECT, INSERT, UPDATE and DELETE")
            .hasMessageContaining("SQLState 42501");
      } finally {
        table.execute("DROP ROLE reader");
      }
    }
  }

  @Test
  @DisplayName("the message says which rights a user needs to write to a table")
  void write_notAllowed_saysWhichRights() {
    Pool pool = new Pool(TestDatabase.POSTGRESQL, Database.POSTGRESQL, true, null);
    try (Table table = Table.withChanges(pool)) {
      table.execute("CREATE ROLE writer LOGIN");
      table.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON " + table.name + " TO writer");
      table.execute("GRANT SELECT ON " + table.changes() + " TO writer");
      HikariConfig config = pool.server().config(true, 1);
      config.setJdbcUrl(config.getJdbcUrl().replace("user=postgres", "user=writer"));
      try (HikariDataSource writers = new HikariDataSource(config)) {
        JdbcSessionStore store =
            JdbcSessionStore.builder(writers)
                .tableName(table.name)
                .changeFeed(true)
                .queryTimeout(Table.PATIENCE)
                .build();
        StoredSession session = Sessions.anonymous().build();
        store.insert(session);

        assertThatThrownBy(() -> store.update(session, Sessions.NOW))
            .isInstanceOf(SessionStoreException.class)
            .hasMessageContaining("the database user lacks a right")
            .hasMessageContaining("SELECT, INSERT and DELETE on " + table.changes());
        assertThat(store.find(session.id())).contains(session);
      } finally {
        table.execute("DROP OWNED BY writer");
        table.execute("DROP ROLE writer");
      }
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"MARIADB", "MYSQL"})
  @DisplayName("a max_allowed_packet that is less than a session may need is warned of")
  void build_smallPackets_warns(Database database) {
    try (Table table = new Table(new Pool(TestDatabase.MARIADB, database, true, null));
        RecordedLog log = RecordedLog.of(JdbcSessionStore.class).at(Level.WARN)) {
      String warning = "a session with large attributes may not be stored";
      table.builder().build().close();
      assertThat(log.linesBeginning(warning)).isEmpty();
      String before = table.query("SELECT @@GLOBAL.max_allowed_packet").get(0).get(0);
      table.execute("SET GLOBAL max_allowed_packet = 16776192");
      try (HikariDataSource small = table.pool.open(1)) {
        JdbcSessionStore.builder(small)
            .database(database)
            .tableName(table.name)
            .queryTimeout(Table.PATIENCE)
            .build()
            .close();
        assertThat(log.linesBeginning(warning)).hasSize(1);
      } finally {
        table.execute("SET GLOBAL max_allowed_packet = " + before);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"MARIADB", "MYSQL"})
  @DisplayName("a binary log of statements, with which the clean-up would fail, is refused")
  void build_binaryLogOfStatements_isRefused(Database database) {
    try (Table table = new Table(new Pool(TestDatabase.MARIADB, database, true, null))) {
      for (String format : List.of("ROW", "MIXED", "STATEMENT")) {
        JdbcSessionStore.Builder builder =
            JdbcSessionStore.builder(logging(table, format, true))
                .database(database)
                .tableName(table.name)
                .queryTimeout(Table.PATIENCE);
        if (format.equals("STATEMENT")) {
          assertThatThrownBy(builder::build)
              .isInstanceOf(IllegalArgumentException.class)
              .hasMessageStartingWith(
                  "dataSource must lead to a server whose binlog_format is ROW or MIXED")
              .hasMessageEndingWith(": STATEMENT");
        } else {
          builder.build().close();
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"MARIADB", "MYSQL"})
  @DisplayName("connections that write nothing to such a log are not refused")
  void build_withoutTheBinaryLog_isNotRefused(Database database) {
    try (Table table = new Table(new Pool(TestDatabase.MARIADB, database, true, null))) {
      JdbcSessionStore.builder(logging(table, "STATEMENT", false))
          .database(database)
          .tableName(table.name)
          .queryTimeout(Table.PATIENCE)
          .build()
          .close();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "MARIADB, false, 0",
    "MARIADB, true, 1",
    "MYSQL, false, 1",
    "MYSQL, true, 1",
    "POSTGRESQL, true, 0"
  })
  @DisplayName(
      "build() warns of an isolation at which ending a session may keep others from beginning")
  void build_repeatableRead_isWarnedOf(Database database, boolean changeFeed, int warnings) {
    TestDatabase server =
        database == Database.POSTGRESQL ? TestDatabase.POSTGRESQL : TestDatabase.MARIADB;
    for (String isolation : List.of("REPEATABLE_READ", "READ_COMMITTED")) {
      Pool pool = new Pool(server, database, true, "TRANSACTION_" + isolation);
      try (Table table = new Table(pool, 4, changeFeed)) {
        assertThat(Warnings.during(() -> table.builder().build().close()))
            .filteredOn(warning -> warning.contains("set the isolation of the pool"))
            .hasSize(isolation.equals("REPEATABLE_READ") ? warnings : 0);
      }
    }
  }

  @Test
  @DisplayName("build() warns if PostgreSQL goes on with what was given up")
  void build_withoutACheckOfClients_isWarnedOf() {
    Pool pool = new Pool(TestDatabase.POSTGRESQL, Database.POSTGRESQL, true, null);
    try (Table table = new Table(pool)) {
      for (String interval : List.of("0", "1s")) {
        HikariConfig config = pool.server().config(true, 1);
        config.setJdbcUrl(
            config.getJdbcUrl() + "&options=-c%20client_connection_check_interval=" + interval);
        try (HikariDataSource connections = new HikariDataSource(config)) {
          List<String> warnings =
              Warnings.during(
                  () ->
                      JdbcSessionStore.builder(connections)
                          .tableName(table.name)
                          .queryTimeout(Table.PATIENCE)
                          .build()
                          .close());
          if (interval.equals("0")) {
            assertThat(warnings)
                .singleElement()
                .asString()
                .contains("options=-c%20client_connection_check_interval=1s");
          } else {
            assertThat(warnings).isEmpty();
          }
        }
      }
    }
  }

  /** This server has no binary log: another of its settings that are on stands for it. */
  private static DelegatingDataSource logging(Table table, String format, boolean isWritten) {
    return new DelegatingDataSource(table.connections) {
      @Override
      public Connection getConnection() throws SQLException {
        Connection connection = super.getConnection();
        try (Statement statement = connection.createStatement()) {
          statement.execute("SET SESSION binlog_format = '" + format + "'");
          statement.execute("SET SESSION sql_log_bin = " + isWritten);
        }
        return LimitLockTest.renaming(connection, "'log_bin'", "'autocommit'");
      }
    };
  }

  @Test
  @DisplayName("Startup does not fail if the database was named and cannot be reached yet")
  void build_namedDatabaseNotThere_succeeds() {
    HikariConfig config = new HikariConfig();
    config.setJdbcUrl("jdbc:postgresql://localhost:1/none");
    config.setInitializationFailTimeout(-1);
    config.setConnectionTimeout(300);
    try (HikariDataSource pool = new HikariDataSource(config)) {
      JdbcSessionStore store = JdbcSessionStore.builder(pool).database(Database.POSTGRESQL).build();

      assertThatThrownBy(() -> store.find(Sessions.token().id()))
          .isInstanceOf(SessionStoreException.class)
          .hasMessageContaining("no connection");
    }
  }

  @ParameterizedTest
  @MethodSource("pools")
  @DisplayName("one that stops answering in the middle of the look does not either")
  void build_namedDatabaseBreaksDown_succeeds(Pool pool) {
    try (Table table = new Table(pool)) {
      table.watched.failWith(
          sql -> {
            throw new SQLException("gone", "08006");
          });
      JdbcSessionStore store = table.builder().build();
      assertThatThrownBy(
              () ->
                  JdbcSessionStore.builder(table.watched)
                      .tableName(table.name)
                      .queryTimeout(Table.PATIENCE)
                      .build())
          .isInstanceOf(SessionStoreException.class)
          .hasMessageContaining("build failed: ")
          .hasMessageContaining("SQLState 08006");
      table.watched.failWith(sql -> {});

      assertThat(store.find(Sessions.token().id())).isEmpty();
    }
  }
}
