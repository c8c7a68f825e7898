package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.servlet.http.HttpSession;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
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

/** A request that is held open, by whoever sends its body slowly, ends nothing of others. */
@DisplayName("I17: a request that began before a login or a revocation ends nothing of what came")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class LateRequestTest {

  @Parameter Container container;

  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final CountDownLatch isIn = new CountDownLatch(1);
  private final CountDownLatch mayGoOn = new CountDownLatch(1);
  private Site site;

  @BeforeEach
  void start() {
    site =
        new Site(container)
            .on("/everywhere", (request, response) -> WebSession.of(request).logoutEverywhere())
            .on(
                "/slow",
                (request, response) -> {
                  HttpSession session = request.getSession(false);
                  WebSession web = WebSession.of(request);
                  isIn.countDown();
                  assertThat(mayGoOn.await(60, TimeUnit.SECONDS)).isTrue();
                  switch (request.getParameter("does")) {
                    case "logout" -> web.logout();
                    case "invalidate" -> session.invalidate();
                    case "others" -> response.getWriter().print(web.logoutOthers());
                    case "everywhere" -> response.getWriter().print(web.logoutEverywhere());
                    default -> response.getWriter().print(web.revoke(request.getParameter("does")));
                  }
                });
  }

  @AfterEach
  void stop() {
    mayGoOn.countDown();
    threads.shutdownNow();
    site.close();
  }

  private Future<Browser.Answer> slow(String token, String does) throws InterruptedException {
    Browser browser = site.browser().token(token);
    Future<Browser.Answer> answer = threads.submit(() -> browser.get("/slow?does=" + does));
    assertThat(isIn.await(60, TimeUnit.SECONDS)).isTrue();
    return answer;
  }

  @ParameterizedTest
  @ValueSource(strings = {"logout", "invalidate"})
  @DisplayName("a client that planted an anonymous session cannot end the login in it")
  void anonymousRequest_doesNotEndTheLogin(String does) throws Exception {
    Browser attacker = site.browser();
    attacker.get("/begin");
    Browser victim = site.browser().token(attacker.token());
    Future<Browser.Answer> late = slow(attacker.token(), does);
    victim.get("/login");
    site.clock.advance(Duration.ofSeconds(1));

    mayGoOn.countDown();

    Browser.Answer answer = late.get(60, TimeUnit.SECONDS);
    assertThat(answer.status()).isEqualTo(200);
    // It may be the victim's own browser, which has the login's cookie by now.
    assertThat(answer.setCookies()).isEmpty();
    assertThat(victim.get("/me").body()).isEqualTo("alice");
  }

  @Test
  @DisplayName("F12: an anonymous session without a login is ended")
  void anonymousRequest_endsItsOwn() throws Exception {
    Browser browser = site.browser();
    browser.get("/begin");
    Future<Browser.Answer> late = slow(browser.token(), "invalidate");
    site.clock.advance(Duration.ofSeconds(1));

    mayGoOn.countDown();

    late.get(60, TimeUnit.SECONDS);
    assertThat(site.stored(browser.token())).isNull();
  }

  @ParameterizedTest
  @ValueSource(strings = {"others", "everywhere"})
  @DisplayName("a client that was logged out cannot end what the owner begins afterwards")
  void revokedRequest_endsNothing(String does) throws Exception {
    Browser owner = site.browser();
    owner.get("/login");
    Future<Browser.Answer> late = slow(owner.token(), does);
    owner.get("/everywhere");
    owner.get("/login");
    site.clock.advance(Duration.ofSeconds(1));

    mayGoOn.countDown();

    assertThat(late.get(60, TimeUnit.SECONDS).body()).isEqualTo("0");
    assertThat(owner.get("/me").body()).isEqualTo("alice");
  }

  @Test
  @DisplayName(
      "a client that was logged out cannot end one session that the owner begins afterwards")
  void revokedRequest_revokesNothing() throws Exception {
    Browser owner = site.browser();
    owner.get("/login");
    Browser second = site.browser();
    second.get("/login");
    String id = site.stored(second.token()).id().toString();
    Future<Browser.Answer> late = slow(owner.token(), id);
    assertThat(site.manager.revoke(site.stored(owner.token()).id())).isTrue();
    site.clock.advance(Duration.ofSeconds(1));

    mayGoOn.countDown();

    assertThat(late.get(60, TimeUnit.SECONDS).body()).isEqualTo("false");
    assertThat(second.get("/me").body()).isEqualTo("alice");
  }
}
