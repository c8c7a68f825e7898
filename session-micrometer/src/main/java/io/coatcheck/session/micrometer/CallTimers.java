package io.coatcheck.session.micrometer;

import io.coatcheck.session.store.StoreOperation;
import io.micrometer.core.instrument.Clock;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

/** The timers of a store's calls, one for each operation and outcome. */
final class CallTimers {

  private final Clock clock;
  private final Map<StoreOperation, Timer> successes;
  private final Map<StoreOperation, Timer> failures;

  CallTimers(MeterRegistry registry, Tags tags) {
    clock = registry.config().clock();
    successes = timers(registry, tags, "success");
    failures = timers(registry, tags, "failure");
  }

  private static Map<StoreOperation, Timer> timers(
      MeterRegistry registry, Tags tags, String outcome) {
    Map<StoreOperation, Timer> timers = new EnumMap<>(StoreOperation.class);
    for (StoreOperation operation : StoreOperation.values()) {
      timers.put(
          operation,
          Timer.builder("coatcheck.store")
              .description("Calls of the session store")
              .tags(tags.and("operation", operation.methodName(), "outcome", outcome))
              .register(registry));
    }
    return timers;
  }

  /** Returns the start of a call, for {@link #record}. */
  long start() {
    return clock.monotonicTime();
  }

  /** Records a call that has ended. */
  void record(StoreOperation operation, boolean isSuccess, long start) {
    long took = clock.monotonicTime() - start;
    Objects.requireNonNull((isSuccess ? successes : failures).get(operation))
        .record(took, TimeUnit.NANOSECONDS);
  }
}
