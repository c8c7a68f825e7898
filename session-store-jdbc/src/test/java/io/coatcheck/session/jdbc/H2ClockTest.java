package io.coatcheck.session.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.coatcheck.session.store.StoredSession;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("H2: a change that waited is no older than its number, whenever its transaction began")
class H2ClockTest {

  /**
   * In several modes, the clock stands still within a transaction, but only from the first time
   * that it is asked: by the statement that takes the number.
   */
  @ParameterizedTest
  @ValueSource(strings = {"REGULAR", "PostgreSQL"})
  void changedAt(String mode) throws Exception {
    HikariConfig config = new HikariConfig();
    config.setJdbcUrl("jdbc:h2:mem:clock" + mode + ";LOCK_TIMEOUT=60000;MODE=" + mode);
    config.setMaximumPoolSize(3);
    try (HikariDataSource pool = new HikariDataSource(config);
        JdbcSessionStore store =
            JdbcSessionStore.builder(pool)
                .changeFeed(true)
                .createSchema(true)
                .queryTimeout(Table.PATIENCE)
                .build();
        Connection other = pool.getConnection();
        Statement statement = other.createStatement()) {
      StoredSession session = Sessions.of("alice").build();
      store.insert(session);
      other.setAutoCommit(false);
      statement.execute("UPDATE http_session SET version = version");
      CompletableFuture<Boolean> update =
          CompletableFuture.supplyAsync(() -> store.update(session, Sessions.NOW));
      String waiting =
          "SELECT COUNT(*) FROM information_schema.sessions WHERE blocker_id IS NOT NULL";
      Table.await("a transaction that waits", () -> number(pool, waiting) > 0);
      String clock = "SELECT CAST(EXTRACT(EPOCH FROM CURRENT_TIMESTAMP) * 1000 AS BIGINT)";
      long waited = number(pool, clock);
      Table.await("time that passes", () -> number(pool, clock) > waited + 50);
      other.commit();
      other.setAutoCommit(true);

      assertThat(update.get(60, TimeUnit.SECONDS)).isTrue();

      assertThat(number(pool, "SELECT changed_at FROM http_session_change")).isGreaterThan(waited);
    }
  }

  private static long number(HikariDataSource pool, String query) {
    try (Connection connection = pool.getConnection();
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(query)) {
      assertThat(row.next()).isTrue();
      return row.getLong(1);
    } catch (SQLException e) {
      throw new IllegalStateException(query, e);
    }
  }
}
