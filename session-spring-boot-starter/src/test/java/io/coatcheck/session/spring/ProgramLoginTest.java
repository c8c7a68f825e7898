package io.coatcheck.session.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.springframework.security.config.Customizer.withDefaults;

import io.coatcheck.session.LoginOptions;
import io.coatcheck.session.servlet.SessionTransport;
import io.coatcheck.session.servlet.WebSession;
import io.coatcheck.test.clients.Visitor;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.net.http.HttpResponse;
import java.security.Principal;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.security.authentication.AuthenticationManager;
import org.springframework.security.authentication.UsernamePasswordAuthenticationToken;
import org.springframework.security.config.annotation.authentication.configuration.AuthenticationConfiguration;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.annotation.web.configurers.AbstractHttpConfigurer;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.context.SecurityContext;
import org.springframework.security.core.context.SecurityContextHolder;
import org.springframework.security.core.userdetails.User;
import org.springframework.security.core.userdetails.UserDetailsService;
import org.springframework.security.provisioning.InMemoryUserDetailsManager;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.security.web.context.HttpSessionSecurityContextRepository;
import org.springframework.security.web.context.SecurityContextRepository;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

@DisplayName("A program that keeps the token of its session itself")
class ProgramLoginTest {

  @Configuration
  @EnableAutoConfiguration
  static class Application {

    @Bean
    SecurityFilterChain chain(HttpSecurity http) throws Exception {
      return http.authorizeHttpRequests(
              requests ->
                  requests.requestMatchers("/api/login").permitAll().anyRequest().authenticated())
          .csrf(AbstractHttpConfigurer::disable)
          .formLogin(withDefaults())
          .build();
    }

    @Bean
    AuthenticationManager authenticationManager(AuthenticationConfiguration configuration)
        throws Exception {
      return configuration.getAuthenticationManager();
    }

    @Bean
    UserDetailsService users() {
      return new InMemoryUserDetailsManager(
          User.withUsername("ann").password("{noop}ticket").roles("USER").build());
    }

    @Bean
    ProgramController controller(AuthenticationManager authentication) {
      return new ProgramController(authentication);
    }
  }

  @RestController
  static class ProgramController {

    private final SecurityContextRepository contexts = new HttpSessionSecurityContextRepository();
    private final AuthenticationManager authentication;

    ProgramController(AuthenticationManager authentication) {
      this.authentication = authentication;
    }

    // The document shows this method.
    @PostMapping("/api/login")
    void login(
        @RequestParam String username,
        @RequestParam String password,
        HttpServletRequest request,
        HttpServletResponse response) {
      Authentication user =
          authentication.authenticate(
              UsernamePasswordAuthenticationToken.unauthenticated(username, password));
      WebSession.of(request)
          .login(user.getName(), LoginOptions.defaults(), SessionTransport.HEADER);
      SecurityContext context = SecurityContextHolder.createEmptyContext();
      context.setAuthentication(user);
      SecurityContextHolder.setContext(context);
      contexts.saveContext(context, request, response);
    }

    @GetMapping("/api/me")
    String me(Principal user) {
      return user.getName();
    }

    @PostMapping("/api/renew")
    void renew(HttpServletRequest request) {
      request.changeSessionId();
    }

    @PostMapping("/api/logout")
    void logout(HttpServletRequest request) {
      WebSession.of(request).logout();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "session, Authorization, 'Bearer ', Session-Token",
    "principal, Authorization, 'Bearer ', Session-Token",
    "principal, X-Session, '', X-Session"
  })
  @DisplayName("gets it in a header at the login, and each new one; browsers still get the cookie")
  void header(String context, String name, String scheme, String answeredBy) throws Exception {
    try (Site site =
        Site.start(
            Application.class,
            "coatcheck.store=memory",
            "coatcheck.header=" + name,
            "coatcheck.security.context=" + context)) {
      HttpResponse<String> login =
          site.visitor().post("/api/login", "username", "ann", "password", "ticket");
      String token = login.headers().firstValue(answeredBy).orElseThrow();
      assertThat(login.headers().allValues("Set-Cookie")).isEmpty();

      Visitor program = site.visitor().with(name, scheme + token);
      assertThat(program.get("/api/me").body()).isEqualTo("ann");

      HttpResponse<String> renewal = program.post("/api/renew");
      String next = renewal.headers().firstValue(answeredBy).orElseThrow();
      assertThat(program.get("/api/me").statusCode())
          .as("with the token from before")
          .isEqualTo(302);
      Visitor renewed = site.visitor().with(name, scheme + next);
      assertThat(renewed.get("/api/me").body()).isEqualTo("ann");

      HttpResponse<String> logout = renewed.post("/api/logout");
      assertThat(logout.headers().firstValue(answeredBy)).hasValue("");
      assertThat(renewed.get("/api/me").statusCode()).isEqualTo(302);

      Visitor browser = site.visitor();
      browser.logIn("ann");
      assertThat(browser.hasCookie("__Host-session")).isTrue();
      assertThat(browser.get("/api/me").body()).isEqualTo("ann");
    }
  }

  @Test
  @DisplayName("gets it in a header from the login form too, where there is no cookie")
  void withoutCookie() throws Exception {
    try (Site site =
        Site.start(
            Application.class,
            "coatcheck.store=memory",
            "coatcheck.header=X-Auth-Token",
            "coatcheck.without-cookie=true")) {
      HttpResponse<String> login =
          site.visitor().postWithToken("", "/login", "username", "ann", "password", "ticket");
      assertThat(login.headers().allValues("Set-Cookie")).isEmpty();
      String token = login.headers().firstValue("X-Auth-Token").orElseThrow();
      Visitor program = site.visitor().with("X-Auth-Token", token);
      assertThat(program.get("/api/me").body()).isEqualTo("ann");
    }
  }
}
