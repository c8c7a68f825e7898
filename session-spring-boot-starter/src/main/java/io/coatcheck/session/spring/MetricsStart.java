package io.coatcheck.session.spring;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.micrometer.SessionMetrics;
import io.coatcheck.session.nearcache.NearCacheSessionStore;
import io.coatcheck.session.store.SessionStore;
import io.micrometer.core.instrument.MeterRegistry;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.SmartInitializingSingleton;

/**
 * Meters the manager and the store that an application declares in place of the starter's, unless
 * it does so itself. The calls of its store cannot be metered once the manager has it, so a warning
 * says what to do.
 */
final class MetricsStart implements SmartInitializingSingleton {

  private static final Logger LOG = LoggerFactory.getLogger(MetricsStart.class);

  private final SessionMetrics metrics;
  private final MeterRegistry registry;
  private final ObjectProvider<SessionManager> managers;

  MetricsStart(
      SessionMetrics metrics, MeterRegistry registry, ObjectProvider<SessionManager> managers) {
    this.metrics = metrics;
    this.registry = registry;
    this.managers = managers;
  }

  @Override
  public void afterSingletonsInstantiated() {
    managers.ifUnique(this::meter);
  }

  private void meter(SessionManager manager) {
    if (!manager.adapter().hasListener(SessionMetrics.class)) {
      manager.addListener(metrics);
    }
    SessionStore store = manager.store();
    if (store instanceof InMemorySessionStore memory) {
      if (isAbsent("coatcheck.sessions.live")) {
        metrics.observe(memory);
      }
      return;
    }
    if (store instanceof NearCacheSessionStore nearCache && isAbsent("coatcheck.nearcache.size")) {
      metrics.observe(nearCache);
    }
    // If all meters are filtered out, that of logins is absent too.
    if (isAbsent("coatcheck.store")
        && isAbsent("coatcheck.cleanup")
        && !isAbsent("coatcheck.sessions.authenticated")) {
      LOG.warn(
          "The calls of the SessionStore of the application are not metered. Inject SessionMetrics"
              + " where the store is built, and wrap the store, below a near cache, with"
              + " SessionMetrics.meter(store)");
    }
  }

  private boolean isAbsent(String meter) {
    return registry.find(meter).meter() == null;
  }
}
