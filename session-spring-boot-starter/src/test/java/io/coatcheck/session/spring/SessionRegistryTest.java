package io.coatcheck.session.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.springframework.security.config.Customizer.withDefaults;

import io.coatcheck.session.SessionInfo;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.token.SessionToken;
import io.coatcheck.test.clients.Visitor;
import jakarta.servlet.http.HttpSession;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.asm.ClassWriter;
import org.springframework.asm.Opcodes;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.test.context.runner.WebApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.annotation.web.configurers.AbstractHttpConfigurer;
import org.springframework.security.core.session.SessionInformation;
import org.springframework.security.core.session.SessionRegistry;
import org.springframework.security.core.session.SessionRegistryImpl;
import org.springframework.security.core.userdetails.User;
import org.springframework.security.core.userdetails.UserDetailsService;
import org.springframework.security.provisioning.InMemoryUserDetailsManager;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.security.web.webauthn.api.Bytes;
import org.springframework.security.web.webauthn.api.ImmutablePublicKeyCredentialUserEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

@DisplayName("The SessionRegistry of Spring Security")
class SessionRegistryTest {

  private static final String COOKIE = "__Host-session";

  @Configuration
  @EnableAutoConfiguration
  @RestController
  static class Application {

    @GetMapping("/id")
    String id(HttpSession session) {
      return session.getId();
    }

    @Bean
    UserDetailsService users() {
      return new InMemoryUserDetailsManager(
          User.withUsername("ann").password("{noop}ticket").roles("USER").build());
    }
  }

  @Configuration
  static class Limited {

    @Bean
    SecurityFilterChain limitedChain(HttpSecurity http, SessionRegistry registry) throws Exception {
      return http.authorizeHttpRequests(requests -> requests.anyRequest().authenticated())
          .csrf(AbstractHttpConfigurer::disable)
          .formLogin(withDefaults())
          .sessionManagement(sessions -> sessions.maximumSessions(2).sessionRegistry(registry))
          .build();
    }
  }

  @Configuration
  static class OwnRegistry {

    @Bean
    SessionRegistry ownRegistry() {
      return new SessionRegistryImpl();
    }
  }

  private static Visitor loggedIn(Site site) throws Exception {
    Visitor ann = site.visitor();
    ann.postWithToken("", "/login", "username", "ann", "password", "ticket");
    return ann;
  }

  @ParameterizedTest
  @ValueSource(strings = {"coatcheck.store=memory", "spring.datasource.url=jdbc:h2:mem:registry"})
  @DisplayName("lists the sessions of a user as on every node, and expires them")
  void lists(String store) throws Exception {
    try (Site site = Site.start(List.of(Application.class, Limited.class), store)) {
      SessionRegistry registry = site.bean(SessionRegistry.class);
      Visitor ann = loggedIn(site);
      String id = ann.get("/id").body();
      List<SessionInformation> sessions = registry.getAllSessions("ann", true);
      assertThat(sessions).extracting(SessionInformation::getSessionId).containsExactly(id);
      assertThat(
              registry.getAllSessions(
                  User.withUsername("ann").password("x").roles("USER").build(), false))
          .hasSize(1);
      assertThat(
              registry.getAllSessions(
                  ImmutablePublicKeyCredentialUserEntity.builder()
                      .name("ann")
                      .id(Bytes.random())
                      .displayName("Ann")
                      .build(),
                  false))
          .as("of the user of a passkey")
          .hasSize(1);
      assertThat(registry.getAllSessions("bob", true)).isEmpty();

      SessionInformation found = registry.getSessionInformation(id);
      assertThat(found.getPrincipal()).isEqualTo("ann");
      assertThat(registry.getSessionInformation(id + "9")).isNull();
      assertThat(registry.getSessionInformation("no-id")).isNull();

      found.expireNow();
      assertThat(found.isExpired()).isTrue();
      assertThat(registry.getAllSessions("ann", true)).isEmpty();
      assertThat(registry.getSessionInformation(id)).isNull();
      assertThat(Visitor.location(ann.get("/id"))).endsWith("/login");
      assertThatThrownBy(registry::getAllPrincipals)
          .isInstanceOf(UnsupportedOperationException.class);
    }
  }

  @Test
  @DisplayName("limits the sessions of a user by maximumSessions, if the chain is given it")
  void maximumSessions() throws Exception {
    try (Site site =
        Site.start(List.of(Application.class, Limited.class), "coatcheck.store=memory")) {
      Visitor[] browsers = {loggedIn(site), loggedIn(site), loggedIn(site)};
      assertThat(Visitor.location(browsers[0].get("/id"))).endsWith("/login");
      // Another login in a browser counts once.
      browsers[2].postWithToken("", "/login", "username", "ann", "password", "ticket");
      assertThat(site.bean(SessionManager.class).sessionsOf("ann"))
          .extracting(SessionInfo::id)
          .containsExactlyInAnyOrder(
              SessionToken.parse(browsers[1].cookie(COOKIE)).orElseThrow().id(),
              SessionToken.parse(browsers[2].cookie(COOKIE)).orElseThrow().id());
    }
  }

  @Test
  @DisplayName(
      "backs off if the application has one, which maximumSessions uses as before, with a warning"
          + " that it is no match for renewals")
  @ExtendWith(OutputCaptureExtension.class)
  void ownRegistry(CapturedOutput output) throws Exception {
    try (Site site =
        Site.start(
            List.of(Application.class, Limited.class, OwnRegistry.class),
            "coatcheck.store=memory",
            "coatcheck.renew-interval=15m")) {
      assertThat(output).contains("maximumSessions uses a SessionRegistry bean");
      assertThat(site.bean(SessionRegistry.class)).isInstanceOf(SessionRegistryImpl.class);
      Visitor[] browsers = {loggedIn(site), loggedIn(site), loggedIn(site)};
      assertThat(browsers[0].get("/id").body()).contains("expired");
      assertThat(browsers[1].get("/id").statusCode()).isEqualTo(200);
    }
  }

  /** Finds the class by which a Spring Authorization Server is known. */
  private static final class AuthorizationServer extends ClassLoader {

    private static final String CLASS =
        "org.springframework.security.oauth2.server.authorization.OAuth2Authorization";

    AuthorizationServer() {
      super(SessionRegistryTest.class.getClassLoader());
    }

    @Override
    protected Class<?> findClass(String name) throws ClassNotFoundException {
      if (!name.equals(CLASS)) {
        throw new ClassNotFoundException(name);
      }
      ClassWriter writer = new ClassWriter(0);
      writer.visit(
          Opcodes.V17,
          Opcodes.ACC_PUBLIC,
          name.replace('.', '/'),
          null,
          "java/lang/Object",
          new String[0]);
      byte[] bytes = writer.toByteArray();
      return defineClass(name, bytes, 0, bytes.length);
    }
  }

  @Test
  @DisplayName("is not offered to a Spring Authorization Server, which reads when users logged in")
  void authorizationServer() {
    WebApplicationContextRunner application =
        new WebApplicationContextRunner()
            .withConfiguration(
                AutoConfigurations.of(
                    CoatcheckAutoConfiguration.class, CoatcheckSecurityAutoConfiguration.class))
            .withPropertyValues("coatcheck.store=memory");
    application.run(context -> assertThat(context).hasSingleBean(SessionRegistry.class));
    application
        .withClassLoader(new AuthorizationServer())
        .run(context -> assertThat(context).hasNotFailed().doesNotHaveBean(SessionRegistry.class));
  }
}
