package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.nearcache.NearCacheSessionStore;
import io.coatcheck.session.store.StoredSession;
import jakarta.servlet.http.Cookie;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("F2, I1: no application sees the token of its session")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class HiddenCredentialsTest {

  private static final String HINT = Browser.SESSION + "-seen";

  @Parameter Container container;

  private final List<String> dumps = new CopyOnWriteArrayList<>();
  private Site site;
  private SessionManager manager;

  @BeforeEach
  void start() {
    site = new Site(container, true, builder -> builder, builder -> builder);
    manager =
        SessionManager.builder(
                NearCacheSessionStore.builder(site.store)
                    .maxStaleness(Duration.ofSeconds(30))
                    .build())
            .cleanUpInterval(Duration.ZERO)
            .build();
    site.filters(
        SessionFilter.builder(manager).header(SessionHeader.named("X-Session")).build(),
        (request, response, chain) ->
            chain.doFilter(new HttpServletRequestWrapper((HttpServletRequest) request), response));
    site.on("/show", (request, response) -> response.getWriter().print(seen(request)))
        .on("/put", (request, response) -> request.getSession().setAttribute("b", "2"))
        .on("/dump", this::dump)
        .on(
            "/forward",
            (request, response) -> request.getRequestDispatcher("/dump").forward(request, response))
        .on(
            "/include",
            (request, response) -> request.getRequestDispatcher("/dump").include(request, response))
        .on("/error", (request, response) -> response.sendError(418))
        .on(Site.ERROR_PAGE, this::dump)
        .on("/async", (request, response) -> request.startAsync().dispatch("/dump"))
        .on(
            "/async-args",
            (request, response) -> request.startAsync(request, response).dispatch("/dump"));
  }

  @AfterEach
  void stop() {
    manager.close();
    site.close();
  }

  private void dump(HttpServletRequest request, HttpServletResponse response) {
    dumps.add(Dump.of(request, response));
    request.getSession().setAttribute("a", dumps.size());
    WebSession.of(request).renew();
    dumps.add(Dump.of(request, response));
    WebSession.of(request).logout();
    dumps.add(Dump.of(request, response));
    WebSession.of(request).login("bob");
    dumps.add(Dump.of(request, response));
  }

  private static String secretOf(String token) {
    return token.substring(token.indexOf('.') + 1);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"/dump", "/forward", "/include", "/error", "/async", "/async-args", "/missing"})
  @DisplayName("in no dispatch, neither of the request nor of the response nor of the session")
  void dispatches_showNoSecret(String path) {
    Browser browser = site.browser().cookie("theme", "dark");
    browser.get("/login");
    browser.get("/put");
    String before = browser.token();
    assertThat(browser.cookie(HINT)).isNotNull();

    browser.get(path);

    assertThat(dumps).hasSize(4).allMatch(dump -> dump.contains("theme=dark"));
    for (String secret : List.of(secretOf(before), secretOf(browser.token()), HINT + "=")) {
      assertThat(dumps).noneMatch(dump -> dump.contains(secret));
    }
    assertThat(browser.token()).isNotEqualTo(before);
  }

  @ParameterizedTest
  @ValueSource(strings = {"/dump", "/forward", "/error", "/async"})
  @DisplayName("nor where it comes and goes in a header")
  void header_showsNoSecret(String path) {
    Browser browser = site.browser();
    browser.get("/login");
    String token = browser.token();
    Browser program = site.browser().token("other");

    Browser.Answer answer =
        program.send("GET", path, "X-Session", token, "X-Session-Seen", "a-hint", "X-Other", "1");

    String next = answer.header("X-Session");
    assertThat(next).isNotEqualTo(token).contains(".");
    assertThat(dumps)
        .hasSize(4)
        .allMatch(dump -> dump.toLowerCase(java.util.Locale.ROOT).contains("x-other=[1]"));
    for (String secret : List.of(secretOf(token), secretOf(next), "a-hint", Browser.SESSION)) {
      assertThat(dumps).noneMatch(dump -> dump.contains(secret));
    }
  }

  private static String seen(HttpServletRequest request) {
    StringBuilder text = new StringBuilder();
    for (String name : Collections.list(request.getHeaderNames())) {
      if (!name.equalsIgnoreCase("Host")) {
        text.append(name).append(Collections.list(request.getHeaders(name))).append('\n');
      }
    }
    text.append("first ").append(request.getHeader("cookie")).append('\n');
    Cookie[] cookies = request.getCookies();
    text.append(
        cookies == null
            ? "none"
            : Arrays.stream(cookies)
                .map(cookie -> cookie.getName() + "=" + cookie.getValue())
                .toList());
    return text.toString();
  }

  private static String body(String answer) {
    return answer.substring(answer.indexOf("\r\n\r\n") + 4);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '>',
      quoteCharacter = '\u0001',
      textBlock =
          """
          Cookie: OURS                                    > X: 1
          Cookie: OURS; OURS;OURS ;                       > X: 1
          Cookie: a=1; OURS; b=2                          > Cookie: a=1; b=2
          Cookie: OURS; a=1                               > Cookie: a=1
          Cookie: OURS ;a=1; b=2                          > Cookie: a=1; b=2
          Cookie: a=1; OURS                               > Cookie: a=1
          Cookie: a=1;OURS;b=2                            > Cookie: a=1;b=2
          Cookie: a="x y"; OURS; b=x=y; c=                > Cookie: a="x y"; b=x=y; c=
          Cookie: $Version=1; a=1; OURS                   > Cookie: $Version=1; a=1
          Cookie: a=1; __host-session=x; x__Host-session=y; OURS > Cookie: a=1; __host-session=x; x__Host-session=y
          Cookie: a=1; OURS|Cookie: b=2; OURS; b=3        > Cookie: a=1|Cookie: b=2; b=3
          Cookie: OURS|Cookie: b=2                        > Cookie: b=2
          Cookie: HINT; a=1; OURS; __Host-session-seen2=3 > Cookie: a=1; __Host-session-seen2=3
          Cookie: a=1, b=2; OURS                          > Cookie: a=1, b=2
          Cookie: a="; OURS; b="                          > Cookie: a="; b="
          Cookie: a=__Host-session=1; OURS                > Cookie: a=__Host-session=1
          Cookie: c=1; a=1, OURS; b=2                     > Cookie: c=1; b=2
          Cookie: c=1; a="x, OURS"; b=2                   > Cookie: c=1; b=2
          Cookie: a=1,OURS                                > X: 1
          Accept: x|Cookie: a=1; OURS|X-A: 1|X-A: 2       > Accept: x|Cookie: a=1|X-A: 1|X-A: 2
          """)
  @DisplayName("all else is as it came: the same as the container shows without the session cookie")
  void others_areAsTheyCame(String lines, String without) throws IOException {
    String token = "0190a3b4-7c2d-7e3f-8a1b-2c3d4e5f6071." + "A".repeat(43);
    String sent =
        lines.replace("OURS", Browser.SESSION + "=" + token).replace("HINT", HINT + "=hint");
    String shown;
    try (RawClient client = new RawClient(site.port())) {
      shown = body(client.get("/show", (sent + "|X: 1").split("\\|")));
    }
    site.filters();
    String expected;
    try (RawClient client = new RawClient(site.port())) {
      expected =
          body(client.get("/show", (without.replace("X: 1", "X: 0") + "|X: 1").split("\\|")));
    }

    assertThat(shown).isEqualTo(expected.replace("[0, 1]", "[1]")).doesNotContain(token);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"Basic YWxpY2U6c2VjcmV0", "Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln"})
  @DisplayName("an Authorization header of another kind stays")
  void foreignAuthorization_stays(String value) {
    site.filters(SessionFilter.builder(manager).header(SessionHeader.bearer()).build());
    Browser browser = site.browser();
    browser.get("/login");
    String token = browser.token();

    assertThat(site.browser().send("GET", "/show", "Authorization", value).body())
        .containsIgnoringCase("authorization[" + value + "]");
    assertThat(
            site.browser()
                .send("GET", "/show", "Authorization", value, "Authorization", "Bearer " + token)
                .body())
        .containsIgnoringCase("authorization[" + value + "]");
    for (String form : List.of("Bearer " + token, "bearer  " + token, "Token \"" + token + '"')) {
      assertThat(site.browser().send("GET", "/show", "Authorization", form).body())
          .doesNotContainIgnoringCase("authorization");
    }
  }

  @Test
  @DisplayName("what Spring Security saves of a request has no token in the store")
  void savedRequest_hasNoToken() {
    site.on("/saved", (request, response) -> save(request));
    Browser browser = site.browser().cookie("theme", "dark");
    browser.get("/login");
    String token = browser.token();

    browser.get("/saved?a=1");

    StoredSession stored = site.stored(token);
    String bytes =
        new String(stored.attributes().get("saved").bytes(), StandardCharsets.ISO_8859_1);
    assertThat(bytes).contains("theme=dark").doesNotContain(secretOf(token));
  }

  /** As the constructor of DefaultSavedRequest does. */
  private static void save(HttpServletRequest request) {
    List<String> saved = new ArrayList<>();
    Cookie[] cookies = request.getCookies();
    if (cookies != null) {
      for (Cookie cookie : cookies) {
        saved.add(cookie.getName() + "=" + cookie.getValue());
      }
    }
    for (String name : Collections.list(request.getHeaderNames())) {
      saved.add(name + Collections.list(request.getHeaders(name)));
    }
    Collections.list(request.getLocales()).forEach(locale -> saved.add(locale.toString()));
    for (Map.Entry<String, String[]> parameter : request.getParameterMap().entrySet()) {
      saved.add(parameter.getKey() + List.of(parameter.getValue()));
    }
    saved.add(request.getRequestURL() + "?" + request.getQueryString());
    request.getSession().setAttribute("saved", new ArrayList<>(saved));
  }

  @Test
  @DisplayName("an application that must see them can be given them")
  void exposeToken_showsAll() {
    site.filters(SessionFilter.builder(manager).exposeToken(true).build());
    Browser browser = site.browser();
    browser.get("/login");

    assertThat(browser.get("/show").body()).contains(browser.token());
  }

  @Test
  @DisplayName("a second filter for the same cookie reads what the first one leaves out")
  void secondFilter_readsTheToken() {
    Browser browser = site.browser();
    browser.get("/login");
    site.filters(SessionFilter.builder(manager).build(), SessionFilter.builder(manager).build());
    site.on("/who", (request, response) -> response.getWriter().print(request.getRemoteUser()));

    assertThat(browser.get("/who").body()).isEqualTo("alice");
  }
}
