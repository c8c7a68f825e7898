package io.coatcheck.session.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.nearcache.NearCacheSessionStore;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/**
 * A database that is killed below nodes with copies: strict and lenient ones, with a change feed
 * and without.
 */
@Tag("long")
class NearCacheOutageTest {

  private static final Duration BOUND = Duration.ofSeconds(3);
  private static final Duration LENIENCE = Duration.ofSeconds(12);

  /** The pool's and the query's timeouts, and this machine's leisure. */
  private static final Duration MARGIN = Duration.ofSeconds(5);

  @TempDir(cleanup = CleanupMode.ON_SUCCESS)
  private Path directory;

  @Test
  @DisplayName(
      "I9: kill -9 of PostgreSQL: past the bound it fails closed, unless stale copies may be"
          + " served, and then until that has passed")
  void killedDatabase_copiesServeUntilTheBound() throws Exception {
    // Most of the time passes with waiting, so both wait at once.
    try (KillablePostgres server = new KillablePostgres(directory.resolve("data"));
        HikariDataSource ageing = pool(server.url());
        HikariDataSource fed = pool(server.url());
        Site withAgeing = Site.start(ageing, false);
        Site withFeed = Site.start(fed, true)) {
      long began = System.nanoTime();
      withAgeing.read();
      withFeed.read();

      long before = System.nanoTime();
      server.kill();
      long down = System.nanoTime();

      List<Callable<Served>> requests =
          List.of(
              () -> withAgeing.serveStrictly(down),
              () -> withFeed.serveStrictly(down),
              () -> withAgeing.serveLeniently(down),
              () -> withFeed.serveLeniently(down));
      List<Served> served = Together.run(requests);
      assertThat(served.subList(0, 2))
          .as("strict")
          .allSatisfy(
              last -> assertThat(last.lastAt()).isLessThan(BOUND.toNanos() + down - before));
      assertThat(served.subList(2, 4))
          .as("lenient")
          .allSatisfy(
              last -> {
                // A copy is as old as the read that made it. When it is too old, the next request
                // is refused, which may begin late on a machine that stalls.
                assertThat(last.refusedAt())
                    .isGreaterThanOrEqualTo(BOUND.plus(LENIENCE).toNanos() + began - down);
                assertThat(last.lastAt())
                    .isGreaterThan(BOUND.multipliedBy(2).toNanos())
                    .isLessThan(BOUND.plus(LENIENCE).toNanos() + down - before);
              });

      withAgeing.assertChangesFail();
      withFeed.assertChangesFail();
    }
  }

  /** Two nodes on one table, and two clients that present the same cookie, one to each. */
  private record Site(
      AppNode strict, AppNode lenient, AppClient client, AppClient other, String cookie)
      implements AutoCloseable {

    static Site start(HikariDataSource pool, boolean changeFeed) throws IOException {
      AppNode strict = node(pool, changeFeed, Duration.ZERO);
      AppNode lenient = node(pool, changeFeed, LENIENCE);
      AppClient client = new AppClient();
      assertThat(client.getPatiently(strict.port(), "/login?value=alice").status()).isEqualTo(200);
      AppClient other = new AppClient();
      other.present(client.cookie());
      return new Site(strict, lenient, client, other, client.cookie());
    }

    /** Makes a copy on each node. */
    void read() throws IOException {
      assertThat(other.getPatiently(lenient.port(), "/me").body()).isEqualTo("alice");
      assertThat(client.getPatiently(strict.port(), "/me").body()).isEqualTo("alice");
    }

    // A copy may be as old as the bound when the database goes, or just read.
    Served serveStrictly(long down) throws IOException {
      return serve(client, strict.port(), down, BOUND.plus(MARGIN));
    }

    Served serveLeniently(long down) throws IOException {
      return serve(other, lenient.port(), down, BOUND.plus(LENIENCE).plus(MARGIN));
    }

    /** What changes or ends a session is never served from a copy. */
    void assertChangesFail() throws IOException {
      assertThat(other.get(lenient.port(), "/set?value=x").status()).isEqualTo(503);
      assertThat(other.get(lenient.port(), "/logout").status()).isEqualTo(503);
      assertThat(client.cookie()).as("no answer set or cleared the cookie").isEqualTo(cookie);
      assertThat(other.cookie()).as("no answer set or cleared the cookie").isEqualTo(cookie);
    }

    @Override
    public void close() {
      strict.close();
      lenient.close();
    }
  }

  /**
   * What a node answered until it refused.
   *
   * @param lastAt when the last admitted request began, in nanoseconds after the kill
   * @param refusedAt when the first one was answered that was not, likewise
   */
  private record Served(long lastAt, long refusedAt) {}

  /** Asks until the first refusal, which must come within a time and be followed by others. */
  private static Served serve(AppClient client, int port, long since, Duration within)
      throws IOException {
    long last = 0;
    while (true) {
      long asked = System.nanoTime() - since;
      AppClient.Answer answer = client.get(port, "/me");
      if (answer.status() != 200) {
        long refused = System.nanoTime() - since;
        assertThat(answer.status()).isEqualTo(503);
        assertThat(answer.retryAfter()).as("Retry-After").isPresent();
        assertThat(answer.setCookie()).isEmpty();
        assertThat(client.get(port, "/me").status()).isEqualTo(503);
        return new Served(last, refused);
      }
      assertThat(answer.body()).isEqualTo("alice");
      assertThat(asked).as("still served").isLessThan(within.toNanos());
      last = asked;
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
    }
  }

  private static AppNode node(
      HikariDataSource pool, boolean changeFeed, Duration serveStaleOnOutage) {
    JdbcSessionStore.Builder builder =
        JdbcSessionStore.builder(pool)
            .database(Database.POSTGRESQL)
            .tableName(changeFeed ? "fed" : "ageing")
            .changeFeed(changeFeed);
    Table.create(builder);
    JdbcSessionStore store =
        builder.createSchema(false).queryTimeout(Duration.ofSeconds(1)).build();
    return new AppNode(
        SessionManager.builder(
                NearCacheSessionStore.builder(store)
                    .maxStaleness(BOUND)
                    .serveStaleOnOutage(serveStaleOnOutage)
                    .build())
            .cleanUpInterval(Duration.ZERO)
            .build(),
        settings -> settings);
  }

  private static HikariDataSource pool(String url) {
    HikariConfig config = new HikariConfig();
    config.setJdbcUrl(url);
    config.setMaximumPoolSize(4);
    config.setConnectionTimeout(500);
    config.setValidationTimeout(250);
    return new HikariDataSource(config);
  }
}
