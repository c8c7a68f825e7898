package io.coatcheck.session.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.SessionInfo;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.spring.desk.Desk;
import io.coatcheck.test.clients.Visitor;
import jakarta.servlet.FilterChain;
import jakarta.servlet.http.HttpFilter;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.security.authentication.UsernamePasswordAuthenticationToken;
import org.springframework.security.core.authority.AuthorityUtils;
import org.springframework.security.core.context.SecurityContextImpl;
import org.springframework.security.web.context.HttpSessionSecurityContextRepository;
import org.springframework.web.context.request.RequestContextListener;

@Tag("wide")
@DisplayName("What an application does to a context by hand")
class SavedContextsTest {

  private static final String COOKIE = "__Host-session";
  private static final String REMEMBER_ME = "coatcheck.security.remember-me-parameter=remember-me";
  private static final AtomicInteger DATABASES = new AtomicInteger();

  /** Runs one application for all tests of a class, and ends the sessions after each. */
  @TestInstance(Lifecycle.PER_CLASS)
  abstract static class Application {

    private final String[] properties;
    private Site site;

    Application(String... properties) {
      this.properties = Arrays.copyOf(properties, properties.length + 1);
      this.properties[properties.length] = REMEMBER_ME;
    }

    @BeforeAll
    void start() {
      List<Class<?>> sources = new ArrayList<>(List.of(Desk.class, MovedClock.class));
      sources.addAll(more());
      site = Site.start(sources, properties);
    }

    /** Returns what the application has beside its pages. */
    List<Class<?>> more() {
      return List.of();
    }

    @AfterEach
    void endSessions() {
      sessions().revokeAllOf("ann");
      sessions().revokeAllOf("bob");
    }

    @AfterAll
    void stop() {
      site.close();
    }

    SessionManager sessions() {
      return site.bean(SessionManager.class);
    }

    Visitor visitor() {
      return site.visitor();
    }

    Visitor ann() throws Exception {
      Visitor ann = site.visitor();
      assertLogsInByForm(ann);
      return ann;
    }

    void assertLogsInByForm(Visitor ann) throws Exception {
      assertThat(Visitor.location(logIn(ann, "ann"))).doesNotContain("error");
      assertThat(ann.get("/me").body()).isEqualTo("ann/ann");
    }

    void assertLoggedOut(Visitor visitor) throws Exception {
      assertThat(sessions().sessionsOf("ann")).isEmpty();
      assertThat(visitor.get("/me").body()).isEqualTo("none/anonymousUser");
    }

    SessionInfo annsSession() {
      List<SessionInfo> all = sessions().sessionsOf("ann");
      assertThat(all).hasSize(1);
      return all.get(0);
    }

    /** Asserts that ann's earlier secret opens nothing once she has logged in again. */
    public void assertLogsInAgain(String path) throws Exception {
      Visitor ann = ann();
      String before = ann.cookie(COOKIE);
      Instant now = later();
      assertThat(post(ann, path)).isEqualTo(200);
      assertThat(ann.cookie(COOKIE)).isNotEqualTo(before);
      assertThat(ann.get("/me").body()).isEqualTo("ann/ann");
      assertThat(annsSession().authenticatedAt())
          .hasValueSatisfying(at -> assertThat(at).isAfter(now));
      Visitor thief = visitor();
      thief.take(COOKIE, before);
      assertThat(thief.get("/me").body()).isEqualTo("none/anonymousUser");
      assertThat(ann.get("/me").body()).isEqualTo("ann/ann");
    }

    /** Asserts that the page keeps ann's secret, and is no fresh proof of who she is. */
    void assertIsNoLogin(String path) throws Exception {
      Visitor ann = ann();
      String before = ann.cookie(COOKIE);
      Instant now = later();
      assertThat(post(ann, path)).isEqualTo(200);
      assertThat(ann.cookie(COOKIE)).isEqualTo(before);
      assertThat(ann.get("/me").body()).isEqualTo("ann/ann");
      assertThat(annsSession().authenticatedAt())
          .hasValueSatisfying(at -> assertThat(at).isBefore(now));
    }

    private Instant later() {
      MovedClock.Clock clock = site.bean(MovedClock.Clock.class);
      clock.advance(Duration.ofMinutes(10));
      return clock.instant().minus(Duration.ofMinutes(5));
    }

    /** Asserts that the page ends ann's session, and that its cookie opens nothing afterwards. */
    public void assertLogsOut(String path, String... fields) throws Exception {
      Visitor ann = ann();
      String cookie = ann.cookie(COOKIE);
      assertThat(post(ann, path, fields)).isEqualTo(200);
      assertLoggedOut(ann);
      ann.take(COOKIE, cookie);
      assertLoggedOut(ann);
    }
  }

  private static HttpResponse<String> logIn(Visitor visitor, String user) throws Exception {
    return visitor.postWithToken("", "/login", "username", user, "password", "ticket");
  }

  private static int post(Visitor visitor, String path, String... fields) throws Exception {
    return visitor.postWithToken("", path, fields).statusCode();
  }

  private static String database() {
    return "spring.datasource.url=jdbc:h2:mem:desk" + DATABASES.incrementAndGet();
  }

  /** The flows of every session that keeps the user. */
  abstract static class Keeping extends Application {

    Keeping(String... properties) {
      super(properties);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({"/me-in-callable, ann/ann", "/me-on-executor, ann"})
    @DisplayName("other threads have the user")
    void otherThreads(String path, String seen) throws Exception {
      Visitor ann = ann();
      assertThat(ann.get(path).body()).isEqualTo(seen);
      assertThat(visitor().get("/me-on-executor").body()).isEqualTo("anonymousUser");
    }

    @ParameterizedTest(name = "{0}")
    @ValueSource(strings = {"/json-login", "/json-login-in-place", "/json-login-remembered"})
    @DisplayName("a second login of the user ends the earlier secret, and is a fresh proof")
    void loggedInAgain(String path) throws Exception {
      assertLogsInAgain(path);
      assertThat(annsSession().remembered()).isEqualTo(path.endsWith("remembered"));
    }

    @Test
    @DisplayName("a login is remembered if its request asks for that")
    void rememberedByParameter() throws Exception {
      Visitor ann = visitor();
      assertThat(post(ann, "/json-login", "remember-me", "on")).isEqualTo(200);
      assertThat(ann.get("/me").body()).isEqualTo("ann/ann");
      assertThat(annsSession().remembered()).isTrue();
      assertThat(post(ann, "/json-login")).isEqualTo(200);
      assertThat(annsSession().remembered()).isFalse();
    }

    @Test
    @DisplayName("another context of the same login changes nothing")
    void rebuilt() throws Exception {
      assertIsNoLogin("/save-rebuilt");
    }

    @Test
    @DisplayName("the methods of the Servlet API renew the secret, log out and log in")
    void servletApi() throws Exception {
      Visitor ann = ann();
      String before = ann.cookie(COOKIE);
      assertThat(post(ann, "/change-id")).isEqualTo(200);
      assertThat(ann.cookie(COOKIE)).isNotEqualTo(before);
      assertThat(ann.get("/me").body()).isEqualTo("ann/ann");
      assertThat(post(ann, "/servlet-logout")).isEqualTo(200);
      assertLoggedOut(ann);
      assertThat(post(ann, "/servlet-login", "user", "bob")).isEqualTo(200);
      assertThat(ann.get("/me").body()).isEqualTo("bob/bob");
      assertThat(sessions().sessionsOf("bob")).hasSize(1);
    }

    @ParameterizedTest(name = "{0}")
    @ValueSource(
        strings = {
          "/save-empty",
          "/save-empty-and-note",
          "/set-empty",
          "/set-empty-and-note",
          "/remove",
          "/remove-and-invalidate",
          "/remove-and-note",
          "/remove-and-flush",
          "/remove-in-callable",
          "/remove-on-thread",
          "/empty-on-thread",
          "/empty-in-place",
          "/log-out-handler"
        })
    @DisplayName("logs out if the context is emptied or removed")
    void empty(String path) throws Exception {
      assertLogsOut(path);
    }
  }

  /** The flows of an application in which each request saves its context at the end. */
  interface SavingAtEnd {

    void assertLogsOut(String path, String... fields) throws Exception;

    void assertLogsInAgain(String path) throws Exception;

    @ParameterizedTest(name = "{0}")
    @ValueSource(strings = {"/web-session-logout", "/invalidate", "/revoke", "/revoke-all"})
    @DisplayName("a logout is not undone")
    default void logout(String path) throws Exception {
      assertLogsOut(path);
    }

    @Test
    @DisplayName("a second login of the user that is only in the holder counts as well")
    default void loggedInAgainInHolder() throws Exception {
      assertLogsInAgain("/json-login-in-holder");
    }
  }

  /** The flows of a session that has the user's name only. */
  abstract static class NamesOnly extends Keeping {

    NamesOnly(String... properties) {
      super(properties);
    }

    @Test
    @DisplayName("logs in again if a context of the user follows an empty one")
    void savedAgain() throws Exception {
      Visitor ann = ann();
      assertThat(post(ann, "/save-empty-and-user")).isEqualTo(200);
      assertThat(ann.get("/me").body()).isEqualTo("ann/ann");
      assertThat(sessions().sessionsOf("ann")).hasSize(1);
    }
  }

  @Nested
  @DisplayName("with names only, where each request saves its context at the end")
  class NamesSavedAtEnd extends NamesOnly implements SavingAtEnd {

    NamesSavedAtEnd() {
      super(PrincipalFlows.PROPERTY, "desk.explicit-save=false", database());
    }

    @Test
    @DisplayName("a login of the application itself is not undone")
    void login() throws Exception {
      Visitor visitor = visitor();
      assertThat(post(visitor, "/web-session-login", "user", "ann")).isEqualTo(200);
      assertThat(visitor.get("/me").body()).isEqualTo("ann/ann");
      assertThat(post(visitor, "/web-session-login", "user", "bob")).isEqualTo(200);
      assertThat(visitor.get("/me").body()).isEqualTo("bob/bob");
      assertThat(sessions().sessionsOf("ann")).isEmpty();
    }

    @ParameterizedTest(name = "{0}")
    @ValueSource(strings = {"olga", "stranger"})
    @DisplayName("a second user who may not log in ends the session of the first")
    void refusedSecondUser(String user) throws Exception {
      Visitor ann = ann();
      post(ann, "/set-holder", "user", user);
      assertLoggedOut(ann);
      assertThat(sessions().sessionsOf(user)).isEmpty();
    }

    @Test
    @DisplayName("a change of the context logs in and out")
    void changed() throws Exception {
      Visitor visitor = visitor();
      assertThat(post(visitor, "/set-holder", "user", "ann")).isEqualTo(200);
      assertThat(visitor.get("/me").body()).isEqualTo("ann/ann");
      assertThat(post(visitor, "/set-holder", "user", "bob")).isEqualTo(200);
      assertThat(visitor.get("/me").body()).isEqualTo("bob/bob");
      assertThat(sessions().sessionsOf("ann")).isEmpty();
      assertThat(post(visitor, "/clear-holder")).isEqualTo(200);
      assertThat(sessions().sessionsOf("bob")).isEmpty();
      assertLoggedOut(visitor);
    }
  }

  @Nested
  @DisplayName("with names only")
  class Names extends NamesOnly {

    Names() {
      super(PrincipalFlows.PROPERTY, "coatcheck.store=memory", "desk.events=true");
    }

    @ParameterizedTest(name = "{0}")
    @ValueSource(strings = {"olga", "stranger"})
    @DisplayName("ends the session of the first user if the second may not log in over it")
    void refusedSecondUser(String user) throws Exception {
      assertLogsOut("/save", "user", user);
      assertThat(sessions().sessionsOf(user)).isEmpty();
    }

    @Test
    @DisplayName("logs in, but with no more rights than the login had")
    void lesserLogin() throws Exception {
      Visitor visitor = visitor();
      assertThat(post(visitor, "/save", "user", "ann")).isEqualTo(200);
      assertThat(visitor.get("/me").body()).isEqualTo("ann/ann");
      Visitor thief = visitor();
      assertThat(post(thief, "/save", "user", "olga")).isEqualTo(200);
      assertThat(sessions().sessionsOf("olga")).isEmpty();
      assertThat(thief.get("/me").body()).isEqualTo("none/anonymousUser");
      assertThat(post(thief, "/save", "user", "stranger")).isEqualTo(200);
      assertThat(sessions().sessionsOf("stranger")).isEmpty();
    }

    @Test
    @DisplayName(
        "leaves the application's own objects as they are, so that a user can log in again")
    void sharedUsers() throws Exception {
      ann();
      ann();
    }
  }

  /** The flows of a session that has the whole context. */
  abstract static class Whole extends Keeping {

    Whole(String... properties) {
      super(properties);
    }

    @Test
    @DisplayName("logs out if all attributes are removed")
    void removeAll() throws Exception {
      assertLogsOut("/remove-all");
    }

    @Test
    @DisplayName("does not log out if another context of the user stays")
    void second() throws Exception {
      Visitor ann = ann();
      assertThat(post(ann, "/remove-second")).isEqualTo(200);
      assertThat(ann.get("/me").body()).isEqualTo("ann/ann");
    }

    @Test
    @DisplayName("does not undo a login of the application itself")
    void loggedInByHand() throws Exception {
      Visitor ann = ann();
      assertThat(post(ann, "/log-in-again")).isEqualTo(200);
      assertThat(ann.get("/me").body()).startsWith("ann/");
      assertThat(sessions().sessionsOf("ann")).hasSize(1);
    }

    @Test
    @DisplayName("logs a second user in over the first")
    void secondUser() throws Exception {
      Visitor visitor = ann();
      assertThat(post(visitor, "/save", "user", "bob")).isEqualTo(200);
      assertThat(visitor.get("/me").body()).isEqualTo("bob/bob");
      assertThat(sessions().sessionsOf("ann")).isEmpty();
    }

    @Test
    @DisplayName("ends the session of the first user if it cannot have the second")
    void refusedSecondUser() throws Exception {
      assertLogsOut("/save", "user", "x".repeat(300));
    }

    @Test
    @DisplayName("logs in a second time")
    void again() throws Exception {
      assertLogsInByForm(ann());
    }
  }

  @Nested
  @DisplayName("with the whole context in memory")
  class InMemory extends Whole {
    InMemory() {
      super("coatcheck.store=memory");
    }

    @Test
    @DisplayName("a password that is only confirmed changes nothing")
    void confirmed() throws Exception {
      assertIsNoLogin("/confirm");
    }

    @Test
    @DisplayName(
        "logs out if a thread removes it that has the request of a dispatch that has ended")
    void afterDispatch() throws Exception {
      Visitor ann = ann();
      assertThat(post(ann, "/remove-after-dispatch")).isEqualTo(200);
      assertLoggedOut(ann);
    }

    @ParameterizedTest(name = "{0}")
    @ValueSource(strings = {"/save-again", "/save-empty-and-user"})
    @DisplayName("does not log out if the context is back at the end of the request")
    void savedAgain(String path) throws Exception {
      Visitor ann = ann();
      assertThat(post(ann, path)).isEqualTo(200);
      assertThat(ann.get("/me").body()).isEqualTo("ann/ann");
    }
  }

  @Nested
  @DisplayName("with logins that drop attributes")
  class Dropping extends Application {
    Dropping() {
      super("coatcheck.store=memory", "coatcheck.drop-attributes-at-login=true");
    }

    @Test
    @DisplayName("logs in a visitor whose session holds something, by a controller")
    void loggedInByController() throws Exception {
      Visitor visitor = visitor();
      assertThat(post(visitor, "/note")).isEqualTo(200);
      assertThat(post(visitor, "/json-login")).isEqualTo(200);
      assertThat(visitor.get("/me").body()).isEqualTo("ann/ann");
    }

    @Test
    @DisplayName("logs in a second time by a controller")
    void loggedInAgain() throws Exception {
      assertLogsInAgain("/json-login");
    }

    @Test
    @DisplayName("logs in a second time")
    void again() throws Exception {
      assertLogsInByForm(ann());
    }
  }

  /** A filter that logs in, where Spring MVC's holder has the request from before all filters. */
  @Configuration
  static class LoginFilter {

    @Bean
    RequestContextListener requestContexts() {
      return new RequestContextListener();
    }

    @Bean
    FilterRegistrationBean<HttpFilter> loginFilter() {
      FilterRegistrationBean<HttpFilter> registration =
          new FilterRegistrationBean<>(
              new HttpFilter() {
                private static final long serialVersionUID = 1L;

                @Override
                protected void doFilter(
                    HttpServletRequest request, HttpServletResponse response, FilterChain chain) {
                  new HttpSessionSecurityContextRepository()
                      .saveContext(
                          new SecurityContextImpl(
                              UsernamePasswordAuthenticationToken.authenticated(
                                  request.getParameter("user"),
                                  null,
                                  AuthorityUtils.createAuthorityList("ROLE_USER"))),
                          request,
                          response);
                }
              });
      registration.addUrlPatterns("/login-by-filter");
      return registration;
    }
  }

  @Nested
  @DisplayName("with a RequestContextListener, and logins that drop attributes")
  class Listening extends Application {
    Listening() {
      super("coatcheck.store=memory", "coatcheck.drop-attributes-at-login=true");
    }

    @Override
    List<Class<?>> more() {
      return List.of(LoginFilter.class);
    }

    @Test
    @DisplayName("logs in by a filter, and a second user over the first")
    void loggedInByFilter() throws Exception {
      Visitor visitor = visitor();
      assertThat(post(visitor, "/note")).isEqualTo(200);
      assertThat(post(visitor, "/login-by-filter", "user", "ann")).isEqualTo(200);
      assertThat(visitor.get("/me").body()).isEqualTo("ann/ann");
      assertThat(post(visitor, "/login-by-filter", "user", "bob")).isEqualTo(200);
      assertThat(visitor.get("/me").body()).isEqualTo("bob/bob");
      assertThat(visitor.hasCookie("JSESSIONID")).isFalse();
    }
  }

  @Nested
  @DisplayName("with the whole context in a database")
  class InDatabase extends Whole {
    InDatabase() {
      super(database(), "desk.events=true");
    }
  }

  @Nested
  @DisplayName("with the whole context, where each request saves it at the end")
  class SavedAtEnd extends Whole implements SavingAtEnd {
    SavedAtEnd() {
      super("coatcheck.store=memory", "desk.explicit-save=false");
    }
  }

  /** The flows of an application whose chain never begins a session. */
  abstract static class Never extends Application {

    Never(String... properties) {
      super(properties);
    }

    @Test
    @DisplayName("holds for its request if there is no session, and is kept in an existing one")
    void login() throws Exception {
      Visitor visitor = visitor();
      assertThat(Visitor.location(logIn(visitor, "ann"))).doesNotContain("error");
      assertThat(visitor.hasCookie(COOKIE)).isFalse();
      assertLoggedOut(visitor);
      assertThat(post(visitor, "/note")).isEqualTo(200);
      String before = visitor.cookie(COOKIE);
      assertThat(Visitor.location(logIn(visitor, "ann"))).doesNotContain("error");
      assertThat(visitor.cookie(COOKIE)).isNotEmpty().isNotEqualTo(before);
      assertThat(visitor.get("/me").body()).isEqualTo("ann/ann");
      assertThat(sessions().sessionsOf("ann")).hasSize(1);
    }
  }

  @Nested
  @DisplayName("with SessionCreationPolicy.NEVER, a login")
  class WithoutNewSessions extends Never {
    WithoutNewSessions() {
      super("coatcheck.store=memory", "desk.sessions=NEVER");
    }
  }

  @Nested
  @DisplayName("with SessionCreationPolicy.NEVER and names only, a login")
  class NamesWithoutNewSessions extends Never {
    NamesWithoutNewSessions() {
      super("coatcheck.store=memory", "desk.sessions=NEVER", PrincipalFlows.PROPERTY);
    }
  }

  @Nested
  @DisplayName("with SessionCreationPolicy.NEVER, names only and saving at the end, a login")
  class NamesSavedWithoutNewSessions extends Never {
    NamesSavedWithoutNewSessions() {
      super(
          "coatcheck.store=memory",
          "desk.sessions=NEVER",
          "desk.explicit-save=false",
          PrincipalFlows.PROPERTY);
    }
  }
}
