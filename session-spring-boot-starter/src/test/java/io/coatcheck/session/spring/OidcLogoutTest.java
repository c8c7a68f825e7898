package io.coatcheck.session.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.springframework.security.config.Customizer.withDefaults;

import io.coatcheck.session.SessionManager;
import io.coatcheck.test.clients.Partner;
import io.coatcheck.test.clients.Visitor;
import java.security.Principal;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.oauth2.client.oidc.session.InMemoryOidcSessionRegistry;
import org.springframework.security.oauth2.client.oidc.session.OidcSessionRegistry;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

@Tag("wide")
@DisplayName("oidcLogout of Spring Security")
class OidcLogoutTest {

  @Configuration
  @EnableAutoConfiguration
  @RestController
  static class Application {

    @GetMapping({"/", "/account"})
    String account(Principal user) {
      return user.getName();
    }

    @Bean
    SecurityFilterChain chain(HttpSecurity http) throws Exception {
      return http.authorizeHttpRequests(requests -> requests.anyRequest().authenticated())
          .oauth2Login(withDefaults())
          .oidcLogout(logout -> logout.backChannel(withDefaults()))
          .build();
    }
  }

  @Configuration
  static class OwnRegistry {

    @Bean
    OidcSessionRegistry ownRegistry() {
      return new InMemoryOidcSessionRegistry();
    }
  }

  private static Site application(Partner partner, String... properties) {
    List<String> all = new ArrayList<>(List.of(properties));
    all.add("coatcheck.store=memory");
    return Site.start(Application.class, ClubFlows.properties(partner, all.toArray(String[]::new)));
  }

  private static Visitor loggedIn(Site site) throws Exception {
    Visitor visitor = site.visitor();
    assertThat(visitor.follow(visitor.get("/oauth2/authorization/oidc")).body()).isEqualTo("ann");
    return visitor;
  }

  private static int logOutAtProvider(Site site, String token) throws Exception {
    return site.visitor()
        .postWithToken("", "/logout/connect/back-channel/oidc", "logout_token", token)
        .statusCode();
  }

  @Test
  @DisplayName("ends the session that began with the provider's, or all of the user")
  void ends() throws Exception {
    try (Partner partner = new Partner();
        Site site = application(partner)) {
      Visitor first = loggedIn(site);
      Visitor second = loggedIn(site);
      Visitor third = loggedIn(site);
      assertThat(logOutAtProvider(site, partner.logoutToken(0))).isEqualTo(200);
      assertThat(first.get("/account").statusCode()).isEqualTo(302);
      assertThat(second.get("/account").body()).isEqualTo("ann");
      assertThat(logOutAtProvider(site, partner.logoutToken())).isEqualTo(200);
      assertThat(second.get("/account").statusCode()).isEqualTo(302);
      assertThat(third.get("/account").statusCode()).isEqualTo(302);
      assertThat(site.bean(SessionManager.class).sessionsOf("ann")).isEmpty();
    }
  }

  @Test
  @DisplayName("ends the session where the starter does not log users in, too")
  void withoutLogins() throws Exception {
    try (Partner partner = new Partner();
        Site site = application(partner, "coatcheck.security.enabled=false")) {
      Visitor first = loggedIn(site);
      Visitor second = loggedIn(site);
      assertThat(logOutAtProvider(site, partner.logoutToken(0))).isEqualTo(200);
      assertThat(first.get("/account").statusCode()).isEqualTo(302);
      assertThat(second.get("/account").body()).isEqualTo("ann");
    }
  }

  @Test
  @DisplayName("ends the session of a user who has logged in over another one")
  void secondUser() throws Exception {
    try (Partner partner = new Partner();
        Site site = application(partner)) {
      Visitor visitor = loggedIn(site);
      partner.visitedBy("bob");
      assertThat(visitor.follow(visitor.get("/oauth2/authorization/oidc")).body()).isEqualTo("bob");
      assertThat(logOutAtProvider(site, partner.logoutToken(0))).isEqualTo(200);
      assertThat(logOutAtProvider(site, partner.logoutToken())).isEqualTo(200);
      assertThat(visitor.get("/account").body()).isEqualTo("bob");
      assertThat(logOutAtProvider(site, partner.logoutToken(1))).isEqualTo(200);
      assertThat(visitor.get("/account").statusCode()).isEqualTo(302);
    }
  }

  @Test
  @DisplayName("fails startup with a registry of the application, by which it would end none")
  void ownRegistry() throws Exception {
    try (Partner partner = new Partner()) {
      assertThatThrownBy(
              () ->
                  Site.start(
                      List.of(Application.class, OwnRegistry.class),
                      ClubFlows.properties(partner, "coatcheck.store=memory")))
          .hasMessageContaining("coatcheck.migration.back-channel-logout.path")
          .hasMessageContaining("InMemoryOidcSessionRegistry");
    }
  }
}
