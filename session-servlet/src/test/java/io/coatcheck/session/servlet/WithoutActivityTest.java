package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("B29: requests that do not count as activity")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class WithoutActivityTest {

  private static final Duration IDLE = Duration.ofMinutes(15);

  @Parameter Container container;

  private Site site;
  private Browser browser;

  @AfterEach
  void stop() {
    if (site != null) {
      site.close();
    }
  }

  private void start(boolean copyOnRead, UnaryOperator<SessionFilterBuilder> options) {
    site =
        new Site(container, copyOnRead, UnaryOperator.identity(), options)
            .on("/page", WithoutActivityTest::show)
            .on("/poll", WithoutActivityTest::show)
            .on(
                "/poll/write",
                (request, response) -> {
                  show(request, response);
                  if (request.getSession(false) != null) {
                    request.getSession().setAttribute("polled", request.getHeader("X-Count"));
                  }
                })
            .on(
                "/poll/forward",
                (request, response) ->
                    request.getRequestDispatcher("/page").forward(request, response));
    browser = site.browser();
    browser.get("/begin");
  }

  private static void show(
      jakarta.servlet.http.HttpServletRequest request,
      jakarta.servlet.http.HttpServletResponse response)
      throws java.io.IOException {
    response.getWriter().print(request.getSession(false) == null ? "none" : "live");
  }

  /** Asks every three minutes until the session has been idle for its time. */
  private void assertExpires(String path, String... headers) {
    for (int minute = 3; minute < IDLE.toMinutes(); minute += 3) {
      site.clock.advance(Duration.ofMinutes(3));
      assertThat(browser.send("GET", path, headers).body())
          .as("minute " + minute)
          .isEqualTo("live");
    }
    site.clock.advance(Duration.ofMinutes(3));
    assertThat(browser.send("GET", path, headers).body()).isEqualTo("none");
  }

  @ParameterizedTest
  @DisplayName("a page that polls lets its session expire, whatever the polls read and write")
  @ValueSource(strings = {"/poll", "/poll/write", "/poll/forward"})
  void path_doesNotExtend(String path) {
    for (boolean copyOnRead : new boolean[] {false, true}) {
      start(copyOnRead, filter -> filter.withoutActivity("/poll", "/poll/*"));
      assertExpires(path, "X-Count", "1");
      site.close();
    }
  }

  @ParameterizedTest
  @DisplayName("the header does the same anywhere, in any case and with any value")
  @ValueSource(strings = {"/page", "/poll/write"})
  void header_doesNotExtend(String path) {
    start(false, filter -> filter.withoutActivityHeader("X-Background"));
    assertExpires(path, "x-background", "");
  }

  @Test
  @DisplayName("other requests count, and the header is of no use to stay longer")
  void otherRequests_extend() {
    start(false, filter -> filter.withoutActivity("/poll").withoutActivityHeader("X-Background"));
    for (int i = 0; i < 5; i++) {
      site.clock.advance(IDLE.minusMinutes(1));
      assertThat(browser.get("/page").body()).isEqualTo("live");
      assertThat(browser.send("GET", "/poll", "X-Background", "no").body()).isEqualTo("live");
    }
    site.clock.advance(IDLE.minusMinutes(1));
    assertThat(browser.send("GET", "/page", "X-Background", "1").body()).isEqualTo("live");
    site.clock.advance(Duration.ofMinutes(1));
    assertThat(browser.get("/page").body()).as("only the header came in time").isEqualTo("none");
  }

  @ParameterizedTest
  @DisplayName("a timeout that one sets counts from the last use, even if that is longer ago")
  @ValueSource(booleans = {false, true})
  void timeoutShorterThanTheIdleTime_endsTheSession(boolean copyOnRead) {
    start(copyOnRead, filter -> filter.withoutActivity("/poll/*"));
    site.on(
        "/poll/timeout",
        (request, response) -> {
          request.getSession(false).setMaxInactiveInterval(60);
          request.getSession(false).setAttribute("polled", "1");
          show(request, response);
        });
    site.clock.advance(Duration.ofMinutes(10));
    assertThat(browser.get("/poll/timeout").status()).isEqualTo(200);
    assertThat(browser.get("/page").body()).isEqualTo("none");
    assertThat(browser.get("/page").status()).isEqualTo(200);
  }

  @ParameterizedTest
  @DisplayName("a new id and an atomic step extend nothing either")
  @ValueSource(strings = {"/poll/id", "/poll/step"})
  void otherWrites_doNotExtend(String path) {
    for (boolean copyOnRead : new boolean[] {false, true}) {
      start(copyOnRead, filter -> filter.withoutActivity("/poll/*"));
      site.on(
              "/poll/id",
              (request, response) -> {
                show(request, response);
                if (request.getSession(false) != null) {
                  request.changeSessionId();
                }
              })
          .on(
              "/poll/step",
              (request, response) -> {
                show(request, response);
                if (request.getSession(false) != null) {
                  WebSession.of(request).take("a");
                }
              });
      assertExpires(path);
      site.close();
    }
  }

  @Test
  @DisplayName("also where the session is looked up late, and on paths that are excluded")
  void lazy_doesNotExtend() {
    start(false, filter -> filter.lazy(true).exclude("/poll").withoutActivity("/poll"));
    assertExpires("/poll");
  }

  @ParameterizedTest
  @DisplayName("a header that clients send of their own accord would let no session live")
  @ValueSource(
      strings = {"", "a b", "Cookie", "accept", "User-Agent", "Sec-Fetch-Mode", "X-Forwarded-For"})
  void header_ofAnotherMeaning_isRefused(String name) {
    try (var manager = SessionFilterTest.manager()) {
      assertThatThrownBy(() -> SessionFilter.builder(manager).withoutActivityHeader(name))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageStartingWith("withoutActivityHeader must")
          .hasMessageEndingWith(name.isEmpty() || name.equals("a b") ? '"' + name + '"' : name);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"x-session", "X-Session-Seen"})
  void header_ofTheToken_isRefused(String name) {
    try (var manager = SessionFilterTest.manager()) {
      SessionFilterBuilder filter =
          SessionFilter.builder(manager)
              .withoutActivityHeader(name)
              .header(SessionHeader.named("X-Session"));
      assertThatThrownBy(filter::build)
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage(
              "withoutActivityHeader must not be the header of the token or of its hint: " + name);
    }
  }
}
