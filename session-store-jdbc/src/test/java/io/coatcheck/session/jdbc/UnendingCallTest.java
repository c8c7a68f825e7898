package io.coatcheck.session.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.coatcheck.history.FreezingProxy;
import io.coatcheck.session.codec.AttributeFrames;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import java.io.IOException;
import java.net.URI;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The database neither answers nor is silent, which no timeout of a driver bounds. */
@Tag("wide")
class UnendingCallTest {

  /** Far more than the bound of a few seconds, on a busy machine, and far less than without one. */
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  /** Done once, when the store has taken the next connection and not used it yet. */
  private final AtomicReference<Runnable> next = new AtomicReference<>(() -> {});

  @DisplayName("A write of megabytes to a server that does not read them is given up")
  @ParameterizedTest
  @EnumSource(names = {"POSTGRESQL", "MARIADB"})
  void writeIsNotRead(TestDatabase server) throws Exception {
    try (Table table = new Table(new Pool(server, server.database, true, null));
        FreezingProxy proxy = proxy(server);
        HikariDataSource connections = pool(server, proxy)) {
      JdbcSessionStore store = store(server, table, connections);
      StoredSession small = Sessions.anonymous().build();
      StoredSession large =
          Sessions.anonymous()
              .attribute("a", Sessions.bytes(AttributeFrames.MAX_BYTES - 1_000))
              .build();
      table.store.insert(small);
      Table.await("found", () -> isDone(() -> store.find(small.id())));

      next.set(proxy::freeze);
      Throwable failure = failure(() -> store.insert(large));
      proxy.thaw();

      assertThat(failure)
          .isInstanceOf(SessionStoreException.class)
          .hasMessageContaining("insert of session " + large.id() + " may have happened or not")
          .hasMessageContaining("no answer in time");
      Table.await("found again", () -> isDone(() -> store.find(small.id())));
      store.close();
    }
  }

  @DisplayName("An answer that comes in small parts is given up")
  @ParameterizedTest
  @EnumSource(names = {"POSTGRESQL", "MARIADB"})
  void answerTrickles(TestDatabase server) throws Exception {
    try (Table table = new Table(new Pool(server, server.database, true, null));
        FreezingProxy proxy = proxy(server);
        HikariDataSource connections = pool(server, proxy)) {
      JdbcSessionStore store = store(server, table, connections);
      StoredSession session = Sessions.anonymous().attribute("a", Sessions.bytes(100_000)).build();
      table.store.insert(session);
      Table.await("found", () -> isDone(() -> store.find(session.id())));

      next.set(proxy::slowDown);

      assertThat(failure(() -> store.find(session.id())))
          .isInstanceOf(SessionStoreException.class)
          .hasMessageContaining("find of session " + session.id() + " failed")
          .hasMessageContaining("no answer in time");
      store.close();
    }
  }

  private static FreezingProxy proxy(TestDatabase server) throws IOException {
    return new FreezingProxy(address(server).getPort());
  }

  private static URI address(TestDatabase server) {
    return URI.create(server.url().substring("jdbc:".length()));
  }

  private static HikariDataSource pool(TestDatabase server, FreezingProxy proxy) {
    HikariConfig config = server.config(true, 2);
    config.setJdbcUrl(
        server.url().replace(":" + address(server).getPort(), ":" + proxy.port())
            + (server == TestDatabase.POSTGRESQL
                ? "&connectTimeout=2&loginTimeout=2&socketTimeout=3"
                : "&connectTimeout=2000&socketTimeout=3000"));
    // The first connection may take longer on a busy machine.
    config.setInitializationFailTimeout(60_000);
    return new HikariDataSource(config);
  }

  private JdbcSessionStore store(TestDatabase server, Table table, HikariDataSource connections) {
    return JdbcSessionStore.builder(
            new DelegatingDataSource(connections) {
              @Override
              public Connection getConnection() throws SQLException {
                Connection connection = super.getConnection();
                next.getAndSet(() -> {}).run();
                return connection;
              }
            })
        .database(server.database)
        .tableName(table.name)
        .queryTimeout(Duration.ofSeconds(1))
        .build();
  }

  /** Returns whether a call succeeds, which may need longer than its timeouts allow at first. */
  private static boolean isDone(Runnable call) {
    return catchThrowable(call::run) == null;
  }

  /** Returns what a call throws. */
  private static Throwable failure(Runnable call) throws InterruptedException {
    AtomicReference<Throwable> failure = new AtomicReference<>();
    Thread thread = new Thread(() -> failure.set(catchThrowable(call::run)));
    thread.setDaemon(true);
    thread.start();
    thread.join(PATIENCE.toMillis());
    assertThat(thread.isAlive()).as("still waiting for the database").isFalse();
    return failure.get();
  }
}
