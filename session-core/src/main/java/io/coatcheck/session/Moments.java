package io.coatcheck.session;

import java.time.Duration;
import java.time.Instant;

/** Comparison of moments. */
final class Moments {

  /**
   * How far the clocks of nodes may differ. What has happened more than that in the future was
   * recorded before the clock was set back: how long ago it was is not known.
   */
  static final Duration CLOCK_SKEW = Duration.ofMinutes(5);

  private Moments() {}

  static Instant later(Instant one, Instant other) {
    return one.isAfter(other) ? one : other;
  }

  /** Returns whether something was recorded before the clock was set back. */
  static boolean isOfAnotherTime(Instant recorded, Instant now) {
    return recorded.isAfter(now.plus(CLOCK_SKEW));
  }

  /**
   * Returns whether something happened less than {@code age} ago, as far as is known. By a clock
   * that is only a little behind, it happened just now.
   */
  static boolean isWithin(Duration age, Instant recorded, Instant now) {
    Duration since = Duration.between(recorded, now);
    return !isOfAnotherTime(recorded, now)
        && (since.isNegative() ? Duration.ZERO : since).compareTo(age) < 0;
  }
}
