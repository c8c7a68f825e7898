package io.coatcheck.benchmarks;

import com.zaxxer.hikari.HikariDataSource;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.nearcache.NearCacheSessionStore;
import java.util.Collections;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Measures how many sessions the threads of a node end in a second, while another node keeps copies
 * by the change feed: with and without the notifications of PostgreSQL, whose transactions commit
 * one after the other.
 */
final class Logouts {

  private static final int THREADS = 8;

  private final Results results;
  private final int sessions;

  /**
   * Prepares the measurement.
   *
   * @param sessions how many end in each round, in each way
   */
  Logouts(Results results, int sessions) {
    this.results = results;
    this.sessions = sessions;
  }

  void run(int rounds) throws InterruptedException, ExecutionException {
    try (Postgres postgres = Postgres.start()) {
      // What the first round compiles is of use to the others.
      measure(postgres, false);
      for (int round = 1; round <= rounds; round++) {
        boolean isFirst = round % 2 == 0;
        add(isFirst, round, measure(postgres, isFirst));
        add(!isFirst, round, measure(postgres, !isFirst));
      }
    }
  }

  private void add(boolean notifies, int round, double perSecond) {
    results.add(
        notifies ? "with notifications" : "without", round, sessions, Results.rounded(perSecond));
  }

  private double measure(Postgres postgres, boolean notifies)
      throws InterruptedException, ExecutionException {
    Population population = postgres.fillCoatcheck(sessions);
    ExecutorService threads = Executors.newFixedThreadPool(THREADS);
    try (HikariDataSource one = postgres.pool(THREADS);
        HikariDataSource other = postgres.pool(4);
        SessionManager ending = Coatchecks.manager(Coatchecks.recordingStore(one, notifies));
        Contestant asking =
            Coatchecks.contestant(
                Coatchecks.manager(
                    NearCacheSessionStore.wrap(Coatchecks.recordingStore(other, notifies))),
                population)) {
      if (!Workload.principal(0).equals(asking.read(0))) {
        throw new IllegalStateException("the other node does not find a session");
      }
      AtomicInteger next = new AtomicInteger();
      Callable<Void> work =
          () -> {
            for (int i = next.getAndIncrement(); i < sessions; i = next.getAndIncrement()) {
              if (!ending.revoke(population.token(i).id())) {
                throw new IllegalStateException("session " + i + " had ended");
              }
            }
            return null;
          };
      long began = System.nanoTime();
      for (Future<Void> ended : threads.invokeAll(Collections.nCopies(THREADS, work))) {
        ended.get();
      }
      return sessions / ((System.nanoTime() - began) / 1e9);
    } finally {
      threads.shutdown();
    }
  }
}
