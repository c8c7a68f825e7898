package io.coatcheck.session.testkit;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;

/**
 * A clock that does not advance until a test moves it. Thread-safe.
 *
 * @since 0.1.0
 */
public final class MutableClock implements InstantSource {

  private volatile Instant now;

  private MutableClock(Instant start) {
    now = start;
  }

  /** Creates a clock that shows the given moment. */
  public static MutableClock at(Instant start) {
    return new MutableClock(start);
  }

  @Override
  public Instant instant() {
    return now;
  }

  /**
   * Moves the clock by a duration, back if it is negative, as wall clocks sometimes go.
   *
   * @return the new moment
   */
  public synchronized Instant advance(Duration step) {
    Instant moved = now.plus(step);
    now = moved;
    return moved;
  }

  /** Moves the clock to a moment, earlier or later. */
  public synchronized void moveTo(Instant moment) {
    now = moment;
  }
}
