package io.coatcheck.session.spring;

import static io.coatcheck.session.spring.OldTokens.ACCESS;
import static io.coatcheck.session.spring.OldTokens.JWT;
import static io.coatcheck.session.spring.OldTokens.PREFIX;
import static io.coatcheck.session.spring.OldTokens.PRINCIPAL;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.springframework.security.config.Customizer.withDefaults;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.migration.JwtExchange;
import io.coatcheck.session.migration.TokenVerifier;
import io.coatcheck.session.spring.staff.Staff;
import io.coatcheck.test.clients.Visitor;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.WebApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.annotation.Order;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.annotation.web.configurers.AbstractHttpConfigurer;
import org.springframework.security.config.http.SessionCreationPolicy;
import org.springframework.security.core.userdetails.User;
import org.springframework.security.provisioning.InMemoryUserDetailsManager;
import org.springframework.security.provisioning.UserDetailsManager;
import org.springframework.security.web.SecurityFilterChain;

@DisplayName("The exchange of JSON Web Tokens, by properties")
class JwtBridgeTest {

  private final WebApplicationContextRunner application =
      new WebApplicationContextRunner()
          .withConfiguration(
              AutoConfigurations.of(
                  CoatcheckAutoConfiguration.class, CoatcheckMigrationAutoConfiguration.class))
          .withPropertyValues("coatcheck.store=memory");

  /** Adds a user of the application. */
  private static void addUser(Site site, String name) {
    site.bean(UserDetailsManager.class)
        .createUser(User.withUsername(name).password("{noop}x").roles("USER").build());
  }

  /** Returns what an answer says of the token that came with its request. */
  private static Optional<String> result(HttpResponse<String> answer) {
    return answer.headers().firstValue(JwtExchange.RESULT_HEADER);
  }

  @Test
  @DisplayName("A token that the JwtDecoder accepts logs its user in, once, with the rights of now")
  void jwt() throws Exception {
    try (Site site = OldTokens.exchangedBy(Staff.class)) {
      addUser(site, "ann");
      String token = OldTokens.bearer("ann");
      Visitor visitor = site.visitor().with("Authorization", token);
      HttpResponse<String> first = visitor.get("/account");
      assertThat(first.body()).isEqualTo("ann");
      assertThat(result(first)).contains("exchanged");
      Visitor after = site.visitor();
      after.take("__Host-session", visitor.cookie("__Host-session"));
      assertThat(after.get("/roles").body()).isEqualTo("[\"ROLE_USER\"]");
      Visitor thief = site.visitor().with("Authorization", token);
      HttpResponse<String> replayed = thief.get("/account");
      assertThat(replayed.statusCode()).isNotEqualTo(200);
      assertThat(result(replayed)).contains("spent");
      HttpResponse<String> forged =
          site.visitor().with("Authorization", token.substring(0, token.length() - 4)).get("/");
      assertThat(result(forged)).contains("refused");
      assertThat(site.bean(JwtExchange.class).counts().accepted()).isEqualTo(1);
    }
  }

  @Test
  @DisplayName("A token for another purpose, signed with the same key, opens nothing")
  void refreshToken() throws Exception {
    try (Site site = OldTokens.exchangedBy(Staff.class)) {
      addUser(site, "eva");
      for (String type : List.of("refresh", "second-factor-pending")) {
        Visitor visitor = site.visitor().with("Authorization", OldTokens.bearer("eva", type));
        HttpResponse<String> answer = visitor.get("/account");
        assertThat(result(answer)).contains("refused");
        assertThat(answer.statusCode()).isEqualTo(302);
      }
      assertThat(site.bean(SessionManager.class).sessionsOf("eva")).isEmpty();
    }
  }

  @Test
  @DisplayName("fails startup if a JwtDecoder is not told what an access token has")
  void anyToken() {
    application
        .withUserConfiguration(OldTokens.class)
        .withPropertyValues(JWT, PRINCIPAL)
        .run(
            context ->
                assertThat(context.getStartupFailure())
                    .hasStackTraceContaining(
                        PREFIX + "enabled must not be true with a JwtDecoder, which accepts"));
    application
        .withUserConfiguration(OldTokens.class)
        .withPropertyValues(JWT, PRINCIPAL, PREFIX + "required-claims=shop")
        .run(
            context ->
                assertThat(context.getStartupFailure())
                    .hasStackTraceContaining(PREFIX + "required-claims must have the form"));
    application
        .withUserConfiguration(OldTokens.class)
        .withPropertyValues(JWT, PRINCIPAL, PREFIX + "type=at+jwt")
        .run(context -> assertThat(context).hasSingleBean(JwtExchange.class));
  }

  @Test
  @DisplayName("A token of a user whom the next request would not find is refused, and not used up")
  void jwtOfAnUnknownUser() throws Exception {
    try (Site site = OldTokens.exchangedBy(Staff.class)) {
      String token = OldTokens.bearer("zoe");
      HttpResponse<String> unknown = site.visitor().with("Authorization", token).get("/account");
      assertThat(result(unknown)).contains("refused");
      addUser(site, "zoe");
      HttpResponse<String> known = site.visitor().with("Authorization", token).get("/account");
      assertThat(result(known)).contains("exchanged");
      assertThat(known.body()).isEqualTo("zoe");
    }
  }

  @Test
  @DisplayName("A token in the cookie that a property names logs its user in, and is deleted")
  void tokenInACookie() throws Exception {
    try (Site site =
        OldTokens.exchangedBy(
            List.of(Staff.class), PREFIX + "cookie-name=token", PREFIX + "cookie-path=/shop")) {
      addUser(site, "kim");
      String token = OldTokens.bearer("kim").substring("Bearer ".length());
      Visitor visitor = site.visitor();
      visitor.take("token", token);
      HttpResponse<String> first = visitor.get("/account");
      assertThat(first.body()).isEqualTo("kim");
      assertThat(first.headers().allValues("Set-Cookie"))
          .anyMatch(set -> set.startsWith("token=;") && set.contains("Path=/shop"));
      Visitor after = site.visitor();
      after.take("__Host-session", visitor.cookie("__Host-session"));
      assertThat(after.get("/roles").body()).isEqualTo("[\"ROLE_USER\"]");
      Visitor thief = site.visitor().with("Authorization", "Bearer " + token);
      assertThat(result(thief.get("/account"))).contains("spent");
      assertThat(site.bean(JwtExchange.class).counts().accepted()).isEqualTo(1);
    }
  }

  @Test
  @DisplayName("fails startup if the tokens have the cookie of the sessions")
  void cookieOfTheSessions() {
    application
        .withUserConfiguration(OldTokens.class)
        .withPropertyValues(JWT, PRINCIPAL, ACCESS, PREFIX + "cookie-name=__Host-session")
        .run(
            context ->
                assertThat(context.getStartupFailure())
                    .hasStackTraceContaining(PREFIX + "cookie-name")
                    .hasStackTraceContaining("coatcheck.cookie.name must not be"));
  }

  @Test
  @DisplayName("fails startup if tokens come in a cookie, and the sessions have none")
  void cookieWithoutASessionCookie() {
    application
        .withUserConfiguration(OldTokens.class)
        .withPropertyValues(JWT, PRINCIPAL, ACCESS, PREFIX + "cookie-name=token")
        .withPropertyValues("coatcheck.header=X-Session", "coatcheck.without-cookie=true")
        .run(
            context ->
                assertThat(context.getStartupFailure())
                    .hasStackTraceContaining(PREFIX + "cookie-name must not be set with"));
  }

  /** As applications with tokens are before they move. */
  @Configuration
  @EnableAutoConfiguration
  static class StatelessShop {

    @Bean
    SecurityFilterChain chain(HttpSecurity http) throws Exception {
      return http.authorizeHttpRequests(requests -> requests.anyRequest().authenticated())
          .sessionManagement(
              sessions -> sessions.sessionCreationPolicy(SessionCreationPolicy.STATELESS))
          .oauth2ResourceServer(server -> server.jwt(withDefaults()))
          .build();
    }

    @Bean
    UserDetailsManager users() {
      return new InMemoryUserDetailsManager();
    }
  }

  /** As they are if only the policy was changed. */
  @Configuration
  static class PagesWithTokens {

    @Bean
    @Order(0)
    SecurityFilterChain pages(HttpSecurity http) throws Exception {
      return http.securityMatcher("/pages/**")
          .authorizeHttpRequests(requests -> requests.anyRequest().authenticated())
          .oauth2ResourceServer(server -> server.jwt(withDefaults()))
          .build();
    }
  }

  @Test
  @DisplayName("fails startup if no chain would know the user of a token on the next request")
  void statelessChains() {
    assertThatThrownBy(() -> OldTokens.exchangedBy(StatelessShop.class))
        .hasMessageContaining(PREFIX + "enabled must not be true where every chain");
  }

  @Test
  @ExtendWith(OutputCaptureExtension.class)
  @DisplayName("says that a chain still accepts the tokens that were exchanged")
  void chainsWithTokens(CapturedOutput output) {
    String warning = "Remove oauth2ResourceServer from it";
    try (Site site = OldTokens.exchangedBy(Staff.class, StatelessApi.class)) {
      assertThat(site.bean(JwtExchange.class)).isNotNull();
      assertThat(output).doesNotContain(warning);
    }
    try (Site site = OldTokens.exchangedBy(StatelessShop.class, PagesWithTokens.class)) {
      assertThat(site.bean(JwtExchange.class)).isNotNull();
      assertThat(output).contains(warning);
    }
  }

  /** A resource server beside the pages, for programs. */
  @Configuration
  static class StatelessApi {

    @Bean
    @Order(0)
    SecurityFilterChain programs(HttpSecurity http) throws Exception {
      return http.securityMatcher("/programs/**")
          .authorizeHttpRequests(requests -> requests.anyRequest().authenticated())
          .sessionManagement(
              sessions -> sessions.sessionCreationPolicy(SessionCreationPolicy.STATELESS))
          .csrf(AbstractHttpConfigurer::disable)
          .oauth2ResourceServer(server -> server.jwt(withDefaults()))
          .build();
    }
  }

  @Test
  @DisplayName("A page of another origin sends its tokens to a stateless chain, if that is exempt")
  void otherOrigin() throws Exception {
    try (Site site =
        OldTokens.exchangedBy(
            List.of(Staff.class, StatelessApi.class),
            "coatcheck.cross-origin.exempt=/programs/open/*")) {
      addUser(site, "pat");
      for (String fetchSite : List.of("same-site", "cross-site")) {
        Visitor page =
            site.visitor()
                .with("Authorization", OldTokens.bearer("pat"))
                .with("Origin", "https://app.example")
                .with("Sec-Fetch-Site", fetchSite);
        assertAnswer(page.get("/programs/x"), 404);
        assertAnswer(page.postWithToken("", "/programs/x"), 403);
        assertAnswer(page.postWithToken("", "/programs/open/x"), 404);
        assertThat(site.bean(SessionManager.class).sessionsOf("pat")).isEmpty();
      }
    }
  }

  /** Checks that a request was not exchanged and got no cookie, whatever else became of it. */
  private static void assertAnswer(HttpResponse<String> answer, int status) {
    assertThat(answer.statusCode()).isEqualTo(status);
    assertThat(result(answer)).isEmpty();
    assertThat(answer.headers().allValues("Set-Cookie")).isEmpty();
  }

  @Test
  @DisplayName("A page of another origin that is trusted moves to a session, and can see that")
  void trustedOrigin() throws Exception {
    try (Site site =
        OldTokens.exchangedBy(
            List.of(Staff.class), "coatcheck.cross-origin.trusted-origins=https://app.example")) {
      addUser(site, "pia");
      Visitor page =
          site.visitor()
              .with("Authorization", OldTokens.bearer("pia"))
              .with("Origin", "https://app.example")
              .with("Sec-Fetch-Site", "same-site");
      HttpResponse<String> answer = page.get("/account");
      assertThat(answer.body()).isEqualTo("pia");
      assertThat(result(answer)).contains("exchanged");
    }
  }

  @Test
  @DisplayName("fails startup if Spring Security would not know the user of a token")
  void wholeContext() {
    application
        .withUserConfiguration(OldTokens.class)
        .withPropertyValues(JWT, ACCESS)
        .run(
            context ->
                assertThat(context.getStartupFailure())
                    .hasStackTraceContaining(
                        PREFIX + "enabled must not be true unless coatcheck.security.context"));
  }

  @Test
  @DisplayName("works without Spring's classes for tokens, with a verifier of the application")
  void withoutDecoder() {
    application
        .withClassLoader(new FilteredClassLoader("org.springframework.security", "com.nimbusds"))
        .withBean(TokenVerifier.class, () -> token -> Optional.empty())
        .withPropertyValues(JWT, PRINCIPAL)
        .run(
            context -> {
              assertThat(context).hasNotFailed();
              assertThat(context).hasSingleBean(JwtExchange.class);
            });
  }
}
