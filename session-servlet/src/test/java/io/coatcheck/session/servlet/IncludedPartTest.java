package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.coatcheck.session.store.SessionStoreException;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.Filter;
import jakarta.servlet.RequestDispatcher;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.http.HttpServletRequestWrapper;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpServletResponseWrapper;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("I5: an included part cannot end the page by a call that has no effect")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class IncludedPartTest {

  @Parameter Container container;

  @AutoClose private Site site;

  @BeforeEach
  void start() {
    site = new Site(container);
  }

  private static void part(String what, HttpServletResponse response) throws Exception {
    switch (what) {
      case "reset" -> response.reset();
      case "length" -> response.setContentLength(1_000_000);
      case "length header" -> response.setHeader("Content-Length", "1000000");
      case "send error" -> response.sendError(500);
      case "redirect" -> response.sendRedirect("/elsewhere");
      case "buffer" -> response.setBufferSize(1_000_000);
      default -> throw new IllegalArgumentException(what);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"reset", "length", "length header", "send error", "redirect", "buffer"})
  void longPage_hasTheCookie(String what) {
    requireCookieOfLongPage(what);
  }

  @ParameterizedTest
  @ValueSource(strings = {"reset", "length", "length header", "send error", "redirect", "buffer"})
  void longPageBehindAWrapper_hasTheCookie(String what) {
    sessionsBehind("a wrapper");
    requireCookieOfLongPage(what);
  }

  private void requireCookieOfLongPage(String what) {
    site.on(
            "/part",
            (request, response) -> {
              try {
                part(what, response);
              } catch (IllegalStateException e) {
                // Too late for this container.
              }
            })
        .on(
            "/page",
            (request, response) -> {
              int size = response.getBufferSize();
              var out = response.getOutputStream();
              for (int i = 0; i < 5; i++) {
                out.write(new byte[size / 8]);
              }
              RequestDispatcher dispatcher = request.getRequestDispatcher("/part");
              dispatcher.include(request, response);
              request.getSession().setAttribute("a", "1");
              for (int i = 0; i < 4; i++) {
                out.write(new byte[size / 8]);
              }
            });
    Browser browser = site.browser();

    Browser.Answer answer = browser.get("/page");

    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.setCookies()).hasSize(1);
    assertThat(site.stored(browser.token())).isNotNull();
  }

  private static final Filter WRAPPING =
      (request, response, chain) ->
          chain.doFilter(request, new HttpServletResponseWrapper((HttpServletResponse) response));

  private void sessionsBehind(String front) {
    SessionFilter sessions = SessionFilter.builder(site.manager).build();
    SessionCookie other = SessionCookie.builder().name("__Host-other").build();
    site.filters(
        switch (front) {
          case "nothing" -> new Filter[] {sessions};
          case "a wrapper" -> new Filter[] {WRAPPING, sessions};
          case "sessions" ->
              new Filter[] {SessionFilter.builder(site.manager).cookie(other).build(), sessions};
          default -> throw new IllegalArgumentException(front);
        });
  }

  @ParameterizedTest
  @ValueSource(strings = {"nothing", "a wrapper", "sessions"})
  @DisplayName("I5: a part longer than the buffer has the cookie, whatever filter is in front")
  void longPart_hasTheCookie(String front) {
    sessionsBehind(front);
    site.on(
            "/part",
            (request, response) -> {
              request.getSession().setAttribute("a", "1");
              response.getOutputStream().write(new byte[100_000]);
            })
        .on(
            "/page",
            (request, response) -> {
              response.addHeader("Set-Cookie", "application=1");
              request.getRequestDispatcher("/part").include(request, response);
            });
    Browser browser = site.browser();

    Browser.Answer answer = browser.get("/page");

    assertThat(browser.token()).isNotNull();
    assertThat(site.stored(browser.token())).isNotNull();
    assertThat(browser.cookie("application")).isEqualTo("1");
    assertThat(answer.setCookies()).hasSize(2);
    assertThat(answer.header("Cache-Control")).isEqualTo("no-store");
  }

  @ParameterizedTest
  @ValueSource(strings = {"nothing", "a wrapper", "sessions"})
  void logoutInALongPart_deletesTheCookie(String front) {
    sessionsBehind(front);
    site.on(
            "/part",
            (request, response) -> {
              WebSession.of(request).logout();
              response.getOutputStream().write(new byte[100_000]);
            })
        .on(
            "/page",
            (request, response) ->
                request.getRequestDispatcher("/part").include(request, response));
    Browser browser = site.browser();
    browser.get("/login");
    assertThat(browser.token()).isNotNull();

    browser.get("/page");

    assertThat(browser.token()).isNull();
  }

  /** The response of an earlier filter that adds an attribute to each cookie. */
  private static final class Partitioning extends HttpServletResponseWrapper {

    Partitioning(HttpServletResponse response) {
      super(response);
    }

    private static String edited(String name, String value) {
      return name.equals("Set-Cookie") && !value.endsWith("; Partitioned")
          ? value + "; Partitioned"
          : value;
    }

    @Override
    public void setHeader(String name, String value) {
      super.setHeader(name, edited(name, value));
    }

    @Override
    public void addHeader(String name, String value) {
      super.addHeader(name, edited(name, value));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"plain", "include", "forward"})
  @DisplayName("an earlier filter sees each cookie, whatever dispatch sets it")
  void earlierFilter_editsTheCookie(String how) {
    site.filters(
        (request, response, chain) ->
            chain.doFilter(request, new Partitioning((HttpServletResponse) response)),
        SessionFilter.builder(site.manager).build());
    site.dispatchers(DispatcherType.REQUEST, DispatcherType.FORWARD);
    site.on(
            "/part",
            (request, response) -> {
              request.getSession().setAttribute("a", "1");
              response.getOutputStream().write(new byte[100_000]);
            })
        .on(
            "/page",
            (request, response) -> {
              RequestDispatcher part = request.getRequestDispatcher("/part");
              switch (how) {
                case "include" -> part.include(request, response);
                case "forward" -> part.forward(request, response);
                default -> {
                  request.getSession().setAttribute("a", "1");
                }
              }
            });
    Browser browser = site.browser();

    Browser.Answer answer = browser.get("/page");

    assertThat(site.stored(browser.token())).isNotNull();
    assertThat(answer.setCookies())
        .singleElement()
        .satisfies(cookie -> assertThat(cookie.toString()).endsWith("; Partitioned"));
  }

  /** A response that does not reveal what is below it. */
  private static final class Opaque extends HttpServletResponseWrapper {

    Opaque(HttpServletResponse response) {
      super(response);
    }

    @Override
    public @Nullable ServletResponse getResponse() {
      return null;
    }
  }

  @Test
  void earlierFilterThatHidesItsResponse_stopsNoSession() {
    Filter hiding =
        (request, response, chain) ->
            chain.doFilter(request, new Opaque((HttpServletResponse) response));
    site.on("/alone", (request, response) -> response.getWriter().print("served"));
    site.filters(hiding);
    // Jetty looks for its own response itself.
    assumeThat(site.browser().get("/alone").body()).isEqualTo("served");
    site.filters(hiding, SessionFilter.builder(site.manager).build());
    Browser browser = site.browser();

    browser.get("/login");

    assertThat(site.stored(browser.token())).isNotNull();
  }

  @ParameterizedTest
  @ValueSource(strings = {"nothing", "a wrapper"})
  @DisplayName("a long part that only a logged-in user may see is kept out of caches")
  void protectedPart_isKeptOutOfCaches(String front) {
    SessionFilter sessions = SessionFilter.builder(site.manager).build();
    RequireLogin login = RequireLogin.builder().protectedPaths("/part").build();
    site.filters(
        front.equals("nothing") ? new Filter[] {sessions} : new Filter[] {WRAPPING, sessions});
    site.on(
            "/part",
            (request, response) ->
                login.doFilter(
                    new HttpServletRequestWrapper(request) {
                      @Override
                      public String getServletPath() {
                        return "";
                      }

                      @Override
                      public String getPathInfo() {
                        return "/part";
                      }
                    },
                    response,
                    (guarded, answer) -> answer.getOutputStream().write(new byte[100_000])))
        .on(
            "/page",
            (request, response) ->
                request.getRequestDispatcher("/part").include(request, response));
    Browser browser = site.browser();
    browser.get("/login");

    Browser.Answer answer = browser.get("/page");

    assertThat(answer.header("Cache-Control")).isEqualTo("no-store");
  }

  @Test
  @DisplayName("I9: a failure within an included part is answered with 503")
  void failureWithinAPart_isAnswered() {
    site.on("/part", (request, response) -> response.getOutputStream().write(new byte[100_000]))
        .on(
            "/page",
            (request, response) -> {
              request.getSession().setAttribute("a", "1");
              site.store.fail("insert");
              request.getRequestDispatcher("/part").include(request, response);
            });
    Browser browser = site.browser();

    Browser.Answer answer = browser.get("/page");

    assertThat(answer.status()).isEqualTo(503);
    assertThat(answer.header("Retry-After")).isNotNull();
    assertThat(answer.setCookies()).isEmpty();
  }

  /** A response that ignores status and headers for a while, as Undertow's within a part. */
  private static final class Deaf extends HttpServletResponseWrapper {

    private boolean isDeaf;

    Deaf(HttpServletResponse response) {
      super(response);
    }

    @Override
    public void setStatus(int status) {
      if (!isDeaf) {
        super.setStatus(status);
      }
    }

    @Override
    public void setHeader(String name, String value) {
      if (!isDeaf) {
        super.setHeader(name, value);
      }
    }

    @Override
    public void addHeader(String name, String value) {
      if (!isDeaf) {
        super.addHeader(name, value);
      }
    }

    @Override
    public void setContentType(String type) {
      if (!isDeaf) {
        super.setContentType(type);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  @DisplayName("I9: where the container ignores the answer within the part, it is given after that")
  void failureWhereNothingCanBeSet_isAnsweredLater(boolean isSwallowed) {
    AtomicReference<Deaf> deaf = new AtomicReference<>();
    site.filters(
        (request, response, chain) -> {
          deaf.set(new Deaf((HttpServletResponse) response));
          chain.doFilter(request, deaf.get());
        },
        SessionFilter.builder(site.manager).build());
    site.on(
        "/page",
        (request, response) -> {
          request.changeSessionId();
          request.getSession().setAttribute("b", "1");
          request.getSession().setMaxInactiveInterval(100);
          site.store.fail("update");
          deaf.get().isDeaf = true;
          try {
            response.flushBuffer();
          } catch (SessionStoreException e) {
            if (!isSwallowed) {
              throw e;
            }
          } finally {
            deaf.get().isDeaf = false;
          }
        });
    Browser browser = site.browser();
    browser.get("/begin");
    String before = browser.token();

    Browser.Answer answer = browser.get("/page");

    assertThat(answer.status()).isEqualTo(503);
    assertThat(answer.header("Retry-After")).isNotNull();
    assertThat(answer.setCookies()).as("the one with the new secret").hasSize(1);
    assertThat(browser.token()).isNotEqualTo(before);
  }
}
