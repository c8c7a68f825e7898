package io.coatcheck.benchmarks;

import com.zaxxer.hikari.HikariDataSource;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.jdbc.JdbcSessionStore;
import io.coatcheck.session.nearcache.NearCacheSessionStore;
import io.coatcheck.session.redis.RedisSessionStore;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.test.servers.Redis;
import io.lettuce.core.RedisURI;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import javax.sql.DataSource;
import org.HdrHistogram.Histogram;

/**
 * Measures how long another node accepts a session after the call that ended it has returned. That
 * node has a copy, and another of its requests confirms it up to a moment before the end.
 */
final class Revocation {

  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private Revocation() {}

  static void run(Results results, int ends) throws Exception {
    try (Postgres postgres = Postgres.start()) {
      onPostgres(results, postgres, ends, "Coatcheck JDBC", Coatchecks::store);
      onPostgres(
          results,
          postgres,
          ends,
          "Coatcheck JDBC + near cache",
          pool -> NearCacheSessionStore.wrap(Coatchecks.store(pool)));
      onPostgres(
          results,
          postgres,
          ends,
          "Coatcheck JDBC + near cache; change feed",
          Coatchecks::feedStore);
    }
    try (Redis redis = Redis.start()) {
      onRedis(results, redis.port(), ends, "Coatcheck Redis", store -> store);
      onRedis(
          results, redis.port(), ends, "Coatcheck Redis + near cache", NearCacheSessionStore::wrap);
    }
  }

  private static void onPostgres(
      Results results,
      Postgres postgres,
      int ends,
      String name,
      Function<DataSource, SessionStore> store)
      throws InterruptedException {
    Population population = postgres.fillCoatcheck(ends);
    try (HikariDataSource one = postgres.pool(2);
        HikariDataSource other = postgres.pool(4);
        SessionManager ending =
            Coatchecks.manager(
                JdbcSessionStore.builder(one).createSchema(true).changeFeed(true).build());
        Contestant asking =
            Coatchecks.contestant(Coatchecks.manager(store.apply(other)), population)) {
      measure(results, ends, name, population, ending, asking);
    }
  }

  private static void onRedis(
      Results results, int port, int ends, String name, UnaryOperator<SessionStore> copies)
      throws InterruptedException {
    Population population = new Population(ends);
    Instant now = Instant.now();
    RedisURI server = RedisURI.create("redis://127.0.0.1:" + port);
    RedisSessionStore one = RedisSessionStore.builder(server).build();
    for (int i = 0; i < ends; i++) {
      one.insert(population.encoded(i, true, Coatchecks.CODEC, now));
    }
    SessionStore other = copies.apply(RedisSessionStore.builder(server).build());
    try (SessionManager ending = Coatchecks.manager(one);
        Contestant asking = Coatchecks.contestant(Coatchecks.manager(other), population)) {
      measure(results, ends, name, population, ending, asking);
    }
  }

  private static void measure(
      Results results,
      int ends,
      String name,
      Population population,
      SessionManager ending,
      Contestant asking)
      throws InterruptedException {
    // The first sessions warm up the code, and do not count.
    int warmUp = ends / 10;
    Histogram micros = new Histogram(3);
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
