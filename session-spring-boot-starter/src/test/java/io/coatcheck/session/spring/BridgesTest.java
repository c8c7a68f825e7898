package io.coatcheck.session.spring;

import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.proc.DefaultJOSEObjectTypeVerifier;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.migration.BackChannelLogout;
import io.coatcheck.session.migration.ContainerSessionAdoption;
import io.coatcheck.session.migration.JwtExchange;
import io.coatcheck.session.migration.LogoutTokenVerifier;
import io.coatcheck.session.migration.SpringSessionImport;
import io.coatcheck.session.migration.TokenVerifier;
import io.coatcheck.session.migration.VerifiedLogout;
import io.coatcheck.session.spring.club.Club;
import io.coatcheck.test.clients.Partner;
import io.coatcheck.test.clients.Visitor;
import jakarta.servlet.FilterChain;
import jakarta.servlet.http.HttpFilter;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.sql.DataSource;
import org.h2.jdbcx.JdbcDataSource;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.LazyInitializationBeanFactoryPostProcessor;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.assertj.AssertableWebApplicationContext;
import org.springframework.boot.test.context.runner.ContextConsumer;
import org.springframework.boot.test.context.runner.WebApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.Ordered;
import org.springframework.security.authentication.UsernamePasswordAuthenticationToken;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.authority.SimpleGrantedAuthority;
import org.springframework.security.core.context.SecurityContextImpl;
import org.springframework.security.oauth2.jwt.BadJwtException;
import org.springframework.security.oauth2.jwt.Jwt;
import org.springframework.security.oauth2.jwt.JwtTimestampValidator;
import org.springframework.security.oauth2.jwt.NimbusJwtDecoder;
import org.springframework.security.web.authentication.switchuser.SwitchUserGrantedAuthority;

@DisplayName("The bridges by properties")
class BridgesTest {

  private static final String PREFIX = "coatcheck.migration.";
  private static final String JWT = PREFIX + "jwt.enabled=true";
  private static final String CONTAINER = PREFIX + "container-session.enabled=true";
  private static final String LOGOUT = PREFIX + "back-channel-logout.path=/logout/provider";
  private static final String PRINCIPAL = "coatcheck.security.context=principal";

  private final WebApplicationContextRunner application =
      new WebApplicationContextRunner()
          .withConfiguration(
              AutoConfigurations.of(
                  CoatcheckAutoConfiguration.class, CoatcheckMigrationAutoConfiguration.class))
          .withPropertyValues("coatcheck.store=memory");

  /** What checks the provider's logout tokens. */
  @Configuration
  static class ProviderLogouts {

    @Bean
    LogoutTokenVerifier logoutTokens(
        @Value("${spring.security.oauth2.client.provider.partner.issuer-uri}") String issuer) {
      NimbusJwtDecoder decoder =
          NimbusJwtDecoder.withJwkSetUri(issuer + "/keys")
              .jwtProcessorCustomizer(
                  processor ->
                      processor.setJWSTypeVerifier(
                          new DefaultJOSEObjectTypeVerifier<>(new JOSEObjectType("logout+jwt"))))
              .build();
      // The default of Spring Security 7 accepts the type JWT only.
      decoder.setJwtValidator(new JwtTimestampValidator());
      return token -> {
        Jwt logout;
        try {
          logout = decoder.decode(token);
        } catch (BadJwtException e) {
          return Optional.empty();
        }
        Map<String, Object> events = logout.getClaimAsMap("events");
        boolean isOurs =
            issuer.equals(logout.getClaimAsString("iss"))
                && logout.getAudience().contains("shop")
                && events != null
                && events.containsKey("http://schemas.openid.net/event/backchannel-logout")
                && !logout.hasClaim("nonce")
                && logout.getId() != null
                && (logout.hasClaim("sub") || logout.hasClaim("sid"));
        return isOurs
            ? Optional.of(
                new VerifiedLogout(
                    issuer,
                    Optional.ofNullable(logout.getSubject()),
                    Optional.ofNullable(logout.getClaimAsString("sid")),
                    logout.getId(),
                    logout.getIssuedAt(),
                    logout.getExpiresAt()))
            : Optional.empty();
      };
    }
  }

  /** Where the application kept its logins: in the sessions of the container. */
  @Configuration
  static class OldLogins {

    @Bean
    FilterRegistrationBean<HttpFilter> oldLogin() {
      FilterRegistrationBean<HttpFilter> registration =
          new FilterRegistrationBean<>(
              new HttpFilter() {
                private static final long serialVersionUID = 1L;

                @Override
                protected void doFilter(
                    HttpServletRequest request, HttpServletResponse response, FilterChain chain) {
                  String authority = request.getParameter("half") == null ? "ROLE_USER" : "HALF";
                  SecurityContextImpl context = SpringSessionImportTest.context(authority);
                  if (request.getParameter("switched") != null) {
                    context.setAuthentication(switched(context.getAuthentication()));
                  }
                  request.getSession().setAttribute("SPRING_SECURITY_CONTEXT", context);
                  request.getSession().setAttribute("cart", "apples");
                }
              });
      registration.addUrlPatterns("/old-login");
      registration.setOrder(Ordered.HIGHEST_PRECEDENCE);
      return registration;
    }
  }

  static Authentication switched(Authentication user) {
    return UsernamePasswordAuthenticationToken.authenticated(
        user.getPrincipal(),
        null,
        List.of(
            new SimpleGrantedAuthority("ROLE_USER"),
            new SwitchUserGrantedAuthority(
                "ROLE_PREVIOUS_ADMINISTRATOR",
                UsernamePasswordAuthenticationToken.authenticated(
                    "root", null, List.of(new SimpleGrantedAuthority("ROLE_ADMIN"))))));
  }

  private static Site club(Partner partner, String property, Class<?>... more) {
    List<Class<?>> sources = new ArrayList<>(List.of(more));
    sources.add(Club.class);
    return Site.start(sources, ClubFlows.properties(partner, "coatcheck.store=memory", property));
  }

  private static int post(Site site, String token) throws IOException, InterruptedException {
    String port = site.context().getEnvironment().getRequiredProperty("local.server.port");
    return HttpClient.newHttpClient()
        .send(
            HttpRequest.newBuilder(URI.create("http://localhost:" + port + "/logout/provider"))
                .header("Content-Type", "application/x-www-form-urlencoded")
                .POST(HttpRequest.BodyPublishers.ofString("logout_token=" + token))
                .build(),
            HttpResponse.BodyHandlers.ofString())
        .statusCode();
  }

  @Test
  @DisplayName("A login of Spring Security in a session of Tomcat is adopted")
  void containerSession() throws Exception {
    try (Partner partner = new Partner();
        Site site = club(partner, CONTAINER, OldLogins.class)) {
      Visitor visitor = site.visitor();
      visitor.get("/old-login");
      assertThat(visitor.get("/account").body()).isEqualTo("ann");
      visitor.forget("JSESSIONID");
      assertThat(visitor.get("/account").body()).isEqualTo("ann");
      assertThat(site.bean(ContainerSessionAdoption.class).counts().accepted()).isEqualTo(1);
    }
  }

  @Test
  @DisplayName("A session in which an administrator acts as a user is the administrator's")
  void switchedUser() throws Exception {
    try (Partner partner = new Partner();
        Site site = club(partner, CONTAINER, OldLogins.class)) {
      Visitor visitor = site.visitor();
      visitor.get("/old-login?switched");
      assertThat(visitor.get("/account").body()).isEqualTo("ann");
      assertThat(site.bean(SessionManager.class).sessionsOf("ann")).isEmpty();
      assertThat(site.bean(SessionManager.class).revokeAllOf("root")).isEqualTo(1);
      assertThat(visitor.get("/account").body()).isNotEqualTo("ann");
    }
  }

  @Test
  @DisplayName("A bean decides whether a login from before the move still counts")
  void formerLoginCheck() throws Exception {
    try (Partner partner = new Partner();
        Site site = club(partner, CONTAINER, OldLogins.class, SignedOut.class)) {
      Visitor visitor = site.visitor();
      visitor.get("/old-login");
      assertThat(visitor.get("/account").body()).isNotEqualTo("ann");
      assertThat(site.bean(ContainerSessionAdoption.class).counts().accepted()).isZero();
      assertThat(site.bean(ContainerSessionAdoption.class).counts().refused()).isPositive();
    }
  }

  @Test
  @ExtendWith(OutputCaptureExtension.class)
  @DisplayName("say at the start that there is no such bean, and nothing if there is one")
  void formerLoginCheckMissing(CapturedOutput output) {
    WebApplicationContextRunner moving =
        application
            .withBean(TokenVerifier.class, () -> token -> Optional.empty())
            .withPropertyValues(JWT, CONTAINER, PRINCIPAL);
    moving.withUserConfiguration(SignedOut.class).run(context -> {});
    assertThat(output).doesNotContain("FormerLoginCheck, so");
    moving.run(context -> assertThat(context).hasNotFailed());
    for (String bridge : List.of("jwt", "container-session")) {
      assertThat(output)
          .contains("no bean of type FormerLoginCheck, so " + PREFIX + bridge + ".enabled");
    }
  }

  /** Every user was signed out everywhere a moment ago. */
  @Configuration
  static class SignedOut {

    @Bean
    FormerLoginCheck formerLogins() {
      return (user, loginAt) -> !user.equals("ann");
    }
  }

  @Test
  @DisplayName("A logout at the provider ends the session that its login began, or all of the user")
  void backChannelLogout() throws Exception {
    try (Partner partner = new Partner();
        Site site = club(partner, LOGOUT, ProviderLogouts.class)) {
      Visitor first = site.visitor();
      assertThat(first.follow(first.get("/oauth2/authorization/oidc")).body()).isEqualTo("Welcome");
      Visitor second = site.visitor();
      second.follow(second.get("/oauth2/authorization/oidc"));
      assertThat(second.get("/account").body()).isEqualTo("ann");
      assertThat(post(site, partner.logoutToken(0))).isEqualTo(200);
      assertThat(first.get("/account").statusCode()).isNotEqualTo(200);
      assertThat(second.get("/account").body()).isEqualTo("ann");
      String all = partner.logoutToken();
      assertThat(post(site, all)).isEqualTo(200);
      assertThat(second.get("/account").statusCode()).isNotEqualTo(200);
      assertThat(site.bean(SessionManager.class).sessionsOf("ann")).isEmpty();
      assertThat(post(site, all)).as("a replay").isEqualTo(400);
    }
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      value = {
        "jwt.enabled=true | jwt.enabled must not be true without a bean of type TokenVerifier",
        "back-channel-logout.path=/x | back-channel-logout.path must not be set without a bean",
      })
  @DisplayName("fail startup if what they need is missing")
  void needed(String property, String message) {
    application
        .withPropertyValues(PREFIX + property, PRINCIPAL)
        .run(
            context ->
                assertThat(context.getStartupFailure()).hasStackTraceContaining(PREFIX + message));
  }

  @ParameterizedTest(name = "{0}={1}")
  @CsvSource({
    "jwt.maximum-lifetime, 0s",
    "jwt.transport, header-or-cookie",
    "jwt.transport, header",
    "container-session.maximum-age, 0s",
    "back-channel-logout.path, logout",
    "back-channel-logout.path, /logout/*",
    "back-channel-logout.maximum-lifetime, 31d",
    "back-channel-logout.maximum-id-token-age, 59s",
  })
  @DisplayName("fail startup with the name of a property that is wrong")
  void refused(String property, String value) {
    application
        .withUserConfiguration(OldTokens.class)
        .withBean(LogoutTokenVerifier.class, () -> token -> Optional.empty())
        .withPropertyValues(JWT, OldTokens.ACCESS, CONTAINER, LOGOUT, PRINCIPAL)
        .withPropertyValues(PREFIX + property + "=" + value)
        .run(
            context ->
                assertThat(context.getStartupFailure()).hasStackTraceContaining(PREFIX + property));
  }

  @ParameterizedTest
  @CsvSource({"jwt.enabled=true", "container-session.enabled=true", "back-channel-logout.path=/x"})
  @DisplayName("fail startup if coatcheck-migration is missing")
  @ExtendWith(OutputCaptureExtension.class)
  void missing(String property, CapturedOutput output) {
    WebApplicationContextRunner incomplete =
        application
            .withClassLoader(new FilteredClassLoader("io.coatcheck.session.migration"))
            .withPropertyValues(
                PREFIX + property,
                property.startsWith("jwt") ? PREFIX + "jwt.maximum-lifetime=2d" : "a=b");
    ContextConsumer<AssertableWebApplicationContext> fails =
        context ->
            assertThat(context.getStartupFailure())
                .hasStackTraceContaining("without the dependency coatcheck-migration");
    incomplete.run(fails);
    incomplete
        .withInitializer(
            context ->
                context.addBeanFactoryPostProcessor(
                    new LazyInitializationBeanFactoryPostProcessor()))
        .run(fails);
    assertThat(output).doesNotContain("its own");
  }

  @Test
  @ExtendWith(OutputCaptureExtension.class)
  @DisplayName("warn where a restart would lose what was used up")
  void recordsInMemory(CapturedOutput output) {
    String warning = "A restart makes used-up tokens";
    application.run(context -> assertThat(context).hasNotFailed());
    JdbcDataSource database = new JdbcDataSource();
    database.setURL("jdbc:h2:mem:records;DB_CLOSE_DELAY=-1");
    application
        .withBean(DataSource.class, () -> database)
        .withPropertyValues("coatcheck.store=jdbc", CONTAINER)
        .run(context -> assertThat(context).hasNotFailed());
    assertThat(output).doesNotContain(warning);
    application.withPropertyValues(CONTAINER).run(context -> assertThat(context).hasNotFailed());
    assertThat(output).contains(warning);
  }

  @Test
  @DisplayName("are off by default")
  void off() {
    application.run(BridgesTest::assertOff);
  }

  @ParameterizedTest
  @ValueSource(strings = {"off", "no", "0", "False"})
  @DisplayName("are off in whichever way a property says so")
  void switchedOff(String value) {
    application
        .withPropertyValues(
            PREFIX + "spring-session.enabled=" + value,
            PREFIX + "jwt.enabled=" + value,
            PREFIX + "container-session.enabled=" + value,
            PREFIX + "back-channel-logout.path=")
        .run(BridgesTest::assertOff);
  }

  @ParameterizedTest
  @ValueSource(strings = {"on", "yes", "1", "True"})
  @DisplayName("are on in whichever way a property says so")
  void switchedOn(String value) {
    application
        .withPropertyValues(PREFIX + "container-session.enabled=" + value)
        .run(context -> assertThat(context).hasSingleBean(ContainerSessionAdoption.class));
  }

  private static void assertOff(AssertableWebApplicationContext context) {
    assertThat(context)
        .hasNotFailed()
        .doesNotHaveBean(SpringSessionImport.class)
        .doesNotHaveBean(JwtExchange.class)
        .doesNotHaveBean(ContainerSessionAdoption.class)
        .doesNotHaveBean(BackChannelLogout.class);
  }
}
