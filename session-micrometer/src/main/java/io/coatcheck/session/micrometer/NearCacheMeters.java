package io.coatcheck.session.micrometer;

import io.coatcheck.session.nearcache.NearCacheSessionStore;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.FunctionTimer;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.TimeGauge;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;

/** The meters of a near cache, which read what it counts by itself. */
final class NearCacheMeters {

  private NearCacheMeters() {}

  static void register(NearCacheSessionStore nearCache, MeterRegistry registry, Tags tags) {
    requests(nearCache, NearCacheSessionStore::hits, "hit", registry, tags);
    requests(nearCache, NearCacheSessionStore::misses, "miss", registry, tags);
    Gauge.builder("coatcheck.nearcache.size", nearCache, NearCacheSessionStore::size)
        .description("Copies on this node")
        .tags(tags)
        .register(registry);
    FunctionTimer.builder(
            "coatcheck.nearcache.age",
            nearCache,
            NearCacheSessionStore::hits,
            store -> store.totalAge().toNanos(),
            TimeUnit.NANOSECONDS)
        .description("Ages of the copies that answered look-ups")
        .tags(tags)
        .register(registry);
    if (nearCache.lag().isPresent()) {
      TimeGauge.builder(
              "coatcheck.nearcache.lag",
              nearCache,
              TimeUnit.NANOSECONDS,
              store -> store.lag().map(Duration::toNanos).orElse(0L))
          .description("Time since the copies were last known to be current")
          .tags(tags)
          .register(registry);
    }
  }

  private static void requests(
      NearCacheSessionStore nearCache,
      ToDoubleFunction<NearCacheSessionStore> count,
      String result,
      MeterRegistry registry,
      Tags tags) {
    FunctionCounter.builder("coatcheck.nearcache.requests", nearCache, count)
        .description("Look-ups that a copy answered, and those that had to read the store")
        .tags(tags.and("result", result))
        .register(registry);
  }
}
