package io.coatcheck.session.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.coatcheck.history.FreezingProxy;
import io.coatcheck.session.background.Breaker;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The database takes connections and never answers. */
class HungDatabaseTest {

  /** More than the bounds of 1 or 2 seconds, on a busy machine. */
  private static final Duration PATIENCE = Duration.ofSeconds(40);

  /** Less than the drivers' own bounds of 10 seconds. The quickest of several calls shows it. */
  private static final Duration BOUND = Duration.ofSeconds(8);

  private final AtomicReference<Instant> now = new AtomicReference<>(Sessions.NOW);

  @DisplayName("F66: a silent server costs the pool's timeout, three times in a row")
  @Test
  void silentServer() throws IOException {
    try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        HikariDataSource connections =
            pool(
                "jdbc:postgresql://localhost:"
                    + silent.getLocalPort()
                    + "/postgres?connectTimeout=1&socketTimeout=1&loginTimeout=1")) {
      AtomicInteger asked = new AtomicInteger();
      JdbcSessionStore store =
          JdbcSessionStore.builder(
                  new DelegatingDataSource(connections) {
                    @Override
                    public Connection getConnection() throws SQLException {
                      asked.incrementAndGet();
                      return super.getConnection();
                    }
                  })
              .database(Database.POSTGRESQL)
              .time(now::get)
              .build();
      assertThat(asked).as("the look at the table, which does not count").hasValue(1);
      asked.set(0);

      List<Duration> taken = new ArrayList<>();
      for (int i = 1; i <= 3; i++) {
        taken.add(assertUnanswered(store, "no connection"));
        assertThat(asked).hasValue(i);
        assertThat(store.isFailingFast()).isEqualTo(i == 3);
      }
      assertThat(Collections.min(taken)).isLessThan(BOUND);
      assertUnanswered(store, "failed at once");
      assertThat(asked).as("the pool was not asked again").hasValue(3);

      now.set(now.get().plus(Breaker.PAUSE));
      assertUnanswered(store, "no connection");
      assertThat(asked).as("one probe").hasValue(4);
      assertUnanswered(store, "failed at once");
      assertThat(asked).hasValue(4);
      assertThat(store.isFailingFast()).isTrue();
    }
  }

  @DisplayName(
      "A connection that goes silent costs the query timeout; the store recovers by itself")
  @ParameterizedTest
  @EnumSource(names = {"POSTGRESQL", "MARIADB"})
  void connectionGoesSilent(TestDatabase server) throws IOException {
    URI address = URI.create(server.url().substring("jdbc:".length()));
    Pool pool = new Pool(server, server.database, true, null);
    try (Table table = new Table(pool);
        FreezingProxy proxy = new FreezingProxy(address.getPort());
        HikariDataSource connections =
            pool(server.url().replace(":" + address.getPort(), ":" + proxy.port()))) {
      JdbcSessionStore store =
          JdbcSessionStore.builder(connections)
              .database(server.database)
              .tableName(table.name)
              .queryTimeout(Duration.ofSeconds(1))
              .time(now::get)
              .build();
      StoredSession session = Sessions.anonymous().build();
      table.store.insert(session);
      awaitFound(store, session);

      proxy.freeze();
      try {
        List<Duration> taken = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
          taken.add(assertUnanswered(store, ""));
        }
        assertThat(Collections.min(taken)).isLessThan(BOUND);
        assertUnanswered(store, "failed at once");
        assertThatThrownBy(() -> store.update(session, Sessions.NOW))
            .as("only resolution fails at once")
            .isInstanceOf(SessionStoreException.class)
            .hasMessageNotContaining("failed at once");
      } finally {
        proxy.thaw();
      }

      awaitFound(store, session);
      assertThat(store.isFailingFast()).isFalse();
      try {
        assertThat(store.find(session.id())).isPresent();
      } catch (SessionStoreException e) {
        assertThat(e).as("on a busy machine").hasMessageContaining("no answer in time");
      }
    }
  }

  /** Waits until a session is found, by probes if the store fails fast. */
  private void awaitFound(JdbcSessionStore store, StoredSession session) {
    Table.await(
        "found",
        () -> {
          now.set(now.get().plus(Breaker.PAUSE));
          try {
            return store.find(session.id()).isPresent();
          } catch (SessionStoreException e) {
            assertThat(e).hasMessageContaining("find of session");
            return false;
          }
        });
  }

  /** Returns how long it took until the call failed. */
  private static Duration assertUnanswered(JdbcSessionStore store, String message) {
    long start = System.nanoTime();
    assertThatThrownBy(() -> store.find(Sessions.token().id()))
        .isInstanceOf(SessionStoreException.class)
        .hasMessageContaining(message);
    Duration taken = Duration.ofNanos(System.nanoTime() - start);
    assertThat(taken).isLessThan(PATIENCE);
    return taken;
  }

  private static HikariDataSource pool(String url) {
    HikariConfig config = new HikariConfig();
    config.setJdbcUrl(url);
    config.setMaximumPoolSize(2);
    config.setMinimumIdle(1);
    config.setConnectionTimeout(500);
    config.setValidationTimeout(250);
    config.setInitializationFailTimeout(-1);
    return new HikariDataSource(config);
  }
}
