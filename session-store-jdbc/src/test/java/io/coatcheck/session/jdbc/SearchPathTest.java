package io.coatcheck.session.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.coatcheck.session.store.StoredSession;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("stores 5: createSchema where the table lies in another schema of the search path")
class SearchPathTest {

  @DisplayName("PostgreSQL: an index that is missing is made, and no second table before the first")
  @Test
  void postgreSql_indexMissing_noSecondTable() throws SQLException {
    try (HikariDataSource admin = TestDatabase.POSTGRESQL.pool(true, 1)) {
      execute(admin, "CREATE SCHEMA path_a");
      execute(admin, "CREATE SCHEMA path_b");
      try {
        JdbcSessionStore.builder(admin)
            .tableName("path_b.onpath")
            .createSchema(true)
            .queryTimeout(Table.PATIENCE)
            .build();
        execute(admin, "DROP INDEX path_b.onpath_sweep_at");
        StoredSession session = Sessions.of("alice").build();
        JdbcSessionStore.builder(admin)
            .tableName("path_b.onpath")
            .queryTimeout(Table.PATIENCE)
            .build()
            .insert(session);

        try (HikariDataSource pool = withPath("path_a,path_b")) {
          JdbcSessionStore store =
              JdbcSessionStore.builder(pool)
                  .tableName("OnPath")
                  .createSchema(true)
                  .queryTimeout(Table.PATIENCE)
                  .build();
          assertThat(store.find(session.id())).contains(session);
        }

        assertThat(query(admin, "SELECT indexname FROM pg_indexes WHERE schemaname = 'path_b'"))
            .contains("onpath_sweep_at", "onpath_principal");
        assertThat(query(admin, "SELECT tablename FROM pg_tables WHERE schemaname = 'path_a'"))
            .isEmpty();
      } finally {
        execute(admin, "DROP SCHEMA path_a CASCADE");
        execute(admin, "DROP SCHEMA path_b CASCADE");
      }
    }
  }

  @DisplayName("PostgreSQL: indexes of another table by the same name are not taken for its own")
  @Test
  void postgreSql_indexesOfAnotherTable_areNotItsOwn() throws SQLException {
    try (HikariDataSource admin = TestDatabase.POSTGRESQL.pool(true, 1)) {
      execute(admin, "CREATE SCHEMA path_a");
      execute(admin, "CREATE SCHEMA path_b");
      try {
        JdbcSessionStore.builder(admin)
            .tableName("path_a.onpath")
            .createSchema(true)
            .queryTimeout(Table.PATIENCE)
            .build();
        JdbcSessionStore.builder(admin)
            .tableName("path_b.onpath")
            .createSchema(true)
            .queryTimeout(Table.PATIENCE)
            .build();
        execute(admin, "DROP INDEX path_a.onpath_principal");

        try (HikariDataSource pool = withPath("path_a,path_b")) {
          JdbcSessionStore.builder(pool)
              .tableName("onpath")
              .createSchema(true)
              .queryTimeout(Table.PATIENCE)
              .build();
        }

        assertThat(query(admin, "SELECT indexname FROM pg_indexes WHERE schemaname = 'path_a'"))
            .contains("onpath_sweep_at", "onpath_principal");
      } finally {
        execute(admin, "DROP SCHEMA path_a CASCADE");
        execute(admin, "DROP SCHEMA path_b CASCADE");
      }
    }
  }

  @DisplayName("H2: a table that the search path leads to is the table")
  @Test
  void h2_tableOnTheSearchPath_isUsed() throws SQLException {
    String url = "jdbc:h2:mem:searchpath;DB_CLOSE_DELAY=-1";
    try (HikariDataSource admin = h2(url)) {
      execute(admin, "CREATE SCHEMA path_b");
      JdbcSessionStore.builder(admin)
          .tableName("path_b.onpath")
          .createSchema(true)
          .queryTimeout(Table.PATIENCE)
          .build();
      StoredSession session = Sessions.of("alice").build();
      JdbcSessionStore.builder(admin)
          .tableName("path_b.onpath")
          .queryTimeout(Table.PATIENCE)
          .build()
          .insert(session);

      try (HikariDataSource pool = h2(url + ";SCHEMA_SEARCH_PATH=PUBLIC,PATH_B")) {
        JdbcSessionStore store =
            JdbcSessionStore.builder(pool)
                .tableName("OnPath")
                .createSchema(true)
                .queryTimeout(Table.PATIENCE)
                .build();
        assertThat(store.find(session.id())).contains(session);
      }
    }
  }

  private static HikariDataSource h2(String url) {
    HikariConfig config = new HikariConfig();
    config.setJdbcUrl(url);
    config.setMaximumPoolSize(2);
    return new HikariDataSource(config);
  }

  private static HikariDataSource withPath(String path) {
    HikariConfig config = TestDatabase.POSTGRESQL.config(true, 2);
    config.addDataSourceProperty("currentSchema", path);
    return new HikariDataSource(config);
  }

  private static void execute(HikariDataSource pool, String sql) throws SQLException {
    try (Connection connection = pool.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private static List<String> query(HikariDataSource pool, String sql) throws SQLException {
    try (Connection connection = pool.getConnection();
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(sql)) {
      List<String> result = new ArrayList<>();
      while (rows.next()) {
        result.add(rows.getString(1));
      }
      return result;
    }
  }
}
