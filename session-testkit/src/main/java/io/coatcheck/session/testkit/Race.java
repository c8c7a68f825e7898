package io.coatcheck.session.testkit;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.FutureTask;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.random.RandomGenerator;

/**
 * Several calls that begin together, each in its own thread. The outcome of a single race is
 * chance, so races are run in rounds: {@link #ROUNDS} of them, and more where a store is fast and
 * the critical moment is short.
 */
final class Race {

  /** How often a race is run at least: few enough for a remote store. */
  static final int ROUNDS = 200;

  private static final Duration MIN_TIME = Duration.ofMillis(250);
  private static final Duration DEADLINE = Duration.ofSeconds(60);

  private static final AtomicInteger THREADS = new AtomicInteger();

  /** Keeps threads for a second, since starting one takes longer than most races. */
  private static final ExecutorService RUNNERS =
      new ThreadPoolExecutor(
          0,
          Integer.MAX_VALUE,
          1,
          TimeUnit.SECONDS,
          new SynchronousQueue<>(),
          task -> {
            Thread thread = new Thread(task, "coatcheck-race-" + THREADS.incrementAndGet());
            thread.setDaemon(true);
            return thread;
          });

  private final int least;
  private final long begun = System.nanoTime();
  private int round;

  private Race(int least) {
    this.least = least;
  }

  /** Starts the rounds of a race between two calls: {@code while (race.goesOn())}. */
  static Race inRounds() {
    return new Race(ROUNDS);
  }

  /** Starts the rounds of a race among many calls, or of one that takes long to set up. */
  static Race inFewRounds() {
    return new Race(ROUNDS / 10);
  }

  /** Returns whether there is one more round. */
  boolean goesOn() {
    return round++ < least || System.nanoTime() - begun < MIN_TIME.toNanos();
  }

  /** Runs two calls at once and returns their results. */
  static <A, B> Outcome<A, B> between(Callable<A> first, Callable<B> second) {
    AtomicInteger starting = new AtomicInteger(2);
    FutureTask<A> one = start(starting, first);
    FutureTask<B> other = start(starting, second);
    return new Outcome<>(await(one, DEADLINE), await(other, DEADLINE));
  }

  /** Runs calls at once and returns their results, in the order of the calls. */
  static <T> List<T> among(List<? extends Callable<T>> calls) {
    return among(calls, DEADLINE);
  }

  /**
   * Runs calls as {@link #among(List)} does, with the time after which a call counts as blocked.
   */
  static <T> List<T> among(List<? extends Callable<T>> calls, Duration deadline) {
    AtomicInteger starting = new AtomicInteger(calls.size());
    List<FutureTask<T>> running = new ArrayList<>();
    calls.forEach(call -> running.add(start(starting, call)));
    List<T> answers = new ArrayList<>();
    running.forEach(task -> answers.add(await(task, deadline)));
    return answers;
  }

  // Yielding does not affect the outcome: with fewer cores than calls, it only shortens the wait.
  @SuppressWarnings("ThreadPriorityCheck")
  private static <T> FutureTask<T> start(AtomicInteger starting, Callable<T> call) {
    FutureTask<T> task =
        new FutureTask<>(
            () -> {
              starting.decrementAndGet();
              // Waking sleeping threads one by one would let the first finish before the last
              // begins.
              while (starting.get() > 0) {
                Thread.yield();
              }
              stagger();
              return call.call();
            });
    RUNNERS.execute(task);
    return task;
  }

  /** Varies which of the calls comes first. */
  private static void stagger() {
    for (int left = RandomGenerator.getDefault().nextInt(300); left > 0; left--) {
      Thread.onSpinWait();
    }
  }

  private static <T> T await(FutureTask<T> task, Duration deadline) {
    try {
      return task.get(deadline.toSeconds(), TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      throw new AssertionError("a call in a race failed: " + e.getCause(), e.getCause());
    } catch (TimeoutException e) {
      throw new AssertionError("a call in a race has not returned after " + deadline, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError("interrupted while a race was run", e);
    }
  }

  /** The results of the two calls of a race. */
  record Outcome<A, B>(A first, B second) {}
}
