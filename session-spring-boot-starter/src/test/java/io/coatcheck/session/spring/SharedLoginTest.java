package io.coatcheck.session.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.spring.desk.Desk;
import io.coatcheck.session.spring.shop.Shop;
import io.coatcheck.test.clients.Visitor;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@DisplayName("Two applications that keep their sessions in one table, under one cookie")
@Tag("wide")
class SharedLoginTest {

  private static final String COOKIE = "__Host-session";

  /** Returns the same browser at the other application. */
  private static Visitor beside(Visitor visitor, Site other) {
    Visitor same = other.visitor();
    same.take(COOKIE, visitor.cookie(COOKIE));
    return same;
  }

  private static Site start(Class<?> application, String context) {
    return Site.start(
        application,
        "spring.datasource.url=jdbc:h2:mem:shared-login-" + context + ";DB_CLOSE_DELAY=-1",
        "coatcheck.near-cache.enabled=false",
        "coatcheck.security.context=" + context);
  }

  @Test
  @DisplayName("have one login, and each its own user object and attributes")
  void namesOnly() throws Exception {
    try (Site desk = start(Desk.class, "principal");
        Site shop = start(Shop.class, "principal")) {
      Visitor atDesk = desk.visitor();
      atDesk.logIn("ann");
      assertThat(atDesk.get("/me").body()).isEqualTo("ann/ann");

      Visitor atShop = beside(atDesk, shop);
      assertThat(atShop.get("/account").body()).isEqualTo("ann");
      atShop.post("/cart", "article", "hat");
      atDesk.post("/note");
      assertThat(atShop.get("/cart").body()).isEqualTo("hat");

      atShop.post("/logout");
      assertThat(atDesk.get("/me").body()).isEqualTo("none/anonymousUser");
    }
  }

  @Test
  @DisplayName("have no login in common if one lacks the class of the other's user object")
  void wholeContext() throws Exception {
    try (Site desk = start(Desk.class, "session");
        Site shop = start(Shop.class, "session")) {
      Visitor atDesk = desk.visitor();
      atDesk.logIn("ann");

      Visitor atShop = beside(atDesk, shop);
      assertThat(Visitor.location(atShop.get("/account"))).endsWith("/login");
      assertThat(atDesk.get("/me").body()).isEqualTo("ann/ann");
    }
  }
}
