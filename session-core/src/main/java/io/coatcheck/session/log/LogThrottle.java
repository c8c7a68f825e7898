package io.coatcheck.session.log;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;

/** Admits one line of a log in each interval. Thread-safe. */
public final class LogThrottle {

  private final long intervalNanos;
  private final AtomicLong lastAdmitted;
  private final AtomicLong refused = new AtomicLong();

  /**
   * Creates a throttle that admits the first line at once.
   *
   * @param interval the least time between two lines
   */
  public LogThrottle(Duration interval) {
    intervalNanos = interval.toNanos();
    lastAdmitted = new AtomicLong(System.nanoTime() - intervalNanos);
  }

  /** Returns whether to log now. If so, further lines are refused for the interval. */
  public boolean admits() {
    long now = System.nanoTime();
    long last = lastAdmitted.get();
    boolean isAdmitted = now - last >= intervalNanos && lastAdmitted.compareAndSet(last, now);
    if (!isAdmitted) {
      refused.incrementAndGet();
    }
    return isAdmitted;
  }

  /** Returns how many lines were refused since the last call of this method. */
  public long takeRefused() {
    return refused.getAndSet(0);
  }
}
