package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.mockito.ArgumentMatchers.any;
import static org.mockito.ArgumentMatchers.anyString;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.when;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.memory.InMemorySessionStore;
import jakarta.servlet.Filter;
import jakarta.servlet.FilterConfig;
import jakarta.servlet.FilterRegistration;
import jakarta.servlet.ServletContext;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class SessionFilterTest {

  static SessionManager manager() {
    return SessionManager.builder(InMemorySessionStore.builder().build())
        .cleanUpInterval(Duration.ZERO)
        .build();
  }

  private static FilterConfig config(Map<String, String> parameters) {
    FilterConfig config = mock(FilterConfig.class);
    when(config.getInitParameterNames())
        .thenAnswer(call -> Collections.enumeration(parameters.keySet()));
    when(config.getInitParameter(anyString()))
        .thenAnswer(call -> parameters.get(call.<String>getArgument(0)));
    when(config.getServletContext()).thenReturn(mock(ServletContext.class));
    return config;
  }

  @Nested
  @DisplayName("I11: init parameters of web.xml")
  class InitParametersOfWebXml {

    @ParameterizedTest
    @EnumSource(Container.class)
    void parameters_areUsed(Container container) throws Exception {
      SessionFilter filter = new SessionFilter();
      filter.init(
          config(
              Map.of(
                  "cookieName", "__Secure-app",
                  "cookiePath", "/",
                  "cookieDomain", "example.com",
                  "cookieSameSite", "Strict",
                  "idleTimeout", "PT20M",
                  "anonymousIdleTimeout", "PT10M",
                  "maximumSessions", "10",
                  "exclude", "/assets/*, /health",
                  "storeEmptySessions", "true")));
      try (Site site = new Site(container)) {
        site.filters(filter);
        site.on(
            "/",
            (request, response) ->
                response.getWriter().print(request.getSession().getMaxInactiveInterval()));

        Browser.Answer answer = site.browser().get("/");

        assertThat(answer.body()).isEqualTo("600");
        assertThat(answer.setCookie())
            .startsWith("__Secure-app=")
            .endsWith("; Path=/; Domain=example.com; Secure; HttpOnly; SameSite=Strict");
      } finally {
        filter.destroy();
      }
    }

    @ParameterizedTest
    @EnumSource(Container.class)
    @DisplayName("F54: the flood guard is turned on, and believes the proxies that are named")
    void floodGuard_isUsed(Container container) throws Exception {
      SessionFilter filter = new SessionFilter();
      filter.init(
          config(
              Map.of(
                  "anonymousSessionsPerSecond", "1",
                  "anonymousBurst", "2",
                  "trustedProxies", "127.0.0.0/8, ::1")));
      try (Site site = new Site(container)) {
        site.filters(filter);
        site.on("/", (request, response) -> request.getSession().setAttribute("a", "1"));

        // By the system's clock, so that a slow machine may begin some more than the burst.
        assertThat(IntStream.range(0, 100).map(i -> newcomer(site, "203.0.113.9")))
            .startsWith(200, 200)
            .contains(429);
        assertThat(newcomer(site, "203.0.113.10")).isEqualTo(200);
      } finally {
        filter.destroy();
      }
    }

    private int newcomer(Site site, String client) {
      return site.browser().send("GET", "/", "X-Forwarded-For", client).status();
    }

    @Test
    @DisplayName("F54: the burst is the one that was set, or as many as in a second")
    void floodGuard_allowsABurst() throws Exception {
      assertThat(admitted(Map.of("anonymousSessionsPerSecond", "2", "anonymousBurst", "7")))
          .isEqualTo(7);
      assertThat(admitted(Map.of("anonymousSessionsPerSecond", "3"))).isEqualTo(3);
      assertThat(admitted(Map.of())).as("without a guard").isEqualTo(100);
    }

    @Test
    @DisplayName("F54: X-Forwarded-For is read only if proxies are named")
    void floodGuard_trustsNoProxyByDefault() throws Exception {
      Map<String, String> parameters = Map.of("anonymousSessionsPerSecond", "1");
      Map<String, String> withProxies =
          Map.of("anonymousSessionsPerSecond", "1", "trustedProxies", "10.0.0.0/8\n  192.0.2.1");

      assertThat(admitted(parameters)).isEqualTo(1);
      assertThat(admitted(withProxies)).as("each for another client").isEqualTo(100);
    }

    /** Counts which of 100 are admitted at one moment, all by one proxy, for as many clients. */
    private int admitted(Map<String, String> parameters) throws Exception {
      FilterSettings settings = new SessionFilter().configure(config(parameters)).settings();
      settings.manager().close();
      FloodGuard guard = settings.floodGuard();
      int count = 0;
      for (int i = 0; i < 100; i++) {
        HttpServletRequest request = mock(HttpServletRequest.class);
        when(request.getRemoteAddr()).thenReturn("192.0.2.1");
        when(request.getHeaders("X-Forwarded-For"))
            .thenReturn(Collections.enumeration(List.of("203.0.113." + i)));
        try {
          if (guard != null) {
            guard.admit(guard.clientOf(request), Instant.parse("2026-01-01T00:00:00Z"));
          }
          count++;
        } catch (FloodGuard.TooManySessions e) {
          assertThat(e.retryAfterSeconds()).isPositive();
        }
      }
      return count;
    }

    @Test
    void trustedProxies_areAddresses() {
      Map<String, String> parameters =
          Map.of("anonymousSessionsPerSecond", "1", "trustedProxies", "::1, proxy.example");
      assertThatThrownBy(() -> new SessionFilter().init(config(parameters)))
          .isInstanceOf(ServletException.class)
          .hasMessageContaining(
              "trustedProxies must be an IP address or a range such as 10.0.0.0/8: \"proxy.example\"");
    }

    @Test
    void none_areNeeded() throws Exception {
      SessionFilter filter = new SessionFilter();
      filter.init(config(Map.of()));
      filter.destroy();
    }

    @ParameterizedTest
    @CsvSource(
        delimiter = '|',
        value = {
          "idelTimeout | PT30M | has no init parameter idelTimeout",
          "idleTimeout | 30 | idleTimeout must be a duration such as PT30M, PT12H or P14D: 30",
          "idleTimeout | PT0S | PT0S",
          "idleTimeout | PT13H | idleTimeout must not be longer than absoluteTimeout: PT13H > PT12H",
          "maximumSessions | many | init parameter maximumSessions: must be a whole number: many",
          "maximumSessions | 0 | maximumSessions must be at least 1: 0",
          "cookieName | a;b | init parameter cookieName: the name of the cookie must",
          "cookieSameSite | lax | init parameter cookieSameSite: must be Lax, Strict or None: lax",
          "cookieDomain | example.com | __Host-",
          "withoutActivity | poll | init parameter withoutActivity: withoutActivity must be a path",
          "withoutActivityHeader | Host | withoutActivityHeader must not be a header that means",
          "clearSiteData | cache, all | clearSiteData: must be of cache, storage and cookies: all",
          "cookiePartitioned | true | sameSite of a partitioned cookie must be NONE: LAX",
          "cookiePartitioned | yes | init parameter cookiePartitioned: must be true or false: yes",
          "cookiePath | /app | the path of a cookie with the prefix __Host- must be '/': /app",
          "lazy | yes | init parameter lazy: must be true or false: yes",
          "exclude | *.css | init parameter exclude: exclude must be a path",
          "crossSiteLogin | acs | init parameter crossSiteLogin: crossSiteLogin must be a path",
          "trustedOrigins | example.com | init parameter trustedOrigins",
          "header | Cookie | init parameter header: the session header must not be one",
          "withoutCookie | true | withoutCookie must not be set without header",
          "anonymousSessionsPerSecond | ten | anonymousSessionsPerSecond: must be a whole number: ten",
          "anonymousSessionsPerSecond | 0 | anonymousSessionsPerSecond must be between 1 and 1000000: 0",
          "anonymousSessionsPerSecond | 4294967297 | between 1 and 1000000: 4294967297",
          "anonymousBurst | 5 | anonymousBurst must not be set without anonymousSessionsPerSecond: 5",
          "anonymousBurst | 0 | anonymousBurst must be between 1 and 1000000: 0",
          "trustedProxies | ::1 | trustedProxies must not be set without anonymousSessionsPerSecond: ::1",
        })
    void wrongOnes_stopStartUp(String name, String value, String message) {
      assertThatThrownBy(() -> new SessionFilter().init(config(Map.of(name, value))))
          .isInstanceOf(ServletException.class)
          .hasMessageContaining(message);
    }

    /** The message about an unknown parameter names all that exist, and so does the page. */
    @Test
    void all_areInTheDocumentation() throws Exception {
      String page = Files.readString(Path.of("../docs/CONFIGURATION.md"));
      List<String> documented =
          page.substring(page.indexOf("\n## Init parameters\n"))
              .lines()
              .filter(line -> line.startsWith("| `"))
              .map(line -> line.substring(1, line.indexOf('|', 1)))
              .flatMap(names -> Pattern.compile(",").splitAsStream(names))
              .map(name -> name.replace("`", "").strip())
              .sorted()
              .toList();
      assertThatThrownBy(() -> new SessionFilter().init(config(Map.of("none", ""))))
          .isInstanceOf(ServletException.class)
          .extracting(e -> e.getMessage().replaceFirst(".*only \\[(.*)]", "$1").split(", "))
          .satisfies(known -> assertThat(known).containsExactlyInAnyOrderElementsOf(documented));
    }

    @Test
    void insecureCookie_excludesOtherCookieSettings() {
      assertThatThrownBy(
              () ->
                  new SessionFilter()
                      .init(
                          config(
                              Map.of("insecureForLocalDevelopment", "true", "cookieName", "app"))))
          .isInstanceOf(ServletException.class)
          .hasMessageContaining("insecureForLocalDevelopment");
    }

    @Test
    void filterOfABuilder_readsNone() {
      try (SessionManager manager = manager()) {
        SessionFilter filter = SessionFilter.builder(manager).build();
        assertThatThrownBy(() -> filter.init(config(Map.of("lazy", "true"))))
            .isInstanceOf(ServletException.class)
            .hasMessageContaining("lazy");
      }
    }
  }

  @Nested
  @DisplayName("I15: which code closes the manager")
  class Closing {

    @Test
    void managerThatWasGiven_isLeftAlone() {
      InMemorySessionStore store = InMemorySessionStore.builder().build();
      SessionManager manager = SessionManager.builder(store).build();
      SessionFilter filter = SessionFilter.builder(manager).build();

      filter.destroy();

      assertThat(manager.sessionsOf("alice")).isEmpty();
      manager.close();
    }

    @Test
    @DisplayName("a subclass decides by itself; the filter closes its manager on request")
    void managerOfASubclass_isClosedOnRequest() throws Exception {
      SessionManager manager = manager();
      SessionFilter filter =
          new SessionFilter() {
            @Override
            protected SessionFilterBuilder configure(FilterConfig config) {
              return SessionFilter.builder(manager).closeManager(true);
            }
          };
      filter.init(config(Map.of()));

      filter.destroy();

      assertThatThrownBy(() -> manager.sessionsOf("alice")).isInstanceOf(RuntimeException.class);
    }

    @Test
    void initParameters_leaveNoThread() throws Exception {
      long before = sweepers();
      SessionFilter filter = new SessionFilter();
      filter.init(config(Map.of()));
      assertThat(sweepers()).isEqualTo(before + 1);

      filter.destroy();

      assertThat(sweepers()).isEqualTo(before);
    }

    private long sweepers() {
      return Thread.getAllStackTraces().keySet().stream()
          .filter(thread -> thread.getName().contains("coatcheck") && thread.isAlive())
          .count();
    }
  }

  @Test
  void filterWithoutInit_saysSo() {
    assertThatThrownBy(
            () ->
                new SessionFilter()
                    .doFilter(
                        mock(HttpServletRequest.class),
                        mock(jakarta.servlet.http.HttpServletResponse.class),
                        (request, response) -> {}))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("init");
  }

  @Test
  void register_refusesASecondOne() {
    try (SessionManager manager = manager()) {
      SessionFilter filter = SessionFilter.builder(manager).build();
      ServletContext context = mock(ServletContext.class);
      FilterRegistration.Dynamic registration = mock(FilterRegistration.Dynamic.class);
      when(context.addFilter(anyString(), any(Filter.class)))
          .thenReturn(registration)
          .thenReturn(null);

      assertThat(filter.register(context)).isSameAs(registration);
      assertThatThrownBy(() -> filter.register(context)).isInstanceOf(IllegalStateException.class);
    }
  }

  @Test
  void exclude_wantsPaths() {
    try (SessionManager manager = manager()) {
      assertThatThrownBy(() -> SessionFilter.builder(manager).exclude("assets"))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("exclude");
    }
  }
}
