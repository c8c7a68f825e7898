package io.coatcheck.session;

import io.coatcheck.session.store.CleanUp;
import io.coatcheck.session.store.SessionStoreException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Deletes expired sessions, in batches, by one daemon thread named {@code coatcheck-sweeper-N}. The
 * pauses are jittered, so that nodes which were started together do not clean up together. Expiry
 * does not depend on it: an expired session is refused before it has been swept.
 */
final class Sweeper implements AutoCloseable {

  static final int BATCH = 1_000;

  private static final Logger LOG = LoggerFactory.getLogger(SessionManager.class);
  private static final AtomicInteger NUMBER = new AtomicInteger();

  private final Engine engine;
  private final Duration interval;
  private final CountDownLatch closing = new CountDownLatch(1);
  private final Thread thread;

  Sweeper(Engine engine, Duration interval) {
    this.engine = engine;
    this.interval = interval;
    thread = new Thread(this::run, "coatcheck-sweeper-" + NUMBER.incrementAndGet());
    thread.setDaemon(true);
    thread.setContextClassLoader(Sweeper.class.getClassLoader());
  }

  void start() {
    thread.start();
  }

  /**
   * Deletes everything that is expired now, and returns how much that was; interrupted, it stops
   * behind a batch. After a batch that is not the last one, be it that it deleted or that it only
   * looked at sessions in use, it rests for a third of what that took, so that the store has at
   * least a quarter of the time for requests.
   */
  static int sweep(Engine engine, CountDownLatch closing) {
    int total = 0;
    CleanUp batch;
    long took;
    do {
      long begin = System.nanoTime();
      batch = engine.store().deleteExpired(engine.now(), BATCH, engine.events()::expired);
      took = System.nanoTime() - begin;
      total += batch.deleted();
    } while (!batch.isComplete() && rest(closing, took / 3));
    return total;
  }

  /** Returns whether to go on. */
  private static boolean rest(CountDownLatch closing, long nanos) {
    try {
      return !closing.await(nanos, TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private void run() {
    try {
      while (!closing.await(jittered(), TimeUnit.MILLISECONDS)) {
        sweepOnce();
      }
    } catch (InterruptedException e) {
      // Only close() interrupts, to end a call to the store.
      Thread.currentThread().interrupt();
    }
  }

  private void sweepOnce() {
    try {
      sweep(engine, closing);
    } catch (SessionStoreException e) {
      LOG.warn("Clean-up of expired sessions failed; it is tried again: {}", e.getMessage());
    } catch (RuntimeException e) {
      LOG.error("Clean-up of expired sessions failed unexpectedly; it is tried again", e);
    }
  }

  private long jittered() {
    long millis = interval.toMillis();
    return millis * 3 / 4 + ThreadLocalRandom.current().nextLong(Math.max(1, millis / 2));
  }

  /** Ends the thread and waits for it, for 5 seconds at most. */
  @Override
  public void close() {
    closing.countDown();
    thread.interrupt();
    try {
      thread.join(TimeUnit.SECONDS.toMillis(5));
      if (thread.isAlive()) {
        LOG.warn("{} is still waiting for the store after 5 seconds", thread.getName());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
