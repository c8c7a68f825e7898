package io.coatcheck.session.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.coatcheck.session.store.StoredSession;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("I11, I16: where some characters cannot be stored, a store does not start")
class EncodingTest {

  /** What a name may contain, and what the manager puts in place of a control character. */
  private static StoredSession login() {
    return Sessions.of("Ωmega " + "\u20ac".repeat(200)).userAgent("\ufffd".repeat(128)).build();
  }

  private static void assertRefused(JdbcSessionStore.Builder builder, String message) {
    assertThatIllegalArgumentException()
        .isThrownBy(
            () -> {
              // What goes wrong otherwise.
              try (JdbcSessionStore store = builder.queryTimeout(Table.PATIENCE).build()) {
                StoredSession session = login();
                store.insert(session);
                assertThat(store.find(session.id())).contains(session);
              }
            })
        .withMessageStartingWith("dataSource must ")
        .withMessageEndingWith(message);
  }

  @ParameterizedTest
  @ValueSource(strings = {"LATIN1", "SQL_ASCII", "EUC_JP"})
  void postgreSqlDatabase_isRefused(String encoding) throws SQLException {
    String name = "encoded_" + encoding.toLowerCase(java.util.Locale.ROOT);
    HikariConfig config = TestDatabase.POSTGRESQL.config(false, 1);
    config.setJdbcUrl(config.getJdbcUrl().replace("/postgres?", "/" + name + "?"));
    assertThat(config.getJdbcUrl()).contains(name);
    try (HikariDataSource admin = TestDatabase.POSTGRESQL.pool(true, 1)) {
      execute(
          admin,
          "CREATE DATABASE "
              + name
              + " TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C' ENCODING '"
              + encoding
              + "'");
      try (HikariDataSource pool = new HikariDataSource(config)) {
        for (boolean create : new boolean[] {true, false}) {
          assertRefused(JdbcSessionStore.builder(pool).createSchema(create), ": " + encoding);
        }
      } finally {
        execute(admin, "DROP DATABASE " + name);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"latin1, utf8mb4", "utf8mb3, utf8mb4", "utf8mb4, latin1", "utf8mb4, ascii"})
  void mariaDbColumns_areRefused(String agents, String addresses) throws SQLException {
    for (Database database : new Database[] {Database.MARIADB, Database.MYSQL}) {
      try (Table table = new Table(new Pool(TestDatabase.MARIADB, database, true, null))) {
        table.execute(
            "ALTER TABLE "
                + table.name
                + " MODIFY user_agent VARCHAR(128) CHARACTER SET "
                + agents
                + ", MODIFY client_address VARCHAR(45) CHARACTER SET "
                + addresses);
        String odd = agents.equals("utf8mb4") ? addresses : agents;
        for (boolean create : new boolean[] {true, false}) {
          assertRefused(table.builder().createSchema(create), ": " + odd);
        }
      }
    }
  }

  @DisplayName("MariaDB's driver itself refuses what is not a UTF-8, others do not")
  @ParameterizedTest
  @ValueSource(strings = "utf8mb3")
  void mariaDbConnections_areRefused(String names) throws SQLException {
    try (Table table = new Table(Pool.mySql())) {
      HikariConfig config = TestDatabase.MARIADB.config(true, 1);
      config.setConnectionInitSql("SET NAMES " + names);
      try (HikariDataSource pool = new HikariDataSource(config)) {
        assertRefused(JdbcSessionStore.builder(pool).tableName(table.name), ": " + names);
      }
    }
  }

  @DisplayName("a collation for the texts of connections, and of the database, is no matter")
  @ParameterizedTest
  @CsvSource({"utf8mb4_general_ci, latin1", "utf8mb4_bin, ascii", "utf8mb4_unicode_ci, ucs2"})
  void mariaDbDefaults_areUsed(String collation, String byDefault) throws SQLException {
    HikariConfig config = TestDatabase.MARIADB.config(true, 1);
    config.setConnectionInitSql("SET NAMES utf8mb4 COLLATE " + collation);
    try (HikariDataSource admin = TestDatabase.MARIADB.pool(true, 1)) {
      execute(admin, "CREATE DATABASE encoded CHARACTER SET " + byDefault);
      config.setJdbcUrl(config.getJdbcUrl().replace("/sessions?", "/encoded?"));
      try (HikariDataSource pool = new HikariDataSource(config);
          JdbcSessionStore store =
              JdbcSessionStore.builder(pool)
                  .createSchema(true)
                  .changeFeed(true)
                  .queryTimeout(Table.PATIENCE)
                  .build()) {
        StoredSession session = login();
        store.insert(session);
        assertThat(store.find(session.id())).contains(session);
        assertThat(store.delete(session.id())).contains(session);
      } finally {
        execute(admin, "DROP DATABASE encoded");
      }
    }
  }

  private static void execute(HikariDataSource pool, String sql) throws SQLException {
    try (Connection connection = pool.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }
}
