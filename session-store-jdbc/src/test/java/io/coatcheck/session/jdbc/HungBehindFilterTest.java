package io.coatcheck.session.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.coatcheck.history.FreezingProxy;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.background.Breaker;
import io.coatcheck.session.servlet.SessionFilterBuilder;
import io.coatcheck.session.testkit.MutableClock;
import java.io.IOException;
import java.net.URI;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAccumulator;
import java.util.concurrent.locks.LockSupport;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * A PostgreSQL that holds its connections and answers nothing, as requests through Tomcat see it.
 */
@DisplayName("A hung database, through the filter")
class HungBehindFilterTest {

  /**
   * A request waits at most for a connection and for one answer, 1 s each; the rest is for a busy
   * machine.
   */
  private static final Duration PATIENCE = Duration.ofSeconds(40);

  /** Less than what the driver would wait by itself. The quickest of several requests shows it. */
  private static final Duration BOUND = Duration.ofSeconds(8);

  private static final int POOL_SIZE = 4;

  /** A node whose way to the database can be frozen, and a user who is logged in. */
  private static final class Setting implements AutoCloseable {

    private final MutableClock pauses = MutableClock.at(Instant.parse("2026-11-23T12:00:00Z"));
    private final AtomicInteger asked = new AtomicInteger();
    private final Table table;
    private final FreezingProxy proxy;
    private final HikariDataSource connections;
    private final AppNode node;
    private final AppClient client = new AppClient();
    private Duration quickest = PATIENCE;

    Setting(boolean realTime, UnaryOperator<SessionFilterBuilder> filter) throws IOException {
      table = new Table(new Pool(TestDatabase.POSTGRESQL, Database.POSTGRESQL, true, null));
      String url = TestDatabase.POSTGRESQL.url();
      int port = URI.create(url.substring("jdbc:".length())).getPort();
      proxy = new FreezingProxy(port);
      HikariConfig config = new HikariConfig();
      config.setJdbcUrl(url.replace(":" + port, ":" + proxy.port()));
      config.setMaximumPoolSize(POOL_SIZE);
      config.setConnectionTimeout(1_000);
      config.setValidationTimeout(500);
      connections = new HikariDataSource(config);
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
              .tableName(table.name)
              .queryTimeout(Duration.ofSeconds(1))
              .time(realTime ? InstantSource.system() : pauses)
              .build();
      node =
          new AppNode(SessionManager.builder(store).cleanUpInterval(Duration.ZERO).build(), filter);
      assertThat(client.getPatiently(node.port(), "/login?value=alice").status()).isEqualTo(200);
    }

    /** Returns how often the pool was asked for a connection during a request. */
    int cost(String path, int status) throws IOException {
      int before = asked.get();
      long start = System.nanoTime();
      AppClient.Answer answer = timed(client, path);
      Duration taken = Duration.ofNanos(System.nanoTime() - start);
      if (asked.get() > before && taken.compareTo(quickest) < 0) {
        quickest = taken;
      }
      assertThat(answer.status()).as(path).isEqualTo(status);
      assertThat(answer.retryAfter().isPresent()).as("Retry-After").isEqualTo(status == 503);
      assertThat(answer.setCookie()).as("the cookie is left alone").isEmpty();
      return asked.get() - before;
    }

    AppClient.Answer timed(AppClient sender, String path) throws IOException {
      long start = System.nanoTime();
      AppClient.Answer answer = sender.get(node.port(), path);
      assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(PATIENCE);
      return answer;
    }

    void awaitRecovery() throws IOException {
      proxy.thaw();
      long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
      AppClient.Answer answer = client.get(node.port(), "/me");
      while (answer.status() != 200) {
        assertThat(answer.status()).isEqualTo(503);
        assertThat(System.nanoTime() - deadline).as("recovery").isNegative();
        pauses.advance(Breaker.PAUSE);
        LockSupport.parkNanos(10_000_000);
        answer = client.get(node.port(), "/me");
      }
      assertThat(answer.body()).isEqualTo("alice");
    }

    @Override
    public void close() throws IOException {
      proxy.close();
      node.close();
      connections.close();
      table.close();
    }
  }

  @DisplayName("I9: three requests cost a timeout, the next nothing; it recovers without a restart")
  @Test
  void threeTimeouts_thenAtOnce() throws IOException {
    try (Setting setting = new Setting(false, filter -> filter)) {
      setting.proxy.freeze();

      for (int i = 1; i <= Breaker.TIMEOUTS; i++) {
        assertThat(setting.cost("/me", 503)).as("request %s asks the database", i).isEqualTo(1);
      }
      assertThat(setting.quickest).isLessThan(BOUND);
      for (int i = 0; i < 20; i++) {
        assertThat(setting.cost("/me", 503)).as("fails at once").isZero();
      }
      setting.pauses.advance(Breaker.PAUSE);
      assertThat(setting.cost("/me", 503)).as("one probe").isEqualTo(1);
      assertThat(setting.cost("/me", 503)).as("fails at once").isZero();

      setting.awaitRecovery();
    }
  }

  @DisplayName(
      "Resolved before the application: a page that needs no session is served in one timeout")
  @Test
  void eager_plainPage_isServed() throws IOException {
    try (Setting setting = new Setting(false, filter -> filter)) {
      setting.proxy.freeze();

      for (int i = 1; i <= Breaker.TIMEOUTS; i++) {
        assertThat(setting.cost("/plain", 200)).as("asks once").isEqualTo(1);
      }
      assertThat(setting.quickest).isLessThan(BOUND);
      assertThat(setting.cost("/plain", 200)).as("at once by now").isZero();
      setting.client.present("");
      assertThat(setting.cost("/plain", 200)).as("no token").isZero();
    }
  }

  @DisplayName("Resolved when asked for: a page that needs no session is served at once")
  @Test
  void lazy_plainPage_isServedAtOnce() throws IOException {
    try (Setting setting = new Setting(false, filter -> filter.lazy(true))) {
      setting.proxy.freeze();

      assertThat(setting.cost("/plain", 200)).as("does not ask").isZero();
      assertThat(setting.cost("/me", 503)).isEqualTo(1);
    }
  }

  @DisplayName("Forty clients get their answers in time, and threads do not pile up")
  @Test
  @Tag("wide")
  void manyClients_boundedThreads() throws IOException {
    try (Setting setting = new Setting(true, filter -> filter)) {
      LongAccumulator usual = new LongAccumulator(Math::max, 0);
      // Forty at once may wait for longer than the timeouts, on a busy machine.
      Table.await("all are answered", () -> Set.copyOf(storm(setting, usual)).equals(Set.of(200)));
      setting.proxy.freeze();
      LongAccumulator hung = new LongAccumulator(Math::max, 0);

      assertThat(storm(setting, hung)).as("while it hangs").containsOnly(503);

      // The pool has a few for connecting anew.
      assertThat(hung.get()).isLessThan(usual.get() + 2 * POOL_SIZE);
      setting.awaitRecovery();
    }
  }

  private static List<Integer> storm(Setting setting, LongAccumulator threads) {
    Callable<List<Integer>> client =
        () -> {
          AppClient own = new AppClient();
          own.present(setting.client.cookie());
          AppClient.Answer[] answers = new AppClient.Answer[10];
          for (int i = 0; i < answers.length; i++) {
            answers[i] = setting.timed(own, "/me");
            threads.accumulate(threadsBesideTheRequests());
          }
          return Arrays.stream(answers).map(AppClient.Answer::status).toList();
        };
    return Together.run(Collections.nCopies(40, client)).stream().flatMap(List::stream).toList();
  }

  /**
   * Counts all threads but those of the proxy, those of Tomcat that serve requests, and those of
   * the client that wait for answers: of these there are as many as requests at once, which are
   * more while the database hangs. That each of them is let go in time is what the answers show.
   */
  private static long threadsBesideTheRequests() {
    return Thread.getAllStackTraces().keySet().stream()
        .map(Thread::getName)
        .filter(name -> !name.startsWith("proxy-"))
        .filter(name -> !name.contains("-exec-"))
        .filter(name -> !name.startsWith("HttpClient-"))
        .count();
  }
}
