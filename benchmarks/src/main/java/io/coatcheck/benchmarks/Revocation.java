package io.coatcheck.benchmarks;

import com.zaxxer.hikari.HikariDataSource;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.jdbc.JdbcSessionStore;
import io.coatcheck.session.nearcache.NearCacheSessionStore;
import io.coatcheck.session.store.SessionStore;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Function;
import javax.sql.DataSource;
import org.HdrHistogram.Histogram;

/**
 * Measures how long another node accepts a session after the call that ended it has returned. That
 * node has a copy, and another of its requests confirms it up to a moment before the end.
 */
final class Revocation {

  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private Revocation() {}

  static void run(Results results, int ends) throws InterruptedException {
    try (Postgres postgres = Postgres.start()) {
      measure(results, postgres, ends, "Coatcheck JDBC", Coatchecks::store);
      measure(
          results,
          postgres,
          ends,
          "Coatcheck JDBC + near cache",
          pool -> NearCacheSessionStore.wrap(Coatchecks.store(pool)));
      measure(
          results,
          postgres,
          ends,
          "Coatcheck JDBC + near cache; change feed",
          Coatchecks::feedStore);
    }
  }

  private static void measure(
      Results results,
      Postgres postgres,
      int ends,
      String name,
      Function<DataSource, SessionStore> store)
      throws InterruptedException {
    Population population = postgres.fillCoatcheck(ends);
    // The first sessions warm up the code, and do not count.
    int warmUp = ends / 10;
    Histogram micros = new Histogram(3);
    try (HikariDataSource one = postgres.pool(2);
        HikariDataSource other = postgres.pool(4);
        SessionManager ending =
            Coatchecks.manager(
                JdbcSessionStore.builder(one).createSchema(true).changeFeed(true).build());
        Contestant asking =
            Coatchecks.contestant(Coatchecks.manager(store.apply(other)), population)) {
      for (int i = 0; i < ends; i++) {
        requireAccepted(asking, i);
        // At any moment between two polls.
        Thread.sleep(ThreadLocalRandom.current().nextInt(350));
        requireAccepted(asking, i);
        if (!ending.revoke(population.token(i).id())) {
          throw new IllegalStateException("session " + i + " had ended");
        }
        long returned = System.nanoTime();
        while (asking.read(i) != null) {
          if (System.nanoTime() - returned > PATIENCE.toNanos()) {
            throw new IllegalStateException("session " + i + " is still accepted");
          }
        }
        if (i >= warmUp) {
          micros.recordValue((System.nanoTime() - returned) / 1_000);
        }
      }
    }
    results.add(
        name,
        ends - warmUp,
        Results.rounded(micros.getValueAtPercentile(50) / 1_000.0),
        Results.rounded(micros.getValueAtPercentile(99) / 1_000.0),
        Results.rounded(micros.getMaxValue() / 1_000.0));
  }

  private static void requireAccepted(Contestant asking, int session) {
    if (!Workload.principal(session).equals(asking.read(session))) {
      throw new IllegalStateException("session " + session + " was refused before its end");
    }
  }
}
