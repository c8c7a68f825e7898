package io.coatcheck.session.nearcache;

import io.coatcheck.session.store.BatchLookup;
import io.coatcheck.session.store.ChangeFeed;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * How copies are kept current: by their age alone, or also by the store's capabilities. Logged at
 * startup.
 *
 * @param maxStaleness how old a copy may be; zero if none are kept
 * @param batches compare copies in use with the store; empty if they are not compared
 * @param feed reports changes; empty if none is used
 */
record Freshness(Duration maxStaleness, Optional<BatchLookup> batches, Optional<ChangeFeed> feed) {

  /** No copies are kept. */
  static final Freshness NO_COPIES =
      new Freshness(Duration.ZERO, Optional.empty(), Optional.empty());

  /**
   * Checks that the feed reports often enough.
   *
   * @throws IllegalArgumentException if not
   */
  Freshness {
    if (feed.isPresent()) {
      requireTwoReportsWithin(maxStaleness, feed.get().interval());
    }
  }

  private static void requireTwoReportsWithin(Duration maxStaleness, Duration interval) {
    if (maxStaleness.compareTo(interval.multipliedBy(2)) < 0) {
      throw new IllegalArgumentException(
          "maxStaleness must be at least twice the changeFeedInterval of the store, which is "
              + interval
              + ", unless useChangeFeed is off: "
              + maxStaleness);
    }
  }

  /** Returns the time between two comparisons. */
  Duration interval() {
    return maxStaleness.dividedBy(4);
  }

  /** Returns how long touches may wait for a comparison; null if there is none. */
  @Nullable Duration touchDelay() {
    // The time between two runs, and as long again for the work.
    return batches.isPresent() ? interval().multipliedBy(2) : null;
  }

  /** Returns a description for the log. */
  String description() {
    if (maxStaleness.isZero()) {
      return "no copies are kept";
    }
    if (feed.isPresent()) {
      return "copies stay valid until the change feed reports a change";
    }
    return batches.isPresent()
        ? "copies in use are compared with the store in batches"
        : "copies are loaded again when they are too old";
  }
}
