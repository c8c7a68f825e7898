package io.coatcheck.session.nearcache;

import java.time.Duration;
import java.util.concurrent.atomic.LongAdder;

/** Counts the look-ups among copies, and how old the copies were that answered. Thread-safe. */
final class LookupCounts {

  private final LongAdder hits = new LongAdder();
  private final LongAdder misses = new LongAdder();
  private final LongAdder ages = new LongAdder();

  /**
   * Counts a look-up that a copy answered.
   *
   * @param age of what the copy shows, in nanoseconds
   */
  void hit(long age) {
    hits.increment();
    ages.add(age);
  }

  /** Counts a look-up that had to read the store. */
  void miss() {
    misses.increment();
  }

  long hits() {
    return hits.sum();
  }

  long misses() {
    return misses.sum();
  }

  /** Returns the ages of all hits together. */
  Duration totalAge() {
    return Duration.ofNanos(ages.sum());
  }
}
