package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.event.SessionEvent;
import jakarta.servlet.http.HttpSession;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("Requests of one session at the same time")
@ParameterizedClass(name = "{0}, copies on read: {1}")
@MethodSource("stores")
class RaceTest {

  @Parameter(0)
  Container container;

  @Parameter(1)
  boolean copyOnRead;

  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final CountDownLatch slowIsIn = new CountDownLatch(1);
  private final CountDownLatch slowMayGoOn = new CountDownLatch(1);
  private Site site;
  private Browser browser;

  static Stream<Arguments> stores() {
    return Stream.of(Container.values())
        .flatMap(container -> Stream.of(false, true).map(copy -> Arguments.of(container, copy)));
  }

  /** What a slow request does when it is let go on. */
  private volatile Handler slow = (request, response) -> {};

  @BeforeEach
  void start() {
    site =
        new Site(container, copyOnRead, UnaryOperator.identity(), UnaryOperator.identity())
            .on(
                "/begin",
                (request, response) -> {
                  request.getSession().setAttribute("a", "1");
                  WebSession.of(request).login("alice");
                })
            .on(
                "/slow",
                (request, response) -> {
                  slowIsIn.countDown();
                  assertThat(slowMayGoOn.await(60, TimeUnit.SECONDS)).isTrue();
                  slow.handle(request, response);
                })
            .on(
                "/logout-everywhere",
                (request, response) -> WebSession.of(request).logoutEverywhere())
            .on("/renew", (request, response) -> request.changeSessionId())
            .on("/login-bob", (request, response) -> WebSession.of(request).login("bob"));
    browser = site.browser();
  }

  @AfterEach
  void stop() {
    threads.shutdownNow();
    site.close();
  }

  /** Sends the slow request with the cookie as it is now, and lets it go on after the action. */
  private Browser.Answer slowAround(Runnable action) throws Exception {
    Browser slowBrowser = site.browser();
    if (browser.token() != null) {
      slowBrowser.token(browser.token());
    }
    Future<Browser.Answer> answer = threads.submit(() -> slowBrowser.get("/slow"));
    assertThat(slowIsIn.await(60, TimeUnit.SECONDS)).isTrue();
    action.run();
    slowMayGoOn.countDown();
    return answer.get(60, TimeUnit.SECONDS);
  }

  @ParameterizedTest
  @DisplayName("I2, F6, F8: a request in flight brings back nothing that was logged out")
  @ValueSource(strings = {"/logout", "/logout-everywhere"})
  void logout_isFinal(String path) throws Exception {
    browser.get("/begin");
    String token = browser.token();
    slow = (request, response) -> request.getSession().setAttribute("late", "1");

    Browser.Answer late = slowAround(() -> browser.get(path));

    assertThat(late.status()).isEqualTo(200);
    assertThat(late.setCookies()).isEmpty();
    assertThat(site.stored(token)).isNull();
    assertThat(site.browser().token(token).get("/me").body()).isEqualTo("nobody");
    assertThat(site.events).anyMatch(event -> event instanceof SessionEvent.WriteDropped);
  }

  @Test
  @DisplayName("I2: what ended stays so for what the late request does next, too")
  void logout_isFinal_afterAnEarlySave() throws Exception {
    browser.get("/begin");
    String token = browser.token();
    List<Object> seen = new ArrayList<>();
    slow =
        (request, response) -> {
          HttpSession session = request.getSession();
          session.setAttribute("late", "1");
          response.flushBuffer();
          seen.add(request.getSession(false));
          seen.add(request.getUserPrincipal());
          seen.add(request.isRequestedSessionIdValid());
        };

    Browser.Answer late = slowAround(() -> browser.get("/logout"));

    assertThat(late.status()).isEqualTo(200);
    assertThat(seen).containsExactly(null, null, false);
    assertThat(site.stored(token)).isNull();
  }

  @Test
  @DisplayName(
      "C3: a removal wins over what was set before it, though the request did not see that")
  void removal_afterASet_wins() throws Exception {
    site.on("/set-x", (request, response) -> request.getSession().setAttribute("x", "1"));
    browser.get("/begin");
    slow = (request, response) -> request.getSession().removeAttribute("x");

    slowAround(() -> browser.get("/set-x"));

    assertThat(site.stored(browser.token()).attributes()).containsOnlyKeys("a");
  }

  @Test
  @DisplayName("F7: a session that begins after the logout is new and belongs to no user")
  void sessionAfterLogout_isNew() throws Exception {
    browser.get("/begin");
    String token = browser.token();
    site.filters(SessionFilter.builder(site.manager).lazy(true).build());
    slow =
        (request, response) -> {
          request.getSession().setAttribute("late", "1");
          response.getWriter().print(WebSession.of(request).principal().orElse("nobody"));
        };

    Browser.Answer late = slowAround(() -> browser.get("/logout"));

    assertThat(late.body()).isEqualTo("nobody");
    assertThat(late.setCookie()).doesNotContain(token.substring(0, 36));
    assertThat(site.stored(token)).isNull();
  }

  @ParameterizedTest
  @DisplayName("I3, I4: after a renewal or a login of another user, a late write is dropped")
  @ValueSource(strings = {"/renew", "/login-bob"})
  void rekeyed_dropsLateWrites(String path) throws Exception {
    browser.get("/begin");
    slow = (request, response) -> request.getSession().setAttribute("late", "1");

    Browser.Answer late = slowAround(() -> browser.get(path));

    assertThat(late.status()).isEqualTo(200);
    assertThat(late.setCookies()).isEmpty();
    assertThat(site.stored(browser.token()).attributes()).doesNotContainKey("late");
    assertThat(browser.get("/me").body()).isEqualTo(path.equals("/renew") ? "alice" : "bob");
  }

  @Test
  @DisplayName("I8: a request whose session was taken over cannot overwrite the newer cookie")
  void rekeyed_getsAnEphemeralSession() throws Exception {
    browser.get("/begin");
    slow =
        (request, response) -> {
          request.getSession().setAttribute("late", "1");
          // So much is saved early; only Tomcat has not committed it then.
          response.getOutputStream().write(new byte[response.getBufferSize() / 3]);
          if (!response.isCommitted()) {
            assertThat(request.getSession(false)).isNull();
            request.getSession().setAttribute("later", "2");
            assertThat(request.getSession().getAttribute("later")).isEqualTo("2");
          }
        };

    Browser.Answer late = slowAround(() -> browser.get("/renew"));

    assertThat(late.status()).isEqualTo(200);
    assertThat(late.setCookies()).isEmpty();
    assertThat(browser.get("/me").body()).isEqualTo("alice");
  }

  @Test
  @DisplayName(
      "I3, F20: a client that polls with the old token is never admitted, during or after a login")
  void login_admitsNoOtherClient() throws Exception {
    site.on("/anonymous", (request, response) -> request.getSession().setAttribute("a", "1"));
    browser.get("/anonymous");
    String planted = browser.token();
    slow = (request, response) -> WebSession.of(request).login("alice");

    Browser attacker = site.browser().token(planted);
    Browser.Answer login =
        slowAround(() -> assertThat(attacker.get("/me").body()).isEqualTo("nobody"));

    assertThat(login.setCookies()).hasSize(1);
    for (int i = 0; i < 20; i++) {
      assertThat(attacker.get("/me").body()).isEqualTo("nobody");
    }
  }

  @Test
  @DisplayName("I4, F25: two requests that set different attributes keep both")
  void differentAttributes_bothSurvive() throws Exception {
    browser.get("/begin");
    site.on("/set-b", (request, response) -> request.getSession().setAttribute("b", "2"));
    slow = (request, response) -> request.getSession().setAttribute("c", "3");

    Browser.Answer late = slowAround(() -> browser.get("/set-b"));

    assertThat(late.status()).isEqualTo(200);
    assertThat(site.stored(browser.token()).attributes()).containsOnlyKeys("a", "b", "c");
  }

  @Test
  @DisplayName("I4: a login of the same principal again merges what others write")
  void reauthentication_merges() throws Exception {
    browser.get("/begin");
    slow = (request, response) -> request.getSession().setAttribute("c", "3");

    slowAround(() -> browser.get("/login"));

    assertThat(site.stored(browser.token()).attributes()).containsOnlyKeys("a", "c");
    assertThat(browser.get("/me").body()).isEqualTo("alice");
  }

  @Test
  @DisplayName("F24: thirty requests with one unknown cookie get thirty sessions")
  void unknownCookie_atOnce() throws Exception {
    site.on("/set", (request, response) -> request.getSession().setAttribute("a", "1"));
    String unknown = "01940000-0000-7000-8000-000000000000." + "A".repeat(43);
    Set<String> tokens = ConcurrentHashMap.newKeySet();

    atOnce(
        30,
        () -> {
          Browser one = site.browser().token(unknown);
          assertThat(one.get("/set").status()).isEqualTo(200);
          tokens.add(one.token());
          return null;
        });

    assertThat(tokens).hasSize(30).doesNotContain(unknown);
  }

  @Test
  @DisplayName("I3: of twenty logins at once with one cookie each gets its own token, and all work")
  void logins_atOnce() throws Exception {
    site.on("/anonymous", (request, response) -> request.getSession().setAttribute("a", "1"));
    browser.get("/anonymous");
    String planted = browser.token();
    List<String> tokens = new java.util.concurrent.CopyOnWriteArrayList<>();

    atOnce(
        20,
        () -> {
          Browser one = site.browser().token(planted);
          Browser.Answer answer = one.get("/login");
          assertThat(answer.status()).isEqualTo(200);
          tokens.add(one.token());
          return null;
        });

    assertThat(tokens).hasSize(20).doesNotHaveDuplicates().doesNotContain(planted);
    assertThat(site.browser().token(planted).get("/me").body()).isEqualTo("nobody");
    assertThat(tokens.stream().filter(t -> t.startsWith(planted.substring(0, 36))))
        .as("who keeps the id")
        .hasSizeLessThanOrEqualTo(1);
    for (String token : tokens) {
      assertThat(site.browser().token(token).get("/me").body()).isEqualTo("alice");
    }
  }

  @Test
  @DisplayName(
      "I2, F12: a logout of a session is final, even if its secret is changed at the same time")
  void renewAgainstLogout() throws Exception {
    site.on(
        "/logout",
        (request, response) -> {
          boolean isLoggedIn = WebSession.of(request).isLoggedIn();
          WebSession.of(request).logout();
          response.getWriter().print(isLoggedIn);
        });
    int logouts = 0;
    for (int round = 0; round < 100; round++) {
      Browser one = site.browser();
      one.get("/begin");
      String token = one.token();
      Browser renews = site.browser().token(token);
      Browser ends = site.browser().token(token);
      CyclicBarrier barrier = new CyclicBarrier(2);
      Future<Browser.Answer> renewal =
          threads.submit(
              () -> {
                barrier.await(60, TimeUnit.SECONDS);
                return renews.get("/renew");
              });
      barrier.await(60, TimeUnit.SECONDS);
      boolean wasLoggedOut = ends.get("/logout").body().equals("true");
      renewal.get(60, TimeUnit.SECONDS);

      assertThat(site.browser().token(token).get("/me").body()).isEqualTo("nobody");
      if (wasLoggedOut) {
        logouts++;
        assertThat(site.stored(token)).isNull();
        assertThat(site.browser().token(renews.token()).get("/me").body()).isEqualTo("nobody");
      }
    }
    assertThat(logouts).isPositive();
  }

  @Test
  @DisplayName(
      "I5, F29: a client that follows the redirect of a login is logged in, however slow the store is")
  void redirect_findsTheLogin() {
    site.on(
        "/login-and-redirect",
        (request, response) -> {
          WebSession.of(request).login("alice");
          request.getSession().setAttribute("a", "1");
          response.sendRedirect("/me");
        });
    for (int round = 0; round < 300; round++) {
      Browser one = site.browser();
      one.get("/login-and-redirect");
      assertThat(one.get("/me").body()).isEqualTo("alice");
      assertThat(site.stored(one.token()).attributes()).containsOnlyKeys("a");
    }
  }

  private void atOnce(int number, Callable<Void> action) throws Exception {
    CyclicBarrier barrier = new CyclicBarrier(number);
    List<Future<Void>> results = new ArrayList<>();
    for (int i = 0; i < number; i++) {
      results.add(
          threads.submit(
              () -> {
                barrier.await(60, TimeUnit.SECONDS);
                return action.call();
              }));
    }
    for (Future<Void> result : results) {
      result.get(60, TimeUnit.SECONDS);
    }
  }
}
