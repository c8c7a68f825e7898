package io.coatcheck.session.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariDataSource;
import io.coatcheck.session.store.Admission;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.WhenFull;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class SchemaTest {

  @ParameterizedTest
  @EnumSource(value = TestDatabase.class, mode = EnumSource.Mode.EXCLUDE, names = "SQLITE")
  void createSchema_qualifiedName_createsThereAndWorks(TestDatabase server) throws SQLException {
    try (HikariDataSource pool = server.pool(true, 2)) {
      execute(pool, "CREATE SCHEMA elsewhere");
      JdbcSessionStore store =
          JdbcSessionStore.builder(pool)
              .tableName("elsewhere.App_Session")
              .createSchema(true)
              .queryTimeout(Table.PATIENCE)
              .build();
      StoredSession session = Sessions.of("alice").build();

      assertThat(
              store
                  .loginLimit()
                  .orElseThrow()
                  .admit(session, true, 3, WhenFull.EVICT_OLDEST, Sessions.NOW)
                  .outcome())
          .isEqualTo(Admission.Outcome.STORED);
      assertThat(store.find(session.id())).contains(session);
      assertThat(store.deleteExpired(session.expiresAt(), 9, deleted -> {}).deleted()).isEqualTo(1);

      execute(pool, "DROP TABLE elsewhere.App_Session");
      if (server == TestDatabase.H2) {
        execute(pool, "DROP TABLE elsewhere.App_Session_lock");
      }
      execute(pool, "DROP SCHEMA elsewhere");
    }
  }

  @DisplayName("Nodes that start at once and create the schema all come up")
  @ParameterizedTest
  @EnumSource(TestDatabase.class)
  void createSchema_byManyAtOnce(TestDatabase server) throws SQLException {
    for (boolean autoCommit : new boolean[] {true, false}) {
      try (HikariDataSource pool = server.pool(autoCommit, 10)) {
        for (int round = 0; round < 5; round++) {
          String table = "many" + round + autoCommit;
          Together.run(
              10,
              () ->
                  JdbcSessionStore.builder(pool)
                      .tableName(table)
                      .createSchema(true)
                      .queryTimeout(Table.PATIENCE)
                      .build());
          StoredSession session = Sessions.of("alice").build();
          JdbcSessionStore.builder(pool)
              .tableName(table)
              .queryTimeout(Table.PATIENCE)
              .build()
              .insert(session);
        }
      }
    }
    for (boolean autoCommit : new boolean[] {true, false}) {
      try (HikariDataSource pool = server.pool(true, 1)) {
        for (int round = 0; round < 5; round++) {
          execute(pool, "DROP TABLE many" + round + autoCommit);
        }
      }
    }
  }

  @DisplayName("An existing table is left as it is")
  @ParameterizedTest
  @EnumSource(TestDatabase.class)
  void createSchema_again_changesNothing(TestDatabase server) {
    try (Table table = new Table(new Pool(server, server.database, false, null))) {
      StoredSession session = Sessions.of("alice").build();
      table.store.insert(session);

      JdbcSessionStore again =
          JdbcSessionStore.builder(table.connections)
              .tableName(table.name)
              .createSchema(true)
              .queryTimeout(Table.PATIENCE)
              .build();

      assertThat(again.find(session.id())).contains(session);
    }
  }

  @DisplayName("This release works on a table to which a later one has added columns")
  @ParameterizedTest
  @EnumSource(TestDatabase.class)
  void laterColumns_doNotDisturb(TestDatabase server) {
    try (Table table = new Table(new Pool(server, server.database, true, null))) {
      boolean isSqlite = server == TestDatabase.SQLITE;
      String text = isSqlite ? "TEXT" : "VARCHAR(20)";
      String number = isSqlite ? "INTEGER" : "BIGINT";
      table.execute("ALTER TABLE " + table.name + " ADD COLUMN later_one " + text);
      table.execute(
          "ALTER TABLE " + table.name + " ADD COLUMN later_two " + number + " DEFAULT 7 NOT NULL");
      StoredSession session = Sessions.of("alice").build();

      table.store.insert(session);
      assertThat(table.store.update(session, Sessions.NOW)).isTrue();
      assertThat(table.store.delete(session.id())).contains(session.toBuilder().version(1).build());
    }
  }

  @DisplayName("Column by column, the schema file agrees with createSchema, for the default name")
  @ParameterizedTest
  @EnumSource(Database.class)
  void statements_defaultName_areTheFilesOwn(Database database) {
    assertThat(Schema.statements(database, new TableName("http_session")))
        .isNotEmpty()
        .allMatch(sql -> sql.contains("http_session"));
    assertThat(Schema.statements(database, new TableName("web.s")))
        .noneMatch(sql -> sql.contains("http_session"))
        .anyMatch(sql -> sql.startsWith("CREATE TABLE IF NOT EXISTS web.s ("));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "a b",
        "a;b",
        "a.b.c",
        ".a",
        "a.",
        "1a",
        "a-b",
        "\"a\"",
        "`a`",
        "ä",
        "a\n",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
      })
  void tableName_notAName_isRefused(String name) {
    assertThatThrownBy(() -> new TableName(name))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("tableName must be a name")
        .hasMessageEndingWith(": " + name);
  }

  private static void execute(HikariDataSource pool, String sql) throws SQLException {
    try (Connection connection = pool.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }
}
