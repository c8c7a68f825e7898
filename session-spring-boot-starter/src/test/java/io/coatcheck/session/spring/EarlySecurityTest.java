package io.coatcheck.session.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.SessionManager;
import io.coatcheck.test.clients.Visitor;
import java.security.Principal;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.NestedExceptionUtils;
import org.springframework.security.authentication.AuthenticationManager;
import org.springframework.security.authentication.ProviderManager;
import org.springframework.security.authentication.dao.DaoAuthenticationProvider;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.annotation.web.configurers.AbstractHttpConfigurer;
import org.springframework.security.core.userdetails.User;
import org.springframework.security.core.userdetails.UserDetails;
import org.springframework.security.core.userdetails.UserDetailsService;
import org.springframework.security.provisioning.InMemoryUserDetailsManager;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.security.web.authentication.UsernamePasswordAuthenticationFilter;
import org.springframework.security.web.context.HttpSessionSecurityContextRepository;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

@DisplayName("With any spring.security.filter.order")
class EarlySecurityTest {

  private static final String COOKIE = "__Host-session";

  /** Its own filter logs users in, and knows no session strategy. */
  @Configuration
  @EnableAutoConfiguration
  @RestController
  static class Application {

    @Bean
    SecurityFilterChain chain(HttpSecurity http, AuthenticationManager passwords) throws Exception {
      UsernamePasswordAuthenticationFilter login =
          new UsernamePasswordAuthenticationFilter(passwords);
      login.setSecurityContextRepository(new HttpSessionSecurityContextRepository());
      return http.authorizeHttpRequests(requests -> requests.anyRequest().authenticated())
          .csrf(AbstractHttpConfigurer::disable)
          .addFilterAt(login, UsernamePasswordAuthenticationFilter.class)
          .build();
    }

    @Bean
    AuthenticationManager passwords(UserDetailsService users) {
      return new ProviderManager(new DaoAuthenticationProvider(users));
    }

    @Bean
    UserDetailsService users() {
      return new InMemoryUserDetailsManager(user("ann"), user("bob"));
    }

    private static UserDetails user(String name) {
      return User.withUsername(name).password("{noop}ticket").roles("USER").build();
    }

    @GetMapping({"/", "/account"})
    String account(Principal user) {
      return user.getName();
    }
  }

  private static void logIn(Visitor visitor, String user) throws Exception {
    visitor.postWithToken(
        "", "/login", "username", user, "password", "ticket", "remember-me", "on");
    assertThat(visitor.get("/account").body()).isEqualTo(user);
  }

  @ParameterizedTest
  @ValueSource(ints = {-100, -105, -2000, Integer.MIN_VALUE + 60})
  @DisplayName("a login by a filter of the application is a login of the session")
  void login(int order) throws Exception {
    try (Site site =
        Site.start(
            Application.class,
            "coatcheck.store=memory",
            "coatcheck.security.remember-me-parameter=remember-me",
            "spring.security.filter.order=" + order)) {
      Visitor visitor = site.visitor();
      logIn(visitor, "ann");
      assertThat(site.bean(SessionManager.class).sessionsOf("ann"))
          .singleElement()
          .satisfies(session -> assertThat(session.remembered()).isTrue());
      String before = visitor.cookie(COOKIE);
      logIn(visitor, "ann");
      assertThat(visitor.cookie(COOKIE)).isNotEqualTo(before);
      logIn(visitor, "bob");
      assertThat(site.bean(SessionManager.class).sessionsOf("ann")).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {Integer.MIN_VALUE, Integer.MIN_VALUE + 50})
  @DisplayName("that is not after the session filter, startup fails, and says what to set")
  void tooEarly(int order) {
    assertThatThrownBy(
            () ->
                Site.start(
                    Application.class,
                    "coatcheck.store=memory",
                    "spring.security.filter.order=" + order))
        .extracting(NestedExceptionUtils::getMostSpecificCause)
        .asInstanceOf(InstanceOfAssertFactories.throwable(InvalidSettingException.class))
        .hasMessageStartingWith(
            "spring.security.filter.order must be greater than " + (Integer.MIN_VALUE + 50))
        .hasMessageEndingWith(": " + order + ". Remove it to use the default, -100");
  }
}
