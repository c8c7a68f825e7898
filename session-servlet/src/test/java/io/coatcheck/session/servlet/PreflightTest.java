package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
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

@DisplayName("B13: CORS preflights, which never carry a cookie, pass where a login is required")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class PreflightTest {

  private static final String[] PREFLIGHT = {
    "Origin", "https://app.example", "Access-Control-Request-Method", "PUT"
  };

  @Parameter Container container;

  @AutoClose private Site site;

  @BeforeEach
  void start() {
    site = new Site(container);
    site.filters(
        SessionFilter.builder(site.manager).build(),
        RequireLogin.builder().loginPage("/login").build());
    site.on(
            "/api",
            (request, response) -> {
              response.setHeader("Access-Control-Allow-Origin", "https://app.example");
              response.setHeader("Access-Control-Allow-Methods", "PUT");
              response.setStatus(204);
            })
        .on(
            "/careless",
            (request, response) -> {
              response.setContentLength(6);
              response.setIntHeader("Content-Length", 6);
              response.setHeader("Content-Length", "6");
              response.getWriter().print("secret");
            })
        .on(
            "/stream",
            (request, response) -> {
              response
                  .getOutputStream()
                  .write("secret".getBytes(java.nio.charset.StandardCharsets.UTF_8));
              response.getOutputStream().write('s');
              response.getOutputStream().print("secret");
              response.flushBuffer();
              response.getOutputStream().close();
            })
        .on(
            "/async",
            (request, response) -> {
              var async = request.startAsync();
              async.start(
                  () -> {
                    try {
                      async.getResponse().getWriter().print("secret");
                    } catch (java.io.IOException e) {
                      throw new java.io.UncheckedIOException(e);
                    }
                    async.complete();
                  });
            })
        .on(
            "/forward",
            (request, response) ->
                request.getRequestDispatcher("/careless").forward(request, response));
  }

  @Test
  void isAnsweredByTheApplication() {
    Browser.Answer answer = site.browser().send("OPTIONS", "/api", PREFLIGHT);

    assertThat(answer.status()).isEqualTo(204);
    assertThat(answer.header("Access-Control-Allow-Origin")).isEqualTo("https://app.example");
    assertThat(answer.header("Cache-Control")).isEqualTo("no-store");
    assertThat(site.store.calls()).isEmpty();
  }

  @ParameterizedTest
  @DisplayName("a servlet that ignores the method reveals nothing")
  @ValueSource(strings = {"/careless", "/stream", "/async", "/forward"})
  void body_isDropped(String path) {
    Browser.Answer answer = site.browser().send("OPTIONS", path, PREFLIGHT);

    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.body()).isEmpty();
  }

  @Test
  @DisplayName("a request with our own cookie is none, also where the session filter hides that")
  void ownCookie_isACredential() throws Exception {
    site.filters(
        SessionFilter.builder(site.manager).build(),
        RequireLogin.builder().loginPage("/login").maximumAge(Duration.ofMinutes(5)).build());
    Browser alice = site.browser();
    alice.get("/login");

    assertThat(alice.send("OPTIONS", "/careless", PREFLIGHT).body()).isEqualTo("secret");

    site.clock.advance(Duration.ofMinutes(6));
    assertThat(alice.send("OPTIONS", "/careless", PREFLIGHT).status()).isEqualTo(401);
    assertThat(site.browser().token("x".repeat(20)).send("OPTIONS", "/api", PREFLIGHT).status())
        .isEqualTo(401);
  }

  @ParameterizedTest
  @DisplayName("a request that is not a preflight needs a login")
  @CsvSource({
    "OPTIONS, 'Accept: */*'",
    "OPTIONS, 'Origin: https://app.example'",
    "OPTIONS, 'Access-Control-Request-Method: PUT'",
    "OPTIONS, 'Origin: https://app.example|Access-Control-Request-Method: '",
    "OPTIONS, 'Origin: https://app.example|Access-Control-Request-Method: PUT|Cookie: a=b'",
    "OPTIONS, 'Origin: https://app.example|Access-Control-Request-Method: PUT|Authorization: x y'",
    "OPTIONS, 'Origin: https://a.b|Origin: https://a.c|Access-Control-Request-Method: PUT'",
    "GET, 'Origin: https://app.example|Access-Control-Request-Method: PUT'",
    "options, 'Origin: https://app.example|Access-Control-Request-Method: PUT'",
  })
  void anythingElse_needsALogin(String method, String headers) throws Exception {
    try (RawClient client = new RawClient(site.port())) {
      String answer = client.send(method, "/careless", headers.split("\\|", -1));

      assertThat(answer).doesNotStartWith("HTTP/1.1 2").doesNotContain("secret");
    }
  }
}
