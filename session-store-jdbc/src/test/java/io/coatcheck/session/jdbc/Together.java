package io.coatcheck.session.jdbc;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Runs tasks on threads of their own that start at one moment. */
final class Together {

  private static final Duration LIMIT = Duration.ofMinutes(2);

  private Together() {}

  /** Returns the results in the order of the tasks; fails with what the first of them threw. */
  static <T> List<T> run(List<Callable<T>> tasks) {
    CyclicBarrier start = new CyclicBarrier(tasks.size());
    ExecutorService threads = Executors.newFixedThreadPool(tasks.size());
    try {
      List<Future<T>> running = new ArrayList<>();
      for (Callable<T> task : tasks) {
        running.add(
            threads.submit(
                () -> {
                  start.await(LIMIT.toSeconds(), TimeUnit.SECONDS);
                  return task.call();
                }));
      }
      List<T> results = new ArrayList<>();
      for (Future<T> result : running) {
        results.add(result.get(LIMIT.toSeconds(), TimeUnit.SECONDS));
      }
      return results;
    } catch (ExecutionException e) {
      throw new AssertionError("one of several threads failed", e.getCause());
    } catch (InterruptedException | TimeoutException e) {
      throw new AssertionError("several threads were not done in " + LIMIT, e);
    } finally {
      threads.shutdownNow();
    }
  }

  /** Runs one task several times at once. */
  static <T> List<T> run(int times, Callable<T> task) {
    return run(java.util.Collections.nCopies(times, task));
  }
}
