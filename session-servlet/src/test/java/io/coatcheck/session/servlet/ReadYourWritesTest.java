package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.LoginOptions;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.nearcache.NearCacheSessionStore;
import jakarta.servlet.http.HttpServletResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("I5: a client reads its own changes on every node, though the nodes have copies")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class ReadYourWritesTest {

  private static final String HINT = "__Host-session-seen";
  private static final String HINT_HEADER = "Session-Token-Seen";

  @Parameter Container container;

  /** What all nodes share. */
  private final ObservedStore store =
      new ObservedStore(InMemorySessionStore.builder().copyOnRead(true).build());

  private final List<SessionManager> managers = new ArrayList<>();
  private final List<SessionFilter> nodes = new ArrayList<>();
  private Site site;
  private Browser browser;

  @BeforeEach
  void start() {
    for (int number = 0; number < 3; number++) {
      node(Duration.ofSeconds(30));
    }
    site =
        new Site(container)
            .on(
                "/put",
                (request, response) ->
                    request.getSession().setAttribute("a", request.getParameter("value")))
            .on(
                "/get",
                (request, response) ->
                    response.getWriter().print(request.getSession().getAttribute("a")))
            .on("/plain", (request, response) -> response.getWriter().print("plain"));
    browser = site.browser();
  }

  private SessionFilter node(Duration maxStaleness) {
    SessionManager manager =
        SessionManager.builder(
                NearCacheSessionStore.builder(store).maxStaleness(maxStaleness).build())
            .cleanUpInterval(Duration.ZERO)
            .build();
    SessionFilter filter = SessionFilter.builder(manager).header(SessionHeader.bearer()).build();
    managers.add(manager);
    nodes.add(filter);
    return filter;
  }

  @AfterEach
  void stop() {
    managers.forEach(SessionManager::close);
    site.close();
  }

  private void on(int node) {
    site.filters(nodes.get(node));
  }

  /** Logs in, and lets every node have a copy. */
  private void login() {
    on(0);
    browser.get("/login");
    for (int node = 0; node < nodes.size(); node++) {
      on(node);
      assertThat(browser.get("/get").body()).isEqualTo("null");
    }
  }

  private String hint(Browser.Answer answer) {
    return answer.setCookies().stream()
        .filter(one -> one.startsWith(HINT + "="))
        .findFirst()
        .orElse(null);
  }

  private static String id(Browser browser) {
    return browser.token().substring(0, 36);
  }

  @Test
  @DisplayName("a step is decided by no copy, and what it left is read on every node")
  void step_isReadOnEveryNode() {
    login();
    site.on(
            "/count",
            (request, response) ->
                response
                    .getWriter()
                    .print(
                        WebSession.of(request)
                            .update("a", Integer.class, n -> n.orElse(0) + 1)
                            .orElseThrow()))
        .on(
            "/take",
            (request, response) -> response.getWriter().print(WebSession.of(request).take("a")));
    for (int round = 1; round <= 6; round++) {
      on(round % 3);
      // Without the hint, the node would answer from a copy that is older.
      Browser.Answer answer = site.browser().token(browser.token()).get("/count");
      assertThat(answer.body()).isEqualTo(String.valueOf(round));
      assertThat(hint(answer)).as("the version after the step").isNotNull();
    }
    on(0);
    assertThat(site.browser().token(browser.token()).get("/take").body()).isEqualTo("Optional[6]");
    for (int node = 0; node < nodes.size(); node++) {
      on(node);
      assertThat(site.browser().token(browser.token()).get("/take").body())
          .isEqualTo("Optional.empty");
    }
  }

  @Test
  void change_isReadOnEveryNode() {
    login();
    for (int round = 0; round < 12; round++) {
      on(round % 3);
      browser.get("/put?value=v" + round);
      on((round + 1) % 3);
      assertThat(browser.get("/get").body()).isEqualTo("v" + round);
      on((round + 2) % 3);
      assertThat(browser.get("/get").body()).isEqualTo("v" + round);
    }
  }

  @Test
  @DisplayName("without the hint, another node may lag by the bound: so it is the hint that helps")
  void withoutHint_copyMayLag() {
    login();
    on(0);
    browser.get("/put?value=new");
    Browser forgetful = site.browser().token(browser.token());

    on(1);

    assertThat(forgetful.get("/get").body()).isEqualTo("null");
    assertThat(browser.get("/get").body()).isEqualTo("new");
  }

  @Test
  @DisplayName("the hint is a cookie of the same scope, short-lived, and no part of I8's")
  void hint_isACookieOfItsOwn() {
    login();
    on(0);
    Browser.Answer answer = browser.get("/put?value=new");

    assertThat(answer.setCookie())
        .startsWith(HINT + "=" + id(browser) + "~1~1; Max-Age=31; Expires=")
        .endsWith(" GMT; Path=/; Secure; HttpOnly; SameSite=Lax");
    assertThat(answer.header("Cache-Control")).isEqualTo("no-store");
  }

  @Test
  @DisplayName("what changes nothing carries no hint: reading, a new session, no session")
  void nothingChanged_hasNoHint() {
    on(0);
    assertThat(hint(browser.get("/plain"))).isNull();
    assertThat(hint(browser.get("/put?value=first"))).isNull();
    assertThat(hint(browser.get("/get"))).isNull();
    on(1);
    assertThat(hint(browser.get("/get"))).isNull();
    assertThat(browser.get("/get").header("Cache-Control")).isNull();
  }

  @Test
  @DisplayName("without copies there are no hints, and none is read")
  void noCopies_haveNoHints() {
    site.close();
    site = new Site(container);
    browser = site.browser();
    assertThat(browser.get("/login").setCookies()).hasSize(1);
    assertThat(browser.get("/login").setCookies()).hasSize(1);
    browser.cookie(HINT, id(browser) + "~1~9");
    assertThat(browser.get("/logout").setCookies()).hasSize(1);
  }

  @Test
  void zeroBound_hasNoHints() {
    site.filters(node(Duration.ZERO));
    browser.get("/login");
    assertThat(browser.get("/put?value=x").setCookies()).isEmpty();
  }

  @Test
  void logout_deletesTheHint() {
    login();
    browser.get("/put?value=x");
    assertThat(browser.cookie(HINT)).isNotNull();

    on(1);
    Browser.Answer answer = browser.get("/logout");

    assertThat(answer.setCookies())
        .containsExactlyInAnyOrder(
            "__Host-session=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/; Secure; HttpOnly; SameSite=Lax",
            HINT
                + "=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/; Secure; HttpOnly; SameSite=Lax");
    assertThat(browser.cookie(HINT)).isNull();
  }

  @Test
  @DisplayName("a change and a logout in one request leave no hint")
  void changeThenLogout_deletesTheHint() {
    site.on(
        "/both",
        (request, response) -> {
          request.changeSessionId();
          WebSession.of(request).logout();
        });
    login();

    Browser.Answer answer = browser.get("/both");

    assertThat(hint(answer)).contains("=; Max-Age=0;");
    assertThat(browser.token()).isNull();
  }

  @ParameterizedTest
  @DisplayName(
      "a forged hint gains nothing: it costs look-ups, and affects no other client's session")
  @ValueSource(strings = {"~0~999999999999999999", "~999999999999999999~999999999999999999"})
  void forgedHint_costsLookUps(String tail) {
    login();
    on(1);
    store.forgetCalls();
    browser.get("/get");
    assertThat(store.calls()).isEmpty();

    browser.cookie(HINT, id(browser) + tail);
    for (int i = 0; i < 20; i++) {
      assertThat(browser.get("/get").body()).isEqualTo("null");
    }
    assertThat(store.calls()).hasSize(20).containsOnly("find");

    store.forgetCalls();
    Browser stranger = site.browser().cookie(HINT, id(browser) + tail);
    assertThat(stranger.get("/plain").body()).isEqualTo("plain");
    assertThat(stranger.cookie(HINT, browser.token()).get("/plain").setCookies()).isEmpty();
    assertThat(store.calls()).isEmpty();
  }

  @ParameterizedTest
  @DisplayName("I14: a hint for another session, or no hint at all, is as none")
  @ValueSource(strings = {"~0~99", "", "~", "~~", "~1~-2", "~1~99999999999999999999", "\u00ff"})
  void otherHint_isIgnored(String tail) {
    login();
    on(1);
    store.forgetCalls();

    browser.cookie(
        HINT, (tail.equals("~0~99") ? UUID.randomUUID().toString() : id(browser)) + tail);

    assertThat(browser.get("/get").body()).isEqualTo("null");
    assertThat(store.calls()).isEmpty();
  }

  @Test
  @DisplayName("planted hints neither hide the right one nor take the place of a token")
  void plantedHints_hideNothing() {
    login();
    on(0);
    browser.get("/put?value=new");
    String planted =
        (HINT + "=" + UUID.randomUUID() + "~9~9; ").repeat(3)
            + HINT
            + "="
            + browser.cookie(HINT)
            + "; __Host-session="
            + browser.token();
    on(1);

    assertThat(site.browser().send("GET", "/get", "Cookie", planted).body()).isEqualTo("new");
  }

  @Test
  @DisplayName("a hint stays in the response after a reset, and beside the application's cookies")
  void reset_keepsTheHint() {
    login();
    site.on(
        "/reset",
        (request, response) -> {
          request.changeSessionId();
          response.setHeader("Set-Cookie", "other=1");
          response.reset();
          response.addHeader("Set-Cookie", "another=2");
          response.setHeader("Cache-Control", "public, max-age=600");
        });

    Browser.Answer answer = browser.get("/reset");

    assertThat(answer.setCookies()).hasSize(3).anyMatch(one -> one.startsWith("another="));
    assertThat(hint(answer)).isNotNull();
    assertThat(answer.response().headers().allValues("Cache-Control")).containsExactly("no-store");
  }

  @Test
  @DisplayName("a change saved after the response was committed has no hint: it lags elsewhere")
  void lateChange_hasNoHint() {
    login();
    site.on(
        "/late",
        (request, response) -> {
          response.getWriter().print("x");
          response.flushBuffer();
          request.getSession().setAttribute("a", "late");
        });
    on(0);

    assertThat(hint(browser.get("/late"))).isNull();

    assertThat(browser.get("/get").body()).isEqualTo("late");
    on(1);
    assertThat(browser.get("/get").body()).isEqualTo("null");
  }

  @Test
  @DisplayName("I9: a failed save reports nothing and has no hint")
  void failedSave_hasNoHint() {
    login();
    on(0);
    store.fail("update");

    Browser.Answer answer = browser.get("/put?value=x");

    assertThat(answer.status()).isEqualTo(HttpServletResponse.SC_SERVICE_UNAVAILABLE);
    assertThat(answer.setCookies()).isEmpty();
  }

  @Test
  @DisplayName("with a token in a header, the hint is in a header, and a cookie is not read")
  void headerTransport_hasItsOwnHint() {
    site.on(
        "/login-by-header",
        (request, response) ->
            WebSession.of(request).login("bob", LoginOptions.defaults(), SessionTransport.HEADER));
    on(0);
    String token = browser.get("/login-by-header").header("Session-Token");
    String bearer = "Bearer " + token;
    on(1);
    assertThat(program(bearer, "/get").body()).isEqualTo("null");
    on(0);

    Browser.Answer change = program(bearer, "/put?value=new");

    String hint = change.header(HINT_HEADER);
    assertThat(hint).isEqualTo(token.substring(0, 36) + "~1~1");
    assertThat(change.header("Cache-Control")).isEqualTo("no-store");
    assertThat(change.setCookies()).isEmpty();
    on(1);
    assertThat(program(bearer, "/get").body()).isEqualTo("null");
    Browser withCookie = site.browser().cookie(HINT, hint);
    assertThat(withCookie.send("GET", "/get", "Authorization", bearer).body()).isEqualTo("null");
    assertThat(program(bearer, "/get", HINT_HEADER, hint).body()).isEqualTo("new");
    assertThat(program(bearer, "/get").body()).isEqualTo("new");
    Browser.Answer logout = program(bearer, "/logout", HINT_HEADER, hint);
    assertThat(logout.header(HINT_HEADER)).isEmpty();
    assertThat(logout.setCookies()).isEmpty();
  }

  private Browser.Answer program(String bearer, String path, String... hint) {
    String[] headers = new String[2 + hint.length];
    headers[0] = "Authorization";
    headers[1] = bearer;
    System.arraycopy(hint, 0, headers, 2, hint.length);
    return site.browser().send("GET", path, headers);
  }
}
