package io.coatcheck.session;

import java.time.Instant;

/** Comparison of moments. */
final class Moments {

  private Moments() {}

  static Instant later(Instant one, Instant other) {
    return one.isAfter(other) ? one : other;
  }
}
