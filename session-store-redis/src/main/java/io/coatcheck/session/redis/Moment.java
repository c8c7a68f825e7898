package io.coatcheck.session.redis;

import io.coatcheck.session.store.StoredSession;
import java.time.Duration;
import java.time.Instant;

/**
 * The current time as of the call of an operation. A script that is sent later is given a later
 * one: the wait for a connection may have passed a deadline.
 */
final class Moment {

  /**
   * A wait that is not counted: synchronized clocks differ by as much, and a garbage collection
   * takes as long.
   */
  static final Duration NEGLIGIBLE = Duration.ofMillis(100);

  private final long millis;
  private final long began = System.nanoTime();

  /** Begins an operation that was called at a moment. */
  Moment(Instant now) {
    millis = StoredSession.millisOf(now, "now");
  }

  /** Returns the current time, in the form that scripts read. */
  byte[] text() {
    Duration waited = Duration.ofNanos(System.nanoTime() - began);
    return SessionRecord.text(
        waited.compareTo(NEGLIGIBLE) < 0 ? millis : millis + waited.toMillis());
  }
}
