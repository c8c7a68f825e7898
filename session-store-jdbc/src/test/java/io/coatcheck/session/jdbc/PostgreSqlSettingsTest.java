package io.coatcheck.session.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.coatcheck.session.store.Admission;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.WhenFull;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

@DisplayName("the schema and every statement work with each way to send values to PostgreSQL")
class PostgreSqlSettingsTest {

  /** Settings of the driver, and of the server, that change how values and texts are read. */
  private static final List<String> SETTINGS =
      List.of(
          // Often set for PgBouncer; the server is not given the types of values.
          "preferQueryMode=simple",
          "preferQueryMode=extendedForPrepared",
          "stringtype=unspecified",
          "prepareThreshold=1",
          "defaultRowFetchSize=1",
          "autosave=always",
          "options=-c%20standard_conforming_strings=off",
          "options=-c%20bytea_output=escape",
          "options=-c%20plan_cache_mode=force_generic_plan");

  static Stream<Arguments> settings() {
    return SETTINGS.stream()
        .flatMap(
            setting -> Stream.of(true, false).map(autoCommit -> Arguments.of(setting, autoCommit)));
  }

  @ParameterizedTest
  @MethodSource("settings")
  void everyStatement(String setting, boolean autoCommit) throws SQLException {
    HikariConfig config = TestDatabase.POSTGRESQL.config(autoCommit, 2);
    config.setJdbcUrl(config.getJdbcUrl() + "&" + setting);
    try (HikariDataSource pool = new HikariDataSource(config)) {
      try {
        lives(pool, false, false);
        lives(pool, true, false);
        lives(pool, true, true);
      } finally {
        execute(pool, "DROP TABLE IF EXISTS settings, settings_change");
      }
    }
  }

  private static void lives(HikariDataSource pool, boolean records, boolean notifies) {
    try (JdbcSessionStore store =
        JdbcSessionStore.builder(pool)
            .tableName("settings")
            .createSchema(true)
            .queryTimeout(Table.PATIENCE)
            .changeFeed(records)
            .changeFeedInterval(Duration.ofMillis(20))
            .changeFeedNotifications(notifies)
            .build()) {
      H2ModesTest.life(store, "O'Re\\illy \"ä\" %_?$1", Sessions.bytes(300));
      loginsUnderALimit(store);
      if (records) {
        ReportedChanges reported = new ReportedChanges();
        store.changeFeed().orElseThrow().subscribe(reported);
        long now = System.nanoTime();
        Table.await("complete up to now", () -> reported.isCompletePast(now));
      }
    }
  }

  /** On a session that there is, which ends another one. */
  private static void loginsUnderALimit(JdbcSessionStore store) {
    StoredSession old = Sessions.of("alice").build();
    StoredSession anonymous = Sessions.anonymous().build();
    store.insert(old);
    store.insert(anonymous);
    StoredSession login =
        anonymous.toBuilder()
            .principal("alice")
            .generation(anonymous.generation() + 1)
            .authenticatedAt(Sessions.NOW.plusSeconds(1))
            .build();
    assertThat(
            store
                .loginLimit()
                .orElseThrow()
                .admit(login, false, 1, WhenFull.EVICT_OLDEST, Sessions.NOW)
                .outcome())
        .isEqualTo(Admission.Outcome.STORED);
    assertThat(store.find(old.id())).isEmpty();
    assertThat(store.delete(login.id(), login.generation())).isPresent();
  }

  private static void execute(HikariDataSource pool, String sql) throws SQLException {
    try (Connection connection = pool.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
      if (!connection.getAutoCommit()) {
        connection.commit();
      }
    }
  }
}
