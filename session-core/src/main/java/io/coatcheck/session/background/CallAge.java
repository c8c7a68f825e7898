package io.coatcheck.session.background;

import java.time.Duration;
import java.time.Instant;

/**
 * The rule by which an operation of a store counts the time since it was called: the wait for a
 * connection and for a lock, and earlier attempts, may have passed a deadline.
 */
public final class CallAge {

  /**
   * A wait that is not counted: synchronized clocks differ by as much, and a garbage collection
   * takes as long.
   */
  public static final Duration NEGLIGIBLE = Duration.ofMillis(100);

  private CallAge() {}

  /**
   * Returns the current time, in whole milliseconds since a moment that was "now" at the call. A
   * wait shorter than {@link #NEGLIGIBLE} changes nothing.
   */
  public static Instant at(Instant now, Duration waited) {
    return waited.compareTo(NEGLIGIBLE) < 0 ? now : now.plusMillis(waited.toMillis());
  }
}
