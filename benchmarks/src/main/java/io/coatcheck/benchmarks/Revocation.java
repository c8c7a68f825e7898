package io.coatcheck.benchmarks;

import com.zaxxer.hikari.HikariDataSource;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.nearcache.NearCacheSessionStore;
import io.coatcheck.session.redis.RedisSessionStore;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.test.servers.Redis;
import io.lettuce.core.RedisURI;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import javax.sql.DataSource;
import org.HdrHistogram.Histogram;

/**
 * Measures how long another node accepts a session after the call that ended it has returned. That
 * node has a copy, and another of its requests confirms it up to a moment before the end.
 */
final class Revocation {

  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private Revocation() {}

  /** What the other node has. */
  enum Kind {
    JDBC("Coatcheck JDBC"),
    NEAR("Coatcheck JDBC + near cache"),
    FEED("Coatcheck JDBC + near cache; change feed"),
    NOTIFICATIONS("Coatcheck JDBC + near cache; notifications"),
    REDIS("Coatcheck Redis"),
    REDIS_NEAR("Coatcheck Redis + near cache");

    private final String title;

    Kind(String title) {
      this.title = title;
    }

    private boolean isOnRedis() {
      return this == REDIS || this == REDIS_NEAR;
    }

    private SessionStore store(DataSource pool) {
      return switch (this) {
        case NEAR -> NearCacheSessionStore.wrap(Coatchecks.store(pool));
        case FEED -> Coatchecks.feedStore(pool);
        case NOTIFICATIONS -> NearCacheSessionStore.wrap(Coatchecks.recordingStore(pool, true));
        default -> Coatchecks.store(pool);
      };
    }
  }

  static void run(Results results, int ends, Set<Kind> kinds) throws Exception {
    for (Kind kind : kinds) {
      if (kind.isOnRedis()) {
        try (Redis redis = Redis.start()) {
          onRedis(results, redis.port(), ends, kind);
        }
      } else {
        try (Postgres postgres = Postgres.start()) {
          onPostgres(results, postgres, ends, kind);
        }
      }
    }
  }

  private static void onPostgres(Results results, Postgres postgres, int ends, Kind kind)
      throws InterruptedException {
    Population population = postgres.fillCoatcheck(ends);
    try (HikariDataSource one = postgres.pool(2);
        HikariDataSource other = postgres.pool(4);
        SessionManager ending =
            Coatchecks.manager(Coatchecks.recordingStore(one, kind == Kind.NOTIFICATIONS));
        Contestant asking =
            Coatchecks.contestant(Coatchecks.manager(kind.store(other)), population)) {
      measure(results, ends, kind.title, population, ending, asking);
    }
  }

  private static void onRedis(Results results, int port, int ends, Kind kind)
      throws InterruptedException {
    Population population = new Population(ends);
    Instant now = Instant.now();
    RedisURI server = RedisURI.create("redis://127.0.0.1:" + port);
    RedisSessionStore one = RedisSessionStore.builder(server).build();
    for (int i = 0; i < ends; i++) {
      one.insert(population.encoded(i, true, Coatchecks.CODEC, now));
    }
    SessionStore found = RedisSessionStore.builder(server).build();
    SessionStore other = kind == Kind.REDIS_NEAR ? NearCacheSessionStore.wrap(found) : found;
    try (SessionManager ending = Coatchecks.manager(one);
        Contestant asking = Coatchecks.contestant(Coatchecks.manager(other), population)) {
      measure(results, ends, kind.title, population, ending, asking);
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
