package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.servlet.Filter;
import jakarta.servlet.http.HttpServletResponse;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("attack 17: nothing private in any cache")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class CachesTest {

  @Parameter Container container;

  @AutoClose private Site site;
  private Browser browser;

  @BeforeEach
  void start() {
    site = new Site(container);
    browser = site.browser();
  }

  private void protect() {
    Filter sessions = SessionFilter.builder(site.manager).build();
    site.filters(sessions, RequireLogin.builder().publicPaths("/login", "/open").build());
    browser.get("/login");
  }

  private static List<String> all(Browser.Answer answer, String name) {
    return answer.response().headers().allValues(name);
  }

  @Test
  @DisplayName("a protected page that resets the response is no-store all the same")
  void reset_keepsNoStore() {
    protect();
    site.on(
        "/export",
        (request, response) -> {
          response.getWriter().print("dropped");
          response.reset();
          response.setContentType("text/csv");
          response.getOutputStream().print("kept");
        });

    Browser.Answer answer = browser.get("/export");

    assertThat(answer.body()).isEqualTo("kept");
    assertThat(all(answer, "Cache-Control")).containsExactly("no-store");
  }

  @ParameterizedTest
  @ValueSource(ints = {404, 500})
  @DisplayName("so is its error page")
  void errorPage_isNoStore(int status) {
    protect();
    site.on("/error", (request, response) -> response.sendError(status))
        .on(
            "/thrown",
            (request, response) -> {
              response.reset();
              throw new IllegalStateException("thrown");
            });

    assertThat(all(browser.get("/error"), "Cache-Control"))
        .anyMatch(value -> value.contains("no-store"));
    assertThat(all(browser.get("/thrown"), "Cache-Control"))
        .anyMatch(value -> value.contains("no-store"));
  }

  @Test
  @DisplayName("so is what another servlet writes, forwarded to or by another thread")
  void forwardAndAsync_areNoStore() {
    protect();
    site.on("/target", (request, response) -> response.getWriter().print("target"))
        .on(
            "/forward",
            (request, response) -> {
              response.reset();
              request.getRequestDispatcher("/target").forward(request, response);
            })
        .on(
            "/async",
            (request, response) -> {
              var async = request.startAsync();
              async.start(
                  () -> {
                    HttpServletResponse late = (HttpServletResponse) async.getResponse();
                    try {
                      late.reset();
                      late.getOutputStream().print("late");
                    } catch (java.io.IOException e) {
                      throw new java.io.UncheckedIOException(e);
                    }
                    async.complete();
                  });
            });

    assertThat(all(browser.get("/forward"), "Cache-Control")).containsExactly("no-store");
    assertThat(all(browser.get("/async"), "Cache-Control")).containsExactly("no-store");
  }

  @Test
  @DisplayName("a page can say something else, before and after a reset")
  void page_canSayOtherwise() {
    protect();
    Handler cacheable =
        (request, response) -> response.setHeader("Cache-Control", "private, max-age=60");
    site.on("/set", cacheable)
        .on(
            "/reset",
            (request, response) -> {
              response.reset();
              cacheable.handle(request, response);
            });

    assertThat(all(browser.get("/set"), "Cache-Control")).containsExactly("private, max-age=60");
    assertThat(all(browser.get("/reset"), "Cache-Control")).containsExactly("private, max-age=60");
  }

  @Test
  void whatAFilterInFrontHadSet_isReplaced() {
    protect();
    Filter cache =
        (request, response, chain) -> {
          ((HttpServletResponse) response).setHeader("Cache-Control", "public, max-age=600");
          ((HttpServletResponse) response).setHeader("CDN-Cache-Control", "max-age=600");
          chain.doFilter(request, response);
        };
    site.filters(
        cache, SessionFilter.builder(site.manager).build(), RequireLogin.builder().build());
    site.on("/page", (request, response) -> response.getWriter().print("page"));

    Browser.Answer answer = browser.get("/page");

    assertThat(all(answer, "Cache-Control")).containsExactly("no-store");
    assertThat(all(answer, "CDN-Cache-Control")).containsExactly("no-store");
  }

  @ParameterizedTest
  @DisplayName("with our cookie, what caches read before Cache-Control says the same")
  @CsvSource({
    "CDN-Cache-Control, max-age=600, no-store",
    "cdn-cache-control, max-age=600, no-store",
    "Cloudflare-CDN-Cache-Control, max-age=600, no-store",
    "Vercel-CDN-Cache-Control, max-age=600, no-store",
    "Netlify-CDN-Cache-Control, 'public, durable', no-store",
    "Akamai-Cache-Control, max-age=600, no-store",
    "X-LiteSpeed-Cache-Control, 'public,max-age=600', no-store",
    "Surrogate-Control, max-age=600, no-store",
    "Edge-Control, cache-maxage=1h, no-store",
    "X-Accel-Expires, 600, 0",
    "Expires, 'Fri, 01 Jan 2100 00:00:00 GMT', 'Thu, 01 Jan 1970 00:00:00 GMT'",
  })
  void headersOfOtherCaches_areReplaced(String name, String value, String expected) {
    Handler cacheable =
        (request, response) -> {
          response.setHeader(name, value);
          response.addHeader("Cache-Control", "public, max-age=600");
        };
    site.on(
            "/before",
            (request, response) -> {
              cacheable.handle(request, response);
              WebSession.of(request).login("alice");
            })
        .on(
            "/after",
            (request, response) -> {
              WebSession.of(request).login("alice");
              cacheable.handle(request, response);
              response.addHeader(name, value);
            })
        .on(
            "/logout",
            (request, response) -> {
              WebSession.of(request).logout();
              cacheable.handle(request, response);
            })
        .on("/open", cacheable);

    for (String path : List.of("/before", "/after", "/logout")) {
      Browser.Answer answer = browser.get(path);
      assertThat(answer.setCookies()).as(path).hasSize(1);
      assertThat(all(answer, name)).as(path).containsExactly(expected);
      assertThat(all(answer, "Cache-Control")).as(path).containsExactly("no-store");
    }
    assertThat(all(browser.get("/open"), name)).containsExactly(value);
  }

  @Test
  void datesAndNumbers_areHeadersToo() {
    site.on(
        "/typed",
        (request, response) -> {
          WebSession.of(request).login("alice");
          response.setDateHeader("Expires", 4_102_444_800_000L);
          response.addDateHeader("Expires", 4_102_444_800_000L);
          response.setIntHeader("X-Accel-Expires", 600);
          response.addIntHeader("X-Accel-Expires", 600);
          response.getWriter().print("x".repeat(100_000));
        });

    Browser.Answer answer = browser.get("/typed");

    assertThat(all(answer, "Expires")).containsExactly("Thu, 01 Jan 1970 00:00:00 GMT");
    assertThat(all(answer, "X-Accel-Expires")).containsExactly("0");
  }

  @Test
  @DisplayName("a token in a header is kept out of caches as the cookie is")
  void tokenInAHeader_too() {
    site.close();
    site =
        new Site(
                container,
                false,
                UnaryOperator.identity(),
                filter -> filter.withoutCookie().header(SessionHeader.bearer()))
            .on(
                "/login",
                (request, response) -> {
                  WebSession.of(request).login("alice");
                  response.setHeader("Surrogate-Control", "max-age=600");
                });

    Browser.Answer answer = site.browser().get("/login");

    assertThat(answer.header("Session-Token")).isNotEmpty();
    assertThat(all(answer, "Surrogate-Control")).containsExactly("no-store");
  }
}
