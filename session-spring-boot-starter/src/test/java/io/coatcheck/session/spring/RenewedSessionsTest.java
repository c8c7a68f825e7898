package io.coatcheck.session.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.springframework.security.config.Customizer.withDefaults;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.SessionPolicy;
import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.test.clients.Visitor;
import jakarta.servlet.http.HttpSession;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.annotation.web.configurers.AbstractHttpConfigurer;
import org.springframework.security.core.session.SessionRegistry;
import org.springframework.security.core.session.SessionRegistryImpl;
import org.springframework.security.core.userdetails.User;
import org.springframework.security.core.userdetails.UserDetailsService;
import org.springframework.security.provisioning.InMemoryUserDetailsManager;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.security.web.session.HttpSessionEventPublisher;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.context.request.RequestContextListener;

@Tag("wide")
@DisplayName("maximumSessions, with sessions that get a new secret from time to time")
class RenewedSessionsTest {

  private static final String COOKIE = "__Host-session";

  private static final Duration INTERVAL = Duration.ofMinutes(15);

  /** Without a user, a session would otherwise end after the interval. */
  private static final String[] WITHOUT_BRIDGE = {
    "coatcheck.security.enabled=false", "coatcheck.anonymous-idle-timeout=30m"
  };

  @Configuration
  @EnableAutoConfiguration
  @RestController
  static class Application {

    @GetMapping("/id")
    String id(HttpSession session) {
      return session.getId();
    }

    /** No chain has its path, so that no filter of Spring Security sees it. */
    @GetMapping("/css")
    String css() {
      return "any";
    }

    @Bean
    SecurityFilterChain chain(
        HttpSecurity http, @Value("${test.refuses-newcomer:false}") boolean refusesNewcomer)
        throws Exception {
      return http.securityMatcher("/id", "/login", "/logout")
          .authorizeHttpRequests(requests -> requests.anyRequest().authenticated())
          .csrf(AbstractHttpConfigurer::disable)
          .formLogin(withDefaults())
          .sessionManagement(
              sessions ->
                  sessions
                      .maximumSessions(1)
                      .maxSessionsPreventsLogin(refusesNewcomer)
                      .expiredUrl("/?expired"))
          .build();
    }

    @Bean
    UserDetailsService users() {
      return new InMemoryUserDetailsManager(
          User.withUsername("ann").password("{noop}ticket").roles("USER").build());
    }
  }

  @Configuration
  static class WithPublisher {

    @Bean
    HttpSessionEventPublisher sessionEvents() {
      return new HttpSessionEventPublisher();
    }
  }

  /** Makes the request from before all filters the one of Spring MVC's holder. */
  @Configuration
  static class WithListener {

    @Bean
    RequestContextListener requestContexts() {
      return new RequestContextListener();
    }
  }

  /** Sets the interval in code, where no property shows it. */
  @Configuration
  static class WithOwnManager {

    @Bean(destroyMethod = "close")
    SessionManager ownManager(MovedClock.Clock clock) {
      return SessionManager.builder(InMemorySessionStore.builder().build())
          .renewInterval(INTERVAL)
          .policy(SessionPolicy.builder().anonymousIdleTimeout(Duration.ofMinutes(30)).build())
          .clock(clock)
          .build();
    }
  }

  /** Sets the interval in code as well. */
  @Configuration
  static class WithCustomizer {

    @Bean
    SessionManagerCustomizer renewed() {
      return manager -> manager.renewInterval(INTERVAL);
    }
  }

  @Configuration
  static class WithOwnRegistry {

    @Bean
    SessionRegistry ownRegistry() {
      return new SessionRegistryImpl();
    }
  }

  private static Site start(boolean hasPublisher, String... properties) {
    return start(hasPublisher ? List.of(WithPublisher.class) : List.of(), properties);
  }

  private static Site start(List<Class<?>> more, String... properties) {
    List<String> all = new ArrayList<>(List.of(properties));
    all.add("coatcheck.renew-interval=" + INTERVAL);
    return startWithoutInterval(more, all.toArray(String[]::new));
  }

  private static Site startWithoutInterval(List<Class<?>> more, String... properties) {
    List<Class<?>> sources = new ArrayList<>(List.of(Application.class, MovedClock.class));
    sources.addAll(more);
    List<String> all = new ArrayList<>(List.of(properties));
    all.add("coatcheck.store=memory");
    return Site.start(sources, all.toArray(String[]::new));
  }

  private static String logIn(Visitor visitor) throws Exception {
    return Visitor.location(
        visitor.postWithToken("", "/login", "username", "ann", "password", "ticket"));
  }

  private static Visitor loggedIn(Site site) throws Exception {
    Visitor visitor = site.visitor();
    assertThat(logIn(visitor)).doesNotContain("error");
    assertThat(visitor.get("/id").statusCode()).isEqualTo(200);
    return visitor;
  }

  /** Lets a secret grow old, and visits a page with it, whose answer has the next one. */
  private static void renew(Site site, Visitor visitor, String path) throws Exception {
    String before = visitor.cookie(COOKIE);
    site.bean(MovedClock.Clock.class).advance(INTERVAL);
    visitor.get(path);
    assertThat(visitor.cookie(COOKIE)).isNotEqualTo(before);
  }

  @ParameterizedTest(name = "HttpSessionEventPublisher: {0}")
  @ValueSource(booleans = {false, true})
  @DisplayName("A session that was renewed before the second login has expired")
  void renewedBefore(boolean hasPublisher) throws Exception {
    try (Site site = start(hasPublisher)) {
      Visitor first = loggedIn(site);
      renew(site, first, "/id");
      loggedIn(site);
      assertThat(Visitor.location(first.get("/id"))).endsWith("/?expired");
      assertThat(site.bean(SessionManager.class).sessionsOf("ann")).hasSize(1);
    }
  }

  @ParameterizedTest(name = "HttpSessionEventPublisher: {0}")
  @ValueSource(booleans = {false, true})
  @DisplayName("A session that has expired remains so, though it is renewed on a page of no chain")
  void renewedAfter(boolean hasPublisher) throws Exception {
    try (Site site = start(hasPublisher)) {
      Visitor first = loggedIn(site);
      loggedIn(site);
      renew(site, first, "/css");
      assertThat(Visitor.location(first.get("/id"))).endsWith("/?expired");
      assertThat(site.bean(SessionManager.class).sessionsOf("ann")).hasSize(1);
    }
  }

  @ParameterizedTest(name = "HttpSessionEventPublisher: {0}")
  @ValueSource(booleans = {false, true})
  @DisplayName("A browser whose session was renewed may log in again, and no other may")
  void again(boolean hasPublisher) throws Exception {
    try (Site site = start(hasPublisher, "test.refuses-newcomer=true")) {
      Visitor ann = loggedIn(site);
      renew(site, ann, "/css");
      assertThat(logIn(ann)).doesNotContain("error");
      assertThat(ann.get("/id").statusCode()).isEqualTo(200);
      assertThat(logIn(site.visitor())).contains("error");
      assertThat(site.bean(SessionManager.class).sessionsOf("ann")).hasSize(1);
    }
  }

  @ParameterizedTest(name = "HttpSessionEventPublisher: {0}")
  @ValueSource(booleans = {false, true})
  @DisplayName("A session that has expired remains so where Spring Security's logins are its own")
  void withoutBridge(boolean hasPublisher) throws Exception {
    try (Site site = start(hasPublisher, WITHOUT_BRIDGE)) {
      Visitor first = loggedIn(site);
      loggedIn(site);
      renew(site, first, "/css");
      assertThat(Visitor.location(first.get("/id"))).endsWith("/?expired");
    }
  }

  @ParameterizedTest
  @ValueSource(classes = {WithOwnManager.class, WithCustomizer.class})
  @DisplayName("It remains so there, where no property shows that sessions are renewed")
  void withoutBridgeAndProperty(Class<?> interval) throws Exception {
    try (Site site = startWithoutInterval(List.of(interval), WITHOUT_BRIDGE)) {
      Visitor first = loggedIn(site);
      loggedIn(site);
      renew(site, first, "/css");
      assertThat(Visitor.location(first.get("/id"))).endsWith("/?expired");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"true", "false"})
  @ExtendWith(OutputCaptureExtension.class)
  @DisplayName("Where the application has a registry that cannot know it, a warning says so")
  void ownRegistry(String bridge, CapturedOutput output) {
    startWithoutInterval(
            List.of(WithOwnRegistry.class, WithCustomizer.class),
            "coatcheck.security.enabled=" + bridge)
        .close();
    assertThat(output).containsOnlyOnce("maximumSessions uses a SessionRegistry bean");
  }

  @Test
  @ExtendWith(OutputCaptureExtension.class)
  @DisplayName("Where no session is renewed, such a registry needs no warning")
  void ownRegistryWithoutRenewal(CapturedOutput output) {
    startWithoutInterval(List.of(WithOwnRegistry.class)).close();
    assertThat(output).doesNotContain("maximumSessions uses a SessionRegistry bean");
  }

  @ParameterizedTest(name = "HttpSessionEventPublisher: {0}")
  @ValueSource(booleans = {false, true})
  @DisplayName("A browser may log in again there, and no other may")
  void againWithoutBridge(boolean hasPublisher) throws Exception {
    List<String> properties = new ArrayList<>(List.of(WITHOUT_BRIDGE));
    properties.add("test.refuses-newcomer=true");
    try (Site site = start(hasPublisher, properties.toArray(String[]::new))) {
      Visitor ann = loggedIn(site);
      renew(site, ann, "/css");
      assertThat(logIn(ann)).doesNotContain("error");
      assertThat(ann.get("/id").statusCode()).isEqualTo(200);
      assertThat(logIn(site.visitor())).contains("error");
    }
  }

  @Test
  @DisplayName("The same browser may, also where a RequestContextListener has the request")
  void againWithListener() throws Exception {
    try (Site site = start(List.of(WithListener.class), "test.refuses-newcomer=true")) {
      Visitor ann = loggedIn(site);
      assertThat(logIn(ann)).doesNotContain("error");
      assertThat(ann.get("/id").statusCode()).isEqualTo(200);
      assertThat(ann.hasCookie("JSESSIONID")).isFalse();
    }
  }

  @Test
  @DisplayName("A session that has ended does not count")
  void ended() throws Exception {
    try (Site site = start(true, "test.refuses-newcomer=true")) {
      Visitor ann = loggedIn(site);
      renew(site, ann, "/css");
      ann.postWithToken("", "/logout");
      loggedIn(site);
    }
  }

  @ParameterizedTest(name = "HttpSessionEventPublisher: {0}")
  @ValueSource(booleans = {false, true})
  @DisplayName("Nor does one that has ended on another node, which no event of this node shows")
  void endedElsewhere(boolean hasPublisher) throws Exception {
    try (Site site = start(hasPublisher, "test.refuses-newcomer=true")) {
      Visitor ann = loggedIn(site);
      assertThat(logIn(site.visitor())).contains("error");
      SessionManager manager = site.bean(SessionManager.class);
      manager.store().delete(manager.sessionsOf("ann").get(0).id());
      assertThat(ann.get("/id").statusCode()).isEqualTo(302);
      Visitor again = loggedIn(site);
      assertThat(logIn(site.visitor())).contains("error");
      site.bean(MovedClock.Clock.class).advance(Duration.ofHours(13));
      assertThat(again.get("/id").statusCode()).isEqualTo(302);
      loggedIn(site);
    }
  }

  @Test
  @DisplayName("Nor does one that ended, without an HttpSessionEventPublisher")
  void endedWithoutPublisher() throws Exception {
    try (Site site = start(false, "test.refuses-newcomer=true")) {
      Visitor ann = loggedIn(site);
      ann.postWithToken("", "/logout");
      loggedIn(site);
    }
  }
}
