package io.coatcheck.session.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.nearcache.NearCacheSessionStore;
import io.coatcheck.session.store.SessionStore;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BiFunction;
import javax.sql.DataSource;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Three nodes whose copies are kept by the change feed, commits that are delayed at random so that
 * changes become visible out of order, and {@link CopiesHistory the rules}.
 */
@DisplayName("I2, I3, I5: within the bound on every node, with copies kept by the change feed")
@Timeout(180)
class CopiesHistoryTest {

  private static final Duration BOUND = Duration.ofMillis(600);
  private static final Duration POLL = Duration.ofMillis(50);
  private static final int NODES = 3;
  private static final int THREADS = 4;

  @Test
  void postgreSql() {
    run(TestDatabase.POSTGRESQL, Duration.ofSeconds(4));
  }

  @Tag("long")
  @ParameterizedTest
  @EnumSource(
      value = TestDatabase.class,
      names = {"POSTGRESQL", "MARIADB", "H2"})
  void longer(TestDatabase database) {
    run(database, Duration.ofSeconds(40));
  }

  private static void run(TestDatabase database, Duration time) {
    try (Nodes nodes = new Nodes(database, (store, table) -> store, 0)) {
      CopiesHistory history = new CopiesHistory(nodes.managers, BOUND, false);

      history.run(time, THREADS);

      assertThat(history.lateReads()).as("admitted by a copy, within the bound").isPositive();
      assertThat(nodes.hits()).as("of %d", history.reads()).isGreaterThan(history.reads() / 2);
    }
  }

  @Test
  @DisplayName("a feed that forgets the numbers that it passed over breaks the rules")
  void feedThatForgetsGaps_isFound() {
    try (Nodes nodes =
        new Nodes(
            TestDatabase.POSTGRESQL,
            (store, table) -> new GapForgettingStore(store, table, POLL),
            0)) {
      CopiesHistory history = new CopiesHistory(nodes.managers, BOUND, false);

      assertThatThrownBy(() -> history.run(Duration.ofSeconds(60), THREADS))
          .isInstanceOf(AssertionError.class)
          .hasMessageMatching("(?s).*(a request that was admitted|shows after the bound).*");
    }
  }

  @Test
  @DisplayName("I9: a database that one node cannot reach for a while")
  void databaseHangs() throws IOException {
    hang(1, Duration.ofSeconds(6));
  }

  @Tag("long")
  @Test
  void databaseHangs_again() throws IOException {
    hang(5, Duration.ofSeconds(30));
  }

  private static void hang(int times, Duration time) throws IOException {
    TestDatabase server = TestDatabase.POSTGRESQL;
    int port = URI.create(server.url().substring("jdbc:".length())).getPort();
    try (FreezingProxy proxy = new FreezingProxy(port);
        Nodes nodes = new Nodes(server, (store, table) -> store, proxy.port())) {
      CopiesHistory history = new CopiesHistory(nodes.managers, BOUND, true);
      Thread hanging =
          new Thread(
              () -> {
                for (int i = 0; i < times; i++) {
                  pause(Duration.ofSeconds(2));
                  proxy.freeze();
                  pause(Duration.ofSeconds(2));
                  proxy.thaw();
                }
              },
              "hanging");
      hanging.start();

      history.run(time, THREADS);

      proxy.thaw();
      assertThat(history.failures()).as("requests that failed closed").isPositive();
      assertThat(nodes.hits()).isPositive();
    }
  }

  private static void pause(Duration time) {
    long until = System.nanoTime() + time.toNanos();
    while (System.nanoTime() - until < 0) {
      LockSupport.parkNanos(until - System.nanoTime());
    }
  }

  /** Nodes with pools of their own, the first of which may reach the database by a detour. */
  private static final class Nodes implements AutoCloseable {

    private final Table table;
    private final List<HikariDataSource> pools = new ArrayList<>();
    private final List<NearCacheSessionStore> copies = new ArrayList<>();
    private final List<SessionManager> managers = new ArrayList<>();

    Nodes(
        TestDatabase database, BiFunction<SessionStore, Table, SessionStore> feed, int firstPort) {
      table = new Table(new Pool(database, database.database, false, null));
      for (int i = 0; i < NODES; i++) {
        HikariConfig config = database.config(false, 6);
        config.setConnectionTimeout(2_000);
        if (i == 0 && firstPort != 0) {
          int port = URI.create(database.url().substring("jdbc:".length())).getPort();
          config.setJdbcUrl(database.url().replace(":" + port, ":" + firstPort));
        }
        HikariDataSource pool = new HikariDataSource(config);
        pools.add(pool);
        NearCacheSessionStore near =
            NearCacheSessionStore.builder(feed.apply(store(pool), table))
                .maxStaleness(BOUND)
                .build();
        copies.add(near);
        managers.add(SessionManager.builder(near).cleanUpInterval(Duration.ZERO).build());
      }
    }

    private SessionStore store(DataSource pool) {
      WatchedDataSource delayed = new WatchedDataSource(pool);
      ThreadLocal<Boolean> writes = ThreadLocal.withInitial(() -> false);
      delayed.failWith(
          sql -> {
            if (!sql.equals(WatchedDataSource.COMMIT)) {
              writes.set(writes.get() || !sql.startsWith("SELECT"));
            } else if (writes.get()) {
              writes.set(false);
              LockSupport.parkNanos(delayNanos());
            }
          });
      return JdbcSessionStore.builder(delayed)
          .database(table.pool.database())
          .tableName(table.name)
          .createSchema(true)
          .changeFeed(true)
          .changeFeedInterval(POLL)
          .queryTimeout(Duration.ofSeconds(1))
          .build();
    }

    /** Most commits are quick, some are much slower than a poll. */
    private static long delayNanos() {
      int dice = (int) (System.nanoTime() >>> 8 & 0xff);
      return dice < 200 ? 0 : TimeUnit.MILLISECONDS.toNanos(dice);
    }

    long hits() {
      return copies.stream().mapToLong(NearCacheSessionStore::hits).sum();
    }

    @Override
    public void close() {
      managers.forEach(SessionManager::close);
      pools.forEach(HikariDataSource::close);
      table.close();
    }
  }
}
