package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import jakarta.servlet.http.HttpSession;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Collections;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

@DisplayName("HttpSession, as the Servlet API has it")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class HttpSessionTest {

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
  void getSession_returnsTheSameObjectThroughoutTheRequest() {
    within(
        (request, response) -> {
          assertThat(request.getSession(false)).isNull();
          HttpSession session = request.getSession();
          assertThat(request.getSession()).isSameAs(session);
          assertThat(request.getSession(false)).isSameAs(session);
          assertThat(session.getServletContext()).isNotNull();
        });
  }

  @Test
  @DisplayName("I10: a session is stored once the application relies on it, and not before")
  void session_isStoredWhenReliedOn() {
    assertThat(
            within(
                    (request, response) -> {
                      HttpSession session = request.getSession();
                      session.getAttribute("a");
                      session.removeAttribute("a");
                      session.getMaxInactiveInterval();
                      session.isNew();
                      session.getCreationTime();
                      session.getLastAccessedTime();
                    })
                .setCookies())
        .isEmpty();
    assertThat(site.store.calls()).isEmpty();

    assertThat(within((request, response) -> request.getSession().getId()).setCookies()).hasSize(1);
    browser = site.browser();
    assertThat(
            within((request, response) -> request.getSession().setMaxInactiveInterval(60))
                .setCookies())
        .hasSize(1);
    browser = site.browser();
    assertThat(
            within((request, response) -> request.getSession().setAttribute("a", "1")).setCookies())
        .hasSize(1);
  }

  @Test
  @DisplayName("I10: a switch stores empty sessions too, as containers do")
  void storeEmptySessions_storesEachSession() {
    site.filters(SessionFilter.builder(site.manager).storeEmptySessions(true).build());

    assertThat(within((request, response) -> request.getSession()).setCookies()).hasSize(1);
    assertThat(site.stored(browser.token()).attributes()).isEmpty();
  }

  @Test
  @DisplayName("the id is <id>~<generation>, changes with changeSessionId, and opens nothing")
  void id_changesAndOpensNothing() {
    browser.get("/begin");
    String[] ids = new String[2];
    within(
        (request, response) -> {
          ids[0] = request.getSession().getId();
          ids[1] = request.changeSessionId();
          assertThat(request.getSession().getId()).isEqualTo(ids[1]);
          assertThat(request.getSession().getAttribute("a")).isEqualTo("1");
        });

    String id = browser.token().substring(0, 36);
    assertThat(ids).containsExactly(id + "~0", id + "~1");
    for (String presented : ids) {
      browser = site.browser().token(presented);
      within((request, response) -> assertThat(request.getSession(false)).isNull());
    }
  }

  @Test
  void changeSessionId_withoutASession_isIllegal() {
    within(
        (request, response) ->
            assertThatThrownBy(request::changeSessionId).isInstanceOf(IllegalStateException.class));
  }

  @Test
  @DisplayName("F28: the id of a session that was never saved can be changed")
  void changeSessionId_beforeTheFirstSave() {
    within(
        (request, response) -> {
          request.getSession().setAttribute("a", "1");
          request.changeSessionId();
          request.changeSessionId();
        });

    assertThat(site.store.calls()).containsExactly("insert");
    within(
        (request, response) ->
            assertThat(request.getSession(false).getAttribute("a")).isEqualTo("1"));
  }

  @Test
  void isNew_untilTheClientPresentsIt() {
    within(
        (request, response) -> {
          HttpSession session = request.getSession();
          session.setAttribute("a", "1");
          assertThat(session.isNew()).isTrue();
          response.flushBuffer();
          assertThat(session.isNew()).isTrue();
        });
    within((request, response) -> assertThat(request.getSession().isNew()).isFalse());
  }

  @Test
  @DisplayName("F44: the last access is the one of the request before, whatever this one does")
  void lastAccessedTime_isThePreviousRequest() {
    Instant begin = site.clock.instant();
    browser.get("/begin");
    site.clock.advance(Duration.ofMinutes(1));
    browser.get("/begin");
    site.clock.advance(Duration.ofMinutes(1));

    within(
        (request, response) -> {
          HttpSession session = request.getSession();
          assertThat(session.getCreationTime()).isEqualTo(begin.toEpochMilli());
          assertThat(session.getLastAccessedTime()).isEqualTo(begin.plusSeconds(60).toEpochMilli());
          session.setAttribute("b", "2");
          response.flushBuffer();
          assertThat(session.getLastAccessedTime()).isEqualTo(begin.plusSeconds(60).toEpochMilli());
        });
  }

  @Test
  void maxInactiveInterval_isKept_andEndsTheSession() {
    browser.get("/begin");
    within(
        (request, response) -> {
          assertThat(request.getSession().getMaxInactiveInterval()).isEqualTo(15 * 60);
          request.getSession().setMaxInactiveInterval(60);
          assertThat(request.getSession().getMaxInactiveInterval()).isEqualTo(60);
        });
    site.clock.advance(Duration.ofSeconds(60).minusMillis(1));
    within(
        (request, response) ->
            assertThat(request.getSession(false).getMaxInactiveInterval()).isEqualTo(60));
    site.clock.advance(Duration.ofSeconds(60));
    within((request, response) -> assertThat(request.getSession(false)).isNull());
  }

  @Test
  @DisplayName(
      "F57: zero and less mean no idle limit; the absolute deadline stands, and logout works")
  void maxInactiveInterval_ofZero_leavesTheDeadline() {
    for (int interval : new int[] {0, -1, Integer.MIN_VALUE}) {
      browser = site.browser();
      within((request, response) -> request.getSession().setMaxInactiveInterval(interval));
      site.clock.advance(Duration.ofHours(11));
      within(
          (request, response) ->
              assertThat(request.getSession(false).getMaxInactiveInterval()).isNotPositive());
      site.clock.advance(Duration.ofHours(1));
      within((request, response) -> assertThat(request.getSession(false)).isNull());
    }
    within((request, response) -> request.getSession().setMaxInactiveInterval(-1));
    String token = browser.token();
    within((request, response) -> request.getSession().invalidate());
    assertThat(site.stored(token)).isNull();
  }

  @Test
  void attributes_behaveAsAMap() {
    within(
        (request, response) -> {
          HttpSession session = request.getSession();
          session.setAttribute("b", "2");
          session.setAttribute("a", "1");
          session.setAttribute("a", "3");
          session.setAttribute("c", "4");
          session.setAttribute("c", null);
          session.removeAttribute("absent");
          assertThat(session.getAttribute("a")).isEqualTo("3");
          assertThat(session.getAttribute("absent")).isNull();
          assertThat(Collections.list(session.getAttributeNames())).containsExactly("a", "b");
        });

    assertThat(site.stored(browser.token()).attributes()).containsOnlyKeys("a", "b");
  }

  @Test
  @DisplayName("what needs a live session is illegal after invalidate, the rest is not")
  void invalidated_isIllegal() {
    browser.get("/begin");
    within(
        (request, response) -> {
          HttpSession session = request.getSession();
          String id = session.getId();
          session.invalidate();

          Map<String, ThrowingCallable> illegal =
              Map.of(
                  "getAttribute", () -> session.getAttribute("a"),
                  "setAttribute", () -> session.setAttribute("a", "1"),
                  "setAttribute to null", () -> session.setAttribute("a", null),
                  "removeAttribute", () -> session.removeAttribute("a"),
                  "getAttributeNames", session::getAttributeNames,
                  "getCreationTime", session::getCreationTime,
                  "getLastAccessedTime", session::getLastAccessedTime,
                  "isNew", session::isNew,
                  "invalidate", session::invalidate);
          illegal.forEach(
              (name, call) ->
                  assertThatThrownBy(call).as(name).isInstanceOf(IllegalStateException.class));
          assertThat(session.getId()).isEqualTo(id);
          assertThat(session.getServletContext()).isNotNull();
          session.setMaxInactiveInterval(5);
          assertThat(session.getMaxInactiveInterval()).isEqualTo(5);
        });
  }

  @Test
  @DisplayName("F9: after invalidate the same request has no session, and a new one is new")
  void invalidate_isFinalWithinTheRequest() {
    browser.get("/begin");
    String before = browser.token();
    within(
        (request, response) -> {
          HttpSession session = request.getSession();
          session.invalidate();
          assertThat(request.getSession(false)).isNull();
          assertThat(request.isRequestedSessionIdValid()).isFalse();
          HttpSession next = request.getSession();
          assertThat(next).isNotSameAs(session);
          assertThat(next.isNew()).isTrue();
          assertThat(next.getAttribute("a")).isNull();
          next.setAttribute("b", "2");
        });

    assertThat(site.stored(before)).isNull();
    assertThat(browser.token()).isNotEqualTo(before);
    assertThat(site.stored(browser.token()).attributes()).containsOnlyKeys("b");
  }

  @Test
  @DisplayName("F42: after the commit no session is created; an existing one stays usable")
  void afterCommit_nothingIsCreated() {
    within(
        (request, response) -> {
          HttpSession unstored = request.getSession();
          response.flushBuffer();
          assertThat(request.getSession()).isSameAs(unstored);
          assertThat(unstored.getAttribute("a")).isNull();
          assertThat(unstored.getId()).isNotEmpty();
          assertThatThrownBy(() -> unstored.setAttribute("a", "1"))
              .isInstanceOf(IllegalStateException.class)
              .hasMessageContaining("committed");
          assertThatThrownBy(() -> unstored.setMaxInactiveInterval(60))
              .isInstanceOf(IllegalStateException.class);
        });
    within(
        (request, response) -> {
          response.flushBuffer();
          assertThat(request.getSession(false)).isNull();
          assertThatThrownBy(request::getSession).isInstanceOf(IllegalStateException.class);
        });
    assertThat(site.store.calls()).isEmpty();

    browser.get("/begin");
    within(
        (request, response) -> {
          response.flushBuffer();
          request.getSession().setAttribute("b", "2");
          assertThatThrownBy(request::changeSessionId).isInstanceOf(IllegalStateException.class);
        });
    assertThat(site.stored(browser.token()).attributes()).containsOnlyKeys("a", "b");
  }

  @Test
  @DisplayName(
      "F44, F46: the requested id is reported without the secret, its validity as it is now")
  void requestedSessionId_isReported() {
    browser.get("/begin");
    String id = browser.token().substring(0, 36);
    within(
        (request, response) -> {
          assertThat(request.getRequestedSessionId()).isEqualTo(id + "~0");
          assertThat(request.getRequestedSessionId()).isEqualTo(request.getSession().getId());
          assertThat(request.isRequestedSessionIdFromCookie()).isTrue();
          assertThat(request.isRequestedSessionIdFromURL()).isFalse();
          assertThat(request.isRequestedSessionIdValid()).isTrue();
          site.clock.advance(Duration.ofMinutes(15));
          assertThat(request.isRequestedSessionIdValid()).isFalse();
        });
    String expired = browser.token();
    site.clock.advance(Duration.ofMinutes(15));
    within(
        (request, response) -> {
          assertThat(request.getRequestedSessionId()).isEqualTo(expired.substring(0, 36));
          assertThat(request.isRequestedSessionIdFromCookie()).isTrue();
          assertThat(request.isRequestedSessionIdValid()).isFalse();
        });
    browser = site.browser().token("<script>");
    within(
        (request, response) -> {
          assertThat(request.getRequestedSessionId()).isNull();
          assertThat(request.isRequestedSessionIdFromCookie()).isFalse();
          assertThat(request.isRequestedSessionIdValid()).isFalse();
        });
    browser = site.browser();
    within((request, response) -> assertThat(request.getRequestedSessionId()).isNull());
  }

  @Test
  @DisplayName("I12: values that a store cannot keep fail where they are set")
  void unencodable_failsAtOnce() {
    site.close();
    site = new Site(container, true, UnaryOperator.identity(), UnaryOperator.identity());
    browser = site.browser();
    within(
        (request, response) -> {
          request.getSession().setAttribute("good", "1");
          assertThatThrownBy(() -> request.getSession().setAttribute("bad", new Object()))
              .isInstanceOf(RuntimeException.class)
              .hasMessageContaining("java.lang.Object");
        });

    assertThat(site.stored(browser.token()).attributes()).containsOnlyKeys("good");
  }

  @Test
  @DisplayName("a session can be looked at by reflection, whatever version the container has")
  void reflection_findsTheMethodsOfTheContainersVersion() {
    within(
        (request, response) ->
            assertThat(
                    Arrays.stream(request.getSession().getClass().getMethods())
                        .anyMatch(method -> method.getName().equals("getAccessor")))
                .isEqualTo(Container.isServlet61()));
  }
}
