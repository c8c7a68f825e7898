package io.coatcheck.session.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariConfig;
import io.coatcheck.history.CopiesHistory;
import io.coatcheck.history.FreezingProxy;
import io.coatcheck.session.store.SessionStore;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
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
@Timeout(300)
@Tag("wide")
class CopiesHistoryTest {

  private static final Duration BOUND = CopiesNodes.BOUND;
  private static final int NODES = 3;
  private static final int THREADS = 4;

  @Test
  void fourSeconds_onPostgreSql() {
    run(TestDatabase.POSTGRESQL, Duration.ofSeconds(4));
  }

  @Tag("long")
  @ParameterizedTest
  @EnumSource(
      value = TestDatabase.class,
      names = {"POSTGRESQL", "MARIADB", "H2"})
  void twentySeconds_onEachDatabase(TestDatabase database) {
    run(database, Duration.ofSeconds(20));
  }

  private static void run(TestDatabase database, Duration time) {
    try (Table table = table(database);
        CopiesNodes nodes = nodes(table, (store, sessions) -> store, 0)) {
      CopiesHistory history = new CopiesHistory(nodes.nodes(), BOUND, false);

      history.run(time, THREADS, history::awaitLateRead);

      // On a machine that is slow, there are few reads between two changes of a session.
      assertThat(nodes.hits()).as("of %d", history.reads()).isGreaterThan(history.reads() / 4);
    }
  }

  @Test
  @DisplayName("a feed that forgets the numbers that it passed over breaks the rules")
  void feedThatForgetsGaps_isFound() {
    try (Table table = table(TestDatabase.POSTGRESQL);
        CopiesNodes nodes =
            nodes(
                table,
                (store, sessions) -> new GapForgettingStore(store, sessions, CopiesNodes.POLL),
                0)) {
      CopiesHistory history = new CopiesHistory(nodes.nodes(), BOUND, false);

      assertThatThrownBy(() -> history.run(Duration.ofSeconds(60), THREADS))
          .isInstanceOf(AssertionError.class)
          .hasMessageMatching("(?s).*(a request that was admitted|shows after the bound).*");
    }
  }

  @Test
  @DisplayName("I9: a database that one node cannot reach for a while")
  void databaseHangs() throws IOException {
    hang(1);
  }

  @Tag("long")
  @Test
  void databaseHangs_again() throws IOException {
    hang(3);
  }

  private static void hang(int times) throws IOException {
    try (FreezingProxy proxy = new FreezingProxy(port(TestDatabase.POSTGRESQL));
        Table table = table(TestDatabase.POSTGRESQL);
        CopiesNodes nodes = nodes(table, (store, sessions) -> store, proxy.port())) {
      CopiesHistory history = new CopiesHistory(nodes.nodes(), BOUND, true);

      history.run(
          BOUND,
          THREADS,
          () -> {
            for (int i = 0; i < times; i++) {
              history.pause(Duration.ofSeconds(1));
              long before = history.failures();
              proxy.freeze();
              history.pause(Duration.ofSeconds(2));
              history.await("a request has failed", () -> history.failures() > before);
              proxy.thaw();
              history.pause(Duration.ofSeconds(1));
            }
          });

      assertThat(history.failures()).as("requests that failed closed").isPositive();
      assertThat(nodes.hits()).isPositive();
    }
  }

  private static Table table(TestDatabase database) {
    return new Table(new Pool(database, database.database, false, null));
  }

  private static int port(TestDatabase database) {
    return URI.create(database.url().substring("jdbc:".length())).getPort();
  }

  /** Starts nodes, the first of which may reach PostgreSQL by a detour. */
  private static CopiesNodes nodes(
      Table table, BiFunction<SessionStore, Table, SessionStore> feed, int firstPort) {
    TestDatabase database = table.pool.server();
    List<HikariConfig> configs = new ArrayList<>();
    for (int i = 0; i < NODES; i++) {
      HikariConfig config = database.config(false, 6);
      config.setConnectionTimeout(60_000);
      configs.add(config);
    }
    if (firstPort != 0) {
      String detour = database.url().replace(":" + port(database), ":" + firstPort);
      configs.set(0, CopiesNodes.bounded(detour));
    }
    return new CopiesNodes(
        configs,
        table.pool.database(),
        table.name,
        firstPort == 0 ? CopiesNodes.PATIENT : CopiesNodes.IMPATIENT,
        store -> feed.apply(store, table));
  }
}
