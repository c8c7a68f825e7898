package io.coatcheck.session.spring;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.micrometer.SessionMetrics;
import io.coatcheck.session.nearcache.NearCacheSessionStore;
import io.coatcheck.session.store.SessionStore;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.function.BooleanSupplier;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;

/**
 * Meters the sessions and the store, if {@code coatcheck-micrometer} and a {@link MeterRegistry}
 * are there.
 *
 * @since 0.1.0
 */
@AutoConfiguration(
    after = CoatcheckAutoConfiguration.class,
    afterName = {
      "org.springframework.boot.actuate.autoconfigure.metrics.CompositeMeterRegistryAutoConfiguration",
      "org.springframework.boot.micrometer.metrics.autoconfigure.CompositeMeterRegistryAutoConfiguration"
    })
@ConditionalOnClass({SessionMetrics.class, MeterRegistry.class})
@ConditionalOnBean({CoatcheckAutoConfiguration.class, MeterRegistry.class})
public final class CoatcheckMetricsAutoConfiguration {

  CoatcheckMetricsAutoConfiguration() {}

  /**
   * A listener of the manager, like every bean that is one. {@link MetricsStart} adds it to a
   * manager of the application.
   */
  @Bean
  @ConditionalOnMissingBean
  SessionMetrics coatcheckMetrics(MeterRegistry registry) {
    return SessionMetrics.create(registry);
  }

  @Bean
  StoreObserver coatcheckStoreMeters(SessionMetrics metrics) {
    return new StoreObserver() {
      @Override
      public SessionStore remote(SessionStore store, BooleanSupplier isFailingFast) {
        metrics.observeBreaker(isFailingFast);
        return metrics.meter(store);
      }

      @Override
      public void nearCache(NearCacheSessionStore store) {
        metrics.observe(store);
      }

      @Override
      public void memory(InMemorySessionStore store) {
        metrics.observe(store);
      }
    };
  }

  @Bean
  MetricsStart coatcheckMetricsStart(
      SessionMetrics metrics, MeterRegistry registry, ObjectProvider<SessionManager> managers) {
    return new MetricsStart(metrics, registry, managers);
  }
}
