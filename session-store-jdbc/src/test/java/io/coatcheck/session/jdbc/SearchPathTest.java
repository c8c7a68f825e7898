package io.coatcheck.session.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.coatcheck.session.store.StoredSession;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("stores 5: createSchema where the table lies in another schema of the search path")
class SearchPathTest {

  @DisplayName("PostgreSQL: an index that is missing is made, and no second table before the first")
  @Test
  void postgreSql_indexMissing_noSecondTable() throws SQLException {
    try (Schemas schemas = new Schemas("path_a", "path_b")) {
      table(schemas.admin, "path_b.onpath").createSchema(true).build();
      execute(schemas.admin, "DROP INDEX path_b.onpath_sweep_at");
      StoredSession session = Sessions.of("alice").build();
      table(schemas.admin, "path_b.onpath").build().insert(session);

      try (HikariDataSource pool = withPath("path_a,path_b")) {
        JdbcSessionStore store = table(pool, "OnPath").createSchema(true).build();
        assertThat(store.find(session.id())).contains(session);
      }

      assertThat(schemas.indexes("path_b")).contains("onpath_sweep_at", "onpath_principal");
      assertThat(schemas.tables("path_a")).isEmpty();
    }
  }

  @DisplayName("PostgreSQL: indexes of another table by the same name are not taken for its own")
  @Test
  void postgreSql_indexesOfAnotherTable_areNotItsOwn() throws SQLException {
    try (Schemas schemas = new Schemas("path_a", "path_b")) {
      table(schemas.admin, "path_a.onpath").createSchema(true).build();
      table(schemas.admin, "path_b.onpath").createSchema(true).build();
      execute(schemas.admin, "DROP INDEX path_a.onpath_principal");

      try (HikariDataSource pool = withPath("path_a,path_b")) {
        table(pool, "onpath").createSchema(true).build();
      }

      assertThat(schemas.indexes("path_a")).contains("onpath_sweep_at", "onpath_principal");
    }
  }

  @DisplayName("H2: a table that the search path leads to is the table")
  @Test
  void h2_tableOnTheSearchPath_isUsed() throws SQLException {
    String url = "jdbc:h2:mem:searchpath;DB_CLOSE_DELAY=-1";
    try (HikariDataSource admin = h2(url)) {
      execute(admin, "CREATE SCHEMA path_b");
      table(admin, "path_b.onpath").createSchema(true).build();
      StoredSession session = Sessions.of("alice").build();
      table(admin, "path_b.onpath").build().insert(session);

      try (HikariDataSource pool = h2(url + ";SCHEMA_SEARCH_PATH=PUBLIC,PATH_B")) {
        JdbcSessionStore store = table(pool, "OnPath").createSchema(true).build();
        assertThat(store.find(session.id())).contains(session);
      }
    }
  }

  @DisplayName(
      "PostgreSQL: applications that share a table by other paths share its log of changes")
  @Test
  void postgreSql_changes_areRecordedBesideTheTable() throws SQLException {
    try (Schemas schemas = new Schemas("path_a", "path_c", "\"Path b$1\"");
        HikariDataSource shared = withPath("\"Path b$1\"");
        HikariDataSource shop = withPath("path_a, \"Path b$1\"");
        HikariDataSource forum = withPath("path_c, \"Path b$1\"")) {
      onPath(shared).changeFeed(false).build().close();

      assertOneFeed(shop, forum);
      assertThat(schemas.tables("path_a")).isEmpty();
      assertThat(schemas.tables("path_c")).isEmpty();
    }
  }

  @DisplayName("H2: applications that share a table by other paths share its log of changes")
  @Test
  void h2_changes_areRecordedBesideTheTable() throws SQLException {
    String url = "jdbc:h2:mem:changespath;DB_CLOSE_DELAY=-1";
    try (HikariDataSource admin = h2(url)) {
      execute(admin, "CREATE SCHEMA PATH_A");
      execute(admin, "CREATE SCHEMA PATH_C");
      execute(admin, "CREATE SCHEMA \"Path b\"");
      try (HikariDataSource shared = h2(url + ";INIT=SET SCHEMA \"Path b\"");
          HikariDataSource shop = h2(url, "PATH_A", "\"Path b\"");
          HikariDataSource forum = h2(url, "PATH_C", "\"Path b\"")) {
        onPath(shared).changeFeed(false).build().close();

        assertOneFeed(shop, forum);
        assertThat(
                query(
                    admin,
                    "SELECT TABLE_NAME FROM INFORMATION_SCHEMA.TABLES"
                        + " WHERE TABLE_SCHEMA IN ('PATH_A', 'PATH_C')"))
            .isEmpty();
      }
    }
  }

  /** A logout by one application is reported to the other. */
  private static void assertOneFeed(HikariDataSource shop, HikariDataSource forum) {
    try (JdbcSessionStore first = onPath(shop).build();
        JdbcSessionStore second = onPath(forum).build()) {
      ReportedChanges reported = new ReportedChanges();
      second.changeFeed().orElseThrow().subscribe(reported);
      Table.await("the feed is complete", () -> !reported.takeComplete().isEmpty());
      StoredSession session = Sessions.of("alice").build();
      first.insert(session);
      assertThat(second.find(session.id())).contains(session);

      first.delete(session.id());
      Table.await("the logout is reported", () -> reported.hasChanged(session.id()));
    }
  }

  @DisplayName("PostgreSQL: a log of changes in another schema than the table is refused")
  @Test
  void postgreSql_changesElsewhere_areRefused() throws SQLException {
    try (Schemas schemas = new Schemas("path_a", "path_b");
        HikariDataSource shared = withPath("path_b");
        HikariDataSource shop = withPath("path_a,path_b")) {
      onPath(shared).build().close();
      execute(schemas.admin, "CREATE TABLE path_a.onpath_change (LIKE path_b.onpath_change)");

      assertIsRefused(shop, "onpath in path_b, onpath_change in path_a");
      onPath(shop).tableName("path_b.onpath").build().close();
    }
  }

  @DisplayName("H2: a log of changes or table of locks in another schema than the table is refused")
  @Test
  void h2_furtherTableElsewhere_isRefused() throws SQLException {
    String url = "jdbc:h2:mem:refusedpath;DB_CLOSE_DELAY=-1";
    try (HikariDataSource admin = h2(url)) {
      execute(admin, "CREATE SCHEMA PATH_A");
      execute(admin, "CREATE SCHEMA PATH_B");
      try (HikariDataSource shared = h2(url + ";INIT=SET SCHEMA PATH_B");
          HikariDataSource shop = h2(url, "PATH_A", "PATH_B")) {
        onPath(shared).build().close();
        for (String further : List.of("onpath_change", "onpath_lock")) {
          execute(admin, "CREATE TABLE PATH_A." + further + " AS SELECT * FROM PATH_B." + further);

          assertIsRefused(shop, "onpath in \"PATH_B\", " + further + " in \"PATH_A\"");
          onPath(shop).tableName("path_b.onpath").build().close();
          execute(admin, "DROP TABLE PATH_A." + further);
        }
      }
    }
  }

  private static void assertIsRefused(HikariDataSource pool, String places) {
    for (boolean create : new boolean[] {true, false}) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> onPath(pool).createSchema(create).build())
          .withMessageStartingWith("tableName must have its schema")
          .withMessageEndingWith(": " + places);
    }
  }

  /** Schemas of PostgreSQL for the time of a test. */
  private static final class Schemas implements AutoCloseable {

    final HikariDataSource admin = TestDatabase.POSTGRESQL.pool(true, 1);
    private final List<String> created = new ArrayList<>();

    Schemas(String... names) throws SQLException {
      try {
        for (String name : names) {
          execute(admin, "CREATE SCHEMA " + name);
          created.add(name);
        }
      } catch (Throwable failure) {
        close();
        throw failure;
      }
    }

    List<String> indexes(String schema) throws SQLException {
      return query(admin, "SELECT indexname FROM pg_indexes WHERE schemaname = '" + schema + "'");
    }

    List<String> tables(String schema) throws SQLException {
      return query(admin, "SELECT tablename FROM pg_tables WHERE schemaname = '" + schema + "'");
    }

    @Override
    public void close() throws SQLException {
      try (HikariDataSource closing = admin) {
        for (String name : created) {
          execute(closing, "DROP SCHEMA " + name + " CASCADE");
        }
      }
    }
  }

  private static JdbcSessionStore.Builder table(HikariDataSource pool, String name) {
    return JdbcSessionStore.builder(pool).tableName(name).queryTimeout(Table.PATIENCE);
  }

  private static JdbcSessionStore.Builder onPath(HikariDataSource pool) {
    return table(pool, "onpath")
        .changeFeed(true)
        .changeFeedInterval(Duration.ofMillis(20))
        .createSchema(true)
        .queryTimeout(Duration.ofSeconds(10));
  }

  private static HikariDataSource h2(String url, String current, String next) {
    return h2(
        url + ";INIT=SET SCHEMA " + current + "\\;SET SCHEMA_SEARCH_PATH " + current + ", " + next);
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
