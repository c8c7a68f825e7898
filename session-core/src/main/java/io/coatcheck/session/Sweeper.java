package io.coatcheck.session;

import io.coatcheck.session.background.RecurringWork;
import io.coatcheck.session.store.CleanUp;
import io.coatcheck.session.store.SessionStoreException;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntConsumer;
import java.util.function.LongPredicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Deletes expired sessions, in batches, by one daemon thread named {@code coatcheck-sweeper-N}. The
 * pauses are jittered, so that nodes that were started together do not clean up together. Expiry
 * does not depend on it: an expired session is refused even before it is deleted.
 */
final class Sweeper implements AutoCloseable {

  static final int BATCH = 1_000;

  private static final Logger LOG = LoggerFactory.getLogger(SessionManager.class);
  private static final AtomicInteger NUMBER = new AtomicInteger();

  private final EngineContext engine;
  private final Duration interval;
  private final RecurringWork thread;

  Sweeper(EngineContext engine, Duration interval) {
    this.engine = engine;
    this.interval = interval;
    thread =
        new RecurringWork(
            "coatcheck-sweeper-" + NUMBER.incrementAndGet(),
            this::jittered,
            this::sweepOnce,
            this::failed);
  }

  void start() {
    thread.start();
  }

  /**
   * Deletes all sessions that have expired, and returns how many. After each batch but the last,
   * whether it deleted sessions or only found them in use, it rests for a third of the time that
   * the batch took, so that the store has at least a quarter of the time for requests.
   *
   * @param rest pauses for the given number of nanoseconds, and returns whether to go on
   */
  static int sweep(EngineContext engine, LongPredicate rest) {
    return FlightRecording.cleanUp(batches -> sweep(engine, rest, batches));
  }

  private static int sweep(EngineContext engine, LongPredicate rest, IntConsumer batches) {
    int total = 0;
    CleanUp batch;
    long took;
    do {
      long begin = System.nanoTime();
      batch = engine.store().deleteExpired(engine.now(), BATCH, engine.events()::expired);
      took = System.nanoTime() - begin;
      batches.accept(batch.deleted());
      total += batch.deleted();
    } while (!batch.isComplete() && rest.test(took / 3));
    return total;
  }

  /** Pauses on a thread of the application: an interrupt ends the pause, and stays set. */
  static boolean restInterruptibly(long nanos) {
    try {
      TimeUnit.NANOSECONDS.sleep(nanos);
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private void sweepOnce() {
    sweep(engine, thread::rest);
  }

  private void failed(Throwable failure) {
    if (failure instanceof InterruptedException) {
      LOG.warn("{}; a listener may have caused it", failure.getMessage());
    } else if (failure instanceof SessionStoreException) {
      LOG.warn("Clean-up of expired sessions failed; it will be retried: {}", failure.getMessage());
    } else {
      LOG.error("Clean-up of expired sessions failed unexpectedly; it will be retried", failure);
    }
  }

  private long jittered() {
    long nanos = interval.toNanos();
    return nanos * 3 / 4 + ThreadLocalRandom.current().nextLong(Math.max(1, nanos / 2));
  }

  /** Ends the thread and waits for it, for 5 seconds at most. The store is not interrupted. */
  @Override
  public void close() {
    thread.endOrWarn(LOG, "the store");
  }
}
