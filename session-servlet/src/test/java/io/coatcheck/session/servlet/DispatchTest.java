package io.coatcheck.session.servlet;

import static jakarta.servlet.DispatcherType.ASYNC;
import static jakarta.servlet.DispatcherType.ERROR;
import static jakarta.servlet.DispatcherType.REQUEST;
import static org.assertj.core.api.Assertions.assertThat;

import jakarta.servlet.RequestDispatcher;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpServletResponseWrapper;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

@DisplayName("One session through all dispatches of a request")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class DispatchTest {

  @Parameter Container container;

  @AutoClose private Site site;
  private Browser browser;

  @BeforeEach
  void start() {
    site =
        new Site(container)
            .on("/set", (request, response) -> request.getSession().setAttribute("set", "1"))
            .on("/set2", (request, response) -> request.getSession().setAttribute("set2", "2"));
    browser = site.browser();
  }

  private void assertStoredOnce(Browser.Answer answer, String... attributes) {
    assertThat(answer.setCookies()).hasSize(1);
    assertThat(site.store.calls()).containsOnlyOnce("insert").doesNotContain("update");
    assertThat(site.stored(browser.token()).attributes()).containsOnlyKeys(attributes);
  }

  @Test
  @DisplayName("F39: what an included servlet does is saved once, with the rest")
  void includes_areSavedOnce() {
    site.on(
        "/",
        (request, response) -> {
          request.getRequestDispatcher("/set").include(request, response);
          request.getRequestDispatcher("/set2").include(request, response);
        });

    assertStoredOnce(browser.get("/"), "set", "set2");
  }

  @Test
  void forward_isOneRequest() {
    site.on(
        "/",
        (request, response) -> {
          request.getSession().setAttribute("a", "1");
          request.getRequestDispatcher("/set").forward(request, response);
        });

    assertStoredOnce(browser.get("/"), "a", "set");
  }

  @Test
  @DisplayName(
      "a session that begins in a forward gets its cookie, even if the filter is not mapped to it")
  void unmappedForward_setsTheCookie() {
    site.dispatchers(REQUEST, ASYNC, ERROR);
    site.on(
            "/",
            (request, response) -> request.getRequestDispatcher("/set").forward(request, response))
        .on(
            "/by-context",
            (request, response) ->
                request
                    .getServletContext()
                    .getRequestDispatcher("/login")
                    .forward(request, response));

    assertThat(browser.get("/").setCookies()).hasSize(1);
    assertThat(site.stored(browser.token()).attributes()).containsOnlyKeys("set");
    assertThat(browser.get("/by-context").setCookies()).hasSize(1);
    assertThat(site.stored(browser.token()).principal()).contains("alice");
  }

  @Test
  @DisplayName(
      "a session that begins before a forward gets its cookie, even if the filter is not mapped to"
          + " the forward, and whatever is forwarded to")
  void beforeAnUnmappedForward_setsTheCookie() {
    site.dispatchers(REQUEST, ASYNC, ERROR);
    site.on(
            "/",
            (request, response) -> {
              request.getSession().setAttribute("before", "1");
              request.getRequestDispatcher(request.getParameter("to")).forward(request, response);
            })
        .on("/nothing", (request, response) -> {})
        .on("/nested", (request, response) -> forward("/nothing", request, response))
        .on("/text", (request, response) -> response.getWriter().print("text"));

    for (String to : List.of("/nothing", "/nested", "/text")) {
      Browser fresh = site.browser();
      assertThat(fresh.get("/?to=" + to).setCookies()).as(to).hasSize(1);
      assertThat(site.stored(fresh.token()).attributes()).containsOnlyKeys("before");
    }
  }

  private static void forward(String path, HttpServletRequest request, HttpServletResponse response)
      throws ServletException, IOException {
    request.getRequestDispatcher(path).forward(request, response);
  }

  @Test
  @DisplayName("I9: a change in a forward that cannot be saved never goes out as a success")
  void unmappedForward_failsVisibly() {
    browser.get("/set");
    site.dispatchers(REQUEST, ASYNC, ERROR);
    site.on(
        "/",
        (request, response) -> request.getRequestDispatcher("/set2").forward(request, response));
    site.store.fail("update");

    assertThat(browser.get("/").status()).isIn(500, 503);
  }

  @Test
  @DisplayName("F40: the error page sees the same session: one row, one cookie")
  void errorPage_seesTheSession() {
    site.on(
            "/error",
            (request, response) -> {
              request.getSession().setAttribute("a", "1");
              response.sendError(418);
            })
        .on(
            "/throw",
            (request, response) -> {
              request.getSession().setAttribute("a", "1");
              throw new ServletException("broken");
            })
        .on(
            Site.ERROR_PAGE,
            (request, response) ->
                response.getWriter().print("a=" + request.getSession().getAttribute("a")));

    Browser.Answer error = browser.get("/error");
    assertThat(error.status()).isEqualTo(418);
    assertThat(error.body()).isEqualTo("a=1");
    assertStoredOnce(error, "a");

    site.store.forgetCalls();
    browser = site.browser();
    Browser.Answer thrown = browser.get("/throw");
    assertThat(thrown.status()).isEqualTo(500);
    assertThat(thrown.body()).isEqualTo("a=1");
    assertStoredOnce(thrown, "a");
  }

  @Test
  @DisplayName("F40: a session that begins on the error page is stored, and sent")
  void errorPage_mayBeginASession() {
    site.on(
        Site.ERROR_PAGE,
        (request, response) -> {
          request.getSession().setAttribute("flash", "sorry");
          WebSession.of(request).login("alice");
          response.getWriter().print("sorry");
        });

    Browser.Answer answer = browser.get("/missing");

    assertThat(answer.status()).isEqualTo(404);
    assertThat(answer.setCookies()).hasSize(1);
    assertThat(site.stored(browser.token()).attributes()).containsOnlyKeys("flash");
  }

  @Test
  @DisplayName("F40: the cookie is on the error page even if the container dropped all headers")
  void errorPage_hasTheCookieAfterAReset() {
    SessionFilter filter = SessionFilter.builder(site.manager).build();
    site.filters(
        (request, response, chain) -> {
          try {
            chain.doFilter(request, response);
          } catch (IllegalStateException e) {
            response.reset();
            throw e;
          }
        },
        filter);
    site.on(
        "/",
        (request, response) -> {
          WebSession.of(request).login("alice");
          throw new IllegalStateException("broken");
        });

    Browser.Answer answer = browser.get("/");

    assertThat(answer.status()).isEqualTo(500);
    assertThat(answer.setCookie()).startsWith("__Host-session=" + browser.token() + ";");
    assertThat(site.stored(browser.token()).principal()).contains("alice");
  }

  @Test
  void exception_savesWhatWasSet() {
    browser.get("/set");
    site.on(
        "/throw",
        (request, response) -> {
          request.getSession().setAttribute("b", "2");
          throw new IllegalStateException("broken");
        });

    assertThat(browser.get("/throw").status()).isEqualTo(500);

    assertThat(site.stored(browser.token()).attributes()).containsOnlyKeys("set", "b");
  }

  @Test
  @DisplayName("the filter mapped twice acts once")
  void filterTwice_isInert() {
    SessionFilter filter = SessionFilter.builder(site.manager).build();
    site.filters(filter, filter);

    assertStoredOnce(browser.get("/set"), "set");
    browser.get("/set2");
    assertThat(site.store.calls()).containsExactly("insert", "find", "update");
  }

  @Test
  @DisplayName("two filters with two cookies work side by side")
  void twoFilters_haveASessionEach() {
    SessionFilter outer =
        SessionFilter.builder(site.manager)
            .cookie(SessionCookie.builder().name("__Host-outer").build())
            .build();
    SessionFilter inner = SessionFilter.builder(site.manager).build();
    AtomicReference<String> between = new AtomicReference<>();
    site.filters(
        outer,
        (request, response, chain) -> {
          var http = (jakarta.servlet.http.HttpServletRequest) request;
          http.getSession().setAttribute("who", "outer");
          chain.doFilter(request, response);
          between.set(WebSession.of(http).id().orElseThrow().toString());
        },
        inner);

    Browser.Answer answer = browser.get("/set");

    assertThat(answer.setCookies()).hasSize(2);
    assertThat(answer.setCookies()).anyMatch(cookie -> cookie.startsWith("__Host-outer="));
    assertThat(site.stored(browser.token()).attributes()).containsOnlyKeys("set");
    assertThat(browser.token()).doesNotStartWith(between.get());
  }

  @Test
  @DisplayName("wrappers of other filters are not an obstacle")
  void foreignWrappers_areSeenThrough() {
    SessionFilter filter = SessionFilter.builder(site.manager).build();
    site.filters(
        filter,
        (request, response, chain) ->
            chain.doFilter(
                new HttpServletRequestWrapper((jakarta.servlet.http.HttpServletRequest) request),
                new HttpServletResponseWrapper(
                    (jakarta.servlet.http.HttpServletResponse) response)));
    site.on(
        "/",
        (request, response) -> {
          WebSession.of(request).login("alice");
          request.getRequestDispatcher("/set").forward(request, response);
        });

    assertThat(browser.get("/").setCookies()).hasSize(1);
    assertThat(site.stored(browser.token()).principal()).contains("alice");
    assertThat(site.stored(browser.token()).attributes()).containsOnlyKeys("set");
  }

  @Test
  void webSession_withoutAFilter_saysWhatToDo() {
    site.filters();
    site.on(
        "/",
        (request, response) -> {
          try {
            WebSession.of(request);
          } catch (IllegalStateException e) {
            response.getWriter().print(e.getMessage());
          }
        });

    assertThat(browser.get("/").body()).startsWith("no SessionFilter is in front of this request");
  }

  @Test
  void find_isEmptyWithoutAFilter_andTheSessionAfterOne() {
    site.on(
        "/",
        (request, response) -> response.getWriter().print(WebSession.find(request).isPresent()));
    assertThat(browser.get("/").body()).isEqualTo("true");
    site.filters();
    assertThat(browser.get("/").body()).isEqualTo("false");
  }

  @Test
  @DisplayName("F31: an invalidated session is not written when the response is flushed")
  void invalidateThenFlush_leavesNoRow() {
    browser.get("/set");
    String token = browser.token();
    site.on(
        "/",
        (request, response) -> {
          request.getSession().setAttribute("b", "2");
          request.getSession().invalidate();
          response.flushBuffer();
        });

    browser.get("/");

    assertThat(site.stored(token)).isNull();
    assertThat(site.store.calls())
        .as("the attribute is stored when it is set, and nothing after the end")
        .containsExactly("insert", "find", "update", "delete");
  }

  @Test
  void nestedErrorAndForward_areOneSession() {
    site.on(
            "/",
            (request, response) -> {
              request.getSession().setAttribute("a", "1");
              request.getRequestDispatcher("/fail").forward(request, response);
            })
        .on("/fail", (request, response) -> response.sendError(500))
        .on(
            Site.ERROR_PAGE,
            (request, response) -> {
              RequestDispatcher dispatcher = request.getRequestDispatcher("/set");
              dispatcher.include(request, response);
              response.getWriter().print("a=" + request.getSession().getAttribute("a"));
            });

    Browser.Answer answer = browser.get("/");

    assertThat(answer.body()).isEqualTo("a=1");
    assertThat(answer.setCookies()).hasSize(1);
    assertThat(site.stored(browser.token()).attributes()).containsOnlyKeys("a", "set");
  }
}
