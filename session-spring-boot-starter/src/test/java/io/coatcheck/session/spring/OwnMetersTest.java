package io.coatcheck.session.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.SessionManagerBuilder;
import io.coatcheck.session.codec.AttributeCodec;
import io.coatcheck.session.event.SessionListener;
import io.coatcheck.session.jdbc.JdbcSessionStore;
import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.micrometer.SessionMetrics;
import io.coatcheck.session.nearcache.NearCacheSessionStore;
import io.coatcheck.session.spring.shop.Shop;
import io.coatcheck.session.store.SessionStore;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.List;
import javax.sql.DataSource;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

@DisplayName("The meters of an application that declares its own manager or store")
@ExtendWith(OutputCaptureExtension.class)
class OwnMetersTest {

  private static final String WARNING = "The calls of the SessionStore of the application are not";

  @Configuration
  static class Meters {

    @Bean
    MeterRegistry meters() {
      return new SimpleMeterRegistry();
    }
  }

  /** Does not know of the meters. */
  @Configuration
  static class OwnManager {

    @Bean(destroyMethod = "close")
    SessionManager ownManager(SessionStore store, AttributeCodec codec) {
      return SessionManager.builder(store).codec(codec).build();
    }
  }

  /** Adds the bean of the starter, with the other listeners. */
  @Configuration
  static class WithTheListeners {

    @Bean(destroyMethod = "close")
    SessionManager ownManager(
        SessionStore store, AttributeCodec codec, ObjectProvider<SessionListener> listeners) {
      SessionManagerBuilder builder = SessionManager.builder(store).codec(codec);
      listeners.orderedStream().forEach(builder::listener);
      return builder.build();
    }
  }

  /** Has meters that are no bean, as docs/METRICS.md shows them. */
  @Configuration
  static class WithItsMeters {

    @Bean(destroyMethod = "close")
    SessionManager ownManager(DataSource source, AttributeCodec codec, MeterRegistry registry) {
      SessionMetrics metrics = SessionMetrics.create(registry);
      NearCacheSessionStore store = NearCacheSessionStore.wrap(metrics.meter(database(source)));
      metrics.observe(store);
      return SessionManager.builder(store).codec(codec).listener(metrics).build();
    }
  }

  private static JdbcSessionStore database(DataSource source) {
    return JdbcSessionStore.builder(source).build();
  }

  private static Site start(Class<?> own) {
    return Site.start(
        List.of(Shop.class, Meters.class, own),
        "spring.datasource.url=jdbc:h2:mem:meters-" + own.getSimpleName(),
        "spring.sql.init.mode=always",
        "spring.sql.init.schema-locations=classpath:schema/h2.sql");
  }

  @ParameterizedTest
  @ValueSource(classes = {OwnManager.class, WithTheListeners.class, WithItsMeters.class})
  @DisplayName("count the events of its manager once")
  void manager(Class<?> own, CapturedOutput output) throws Exception {
    try (Site site = start(own)) {
      site.visitor().logIn("ann");
      MeterRegistry meters = site.bean(MeterRegistry.class);
      assertThat(meters.get("coatcheck.sessions.authenticated").counter().count()).isEqualTo(1);
      assertThat(meters.get("coatcheck.nearcache.size").gauge().value()).isPositive();
      assertThat(output).doesNotContain(WARNING);
    }
  }

  @Configuration
  static class OwnMemory {

    @Bean
    SessionStore ownStore() {
      return InMemorySessionStore.builder().build();
    }
  }

  @Configuration
  static class OwnNearCache {

    @Bean
    SessionStore ownStore(DataSource source) {
      return NearCacheSessionStore.wrap(database(source));
    }
  }

  @Configuration
  static class MeteredNearCache {

    @Bean
    SessionStore ownStore(DataSource source, SessionMetrics metrics) {
      JdbcSessionStore store = JdbcSessionStore.builder(source).build();
      metrics.observeBreaker(store::isFailingFast);
      return NearCacheSessionStore.wrap(metrics.meter(store));
    }
  }

  @Test
  @DisplayName("show the sessions of its store in memory")
  void memory() throws Exception {
    try (Site site = start(OwnMemory.class)) {
      site.visitor().logIn("ann");
      MeterRegistry meters = site.bean(MeterRegistry.class);
      assertThat(meters.get("coatcheck.sessions.live").gauge().value()).isPositive();
    }
  }

  @Test
  @DisplayName("show its near cache, and a warning says what the store itself needs")
  void nearCache(CapturedOutput output) throws Exception {
    try (Site site = start(OwnNearCache.class)) {
      site.visitor().logIn("ann");
      MeterRegistry meters = site.bean(MeterRegistry.class);
      assertThat(meters.get("coatcheck.nearcache.size").gauge().value()).isPositive();
      assertThat(meters.find("coatcheck.store").timers()).isEmpty();
      assertThat(output).containsOnlyOnce(WARNING);
    }
  }

  @Test
  @DisplayName("show the calls of its store if it is wrapped")
  void metered(CapturedOutput output) throws Exception {
    try (Site site = start(MeteredNearCache.class)) {
      site.visitor().logIn("ann");
      MeterRegistry meters = site.bean(MeterRegistry.class);
      assertThat(meters.get("coatcheck.nearcache.size").gauge().value()).isPositive();
      assertThat(meters.get("coatcheck.store").timers()).anyMatch(timer -> timer.count() > 0);
      assertThat(meters.get("coatcheck.store.breaker").gauge().value()).isZero();
      assertThat(output).doesNotContain(WARNING);
    }
  }
}
