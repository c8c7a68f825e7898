package io.coatcheck.session.micrometer;

import io.coatcheck.session.store.CleanUp;
import io.micrometer.core.instrument.Clock;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.TimeGauge;
import io.micrometer.core.instrument.Timer;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** The meters of the clean-up of expired sessions. */
final class CleanUpMeters {

  private final Clock clock;
  private final Timer batches;
  private final Counter deleted;

  /** When the last call began that found nothing more to delete; at first, when this was made. */
  private volatile long completeUpTo;

  CleanUpMeters(MeterRegistry registry, Tags tags) {
    clock = registry.config().clock();
    completeUpTo = clock.monotonicTime();
    batches =
        Timer.builder("coatcheck.cleanup")
            .description("Batches of the clean-up of expired sessions")
            .tags(tags)
            .register(registry);
    deleted =
        Counter.builder("coatcheck.cleanup.deleted")
            .description("Expired sessions that were deleted")
            .tags(tags)
            .register(registry);
    TimeGauge.builder("coatcheck.cleanup.lag", this, TimeUnit.NANOSECONDS, CleanUpMeters::lag)
        .description("Time since this node last found no expired session left to delete")
        .tags(tags)
        .register(registry);
  }

  private double lag() {
    return clock.monotonicTime() - completeUpTo;
  }

  CleanUp measure(Supplier<CleanUp> batch) {
    long start = clock.monotonicTime();
    try {
      CleanUp done = batch.get();
      deleted.increment(done.deleted());
      if (done.isComplete()) {
        completeUpTo = start;
      }
      return done;
    } finally {
      batches.record(clock.monotonicTime() - start, TimeUnit.NANOSECONDS);
    }
  }
}
