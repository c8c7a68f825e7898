package io.coatcheck.session.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.test.servers.PostgresServer;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Set;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** One client of the server that listens within a transaction lets the queue fill up. */
class NotificationQueueTest {

  private static void execute(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private static void fill(Connection connection) {
    assertThatThrownBy(
            () -> {
              while (true) {
                execute(connection, "SELECT pg_notify('other', repeat('x', 7000))");
              }
            })
        .isInstanceOf(SQLException.class)
        .hasMessageContaining("too many notifications");
  }

  @DisplayName("sessions begin, renew and end although the server's queue of notifications is full")
  @Test
  void queueFull_writesSucceed() throws IOException, SQLException {
    try (EmbeddedPostgres server =
        PostgresServer.start(
            settings ->
                settings
                    .setServerConfig("fsync", "off")
                    .setServerConfig("max_notify_queue_pages", "64"))) {
      String url = server.getJdbcUrl("postgres", "postgres");
      for (boolean autoCommit : new boolean[] {true, false}) {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl(url);
        config.setAutoCommit(autoCommit);
        try (HikariDataSource pool = new HikariDataSource(config);
            JdbcSessionStore store =
                JdbcSessionStore.builder(pool)
                    .createSchema(true)
                    .queryTimeout(Table.PATIENCE)
                    .changeFeed(true)
                    .changeFeedNotifications(true)
                    .build();
            Connection stuck = DriverManager.getConnection(url);
            Connection other = DriverManager.getConnection(url)) {
          execute(stuck, "LISTEN elsewhere");
          stuck.setAutoCommit(false);
          execute(stuck, "SELECT 1");
          fill(other);

          StoredSession ended = Sessions.of("alice").build();
          StoredSession renewed = Sessions.of("alice").build();
          store.insert(ended);
          store.insert(renewed);
          assertThat(store.delete(ended.id())).isPresent();
          assertThat(
                  store.update(
                      renewed.toBuilder().generation(renewed.generation() + 1).build(),
                      Sessions.NOW))
              .isTrue();
          assertThat(
                  store
                      .principalIndex()
                      .orElseThrow()
                      .deleteByPrincipal("alice", Set.of(), deleted -> {}))
              .isOne();
        }
      }
    }
  }
}
