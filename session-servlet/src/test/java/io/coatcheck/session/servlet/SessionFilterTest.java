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
import java.time.Duration;
import java.util.Collections;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class SessionFilterTest {

  private static SessionManager manager() {
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
          "cookiePath | /app | the path of a cookie with the prefix __Host- must be '/': /app",
          "lazy | yes | init parameter lazy: must be true or false: yes",
          "exclude | *.css | init parameter exclude: exclude must be a path",
          "trustedOrigins | example.com | init parameter trustedOrigins",
          "header | Cookie | init parameter header: the session header must not be one",
          "withoutCookie | true | withoutCookie must not be set without header",
        })
    void wrongOnes_stopStartUp(String name, String value, String message) {
      assertThatThrownBy(() -> new SessionFilter().init(config(Map.of(name, value))))
          .isInstanceOf(ServletException.class)
          .hasMessageContaining(message);
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
  @DisplayName("I15: who closes the manager")
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
    @DisplayName("a subclass decides by itself; the filter closes its manager if told so")
    void managerOfASubclass_isClosedIfTold() throws Exception {
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
                        mock(jakarta.servlet.http.HttpServletRequest.class),
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
