package io.coatcheck.session.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.codec.AttributeCodec;
import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.nearcache.NearCacheSessionStore;
import io.coatcheck.session.spring.shop.Shop;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.test.clients.Visitor;
import java.sql.Connection;
import java.sql.ResultSet;
import java.util.ArrayList;
import java.util.List;
import javax.sql.DataSource;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.security.core.session.SessionInformation;
import org.springframework.security.core.session.SessionRegistry;
import org.springframework.web.filter.RequestContextFilter;

@DisplayName("A SessionManager that the application declares")
@ExtendWith(OutputCaptureExtension.class)
class OwnManagerTest {

  @Configuration
  static class WithItsStore {

    @Bean(destroyMethod = "close")
    SessionManager ownManager() {
      return SessionManager.builder(InMemorySessionStore.builder().build()).build();
    }
  }

  @Configuration
  static class WithTheStarters {

    @Bean(destroyMethod = "close")
    SessionManager ownManager(SessionStore store, AttributeCodec codec) {
      return SessionManager.builder(store).codec(codec).build();
    }
  }

  @Configuration
  static class InjectedBefore {

    /** Filters are made first of all beans. */
    @Bean
    FilterRegistrationBean<RequestContextFilter> another(SessionStore store) {
      assertThat(store).isInstanceOf(NearCacheSessionStore.class);
      return new FilterRegistrationBean<>(new RequestContextFilter());
    }
  }

  private static Site start(String database, Class<?>... more) {
    List<Class<?>> sources = new ArrayList<>(List.of(more));
    sources.add(Shop.class);
    return Site.start(
        sources,
        "spring.datasource.url=jdbc:h2:mem:" + database,
        "management.endpoint.health.show-details=always");
  }

  private static boolean hasTable(Site site) throws Exception {
    try (Connection connection = site.bean(DataSource.class).getConnection();
        ResultSet tables =
            connection
                .getMetaData()
                .getTables(null, null, "HTTP_SESSION", new String[] {"TABLE"})) {
      return tables.next();
    }
  }

  @Test
  @DisplayName("has its own store, which the registry and the health check use too")
  void ownStore(CapturedOutput output) throws Exception {
    try (Site site = start("own", WithItsStore.class)) {
      assertThat(hasTable(site)).isFalse();
      assertThat(output).doesNotContain("Coatcheck keeps sessions in");
      Visitor ann = site.visitor();
      ann.logIn("ann");
      SessionManager manager = site.bean(SessionManager.class);
      List<SessionInformation> devices =
          site.bean(SessionRegistry.class).getAllSessions("ann", false);
      assertThat(devices).hasSize(1);
      assertThat(
              site.bean(SessionRegistry.class).getSessionInformation(devices.get(0).getSessionId()))
          .isNotNull();
      devices.get(0).expireNow();
      assertThat(manager.sessionsOf("ann")).isEmpty();
      StoreHealth health = site.bean(StoreHealth.class);
      assertThat(health.storeName()).isEqualTo("InMemorySessionStore");
      assertThat(health.failure()).isNull();
      assertThat(site.bean(SessionStore.class)).isSameAs(manager.store());
      assertThat(hasTable(site)).isFalse();
      manager.store().close();
      assertThat(health.failure()).isNotNull();
    }
  }

  @Test
  @DisplayName("may have the store of the starter")
  void starterStore() throws Exception {
    try (Site site = start("starters", WithTheStarters.class)) {
      assertThat(site.bean(SessionManager.class).store())
          .isSameAs(site.bean(SessionStore.class))
          .isInstanceOf(NearCacheSessionStore.class);
      site.visitor().logIn("ann");
      assertThat(site.bean(SessionRegistry.class).getAllSessions("ann", false)).hasSize(1);
    }
  }

  @Test
  @DisplayName("is named in a warning if another bean has got another store")
  void twoStores(CapturedOutput output) throws Exception {
    try (Site site = start("two", InjectedBefore.class, WithItsStore.class)) {
      assertThat(site.bean(SessionManager.class).store()).isInstanceOf(InMemorySessionStore.class);
      assertThat(output)
          .contains("The SessionManager ownManager does not keep its sessions in the SessionStore")
          .contains("into [another]");
    }
  }
}
