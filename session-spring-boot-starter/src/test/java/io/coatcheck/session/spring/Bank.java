package io.coatcheck.session.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.springframework.security.config.Customizer.withDefaults;

import io.coatcheck.session.servlet.WebSession;
import io.coatcheck.test.clients.Visitor;
import jakarta.servlet.http.HttpServletRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.test.context.TestConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.userdetails.User;
import org.springframework.security.core.userdetails.UserDetailsService;
import org.springframework.security.provisioning.InMemoryUserDetailsManager;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/**
 * An application that asks how old a login is, with a user ann and a clock that a test moves.
 * {@code /vault} is for users who are fully authenticated.
 */
final class Bank {

  private Bank() {}

  @TestConfiguration
  @EnableAutoConfiguration
  @RestController
  static class Pages {

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
  }

  /** Logins are remembered by the cookie of the session, if at all. */
  @TestConfiguration
  static class OwnCookie {

    @Bean
    SecurityFilterChain chain(HttpSecurity http) throws Exception {
      return pages(http).build();
    }
  }

  /** Each request saves its context at its end. */
  @TestConfiguration
  static class SavedAtEnd {

    @Bean
    SecurityFilterChain chain(HttpSecurity http) throws Exception {
      return pages(http).securityContext(contexts -> contexts.requireExplicitSave(false)).build();
    }
  }

  /** Logins are remembered by a cookie of Spring Security's own. */
  @TestConfiguration
  static class RememberMe {

    @Bean
    SecurityFilterChain chain(HttpSecurity http) throws Exception {
      return pages(http).rememberMe(remember -> remember.key("a key of this bank")).build();
    }
  }

  private static HttpSecurity pages(HttpSecurity http) throws Exception {
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

  /** Starts it with one of its chains. */
  static Site open(Class<?> chain, String... properties) {
    List<String> all = new ArrayList<>(List.of(properties));
    all.add("coatcheck.store=memory");
    return Site.start(List.of(Pages.class, chain), all.toArray(String[]::new));
  }

  /** Starts it with one of its chains and a cookie of the session that remembers logins. */
  static Site remembering(Class<?> chain, String context) {
    return open(
        chain,
        "coatcheck.security.remember-me-parameter=remember-me",
        "coatcheck.security.context=" + context);
  }

  static void advance(Site site, Duration time) {
    site.bean(Pages.class).advance(time);
  }

  /** Returns a client whose user has logged in, and wants to be remembered. */
  static Visitor loggedIn(Site site) throws Exception {
    Visitor ann = site.visitor();
    logIn(ann);
    return ann;
  }

  static void logIn(Visitor ann) throws Exception {
    HttpResponse<String> answer =
        ann.postWithToken(
            "", "/login", "username", "ann", "password", "ticket", "remember-me", "on");
    assertThat(Visitor.location(answer)).doesNotContain("error");
  }
}
