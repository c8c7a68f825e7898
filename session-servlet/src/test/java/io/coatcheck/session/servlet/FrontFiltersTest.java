package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.servlet.Filter;
import jakarta.servlet.http.Cookie;
import jakarta.servlet.http.HttpServletResponse;
import java.util.List;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

@DisplayName("B12: our error response keeps what earlier filters have set, and nothing else")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class FrontFiltersTest {

  @Parameter Container container;

  @AutoClose private Site site;

  @BeforeEach
  void start() {
    site = new Site(container);
    site.on(
        "/page",
        (request, response) -> {
          response.setContentType("text/html;charset=UTF-16");
          response.setContentLength(100_000);
          response.setHeader("Content-Encoding", "gzip");
          response.setHeader("Content-Disposition", "attachment");
          response.setHeader("ETag", "\"1\"");
          response.setDateHeader("Last-Modified", 0);
          response.setDateHeader("Expires", 4_102_444_800_000L);
          response.setHeader("Cache-Control", "public, max-age=600");
          response.setHeader("CDN-Cache-Control", "max-age=600");
          response.setIntHeader("X-Count", 1);
          response.addHeader("Vary", "Accept");
          response.setHeader("X-Frame-Options", "SAMEORIGIN");
          response.addCookie(new Cookie("application", "1"));
          response.setStatus(201);
          response.getWriter().print("page");
          request.getSession().setAttribute("a", "2");
          WebSession.of(request).renew();
          request.getSession().setAttribute("b", "2");
          response.flushBuffer();
        });
  }

  private void filters(SessionFilterBuilder filter) {
    Filter front =
        (request, response, chain) -> {
          HttpServletResponse http = (HttpServletResponse) response;
          http.setHeader("Access-Control-Allow-Origin", "https://app.example");
          http.setHeader("Access-Control-Expose-Headers", "Retry-After");
          http.addHeader("Vary", "Origin");
          http.setHeader("Strict-Transport-Security", "max-age=31536000");
          http.setHeader("Content-Security-Policy", "default-src 'self'");
          http.setHeader("X-Request-Id", "42");
          http.setHeader("X-Frame-Options", "DENY");
          http.setHeader("Cache-Control", "private");
          http.addHeader("Set-Cookie", "front=1; Path=/");
          chain.doFilter(request, response);
        };
    site.filters(front, filter.build());
  }

  private static void assertOurs(Browser.Answer answer, int status, String body) {
    assertThat(answer.status()).isEqualTo(status);
    assertThat(answer.body()).startsWith(body).endsWith("\n");
    assertThat(answer.header("Retry-After")).isNotNull();
    assertThat(answer.header("Content-Type")).isEqualToIgnoringCase("text/plain;charset=UTF-8");
    assertThat(answer.response().headers().firstValueAsLong("Content-Length"))
        .hasValue(answer.body().length());

    assertThat(answer.header("Access-Control-Allow-Origin")).isEqualTo("https://app.example");
    assertThat(answer.header("Access-Control-Expose-Headers")).isEqualTo("Retry-After");
    assertThat(all(answer, "Vary")).containsExactly("Origin");
    assertThat(answer.header("Strict-Transport-Security")).isEqualTo("max-age=31536000");
    assertThat(answer.header("Content-Security-Policy")).isEqualTo("default-src 'self'");
    assertThat(answer.header("X-Request-Id")).isEqualTo("42");
    assertThat(all(answer, "X-Frame-Options")).containsExactly("DENY");
    assertThat(all(answer, "Cache-Control")).containsExactly("no-store");
    assertThat(answer.setCookies()).containsExactly("front=1; Path=/");

    for (String name :
        List.of(
            "Content-Encoding",
            "Content-Disposition",
            "ETag",
            "Last-Modified",
            "Expires",
            "CDN-Cache-Control",
            "X-Count")) {
      assertThat(answer.header(name)).as(name).isNull();
    }
  }

  private static List<String> all(Browser.Answer answer, String name) {
    return answer.response().headers().allValues(name);
  }

  @Test
  void unavailable_keepsThem() {
    filters(SessionFilter.builder(site.manager));
    Browser browser = site.browser();
    browser.get("/begin");
    site.store.fail("update");

    assertOurs(browser.get("/page"), 503, "The service is temporarily unavailable");
  }

  @Test
  @DisplayName("a failure after our own cookie was written takes it out again")
  void failureAfterALogin_doesNotSendOurCookie() {
    filters(SessionFilter.builder(site.manager));
    site.on(
        "/login",
        (request, response) -> {
          response.addCookie(new Cookie("application", "1"));
          WebSession.of(request).login("alice");
          response.addCookie(new Cookie("other", "1"));
          site.store.fail("update");
          request.getSession().setAttribute("a", "1");
        });

    assertOurs(site.browser().get("/login"), 503, "The service is temporarily unavailable");
  }

  @Test
  void failureAtOnce_keepsThem() {
    filters(SessionFilter.builder(site.manager));
    Browser browser = site.browser();
    browser.get("/begin");
    site.on("/ask", (request, response) -> request.getSession());
    site.store.failAll();

    assertOurs(browser.get("/ask"), 503, "The service is temporarily unavailable");
  }

  @Test
  void tooManyRequests_keepsThem() {
    filters(SessionFilter.builder(site.manager).floodGuard(FloodGuard.builder(1).build()));
    site.browser().get("/begin");
    Browser.Answer answer = site.browser().get("/begin");
    for (int i = 0; i < 10 && answer.status() != 429; i++) {
      answer = site.browser().get("/page");
    }

    assertOurs(answer, 429, "Too many new sessions");
  }

  @Test
  void forbidden_keepsThem() {
    filters(SessionFilter.builder(site.manager));

    Browser.Answer answer = site.browser().send("POST", "/page", "Sec-Fetch-Site", "cross-site");

    assertThat(answer.status()).isEqualTo(403);
    assertThat(answer.header("Access-Control-Allow-Origin")).isEqualTo("https://app.example");
    assertThat(all(answer, "Cache-Control")).containsExactly("no-store");
  }
}
