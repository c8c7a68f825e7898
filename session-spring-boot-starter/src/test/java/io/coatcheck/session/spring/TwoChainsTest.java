package io.coatcheck.session.spring;

import static io.coatcheck.session.spring.StartFailure.messagesOf;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.springframework.security.config.Customizer.withDefaults;

import io.coatcheck.session.SessionManager;
import io.coatcheck.test.clients.Visitor;
import java.security.Principal;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.annotation.Order;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.annotation.web.configurers.AbstractHttpConfigurer;
import org.springframework.security.core.userdetails.User;
import org.springframework.security.core.userdetails.UserDetails;
import org.springframework.security.core.userdetails.UserDetailsService;
import org.springframework.security.provisioning.InMemoryUserDetailsManager;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.security.web.context.HttpSessionSecurityContextRepository;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

@DisplayName("With two chains that log in by a form each")
@Tag("wide")
class TwoChainsTest {

  private static final String OWN_ATTRIBUTE = "test.staff-attribute=STAFF_CONTEXT";

  @Configuration
  @EnableAutoConfiguration
  @RestController
  static class Application {

    @GetMapping("/staff/login")
    String loginPage() {
      return "the login of the staff";
    }

    @GetMapping({"/account", "/staff/desk"})
    String me(Principal user) {
      return user.getName();
    }

    @Bean
    @Order(1)
    SecurityFilterChain staff(HttpSecurity http, @Value("${test.staff-attribute:}") String key)
        throws Exception {
      if (!key.isEmpty()) {
        HttpSessionSecurityContextRepository own = new HttpSessionSecurityContextRepository();
        own.setSpringSecurityContextKey(key);
        http.securityContext(context -> context.securityContextRepository(own));
      }
      return http.securityMatcher("/staff/**")
          .authorizeHttpRequests(requests -> requests.anyRequest().authenticated())
          .csrf(AbstractHttpConfigurer::disable)
          .formLogin(login -> login.loginPage("/staff/login").permitAll())
          .logout(logout -> logout.logoutUrl("/staff/logout"))
          .build();
    }

    @Bean
    @Order(2)
    SecurityFilterChain customers(HttpSecurity http) throws Exception {
      return http.authorizeHttpRequests(requests -> requests.anyRequest().authenticated())
          .csrf(AbstractHttpConfigurer::disable)
          .formLogin(withDefaults())
          .build();
    }

    @Bean
    UserDetailsService users() {
      return new InMemoryUserDetailsManager(user("ann"), user("olga"));
    }

    private static UserDetails user(String name) {
      return User.withUsername(name).password("{noop}ticket").roles("USER").build();
    }
  }

  private static void logIn(Visitor visitor, String path, String user) throws Exception {
    assertThat(
            Visitor.location(
                visitor.postWithToken("", path, "username", user, "password", "ticket")))
        .doesNotContain("error");
  }

  private static void assertLoginNeeded(Visitor visitor, String page, String login)
      throws Exception {
    assertThat(Visitor.location(visitor.get(page))).endsWith(login);
  }

  @ParameterizedTest
  @ValueSource(strings = {"coatcheck.security.context=session", PrincipalFlows.PROPERTY})
  @DisplayName("and keep it in the same attribute, a login holds for both, and so does a logout")
  void sameAttribute(String property) throws Exception {
    try (Site site = Site.start(Application.class, "coatcheck.store=memory", property)) {
      SessionManager sessions = site.bean(SessionManager.class);
      Visitor visitor = site.visitor();
      logIn(visitor, "/login", "ann");
      assertThat(visitor.get("/account").body()).isEqualTo("ann");
      assertThat(visitor.get("/staff/desk").body()).isEqualTo("ann");
      logIn(visitor, "/staff/login", "olga");
      assertThat(visitor.get("/account").body()).isEqualTo("olga");
      assertThat(sessions.sessionsOf("ann")).isEmpty();
      visitor.postWithToken("", "/staff/logout");
      assertThat(sessions.sessionsOf("olga")).isEmpty();
      assertLoginNeeded(visitor, "/account", "/login");
      assertLoginNeeded(visitor, "/staff/desk", "/staff/login");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"coatcheck.store=memory", "spring.datasource.url=jdbc:h2:mem:chains"})
  @DisplayName(
      "and keep it in an attribute each, one user logs in twice, and another in place of it")
  void ownAttribute(String store) throws Exception {
    try (Site site = Site.start(Application.class, store, OWN_ATTRIBUTE)) {
      SessionManager sessions = site.bean(SessionManager.class);
      Visitor visitor = site.visitor();
      logIn(visitor, "/login", "ann");
      assertThat(visitor.get("/account").body()).isEqualTo("ann");
      assertLoginNeeded(visitor, "/staff/desk", "/staff/login");
      logIn(visitor, "/staff/login", "ann");
      assertThat(visitor.get("/staff/desk").body()).isEqualTo("ann");
      assertThat(visitor.get("/account").body()).isEqualTo("ann");
      assertThat(sessions.sessionsOf("ann")).hasSize(1);
      logIn(visitor, "/staff/login", "olga");
      assertThat(visitor.get("/staff/desk").body()).isEqualTo("olga");
      assertThat(sessions.sessionsOf("ann")).isEmpty();
      assertLoginNeeded(visitor, "/account", "/login");
      visitor.postWithToken("", "/logout");
      assertThat(sessions.sessionsOf("olga")).isEmpty();
      assertLoginNeeded(visitor, "/staff/desk", "/staff/login");
    }
  }

  @Test
  @DisplayName("and keep it in an attribute each, startup fails with names only")
  void ownAttributeWithNames() {
    Throwable failure =
        catchThrowable(
            () ->
                Site.start(
                    Application.class,
                    "coatcheck.store=memory",
                    PrincipalFlows.PROPERTY,
                    OWN_ATTRIBUTE));
    assertThat(messagesOf(failure))
        .contains("principal does not work with a chain")
        .contains("STAFF_CONTEXT");
  }
}
