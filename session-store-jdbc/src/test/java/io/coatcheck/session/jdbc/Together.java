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

  /**
   * Returns the results in the order of the tasks. If any fails, waits for the others, and throws
   * an error that tells what each of them threw: the first that failed may be but the victim.
   */
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
      List<Throwable> failures = new ArrayList<>();
      for (Future<T> result : running) {
        try {
          results.add(result.get(LIMIT.toSeconds(), TimeUnit.SECONDS));
        } catch (ExecutionException e) {
          failures.add(e.getCause());
        }
      }
      if (!failures.isEmpty()) {
        throw together(failures, tasks.size());
      }
      return results;
    } catch (InterruptedException | TimeoutException e) {
      throw new AssertionError("several threads were not done in " + LIMIT, e);
    } finally {
      threads.shutdownNow();
    }
  }

  /** Build logs are cut to the message, so all that was thrown stands in it. */
  private static AssertionError together(List<Throwable> failures, int tasks) {
    StringBuilder message = new StringBuilder();
    message.append(failures.size()).append(" of ").append(tasks).append(" threads failed:");
    for (Throwable failure : failures) {
      for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
        message.append(cause == failure ? "\n- " : "\n  caused by ").append(cause);
      }
    }
    AssertionError error = new AssertionError(message.toString(), failures.get(0));
    failures.stream().skip(1).forEach(error::addSuppressed);
    return error;
  }

  /** Runs one task several times at once. */
  static <T> List<T> run(int times, Callable<T> task) {
    return run(java.util.Collections.nCopies(times, task));
  }
}
