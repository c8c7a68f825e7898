package io.coatcheck.session.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.springframework.security.config.Customizer.withDefaults;

import io.coatcheck.session.LoginOptions;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.servlet.WebSession;
import io.coatcheck.test.clients.Visitor;
import jakarta.servlet.http.HttpServletRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.security.authentication.RememberMeAuthenticationToken;
import org.springframework.security.authentication.UsernamePasswordAuthenticationToken;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.authority.AuthorityUtils;
import org.springframework.security.core.userdetails.User;
import org.springframework.security.core.userdetails.UserDetailsService;
import org.springframework.security.oauth2.client.authentication.OAuth2AuthenticationToken;
import org.springframework.security.oauth2.core.oidc.OidcIdToken;
import org.springframework.security.oauth2.core.oidc.user.DefaultOidcUser;
import org.springframework.security.provisioning.InMemoryUserDetailsManager;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

@DisplayName("How old a login of Spring Security is")
class LoginAgeTest {

  private static final String COOKIE = "__Host-session";
  private static final String MEMORY = "coatcheck.store=memory";
  private static final String PARAMETER = "coatcheck.security.remember-me-parameter=remember-me";

  /** Pages, and a clock that the test moves. */
  @Configuration
  @EnableAutoConfiguration
  @RestController
  static class Bank {

    private final AtomicReference<Instant> now =
        new AtomicReference<>(Instant.parse("2026-01-01T00:00:00Z"));

    @Bean
    SessionManagerCustomizer clock() {
      return manager -> manager.clock(now::get);
    }

    @Bean
    UserDetailsService users() {
      return new InMemoryUserDetailsManager(
          User.withUsername("ann").password("{noop}ticket").roles("USER").build());
    }

    @GetMapping("/account")
    String account(Authentication user) {
      return user.getName() + " " + user.getAuthorities();
    }

    @GetMapping("/vault")
    String vault() {
      return "open";
    }

    @GetMapping("/fresh")
    String fresh(HttpServletRequest request) {
      return String.valueOf(WebSession.of(request).authenticatedWithin(Duration.ofMinutes(5)));
    }

    void advance(Duration time) {
      now.updateAndGet(before -> before.plus(time));
    }

    static HttpSecurity pages(HttpSecurity http) throws Exception {
      return http.authorizeHttpRequests(
              requests ->
                  requests
                      .requestMatchers("/vault")
                      .fullyAuthenticated()
                      .anyRequest()
                      .authenticated())
          .csrf(csrf -> csrf.disable())
          .formLogin(withDefaults());
    }
  }

  @Configuration
  static class OwnCookie {

    @Bean
    SecurityFilterChain chain(HttpSecurity http) throws Exception {
      return Bank.pages(http).build();
    }
  }

  @Configuration
  static class SavedAtEnd {

    @Bean
    SecurityFilterChain chain(HttpSecurity http) throws Exception {
      return Bank.pages(http)
          .securityContext(contexts -> contexts.requireExplicitSave(false))
          .build();
    }
  }

  @Configuration
  static class RememberMe {

    @Bean
    SecurityFilterChain chain(HttpSecurity http) throws Exception {
      return Bank.pages(http).rememberMe(remember -> remember.key("a key of this bank")).build();
    }
  }

  private static Visitor loggedIn(Site site) throws Exception {
    Visitor ann = site.visitor();
    logIn(ann);
    return ann;
  }

  private static void logIn(Visitor ann) throws Exception {
    HttpResponse<String> answer =
        ann.postWithToken(
            "", "/login", "username", "ann", "password", "ticket", "remember-me", "on");
    assertThat(Visitor.location(answer)).doesNotContain("error");
  }

  private static void assertAsksForALogin(HttpResponse<String> answer) {
    assertThat(answer.statusCode()).isEqualTo(302);
    assertThat(Visitor.location(answer)).endsWith("/login");
  }

  @Test
  @DisplayName("one by the cookie of Spring's remember-me is never a fresh one")
  void springsRememberMe() throws Exception {
    try (Site site = Site.start(List.of(Bank.class, RememberMe.class), MEMORY)) {
      Visitor ann = loggedIn(site);
      assertThat(ann.get("/fresh").body()).isEqualTo("true");
      assertThat(ann.get("/vault").body()).isEqualTo("open");

      ann.forget(COOKIE);
      assertThat(ann.get("/fresh").body()).isEqualTo("false");
      assertThat(ann.get("/account").body()).isEqualTo("ann [ROLE_USER]");
      assertThat(ann.get("/fresh").body()).isEqualTo("false");
      assertAsksForALogin(ann.get("/vault"));

      logIn(ann);
      assertThat(ann.get("/fresh").body()).isEqualTo("true");
      assertThat(ann.get("/vault").body()).isEqualTo("open");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"session", "principal"})
  @DisplayName("a remembered one is no full one once any other would have ended")
  void remembered(String context) throws Exception {
    try (Site site =
        Site.start(
            List.of(Bank.class, OwnCookie.class),
            MEMORY,
            PARAMETER,
            "coatcheck.security.context=" + context)) {
      Visitor ann = rememberedAtTheAbsoluteTimeout(site);
      assertAsksForALogin(ann.get("/vault"));
      assertThat(ann.get("/account").body()).isEqualTo("ann [ROLE_USER]");
      logIn(ann);
      assertThat(ann.get("/vault").body()).isEqualTo("open");
      assertThat(ann.get("/fresh").body()).isEqualTo("true");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"session", "principal"})
  @DisplayName("the same where each request saves its context at its end")
  void rememberedSavedAtEnd(String context) throws Exception {
    try (Site site =
        Site.start(
            List.of(Bank.class, SavedAtEnd.class),
            MEMORY,
            PARAMETER,
            "coatcheck.security.context=" + context)) {
      Visitor ann = rememberedAtTheAbsoluteTimeout(site);
      assertAsksForALogin(ann.get("/vault"));
      assertAsksForALogin(ann.get("/account"));
      logIn(ann);
      assertThat(ann.get("/vault").body()).isEqualTo("open");
    }
  }

  /** Returns a user who is remembered and no more than that, and whom no request has logged in. */
  private static Visitor rememberedAtTheAbsoluteTimeout(Site site) throws Exception {
    Visitor ann = loggedIn(site);
    site.bean(Bank.class).advance(Duration.ofHours(12).minusMillis(1));
    assertThat(ann.get("/vault").body()).isEqualTo("open");

    site.bean(Bank.class).advance(Duration.ofMillis(1));
    String cookie = ann.cookie(COOKIE);
    assertThat(ann.get("/account").body()).isEqualTo("ann [ROLE_USER]");
    assertThat(ann.get("/fresh").body()).isEqualTo("false");
    assertThat(ann.cookie(COOKIE)).as("no request was a login").isEqualTo(cookie);
    assertThat(site.bean(SessionManager.class).sessionsOf("ann"))
        .singleElement()
        .satisfies(session -> assertThat(session.remembered()).isTrue());
    return ann;
  }

  private static Authentication provided(Map<String, Object> claims) {
    Instant now = Instant.parse("2026-01-01T00:00:00Z");
    OidcIdToken token = new OidcIdToken("text", now, now.plusSeconds(60), claims);
    return new OAuth2AuthenticationToken(
        new DefaultOidcUser(AuthorityUtils.NO_AUTHORITIES, token),
        AuthorityUtils.NO_AUTHORITIES,
        "provider");
  }

  @Test
  @DisplayName("one by OpenID Connect is from when the provider says, if it does")
  void authTime() {
    Instant proven = Instant.parse("2025-12-24T00:00:00Z");
    LoginOptions options = LoginOptions.remember();

    LoginOptions known =
        LoginMoment.in(options, provided(Map.of("sub", "ann", "auth_time", proven)));
    assertThat(known.authenticatedAt()).contains(proven);
    assertThat(known.remembered()).isTrue();
    assertThat(LoginMoment.in(options, provided(Map.of("sub", "ann")))).isSameAs(options);
    assertThat(
            LoginMoment.in(
                    options,
                    new RememberMeAuthenticationToken("key", "ann", AuthorityUtils.NO_AUTHORITIES))
                .authenticatedAt())
        .contains(Instant.EPOCH);
    assertThat(
            LoginMoment.in(
                options,
                UsernamePasswordAuthenticationToken.authenticated(
                    "ann", null, AuthorityUtils.NO_AUTHORITIES)))
        .isSameAs(options);
  }
}
