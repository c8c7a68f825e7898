package io.coatcheck.session.micrometer;

import io.coatcheck.session.nearcache.NearCacheSessionStore;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import java.util.function.ToDoubleFunction;

/** The meters of a near cache, which read what it counts by itself. */
final class NearCacheMeters {

  private NearCacheMeters() {}

  static void register(NearCacheSessionStore nearCache, MeterRegistry registry, Tags tags) {
    requests(nearCache, NearCacheSessionStore::hits, "hit", registry, tags);
    requests(nearCache, NearCacheSessionStore::misses, "miss", registry, tags);
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
