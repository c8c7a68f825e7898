package io.coatcheck.session.nearcache;

import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The requests' clock, estimated from their latest reading and the monotonic time since.
 *
 * <p>Thread-safe.
 */
final class RequestClock {

  /** How long a reading of the clock is trusted over readings that contradict it. */
  private static final long READING_NANOS = TimeUnit.MINUTES.toNanos(1);

  private final LongSupplier nanoTime;

  /** The latest reading; null before the first. */
  private volatile @Nullable Reading reading;

  /** A reading of the requests' clock, and of the monotonic clock at the same time. */
  private record Reading(Instant now, long nanos) {

    Instant at(long moment) {
      return now.plusNanos(moment - nanos);
    }
  }

  RequestClock(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
  }

  /**
   * Records a reading of the clock, unless it is earlier than the known one. Then the request was
   * delayed after it read the clock, or the clock was set back, which shows in all readings.
   */
  void read(Instant now) {
    read(now, READING_NANOS);
  }

  /** Records a moment that has passed, perhaps long ago. */
  void hasPassed(Instant moment) {
    read(moment, Long.MAX_VALUE);
  }

  private synchronized void read(Instant now, long trust) {
    long nanos = nanoTime.getAsLong();
    Reading last = reading;
    if (last == null || !now.isBefore(last.at(nanos)) || nanos - last.nanos() > trust) {
      reading = new Reading(now, nanos);
    }
  }

  /** Returns what the clock shows now, or an earlier moment; empty before the first reading. */
  Optional<Instant> now() {
    Reading last = reading;
    return last == null ? Optional.empty() : Optional.of(last.at(nanoTime.getAsLong()));
  }
}
