package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.LoginOptions;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.SessionManagerBuilder;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpSessionAttributeListener;
import jakarta.servlet.http.HttpSessionBindingEvent;
import jakarta.servlet.http.HttpSessionEvent;
import jakarta.servlet.http.HttpSessionListener;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** By default, anonymous sessions have 900 seconds, logged-in ones 1,800. */
@DisplayName("C6: a timeout that the application has set, and a login after it")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class TimeoutAtLoginTest {

  @Parameter Container container;

  private final List<String> attributeEvents = new CopyOnWriteArrayList<>();

  @AutoClose private Site site;
  private Browser browser;

  private void start(
      int seconds, boolean copyOnRead, UnaryOperator<SessionManagerBuilder> options) {
    site =
        new Site(
                container,
                copyOnRead,
                options,
                filter -> filter.listener(setting(seconds)).listener(hearing()))
            .on("/bob", (request, response) -> WebSession.of(request).login("bob"))
            .on(
                "/remembered",
                (request, response) ->
                    WebSession.of(request).login("alice", LoginOptions.remember()))
            .on(
                "/ten-minutes",
                (request, response) ->
                    WebSession.of(request)
                        .login(
                            "alice",
                            LoginOptions.builder().idleTimeout(Duration.ofMinutes(10)).build()))
            .on(
                "/show",
                (request, response) ->
                    response
                        .getWriter()
                        .print(
                            request.getSession(false) == null
                                ? "none"
                                : request.getSession().getMaxInactiveInterval()
                                    + " "
                                    + Collections.list(request.getSession().getAttributeNames())));
    site.filters(
        SessionFilter.builder(site.manager).listener(setting(seconds)).listener(hearing()).build());
    browser = site.browser();
    browser.get("/begin");
  }

  /** The usual place where applications set it. */
  private static HttpSessionListener setting(int seconds) {
    return new HttpSessionListener() {
      @Override
      public void sessionCreated(HttpSessionEvent event) {
        event.getSession().setMaxInactiveInterval(seconds);
      }
    };
  }

  private HttpSessionAttributeListener hearing() {
    return new HttpSessionAttributeListener() {
      @Override
      public void attributeAdded(HttpSessionBindingEvent event) {
        attributeEvents.add(event.getName());
      }
    };
  }

  private String show() {
    return browser.get("/show").body();
  }

  @ParameterizedTest
  @DisplayName("a shorter one stays, the policy replaces a longer one")
  @CsvSource({
    "60, 60",
    "900, 900",
    "1200, 1200",
    "1799, 1799",
    "1800, 1800",
    "7200, 1800",
    "0, 1800",
    "-1, 1800"
  })
  void login_makesNoneLonger(int asked, int afterLogin) {
    for (boolean copyOnRead : new boolean[] {false, true}) {
      start(asked, copyOnRead, UnaryOperator.identity());
      assertThat(show()).isEqualTo((asked > 0 ? asked : -1) + " [a]");
      browser.get("/login");
      assertThat(show()).isEqualTo(afterLogin + " [a]");
      browser.get("/login");
      assertThat(show()).as("after the next login").isEqualTo(afterLogin + " [a]");
      assertThat(attributeEvents).containsOnly("a");
      site.close();
    }
  }

  @Test
  @DisplayName("the session expires by it, to the instant")
  void login_deadlineIsTheShortOne() {
    start(60, false, UnaryOperator.identity());
    browser.get("/login");
    site.clock.advance(Duration.ofSeconds(59));
    assertThat(show()).isEqualTo("60 [a]");
    site.clock.advance(Duration.ofSeconds(60));
    assertThat(show()).isEqualTo("none");
  }

  @ParameterizedTest
  @DisplayName("what the login itself says counts, and at the next one that says nothing the old")
  @CsvSource({"/remembered, 1209600", "/ten-minutes, 600"})
  void loginWithATimeout_setsIt(String path, int afterLogin) {
    start(60, true, UnaryOperator.identity());
    browser.get(path);
    assertThat(show()).isEqualTo(afterLogin + " [a]");
    browser.get("/login");
    assertThat(show()).isEqualTo("60 [a]");
  }

  @Test
  @DisplayName("another user's session is another one")
  void anotherUser_hasAnotherSession() {
    site = new Site(container);
    site.on(
            "/alice",
            (request, response) -> {
              WebSession.of(request).login("alice");
              request.getSession().setMaxInactiveInterval(60);
            })
        .on("/bob", (request, response) -> WebSession.of(request).login("bob"))
        .on(
            "/show",
            (request, response) ->
                response.getWriter().print(request.getSession().getMaxInactiveInterval()));
    browser = site.browser();
    browser.get("/alice");
    assertThat(show()).isEqualTo("60");
    browser.get("/bob");
    assertThat(show()).isEqualTo("1800");
  }

  @ParameterizedTest
  @DisplayName("a login that drops all attributes keeps the timeout, and so does the next")
  @ValueSource(booleans = {true, false})
  void dropAttributes_keepsIt(boolean copyOnRead) {
    start(60, copyOnRead, manager -> manager.dropAttributesAtLogin(true));
    browser.get("/login");
    assertThat(show()).isEqualTo("60 []");
    browser.get("/login");
    assertThat(show()).isEqualTo("60 []");
  }

  @Test
  @DisplayName("one that a request on another node sets while the login is stored is not lost")
  void setMeanwhile_counts() {
    start(0, true, UnaryOperator.identity());
    site.on("/set", (request, response) -> request.getSession().setMaxInactiveInterval(60));
    SessionManager otherNode =
        SessionManager.builder(site.store).clock(site.clock).cleanUpInterval(Duration.ZERO).build();
    SessionFilter one = SessionFilter.builder(site.manager).build();
    SessionFilter two = SessionFilter.builder(otherNode).build();
    site.filters(
        (request, response, chain) ->
            (((HttpServletRequest) request).getRequestURI().equals("/set") ? two : one)
                .doFilter(request, response, chain));
    Browser other = site.browser().token(browser.token());
    AtomicBoolean isFirst = new AtomicBoolean(true);
    site.store.before(
        "update",
        () -> {
          if (isFirst.getAndSet(false)) {
            other.get("/set");
          }
        });
    browser.get("/login");
    assertThat(isFirst).isFalse();
    assertThat(show()).isEqualTo("60 [a]");
  }
}
