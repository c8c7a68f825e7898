package io.coatcheck.session;

import io.coatcheck.session.store.SessionStoreException;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.LockSupport;

/**
 * The requests that wait for imports by other requests, on this node or another. Their number is
 * bounded, so that a store that fails during an import does not hold all threads of a server.
 */
final class ImportQueue {

  /** How many requests may wait at a time. */
  static final int PLACES = 100;

  private static final Duration FIRST_PAUSE = Duration.ofMillis(20);
  private static final Duration LONGEST_PAUSE = Duration.ofMillis(320);

  private final Semaphore places = new Semaphore(PLACES);

  /** One request. Used by one thread. */
  final class Visit implements AutoCloseable {

    private final long began = System.nanoTime();
    private Duration pause = FIRST_PAUSE;
    private boolean hasPlace;

    /** Returns whether at least {@code time} has passed since this request entered. */
    boolean hasLasted(Duration time) {
      return System.nanoTime() - began >= time.toNanos();
    }

    /**
     * Waits for a moment, which is longer each time.
     *
     * @throws SessionStoreException if too many requests wait, or the thread is interrupted
     */
    void pause() {
      if (!hasPlace && !places.tryAcquire()) {
        throw new SessionStoreException(
            "import: " + PLACES + " requests are already waiting for other imports");
      }
      hasPlace = true;
      LockSupport.parkNanos(pause.toNanos());
      if (Thread.currentThread().isInterrupted()) {
        throw new SessionStoreException("import: interrupted while another import was in progress");
      }
      Duration next = pause.multipliedBy(2);
      pause = next.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : next;
    }

    @Override
    public void close() {
      if (hasPlace) {
        places.release();
      }
    }
  }

  Visit enter() {
    return new Visit();
  }
}
