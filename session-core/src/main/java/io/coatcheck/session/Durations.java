package io.coatcheck.session;

import java.time.Duration;

/** The check that all settings which are durations share. */
final class Durations {

  private Durations() {}

  /** Returns {@code value} if it lies within the bounds, both included. */
  static Duration between(String setting, Duration value, Duration least, Duration most) {
    if (value.compareTo(least) < 0 || value.compareTo(most) > 0) {
      throw new IllegalArgumentException(
          setting + " must be between " + least + " and " + most + ": " + value);
    }
    return value;
  }
}
