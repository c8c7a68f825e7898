package io.coatcheck.session.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.springframework.security.config.Customizer.withDefaults;

import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import io.coatcheck.session.event.SessionEvent;
import io.coatcheck.session.event.SessionListener;
import io.coatcheck.test.clients.Visitor;
import java.nio.charset.StandardCharsets;
import java.security.Principal;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.annotation.Order;
import org.springframework.core.env.Environment;
import org.springframework.security.config.Customizer;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.annotation.web.configurers.AbstractHttpConfigurer;
import org.springframework.security.config.annotation.web.configurers.SessionManagementConfigurer;
import org.springframework.security.config.http.SessionCreationPolicy;
import org.springframework.security.core.userdetails.User;
import org.springframework.security.core.userdetails.UserDetailsService;
import org.springframework.security.oauth2.jwt.JwtDecoder;
import org.springframework.security.oauth2.jwt.NimbusJwtDecoder;
import org.springframework.security.provisioning.InMemoryUserDetailsManager;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

@DisplayName("A resource server whose clients send their own bearer tokens")
class BearerTest {

  private static final byte[] KEY = new byte[32];

  @Configuration
  @EnableAutoConfiguration
  @RestController
  static class Application {

    final List<SessionEvent> events = new CopyOnWriteArrayList<>();

    @GetMapping("/me")
    String me(Principal user) {
      return user.getName();
    }

    @Bean
    SecurityFilterChain bearerChain(HttpSecurity http, Environment environment) throws Exception {
      if (environment.containsProperty("test.invalid-session-url")) {
        // This adds a filter that reports each login that it finds new.
        http.sessionManagement(
            sessions ->
                sessions.invalidSessionUrl(environment.getProperty("test.invalid-session-url")));
      }
      return http.authorizeHttpRequests(requests -> requests.anyRequest().authenticated())
          .oauth2ResourceServer(server -> server.jwt(withDefaults()))
          .build();
    }

    @Bean
    JwtDecoder decoder() {
      return NimbusJwtDecoder.withSecretKey(new SecretKeySpec(KEY, "HmacSHA256")).build();
    }

    @Bean
    SessionListener recorder() {
      return events::add;
    }
  }

  private static String token(byte[] key) throws Exception {
    SignedJWT jwt =
        new SignedJWT(
            new JWSHeader(JWSAlgorithm.HS256), new JWTClaimsSet.Builder().subject("ann").build());
    jwt.sign(new MACSigner(key));
    return jwt.serialize();
  }

  @ParameterizedTest
  @CsvSource({
    "coatcheck.store=memory, coatcheck.header=Authorization",
    "coatcheck.store=memory, coatcheck.lazy=false",
    "coatcheck.store=memory, test.invalid-session-url=/?invalid",
    "spring.datasource.url=jdbc:h2:mem:bearer, coatcheck.security.context=session"
  })
  @DisplayName("is left alone: no session begins, no cookie is sent")
  void bearer(String store, String more) throws Exception {
    try (Site site = Site.start(Application.class, store, more)) {
      Visitor program = site.visitor().with("Authorization", "Bearer " + token(KEY));
      assertThat(program.get("/me").body()).isEqualTo("ann");
      assertThat(program.get("/me").body()).isEqualTo("ann");
      assertThat(program.hasCookie("__Host-session")).isFalse();
      byte[] otherKey = KEY.clone();
      otherKey[0] = 1;
      Visitor forger = site.visitor().with("Authorization", "Bearer " + token(otherKey));
      assertThat(forger.get("/me").statusCode()).isEqualTo(401);
      assertThat(forger.hasCookie("__Host-session")).isFalse();
      assertThat(site.bean(Application.class).events).isEmpty();
    }
  }

  /** Pages with sessions, and chains for programs, which the pages use too. */
  @Configuration
  @EnableAutoConfiguration
  static class PagesAndPrograms {

    @Bean
    @Order(0)
    SecurityFilterChain programs(HttpSecurity http) throws Exception {
      return forPrograms(
          http,
          "/programs/**",
          sessions -> sessions.sessionCreationPolicy(SessionCreationPolicy.STATELESS));
    }

    @Bean
    @Order(1)
    SecurityFilterChain unprotectedPrograms(HttpSecurity http) throws Exception {
      return forPrograms(
          http,
          "/unprotected/**",
          sessions ->
              sessions
                  .sessionCreationPolicy(SessionCreationPolicy.STATELESS)
                  .sessionFixation(fixation -> fixation.none()));
    }

    @Bean
    @Order(2)
    SecurityFilterChain chainOfExplicitPolicy(HttpSecurity http) throws Exception {
      return forPrograms(
          http,
          "/explicit/**",
          sessions -> sessions.sessionCreationPolicy(SessionCreationPolicy.IF_REQUIRED));
    }

    /** Builds a chain whose clients send their password with each request. */
    private static SecurityFilterChain forPrograms(
        HttpSecurity http,
        String paths,
        Customizer<SessionManagementConfigurer<HttpSecurity>> sessions)
        throws Exception {
      return http.securityMatcher(paths)
          .authorizeHttpRequests(requests -> requests.anyRequest().authenticated())
          .sessionManagement(sessions)
          .httpBasic(withDefaults())
          .build();
    }

    @Bean
    @Order(3)
    SecurityFilterChain pages(HttpSecurity http) throws Exception {
      return http.authorizeHttpRequests(requests -> requests.anyRequest().authenticated())
          .csrf(AbstractHttpConfigurer::disable)
          .formLogin(withDefaults())
          .build();
    }

    @Bean
    UserDetailsService users() {
      return new InMemoryUserDetailsManager(
          User.withUsername("ann").password("{noop}ticket").roles("USER").build());
    }
  }

  @ParameterizedTest
  @CsvSource({
    "coatcheck.enabled=false, JSESSIONID, true",
    "coatcheck.security.context=session, __Host-session, true",
    "coatcheck.security.context=principal, __Host-session, false"
  })
  @DisplayName(
      "A stateless chain gives the session of a request a new secret, as without Coatcheck, but"
          + " begins none, as a chain with an explicit policy may")
  void sessionOfPages(String property, String cookie, boolean isOfUserToo) throws Exception {
    try (Site site = Site.start(PagesAndPrograms.class, "coatcheck.store=memory", property)) {
      String password =
          "Basic "
              + Base64.getEncoder()
                  .encodeToString("ann:ticket".getBytes(StandardCharsets.US_ASCII));
      Visitor program = site.visitor().with("Authorization", password);
      assertThat(program.get("/programs/x").statusCode()).isEqualTo(404);
      assertThat(program.hasCookie(cookie)).isFalse();
      assertThat(program.get("/explicit/x").statusCode()).isEqualTo(404);
      assertThat(program.hasCookie(cookie)).isTrue();

      Visitor stranger = site.visitor();
      stranger.get("/account");
      stranger.with("Authorization", password);
      assertThat(isReplacedBy(stranger, "/programs/x", cookie)).isTrue();
      assertThat(isReplacedBy(stranger, "/unprotected/x", cookie)).isFalse();

      Visitor ann = site.visitor();
      ann.postWithToken("", "/login", "username", "ann", "password", "ticket");
      ann.with("Authorization", password);
      assertThat(isReplacedBy(ann, "/programs/x", cookie)).isEqualTo(isOfUserToo);
      assertThat(isReplacedBy(ann, "/unprotected/x", cookie)).isFalse();
      Visitor browser = site.visitor();
      browser.take(cookie, ann.cookie(cookie));
      assertThat(browser.get("/account").statusCode()).isEqualTo(404);
    }
  }

  /** Returns whether the secret of a visitor's session is another one after a request. */
  private static boolean isReplacedBy(Visitor visitor, String path, String cookie)
      throws Exception {
    String before = visitor.cookie(cookie);
    assertThat(before).isNotEmpty();
    assertThat(visitor.get(path).statusCode()).isEqualTo(404);
    return !visitor.cookie(cookie).equals(before);
  }
}
