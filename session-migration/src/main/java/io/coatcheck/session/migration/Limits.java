package io.coatcheck.session.migration;

import java.time.Duration;
import java.time.Instant;

/** The limits on old credentials that several bridges share. */
final class Limits {

  /** How far the clock of an issuer may be ahead of or behind that of a node. */
  static final Duration CLOCK_SKEW = Duration.ofMinutes(5);

  /** The maximum age or lifetime of a credential that an option can set, in days. */
  static final int MAX_DAYS = 400;

  private Limits() {}

  /**
   * Returns the value of an option.
   *
   * @param name the name of the option, for the message
   * @throws IllegalArgumentException if it is not positive, or longer than a number of days
   */
  static Duration positive(String name, Duration value, int maxDays) {
    if (value.isNegative() || value.isZero() || value.compareTo(Duration.ofDays(maxDays)) > 0) {
      throw new IllegalArgumentException(
          name + " must be positive and at most " + maxDays + " days: " + value);
    }
    return value;
  }

  /**
   * Returns when the user of an old session or token logged in: at least a millisecond before now,
   * even on a clock that lags, and not before 1970, the earliest moment that a session can hold.
   */
  static Instant loginAt(Instant begun, Instant now) {
    Instant before = now.minusMillis(1);
    if (begun.isBefore(Instant.EPOCH)) {
      return Instant.EPOCH;
    }
    return begun.isBefore(before) ? begun : before;
  }
}
