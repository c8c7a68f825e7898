package io.coatcheck.session.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.springframework.security.config.Customizer.withDefaults;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.token.SessionId;
import io.coatcheck.session.token.SessionToken;
import io.coatcheck.test.clients.Visitor;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.ImportResource;
import org.springframework.security.authentication.ProviderManager;
import org.springframework.security.authentication.dao.DaoAuthenticationProvider;
import org.springframework.security.authorization.AuthenticatedAuthorizationManager;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.annotation.web.configurers.AbstractHttpConfigurer;
import org.springframework.security.config.annotation.web.configurers.SessionManagementConfigurer;
import org.springframework.security.core.context.DeferredSecurityContext;
import org.springframework.security.core.context.SecurityContext;
import org.springframework.security.core.userdetails.User;
import org.springframework.security.core.userdetails.UserDetailsService;
import org.springframework.security.provisioning.InMemoryUserDetailsManager;
import org.springframework.security.web.DefaultSecurityFilterChain;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.security.web.access.ExceptionTranslationFilter;
import org.springframework.security.web.access.intercept.AuthorizationFilter;
import org.springframework.security.web.authentication.AnonymousAuthenticationFilter;
import org.springframework.security.web.authentication.LoginUrlAuthenticationEntryPoint;
import org.springframework.security.web.authentication.UsernamePasswordAuthenticationFilter;
import org.springframework.security.web.authentication.logout.LogoutFilter;
import org.springframework.security.web.authentication.logout.SecurityContextLogoutHandler;
import org.springframework.security.web.authentication.session.NullAuthenticatedSessionStrategy;
import org.springframework.security.web.context.DelegatingSecurityContextRepository;
import org.springframework.security.web.context.HttpRequestResponseHolder;
import org.springframework.security.web.context.HttpSessionSecurityContextRepository;
import org.springframework.security.web.context.RequestAttributeSecurityContextRepository;
import org.springframework.security.web.context.SecurityContextHolderFilter;
import org.springframework.security.web.context.SecurityContextRepository;
import org.springframework.security.web.util.matcher.AnyRequestMatcher;

@DisplayName("However a chain treats sessions, a login")
@Tag("wide")
class ChainsTest {

  private static final String REMEMBER_ME = "coatcheck.security.remember-me-parameter=remember-me";

  @EnableAutoConfiguration
  abstract static class Application {

    abstract void change(HttpSecurity http) throws Exception;

    @Bean
    SecurityFilterChain chain(HttpSecurity http) throws Exception {
      http.authorizeHttpRequests(requests -> requests.anyRequest().authenticated())
          .csrf(AbstractHttpConfigurer::disable)
          .formLogin(withDefaults());
      change(http);
      return http.build();
    }

    @Bean
    UserDetailsService users() {
      return usersOfShop();
    }
  }

  private static UserDetailsService usersOfShop() {
    return new InMemoryUserDetailsManager(
        User.withUsername("ann").password("{noop}ticket").roles("USER").build());
  }

  @Configuration
  static class WithoutFixationProtection extends Application {
    @Override
    void change(HttpSecurity http) throws Exception {
      http.sessionManagement(sessions -> sessions.sessionFixation(fixation -> fixation.none()));
    }
  }

  @Configuration
  static class WithNewSession extends Application {
    @Override
    void change(HttpSecurity http) throws Exception {
      http.sessionManagement(
          sessions -> sessions.sessionFixation(fixation -> fixation.newSession()));
    }
  }

  @Configuration
  static class WithOwnStrategy extends Application {
    @Override
    void change(HttpSecurity http) throws Exception {
      http.sessionManagement(
          sessions ->
              sessions.sessionAuthenticationStrategy(new NullAuthenticatedSessionStrategy()));
    }
  }

  @Configuration
  static class WithoutSessionManagement extends Application {
    @Override
    void change(HttpSecurity http) throws Exception {
      http.sessionManagement(AbstractHttpConfigurer::disable);
    }
  }

  @Configuration
  static class WithImplicitSave extends Application {
    @Override
    void change(HttpSecurity http) throws Exception {
      http.securityContext(context -> context.requireExplicitSave(false));
    }
  }

  /** Keeps the context in the session in its own way. */
  private static final class OwnRepository implements SecurityContextRepository {

    private final SecurityContextRepository session = new HttpSessionSecurityContextRepository();

    @Override
    @SuppressWarnings({"deprecation", "InlineMeSuggester"}) // The interface demands it.
    @Deprecated
    public SecurityContext loadContext(HttpRequestResponseHolder holder) {
      return session.loadContext(holder);
    }

    @Override
    public DeferredSecurityContext loadDeferredContext(HttpServletRequest request) {
      return session.loadDeferredContext(request);
    }

    @Override
    public void saveContext(
        SecurityContext context, HttpServletRequest request, HttpServletResponse response) {
      session.saveContext(context, request, response);
    }

    @Override
    public boolean containsContext(HttpServletRequest request) {
      return session.containsContext(request);
    }
  }

  @Configuration
  static class WithOwnRepository extends Application {
    @Override
    void change(HttpSecurity http) throws Exception {
      http.securityContext(context -> context.securityContextRepository(new OwnRepository()));
    }
  }

  @Configuration
  static class WithOwnRepositoryAndSameSession extends WithOwnRepository {
    @Override
    void change(HttpSecurity http) throws Exception {
      super.change(http);
      http.sessionManagement(sessions -> sessions.sessionFixation(fixation -> fixation.none()));
    }
  }

  @Configuration
  static class WithOwnRepositoryBesideRequest extends Application {
    @Override
    void change(HttpSecurity http) throws Exception {
      http.securityContext(
          context ->
              context.securityContextRepository(
                  new DelegatingSecurityContextRepository(
                      new RequestAttributeSecurityContextRepository(), new OwnRepository())));
    }
  }

  /** Its chain is not built by {@link HttpSecurity}, so nothing of the starter is applied to it. */
  @Configuration
  @EnableAutoConfiguration
  static class ByHand {

    @Bean
    SecurityFilterChain chain(UserDetailsService users) {
      SecurityContextRepository repository = new HttpSessionSecurityContextRepository();
      UsernamePasswordAuthenticationFilter login =
          new UsernamePasswordAuthenticationFilter(
              new ProviderManager(new DaoAuthenticationProvider(users)));
      login.setSecurityContextRepository(repository);
      return new DefaultSecurityFilterChain(
          AnyRequestMatcher.INSTANCE,
          new SecurityContextHolderFilter(repository),
          new LogoutFilter("/login?logout", new SecurityContextLogoutHandler()),
          login,
          new AnonymousAuthenticationFilter("a key of this test"),
          new ExceptionTranslationFilter(new LoginUrlAuthenticationEntryPoint("/login")),
          new AuthorizationFilter(AuthenticatedAuthorizationManager.authenticated()));
    }

    @Bean
    UserDetailsService users() {
      return usersOfShop();
    }
  }

  /** Its chain is in the XML of Spring Security, which does not use {@link HttpSecurity} either. */
  @Configuration
  @EnableAutoConfiguration
  @ImportResource("classpath:chain.xml")
  static class InXml {}

  @ParameterizedTest(name = "{0}")
  @ValueSource(
      classes = {
        WithoutFixationProtection.class,
        WithNewSession.class,
        WithOwnStrategy.class,
        WithoutSessionManagement.class,
        WithImplicitSave.class,
        WithOwnRepository.class,
        WithOwnRepositoryAndSameSession.class,
        WithOwnRepositoryBesideRequest.class,
        ByHand.class,
        InXml.class
      })
  @DisplayName("gives the session a new secret and a user, and a logout ends it")
  void login(Class<?> application) throws Exception {
    try (Site site = Site.start(application, "coatcheck.store=memory", REMEMBER_ME)) {
      SessionManager sessions = site.bean(SessionManager.class);
      Visitor ann = site.visitor();
      ann.get("/account");
      String before = ann.cookie("__Host-session");
      assertThat(before).isNotEmpty();
      assertThat(
              Visitor.location(
                  ann.postWithToken(
                      "", "/login", "username", "ann", "password", "ticket", "remember-me", "on")))
          .endsWith("/account?continue");
      assertThat(ann.cookie("__Host-session")).isNotEqualTo(before);
      assertThat(sessions.sessionsOf("ann"))
          .singleElement()
          .satisfies(session -> assertThat(session.remembered()).isTrue());
      assertThat(ann.get("/account").statusCode()).isEqualTo(404);
      ann.postWithToken("", "/logout");
      assertThat(sessions.sessionsOf("ann")).isEmpty();
      assertThat(ann.get("/account").statusCode()).isEqualTo(302);
    }
  }

  /** Its chain keeps the login for the request only. */
  abstract static class Elsewhere extends Application {

    abstract void protect(
        SessionManagementConfigurer<HttpSecurity>.SessionFixationConfigurer fixation);

    @Override
    void change(HttpSecurity http) throws Exception {
      http.securityContext(
              context ->
                  context.securityContextRepository(
                      new RequestAttributeSecurityContextRepository()))
          .sessionManagement(sessions -> sessions.sessionFixation(this::protect));
    }
  }

  @Configuration
  static class ElsewhereWithNewId extends Elsewhere {
    @Override
    void protect(SessionManagementConfigurer<HttpSecurity>.SessionFixationConfigurer fixation) {
      fixation.changeSessionId();
    }
  }

  @Configuration
  static class ElsewhereWithSameSession extends Elsewhere {
    @Override
    void protect(SessionManagementConfigurer<HttpSecurity>.SessionFixationConfigurer fixation) {
      fixation.none();
    }
  }

  @Configuration
  static class ElsewhereWithNewSession extends Elsewhere {
    @Override
    void protect(SessionManagementConfigurer<HttpSecurity>.SessionFixationConfigurer fixation) {
      fixation.newSession();
    }
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource({
    "io.coatcheck.session.spring.ChainsTest$ElsewhereWithNewId, true, false",
    "io.coatcheck.session.spring.ChainsTest$ElsewhereWithSameSession, true, true",
    "io.coatcheck.session.spring.ChainsTest$ElsewhereWithNewSession, false, false"
  })
  @DisplayName("that is kept elsewhere does to the session what sessionFixation() says")
  void elsewhere(Class<?> application, boolean isSameSession, boolean isSameSecret)
      throws Exception {
    try (Site site = Site.start(application, "coatcheck.store=memory")) {
      Visitor ann = site.visitor();
      ann.get("/account");
      String before = ann.cookie("__Host-session");
      assertThat(
              Visitor.location(
                  ann.postWithToken("", "/login", "username", "ann", "password", "ticket")))
          .doesNotContain("error");
      assertThat(site.bean(SessionManager.class).sessionsOf("ann")).isEmpty();
      SessionId id = SessionToken.parse(before).orElseThrow().id();
      assertThat(site.bean(SessionStore.class).find(id).isPresent()).isEqualTo(isSameSession);
      assertThat(ann.cookie("__Host-session").equals(before)).isEqualTo(isSameSecret);
    }
  }

  @Test
  @DisplayName("is kept by name too, where session management is off")
  void nameOnly() throws Exception {
    try (Site site =
        Site.start(
            WithoutSessionManagement.class, "coatcheck.store=memory", PrincipalFlows.PROPERTY)) {
      Visitor ann = site.visitor();
      ann.postWithToken("", "/login", "username", "ann", "password", "ticket");
      assertThat(ann.get("/account").statusCode()).isEqualTo(404);
      assertThat(StoredText.of(site, ann.cookie("__Host-session")))
          .doesNotContain("SecurityContext");
      ann.postWithToken("", "/logout");
      assertThat(site.bean(SessionManager.class).sessionsOf("ann")).isEmpty();
    }
  }
}
