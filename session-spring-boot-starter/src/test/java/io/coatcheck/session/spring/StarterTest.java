package io.coatcheck.session.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.nearcache.NearCacheSessionStore;
import io.coatcheck.session.spring.shop.Shop;
import io.coatcheck.session.store.SessionStore;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("An application with the starter and no code")
class StarterTest {

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
}
