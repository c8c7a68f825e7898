package io.coatcheck.session;

import java.time.Duration;

/** The range check for settings that are durations. */
final class Durations {

  private Durations() {}

  /** Returns {@code value} if it lies within the bounds, both inclusive. */
  static Duration between(String setting, Duration value, Duration least, Duration most) {
    if (value.compareTo(least) < 0 || value.compareTo(most) > 0) {
      throw new IllegalArgumentException(
          setting + " must be between " + least + " and " + most + ": " + value);
    }
    return value;
  }
}
