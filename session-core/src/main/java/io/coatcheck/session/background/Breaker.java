package io.coatcheck.session.background;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import org.jspecify.annotations.Nullable;

/**
 * Keeps threads from piling up while the server of a store does not answer: after three timeouts in
 * a row, resolution fails at once for a second. After that, one call a second is admitted as a
 * probe, until one is answered, even with an error.
 *
 * <p>It counts the calls that it admits and no others: writes can hang while reads are answered.
 * While it is open, only the outcome of the latest probe postpones the next one, so that calls
 * which began earlier cannot delay it.
 *
 * <p>Thread-safe; blocks nothing while the server answers. A clock that is set back ends the second
 * early.
 */
public final class Breaker {

  /** How many timeouts in a row open it. */
  public static final int TIMEOUTS = 3;

  /** How long it stays open, and the time between two probes. */
  public static final Duration PAUSE = Duration.ofSeconds(1);

  private final InstantSource time;
  private final Call ordinary = new Call();
  private volatile int timeouts;
  private Instant pausedUntil = Instant.MIN;
  private @Nullable Call latestProbe;

  /** Creates a breaker that is closed. */
  public Breaker(InstantSource time) {
    this.time = time;
  }

  /**
   * A call that was admitted. A call that was interrupted, or never reached the server, reports
   * nothing.
   */
  public final class Call {

    private Call() {}

    /** Records that the server answered, even if with an error. */
    public void answered() {
      if (timeouts != 0) {
        reset();
      }
    }

    /** Records that the server did not answer in time. */
    public void timedOut() {
      countTimeout(this);
    }
  }

  /** Returns the call if it may be tried, or null; the first one after a pause is the probe. */
  public @Nullable Call admit() {
    return timeouts < TIMEOUTS ? ordinary : admitProbe();
  }

  /** Returns whether only probes are admitted. */
  public boolean isOpen() {
    return timeouts >= TIMEOUTS;
  }

  private synchronized @Nullable Call admitProbe() {
    if (timeouts < TIMEOUTS) {
      return ordinary;
    }
    Instant now = time.instant();
    if (now.isBefore(pausedUntil) && !now.isBefore(pausedUntil.minus(PAUSE))) {
      return null;
    }
    pausedUntil = now.plus(PAUSE);
    latestProbe = new Call();
    return latestProbe;
  }

  private synchronized void reset() {
    timeouts = 0;
    latestProbe = null;
  }

  private synchronized void countTimeout(Call call) {
    if (timeouts < TIMEOUTS) {
      timeouts++;
      if (timeouts == TIMEOUTS) {
        pausedUntil = time.instant().plus(PAUSE);
      }
    } else if (call == latestProbe) {
      pausedUntil = time.instant().plus(PAUSE);
    }
  }
}
