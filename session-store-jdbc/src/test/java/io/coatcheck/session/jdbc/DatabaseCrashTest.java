package io.coatcheck.session.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.coatcheck.session.SessionManager;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/** A database that is killed under load and comes back, below an application that goes on. */
@Tag("long")
class DatabaseCrashTest {

  private static final int CLIENTS = 4;

  @TempDir(cleanup = CleanupMode.ON_SUCCESS)
  private Path directory;

  private final AtomicInteger acknowledged = new AtomicInteger();
  private final AtomicInteger unavailable = new AtomicInteger();
  private final AtomicBoolean enough = new AtomicBoolean();

  /** The requests of one client, and which of them were acknowledged. */
  private static final class Told {
    private final AppClient client = new AppClient();
    private int acknowledged = -1;
    private int sent = -1;
  }

  @Test
  @DisplayName("I9: kill -9 of PostgreSQL under load: 503, the cookie stays, and nothing is lost")
  void killedDatabase_losesNothingAcknowledged() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(CLIENTS);
    try (KillablePostgres server = new KillablePostgres(directory.resolve("data"));
        HikariDataSource pool = pool(server.url());
        AppNode node =
            new AppNode(
                SessionManager.builder(
                        JdbcSessionStore.builder(pool)
                            .database(Database.POSTGRESQL)
                            .queryTimeout(Duration.ofSeconds(2))
                            .build())
                    .cleanUpInterval(Duration.ofMillis(200))
                    .build(),
                settings -> settings)) {
      List<Future<Told>> clients = new ArrayList<>();
      for (int number = 0; number < CLIENTS; number++) {
        clients.add(threads.submit(load(node.port())));
      }
      await("acknowledged changes", clients, () -> acknowledged.get() >= 200);

      server.kill();
      await("refusals while it is down", clients, () -> unavailable.get() >= 3 * CLIENTS);
      server.startAgain();
      int before = acknowledged.get();
      await(
          "acknowledged changes after it is back",
          clients,
          () -> acknowledged.get() >= before + 200);

      enough.set(true);
      for (Future<Told> client : clients) {
        check(client.get(60, TimeUnit.SECONDS), node.port());
      }
    } finally {
      enough.set(true);
      threads.shutdownNow();
    }
  }

  private Callable<Told> load(int port) {
    return () -> {
      Told told = new Told();
      assertThat(told.client.getPatiently(port, "/login?value=alice").status()).isEqualTo(200);
      String cookie = told.client.cookie();
      while (!enough.get()) {
        told.sent++;
        AppClient.Answer answer = told.client.get(port, "/set?value=" + told.sent);
        if (answer.status() == 200) {
          told.acknowledged = told.sent;
          acknowledged.incrementAndGet();
        } else {
          assertThat(answer.status()).isEqualTo(503);
          assertThat(answer.retryAfter()).as("Retry-After").isPresent();
          unavailable.incrementAndGet();
        }
        // Neither cleared nor replaced by that of an anonymous session.
        assertThat(answer.setCookie()).isEmpty();
        assertThat(told.client.cookie()).isEqualTo(cookie);
      }
      return told;
    };
  }

  private static void check(Told told, int port) throws IOException {
    assertThat(told.client.getPatiently(port, "/me").body()).isEqualTo("alice");
    assertThat(Integer.parseInt(told.client.getPatiently(port, "/read").body()))
        .isBetween(told.acknowledged, told.sent);
  }

  private static HikariDataSource pool(String url) {
    HikariConfig config = new HikariConfig();
    config.setJdbcUrl(url);
    config.setMaximumPoolSize(8);
    config.setConnectionTimeout(2_000);
    config.setValidationTimeout(1_000);
    HikariDataSource pool = new HikariDataSource(config);
    Table.create(JdbcSessionStore.builder(pool));
    return pool;
  }

  private static void await(String what, List<Future<Told>> clients, BooleanSupplier condition)
      throws Exception {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(120);
    while (!condition.getAsBoolean()) {
      for (Future<Told> client : clients) {
        if (client.isDone()) {
          // It ends early if what it saw is wrong.
          client.get();
        }
      }
      assertThat(System.nanoTime() - deadline).as("waiting for " + what).isNegative();
      LockSupport.parkNanos(5_000_000);
    }
  }
}
