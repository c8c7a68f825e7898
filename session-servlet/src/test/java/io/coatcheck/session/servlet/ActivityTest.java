package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.servlet.http.HttpServletRequest;
import java.time.Duration;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

@DisplayName("What counts as activity, and when a session expires")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class ActivityTest {

  @Parameter Container container;

  @AutoClose private Site site;
  private Browser browser;

  @BeforeEach
  void start() {
    site = new Site(container);
    browser = site.browser();
  }

  private Browser.Answer within(Handler assertions) {
    return site.within(browser, assertions);
  }

  @Test
  @DisplayName(
      "lazy, or excluded: the session is looked up when the application asks for it, not before")
  void lazy_resolvesWhenAsked() {
    browser.get("/begin");
    site.store.forgetCalls();
    site.filters(SessionFilter.builder(site.manager).exclude("/assets/*").build());
    site.on("/assets/x", (request, response) -> response.getWriter().print("x"))
        .on(
            "/assets/y",
            (HttpServletRequest request, jakarta.servlet.http.HttpServletResponse response) ->
                response.getWriter().print(request.getSession().getAttribute("a")))
        .on("/page", (request, response) -> response.getWriter().print("page"));

    browser.get("/assets/x");
    assertThat(site.store.calls()).isEmpty();
    assertThat(browser.get("/assets/y").body()).isEqualTo("1");
    assertThat(site.store.calls()).containsExactly("find");
    browser.get("/page");
    assertThat(site.store.calls()).as("eager elsewhere").hasSize(2);

    site.filters(SessionFilter.builder(site.manager).lazy(true).build());
    browser.get("/page");
    assertThat(site.store.calls()).hasSize(2);
  }

  @Test
  @DisplayName("I6: each request counts as activity, whether it asks for the session or not")
  void eachRequest_isActivity() {
    site.on("/page", (request, response) -> response.getWriter().print("page"));
    browser.get("/begin");
    for (int i = 0; i < 5; i++) {
      site.clock.advance(Duration.ofMinutes(14));
      browser.get("/page");
    }
    within((request, response) -> assertThat(request.getSession(false)).isNotNull());
  }

  @Test
  @DisplayName("I6, F15: no request is served at or past the deadline, before any cleaner has run")
  void deadline_isExact() {
    browser.get("/begin");
    site.clock.advance(Duration.ofMinutes(15).minusMillis(1));
    within((request, response) -> assertThat(request.getSession(false)).isNotNull());
    site.clock.advance(Duration.ofMinutes(15));
    within((request, response) -> assertThat(request.getSession(false)).isNull());
    assertThat(site.stored(browser.token())).as("still there for the cleaner").isNotNull();
  }

  @Test
  @DisplayName(
      "I2, F35: a request that outlives the deadline keeps its copy, and its changes are dropped")
  void slowRequest_isDropped() {
    browser.get("/begin");
    within(
        (request, response) -> {
          site.clock.advance(Duration.ofMinutes(16));
          assertThat(request.getSession(false).getAttribute("a")).isEqualTo("1");
          request.getSession().setAttribute("b", "2");
        });

    within((request, response) -> assertThat(request.getSession(false)).isNull());
    assertThat(site.events)
        .anyMatch(event -> event instanceof io.coatcheck.session.event.SessionEvent.WriteDropped);
  }

  @Test
  @DisplayName(
      "I6: a request in time is activity from its beginning, also where touches are not exact")
  void slowRequest_inTime_keepsTheSession() {
    try (Site slow =
        new Site(
            container,
            true,
            manager -> manager.touchInterval(Duration.ofMinutes(1)),
            UnaryOperator.identity())) {
      Browser user = slow.browser();
      user.get("/begin");
      slow.clock.advance(Duration.ofMinutes(10));
      slow.within(
          user,
          (request, response) -> {
            slow.clock.advance(Duration.ofMinutes(10));
            request.getSession().setAttribute("b", "2");
          });
      slow.within(
          user,
          (request, response) ->
              assertThat(request.getSession(false).getAttribute("b")).isEqualTo("2"));
    }
  }
}
