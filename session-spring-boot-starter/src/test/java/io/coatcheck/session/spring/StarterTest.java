package io.coatcheck.session.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.codec.AttributeEncryption;
import io.coatcheck.session.event.SessionEvent;
import io.coatcheck.session.event.SessionListener;
import io.coatcheck.session.jdbc.JdbcSessionStore;
import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.nearcache.NearCacheSessionStore;
import io.coatcheck.session.spring.shop.Shop;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.test.clients.Visitor;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import javax.crypto.SecretKey;
import javax.crypto.spec.SecretKeySpec;
import javax.sql.DataSource;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

@DisplayName("An application with the starter and no code")
class StarterTest {

  @Configuration
  static class Observed {

    final List<SessionEvent> events = new CopyOnWriteArrayList<>();

    @Bean
    SessionListener recorder() {
      return events::add;
    }

    @Bean
    SessionManagerCustomizer encryptedSessions(@Value("${shop.session-key}") String key) {
      SecretKey secret = new SecretKeySpec(Base64.getDecoder().decode(key), "AES");
      return manager -> manager.encryption(AttributeEncryption.builder("2026", secret).build());
    }

    @Bean
    MeterRegistry meters() {
      return new SimpleMeterRegistry();
    }
  }

  /** The store is that of the starter. */
  @Configuration
  static class Configured {}

  private static final String H2 = "spring.datasource.url=jdbc:h2:mem:starter";

  @Test
  @DisplayName("keeps its sessions in memory if there is no DataSource")
  void memory() throws Exception {
    try (Site site =
        Site.start(
            Shop.class,
            "spring.autoconfigure.exclude="
                + "org.springframework.boot.autoconfigure.jdbc.DataSourceAutoConfiguration,"
                + "org.springframework.boot.jdbc.autoconfigure.DataSourceAutoConfiguration")) {
      assertThat(site.bean(SessionStore.class)).isInstanceOf(InMemorySessionStore.class);
      Visitor visitor = site.visitor();
      assertThat(visitor.get("/visits").body()).isEqualTo("1");
      assertThat(visitor.get("/visits").body()).isEqualTo("2");
      assertThat(visitor.hasCookie("__Host-session")).isTrue();
      assertThat(visitor.hasCookie("JSESSIONID")).isFalse();
    }
  }

  /** Needs no more of the starter than docs/SPRING.md says of the change feed. */
  @Configuration
  static class OwnStore {

    @Bean
    SessionStore sessions(DataSource dataSource) {
      return NearCacheSessionStore.wrap(JdbcSessionStore.builder(dataSource).build());
    }
  }

  @Configuration
  static class OwnManager {

    @Bean
    SessionManager sessions(DataSource dataSource) {
      return SessionManager.builder(JdbcSessionStore.builder(dataSource).build()).build();
    }
  }

  @ParameterizedTest(name = "{0}")
  @ValueSource(classes = {Configured.class, OwnStore.class, OwnManager.class})
  @DisplayName("finds the table that a script of the application creates, as Flyway does")
  void scripts(Class<?> store) throws Exception {
    try (Site site =
        Site.start(
            List.of(Shop.class, store),
            "spring.datasource.url=jdbc:h2:mem:" + store.getSimpleName(),
            "coatcheck.jdbc.create-schema=never",
            "spring.sql.init.mode=always",
            "spring.sql.init.schema-locations=classpath:schema/h2.sql")) {
      assertThat(site.visitor().get("/visits").body()).isEqualTo("1");
    }
  }

  @Test
  @DisplayName("keeps its sessions in the database if there is one, with a near cache in front")
  void jdbc() throws Exception {
    try (Site site = Site.start(Shop.class, H2)) {
      assertThat(site.bean(SessionStore.class)).isInstanceOf(NearCacheSessionStore.class);
      Visitor visitor = site.visitor();
      assertThat(visitor.post("/cart", "article", "hat").statusCode()).isEqualTo(302);
      assertThat(visitor.get("/cart").body()).isEqualTo("hat");
      assertThat(visitor.get("/account").statusCode()).isEqualTo(302);
      assertThat(Visitor.location(visitor.logIn("ann"))).endsWith("/account?continue");
      assertThat(visitor.get("/account").body()).isEqualTo("ann");
    }
  }

  @Test
  @DisplayName("notifies the listeners that are beans, encrypts, and meters the database")
  void observed() throws Exception {
    String key = Base64.getEncoder().encodeToString(new byte[32]);
    try (Site site =
        Site.start(List.of(Shop.class, Observed.class), H2 + "2", "shop.session-key=" + key)) {
      Visitor ann = site.visitor();
      ann.logIn("ann");
      assertThat(ann.get("/account").body()).isEqualTo("ann");
      assertThat(StoredText.of(site, ann.cookie("__Host-session")))
          .contains("SPRING_SECURITY_CONTEXT")
          .doesNotContain("SecurityContextImpl");
      assertThat(site.bean(Observed.class).events)
          .hasAtLeastOneElementOfType(SessionEvent.Authenticated.class);
      MeterRegistry meters = site.bean(MeterRegistry.class);
      assertThat(meters.get("coatcheck.sessions.authenticated").counter().count()).isEqualTo(1);
      assertThat(meters.get("coatcheck.store").timers()).anyMatch(timer -> timer.count() > 0);
      assertThat(meters.get("coatcheck.nearcache.size").gauge().value()).isPositive();
    }
  }
}
