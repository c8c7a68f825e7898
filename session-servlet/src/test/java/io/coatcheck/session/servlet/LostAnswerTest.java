package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.store.WhenFull;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpSession;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A login page that keeps a token against forgery in the session, as frameworks do, and a browser
 * that loses the answer of a login: by a double click, or with the connection.
 */
@DisplayName("F3: a login whose response is lost locks no user out")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class LostAnswerTest {

  @Parameter Container container;

  private final ExecutorService threads = Executors.newCachedThreadPool();

  /** Where both logins of a double click wait until the other one has read the session. */
  private volatile CyclicBarrier bothAreIn = new CyclicBarrier(1);

  private Site site;
  private Browser browser;

  @BeforeEach
  void start() {
    site =
        new Site(container)
            .on("/form", this::form)
            .on("/login", this::login)
            .on("/put", (request, response) -> request.getSession().setAttribute("a", "1"))
            .on("/me", (request, response) -> response.getWriter().print(user(request)));
    browser = site.browser();
  }

  @AfterEach
  void stop() {
    threads.shutdownNow();
    site.close();
  }

  /** Gives the form a token. */
  private void form(HttpServletRequest request, HttpServletResponse response) throws IOException {
    HttpSession session = request.getSession();
    Object csrf = session.getAttribute("csrf");
    if (csrf == null) {
      csrf = UUID.randomUUID().toString();
      session.setAttribute("csrf", csrf);
    }
    response.getWriter().print(csrf);
  }

  /** Logs in as a framework does, or as we advise, if the form has its token. */
  private void login(HttpServletRequest request, HttpServletResponse response) throws Exception {
    HttpSession session = request.getSession(false);
    Object csrf = session == null ? null : session.getAttribute("csrf");
    bothAreIn.await(60, TimeUnit.SECONDS);
    if (csrf == null || !csrf.equals(request.getParameter("csrf"))) {
      response.sendError(HttpServletResponse.SC_FORBIDDEN);
    } else if (request.getParameter("by").equals("WebSession")) {
      WebSession.of(request).login("alice");
    } else {
      String id = request.changeSessionId();
      assertThat(id).isEqualTo(request.getSession().getId());
      request.getSession().setAttribute("user", "alice");
    }
  }

  private static String user(HttpServletRequest request) {
    HttpSession session = request.getSession(false);
    Object framework = session == null ? null : session.getAttribute("user");
    return framework != null ? "alice" : WebSession.of(request).principal().orElse("nobody");
  }

  private static Browser.Answer navigate(Browser client, String path) {
    return client.send(
        "GET",
        path,
        "Sec-Fetch-Mode",
        "navigate",
        "Sec-Fetch-Dest",
        "document",
        "Sec-Fetch-Site",
        "same-origin");
  }

  private String path(String by, String csrf) {
    return "/login?by=" + by + "&csrf=" + csrf;
  }

  private void assertSingleClickLogsIn(String by) {
    String csrf = navigate(browser, "/form").body();
    assertThat(navigate(browser, path(by, csrf)).status()).isEqualTo(200);
    assertThat(browser.get("/me").body()).isEqualTo("alice");
  }

  @ParameterizedTest
  @ValueSource(strings = {"WebSession", "changeSessionId"})
  @DisplayName("F3: the answer is lost with the connection; the next attempt logs in at once")
  void lostAnswer_nextLoginWorks(String by) {
    String csrf = navigate(browser, "/form").body();
    String before = browser.token();
    navigate(site.browser().token(before), path(by, csrf));

    assertThat(browser.token()).isEqualTo(before);
    assertThat(navigate(browser, "/me").body()).isEqualTo("nobody");
    assertSingleClickLogsIn(by);
  }

  @ParameterizedTest
  @ValueSource(strings = {"WebSession", "changeSessionId"})
  @DisplayName("F3: a double click, of which the browser drops the first answer or both")
  void doubleClick_nextLoginWorks(String by) throws Exception {
    for (boolean takesSecond : new boolean[] {true, false}) {
      browser = site.browser();
      String csrf = navigate(browser, "/form").body();
      String before = browser.token();
      bothAreIn = new CyclicBarrier(2);
      Browser first = site.browser().token(before);
      Browser second = site.browser().token(before);
      Future<Browser.Answer> one = threads.submit(() -> navigate(first, path(by, csrf)));
      Future<Browser.Answer> other = threads.submit(() -> navigate(second, path(by, csrf)));

      assertThat(one.get(60, TimeUnit.SECONDS).status()).isEqualTo(200);
      assertThat(other.get(60, TimeUnit.SECONDS).status()).isEqualTo(200);

      bothAreIn = new CyclicBarrier(1);
      if (takesSecond && second.token() != null) {
        browser.token(second.token());
      }
      assertSingleClickLogsIn(by);
    }
  }

  @Test
  @DisplayName("F3: a program is admitted again after five seconds")
  void noNavigation_waitsFiveSeconds() {
    String csrf = browser.get("/form").body();
    String before = browser.token();
    site.browser().token(before).get(path("WebSession", csrf));

    assertThat(browser.get("/put").setCookies()).isEmpty();
    site.clock.advance(Duration.ofSeconds(5).minusMillis(1));
    assertThat(browser.get("/put").setCookies()).isEmpty();
    site.clock.advance(Duration.ofMillis(1));
    assertThat(browser.get("/put").setCookies()).hasSize(1);
  }

  @ParameterizedTest(name = "{0}")
  @ValueSource(
      strings = {
        "Sec-Fetch-Mode: cors",
        "Sec-Fetch-Mode: no-cors",
        "Sec-Fetch-Mode: navigate, Sec-Fetch-Dest: iframe",
        "Sec-Fetch-Mode: navigate, Sec-Fetch-Site: cross-site",
        "Sec-Fetch-Mode: navigate, Sec-Fetch-Site: same-site",
        "Sec-Fetch-Mode: navigate, Sec-Purpose: prefetch",
        "Accept: text/html, X-Requested-With: XMLHttpRequest",
      })
  @DisplayName("I8: what may have been under way puts no cookie over the newer one")
  void otherRequests_areGuarded(String headers) {
    String csrf = browser.get("/form").body();
    String before = browser.token();
    browser.get(path("WebSession", csrf));

    Browser.Answer late =
        site.browser().token(before).send("GET", "/put", headers.split("(: |, )", -1));

    assertThat(late.status()).isEqualTo(200);
    assertThat(late.setCookies()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 5, 120})
  @DisplayName("I8: a navigation that was under way does not either, however long it takes")
  void underWay_isGuarded(int seconds) throws Exception {
    CountDownLatch isIn = new CountDownLatch(1);
    CountDownLatch mayGoOn = new CountDownLatch(1);
    site.on(
        "/slow-and-anew",
        (request, response) -> {
          isIn.countDown();
          assertThat(mayGoOn.await(60, TimeUnit.SECONDS)).isTrue();
          request.changeSessionId();
          request.getSession().setAttribute("late", "1");
        });
    String csrf = browser.get("/form").body();
    String before = browser.token();
    Browser slow = site.browser().token(before);
    Future<Browser.Answer> late = threads.submit(() -> navigate(slow, "/slow-and-anew"));
    assertThat(isIn.await(60, TimeUnit.SECONDS)).isTrue();
    browser.get(path("WebSession", csrf));
    site.clock.advance(Duration.ofSeconds(seconds));

    mayGoOn.countDown();

    Browser.Answer answer = late.get(60, TimeUnit.SECONDS);
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.setCookies()).isEmpty();
    assertThat(browser.get("/me").body()).isEqualTo("alice");
  }

  // F7: what the client presents is not asked for on each page.

  @ParameterizedTest
  @ValueSource(strings = {"expired", "unknown", "superseded"})
  @DisplayName(
      "F7: a session that begins in place of a dead token deletes that token, without a row")
  void deadToken_isTakenAway(String kind) {
    site.on(
        "/page",
        (request, response) -> {
          // As Spring Security's invalidSessionUrl does it.
          if (request.getRequestedSessionId() != null && !request.isRequestedSessionIdValid()) {
            request.getSession();
            response.sendRedirect("/page");
          } else {
            response.getWriter().print("page");
          }
        });
    present(kind);
    site.store.forgetCalls();

    Browser.Answer first = navigate(browser, "/page");

    assertThat(first.status()).isEqualTo(302);
    assertThat(first.setCookie()).contains("Max-Age=0");
    assertThat(first.header("Cache-Control")).isEqualTo("no-store");
    assertThat(site.store.calls()).doesNotContain("insert");
    assertThat(navigate(browser, "/page").body()).isEqualTo("page");
  }

  private void present(String kind) {
    browser.get("/put");
    switch (kind) {
      case "expired" -> site.clock.advance(Duration.ofHours(13));
      case "unknown" -> site.manager.revoke(site.stored(browser.token()).id());
      default -> {
        site.on("/renew", (request, response) -> request.changeSessionId());
        site.browser().token(browser.token()).get("/renew");
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"expired", "unknown"})
  @DisplayName("F7, I8: what is stored takes its place, and a look takes nothing away")
  void deadToken_isReplaced(String kind) {
    present(kind);
    assertThat(browser.get("/me").setCookies()).isEmpty();

    assertThat(browser.get("/put").setCookie()).doesNotContain("Max-Age=0");
    assertThat(site.stored(browser.token())).isNotNull();
  }

  @Test
  @DisplayName("F7, I8: a request whose session has ended takes no newer cookie away")
  void sessionThatEndsMeanwhile_takesNothingAway() {
    site.on(
        "/ends",
        (request, response) -> {
          request.getSession().getAttribute("a");
          site.manager.revoke(WebSession.of(request).id().orElseThrow());
          request.getSession().setAttribute("b", "2");
          response.getOutputStream().write(new byte[response.getBufferSize() / 3]);
          if (!response.isCommitted()) {
            request.getSession();
          }
        });
    browser.get("/put");

    assertThat(browser.get("/ends").setCookies()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Sec-Fetch-Mode: cors",
        "Sec-Fetch-Mode: no-cors",
        "X-Requested-With: XMLHttpRequest"
      })
  @DisplayName("F7, I8: nor what a page asks for while its user logs in")
  void subresource_takesNoNewerCookieAway(String header) throws Exception {
    CountDownLatch isIn = new CountDownLatch(1);
    CountDownLatch mayGoOn = new CountDownLatch(1);
    site.on(
        "/poll",
        (request, response) -> {
          isIn.countDown();
          mayGoOn.await(60, TimeUnit.SECONDS);
          response.getWriter().print(request.getSession().getAttribute("a"));
        });
    present("expired");
    String[] nameAndValue = header.split(": ", 2);
    Future<Browser.Answer> poll =
        threads.submit(
            () ->
                site.browser()
                    .token(browser.token())
                    .send("GET", "/poll", nameAndValue[0], nameAndValue[1]));
    assertThat(isIn.await(60, TimeUnit.SECONDS)).isTrue();
    browser.get("/put");

    mayGoOn.countDown();

    Browser.Answer answer = poll.get(60, TimeUnit.SECONDS);
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.setCookies()).isEmpty();
  }

  @Test
  @DisplayName("I8: of two logins at once, one that the limit refuses takes no cookie away")
  void doubleClick_atTheLimit_takesNothingAway() throws Exception {
    SessionManager one =
        SessionManager.builder(site.store)
            .clock(site.clock)
            .cleanUpInterval(Duration.ZERO)
            .sessionsPerPrincipal(1, WhenFull.REFUSE_NEWCOMER)
            .build();
    site.filters(SessionFilter.builder(one).build());
    String csrf = browser.get("/form").body();
    Browser other = site.browser().token(browser.token());
    bothAreIn = new CyclicBarrier(2);

    Future<Browser.Answer> first = threads.submit(() -> browser.get(path("WebSession", csrf)));
    Future<Browser.Answer> second = threads.submit(() -> other.get(path("WebSession", csrf)));

    List<String> cookies = new ArrayList<>(first.get(60, TimeUnit.SECONDS).setCookies());
    cookies.addAll(second.get(60, TimeUnit.SECONDS).setCookies());
    assertThat(cookies).hasSize(1).noneMatch(cookie -> cookie.contains("Max-Age=0"));
    assertThat(List.of(browser.get("/me").body(), other.get("/me").body())).contains("alice");
  }

  @Test
  @DisplayName("F7: of two live tokens none is taken away: the other one would be admitted")
  void ambiguous_isLeftAlone() throws IOException {
    browser.get("/put");
    Browser other = site.browser();
    other.get("/put");
    site.on("/begin", (request, response) -> request.getSession());
    try (RawClient client = new RawClient(site.port())) {
      String both = "__Host-session=" + browser.token() + "; __Host-session=" + other.token();
      assertThat(client.get("/begin", "Cookie: " + both)).doesNotContain("Set-Cookie");
    }
  }
}
