package io.coatcheck.benchmarks;

import com.zaxxer.hikari.HikariDataSource;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.jdbc.JdbcSessionStore;
import io.coatcheck.session.store.StoredSession;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import javax.sql.DataSource;
import org.HdrHistogram.Histogram;
import org.springframework.session.jdbc.JdbcIndexedSessionRepository;

/**
 * Measures the cost of requests in PostgreSQL: statements, transactions, write-ahead log, room in
 * tables.
 */
final class Costs {

  private static final int SESSIONS = 20_000;
  private static final int REQUESTS = 1_000;

  private final Postgres postgres;
  private final AtomicLong statements = new AtomicLong();

  Costs(Postgres postgres) {
    this.postgres = postgres;
  }

  /** Counts statements, commits and bytes of write-ahead log of each kind of request. */
  void requests(Results results) {
    for (Visit.Kind kind : Visit.Kind.values()) {
      try (HikariDataSource pool = postgres.pool(2);
          HikariDataSource admin = postgres.pool(1)) {
        postgres.fillCoatcheck(SESSIONS);
        postgres.fillSpring(SESSIONS);
        measure(results, "Coatcheck JDBC", kind, Coatchecks.jdbc(counting(pool), SESSIONS), admin);
        measure(
            results,
            "Coatcheck JDBC; change feed",
            kind,
            Coatchecks.recording(counting(pool), SESSIONS),
            admin);
        measure(
            results,
            "Spring Session JDBC",
            kind,
            Springs.jdbc(counting(pool), Springs.ids(SESSIONS)),
            admin);
      }
    }
  }

  private void measure(
      Results results, String name, Visit.Kind kind, Contestant contestant, DataSource admin) {
    try (contestant) {
      Workload workload = new Workload(SESSIONS);
      send(contestant, kind, workload);
      Postgres.execute(admin, "VACUUM");
      Postgres.execute(admin, "CHECKPOINT");
      // The log that the server writes by itself in about the same time.
      long idle = written(admin, () -> pause(Duration.ofSeconds(2)));
      statements.set(0);
      long wal = written(admin, () -> send(contestant, kind, workload));
      double each = statements.get() / (double) REQUESTS;
      for (int i = 0; i < 5; i++) {
        send(contestant, kind, workload);
      }
      long later = written(admin, () -> send(contestant, kind, workload));
      results.add(
          name,
          kind,
          REQUESTS,
          Results.rounded(each),
          Math.max(0, wal - idle),
          Math.max(0, later - idle));
    }
  }

  private static void send(Contestant contestant, Visit.Kind kind, Workload workload) {
    for (int i = 0; i < REQUESTS; i++) {
      contestant.request(kind, workload.next());
    }
  }

  private static long written(DataSource admin, Runnable work) {
    String position = "SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn";
    long before = Postgres.number(admin, position);
    work.run();
    return Postgres.number(admin, position) - before;
  }

  private static void pause(Duration time) {
    try {
      Thread.sleep(time.toMillis());
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Measures the room that a session takes in the tables, fresh and after an hour of visits. */
  void tables(Results results) {
    try (HikariDataSource pool = postgres.pool(2)) {
      Coatchecks.store(pool).close();
      Postgres.execute(pool, "TRUNCATE http_session");
      insertInOrder(pool);
      results.add("Coatcheck JDBC", "fresh", SESSIONS, size(pool, "http_session") / SESSIONS);
      Postgres.createSpringSchema(pool);
      Postgres.execute(pool, "TRUNCATE spring_session, spring_session_attributes");
      postgres.fillSpring(SESSIONS);
      results.add("Spring Session JDBC", "fresh", SESSIONS, springSize(pool) / SESSIONS);
      anHour(pool);
      results.add(
          "Coatcheck JDBC", "after an hour", SESSIONS, size(pool, "http_session") / SESSIONS);
      double hot =
          Postgres.number(
                  pool,
                  "SELECT 1000 * n_tup_hot_upd / n_tup_upd FROM pg_stat_user_tables"
                      + " WHERE relname = 'http_session'")
              / 1000.0;
      results.add("Coatcheck JDBC", "share of HOT updates", SESSIONS, hot);
    }
  }

  private static long springSize(DataSource pool) {
    return size(pool, "spring_session") + size(pool, "spring_session_attributes");
  }

  private static long size(DataSource pool, String table) {
    return Postgres.number(pool, "SELECT pg_total_relation_size('" + table + "')");
  }

  /** Inserts sessions one after the other, as they begin, since ids are ordered by time. */
  private static void insertInOrder(HikariDataSource pool) {
    Population population = new Population(SESSIONS);
    Instant now = Instant.now();
    try (JdbcSessionStore store = Coatchecks.store(pool)) {
      for (int i = 0; i < SESSIONS; i++) {
        store.insert(population.encoded(i, true, Coatchecks.CODEC, now));
      }
    }
  }

  /** Touches every session each minute for an hour, and changes it every ten minutes. */
  private static void anHour(HikariDataSource pool) {
    Population population = new Population(SESSIONS);
    try (JdbcSessionStore store = Coatchecks.store(pool)) {
      Postgres.execute(pool, "ALTER SYSTEM SET synchronous_commit = off");
      Postgres.execute(pool, "SELECT pg_reload_conf()");
      Postgres.execute(pool, "SELECT pg_stat_reset()");
      Instant start = Instant.now();
      // A tenth of them is visited at a time, as people come and go.
      int visitors = SESSIONS / 10;
      for (int minute = 0; minute < 60; minute++) {
        Instant now = start.plus(Duration.ofMinutes(minute));
        int first = minute / 6 * visitors;
        for (int i = first; i < first + visitors; i++) {
          store.touch(population.token(i).id(), now, now);
          if (minute % 6 == 3) {
            StoredSession stored = store.find(population.token(i).id()).orElseThrow();
            store.update(stored, now);
          }
        }
        if (minute % 10 == 9) {
          Postgres.execute(pool, "VACUUM http_session");
        }
      }
      Postgres.execute(pool, "ALTER SYSTEM RESET synchronous_commit");
      Postgres.execute(pool, "SELECT pg_reload_conf()");
      pause(Duration.ofSeconds(2));
    }
  }

  /** Deletes 100,000 expired rows while another thread reads. */
  void cleanUp(Results results, int rows) throws InterruptedException {
    try (HikariDataSource pool = postgres.pool(4)) {
      Population population = postgres.fillCoatcheck(rows + REQUESTS);
      String[] ids = postgres.fillSpring(rows + REQUESTS);
      Postgres.execute(
          pool,
          "UPDATE http_session SET expires_at = 1, sweep_at = 1 WHERE id <= '"
              + population.token(rows - 1).id()
              + "'");
      Postgres.execute(
          pool,
          "UPDATE spring_session SET expiry_time = 1 WHERE primary_id <= '" + ids[rows - 1] + "'");
      Postgres.execute(pool, "VACUUM ANALYZE");
      Postgres.execute(pool, "CHECKPOINT");
      JdbcIndexedSessionRepository repository = Springs.repository(pool);
      try (SessionManager manager = Coatchecks.manager(Coatchecks.store(pool))) {
        Reader reader = new Reader(pool, population, rows);
        results.add("no clean-up", 0, 0, reader.during(() -> pause(Duration.ofSeconds(3))));
        cleanUp(results, "Coatcheck", reader, manager::cleanUp);
        cleanUp(results, "Spring Session", reader, repository::cleanUpExpiredSessions);
      }
      Postgres.execute(pool, "TRUNCATE http_session, spring_session, spring_session_attributes");
    }
  }

  private static void cleanUp(Results results, String name, Reader reader, Runnable work)
      throws InterruptedException {
    long begin = System.nanoTime();
    long[] took = new long[1];
    long p99 =
        reader.during(
            () -> {
              work.run();
              took[0] = System.nanoTime() - begin;
            });
    results.add(name, 1, took[0] / 1_000_000, p99);
  }

  /** Reads rows that stay, by primary key, all the time. */
  private record Reader(DataSource pool, Population population, int first) {

    /** Returns the 99th percentile in microseconds. */
    long during(Runnable work) throws InterruptedException {
      Histogram histogram = new Histogram(3);
      AtomicBoolean done = new AtomicBoolean();
      Thread thread = new Thread(() -> read(histogram, done), "reader");
      thread.start();
      try {
        work.run();
      } finally {
        done.set(true);
        thread.join();
      }
      return histogram.getValueAtPercentile(99);
    }

    private void read(Histogram histogram, AtomicBoolean done) {
      try (Connection connection = pool.getConnection();
          PreparedStatement statement =
              connection.prepareStatement("SELECT attributes FROM http_session WHERE id = ?")) {
        for (int i = 0; !done.get(); i++) {
          long begin = System.nanoTime();
          statement.setObject(1, population.token(first + i % REQUESTS).id().toUuid());
          statement.executeQuery().close();
          histogram.recordValue((System.nanoTime() - begin) / 1_000);
        }
      } catch (java.sql.SQLException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  /** Counts each statement that is executed, of whatever kind. */
  private DataSource counting(DataSource pool) {
    return proxy(DataSource.class, pool);
  }

  private <T> T proxy(Class<T> type, Object target) {
    return type.cast(
        Proxy.newProxyInstance(
            Costs.class.getClassLoader(),
            new Class<?>[] {type},
            (self, method, arguments) -> called(target, method, arguments)));
  }

  private Object called(Object target, Method method, Object[] arguments) throws Throwable {
    if (method.getName().startsWith("execute")) {
      statements.incrementAndGet();
    }
    Object result;
    try {
      result = method.invoke(target, arguments);
    } catch (InvocationTargetException e) {
      throw e.getCause();
    }
    if (result instanceof PreparedStatement statement) {
      return proxy(PreparedStatement.class, statement);
    }
    return result instanceof Connection connection ? proxy(Connection.class, connection) : result;
  }
}
