package io.coatcheck.session.jdbc;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;

/**
 * Keeps threads from piling up in front of a database that does not answer: after three timeouts in
 * a row, resolution fails at once for a second. Then one call a second is let through as a probe,
 * until the database has answered something, be it an error.
 *
 * <p>Thread-safe; blocks nobody while the database answers. A clock that is set back ends the
 * second early.
 */
final class Breaker {

  static final int TIMEOUTS = 3;
  static final Duration PAUSE = Duration.ofSeconds(1);

  private final InstantSource time;
  private volatile int timeouts;
  private Instant pausedUntil = Instant.MIN;

  Breaker(InstantSource time) {
    this.time = time;
  }

  /** Tells whether a call may be tried; the first one after a pause is the probe. */
  boolean permits() {
    return timeouts < TIMEOUTS || permitsProbe();
  }

  private synchronized boolean permitsProbe() {
    Instant now = time.instant();
    boolean paused = now.isBefore(pausedUntil) && !now.isBefore(pausedUntil.minus(PAUSE));
    if (!paused) {
      pausedUntil = now.plus(PAUSE);
    }
    return !paused;
  }

  /** Notes that the database answered, even if with an error. */
  void answered() {
    if (timeouts != 0) {
      reset();
    }
  }

  private synchronized void reset() {
    timeouts = 0;
  }

  /** Notes that the database did not answer in time. */
  synchronized void timedOut() {
    pausedUntil = time.instant().plus(PAUSE);
    timeouts = Math.min(timeouts + 1, TIMEOUTS);
  }
}
