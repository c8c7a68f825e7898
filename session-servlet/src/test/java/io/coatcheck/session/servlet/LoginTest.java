package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.LoginOptions;
import io.coatcheck.session.event.SessionEvent;
import io.coatcheck.session.store.WhenFull;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

@DisplayName("Logging in and out, and the other devices")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class LoginTest {

  @Parameter Container container;

  @AutoClose private Site site;
  private Browser browser;

  @BeforeEach
  void start() {
    open(UnaryOperator.identity(), UnaryOperator.identity());
  }

  private void open(
      UnaryOperator<io.coatcheck.session.SessionManagerBuilder> managerOptions,
      UnaryOperator<SessionFilterBuilder> filterOptions) {
    if (site != null) {
      site.close();
    }
    site =
        new Site(container, true, managerOptions, filterOptions)
            .on(
                "/login",
                (request, response) ->
                    response
                        .getWriter()
                        .print(
                            WebSession.of(request)
                                .login(
                                    request.getParameter("as") == null
                                        ? "alice"
                                        : request.getParameter("as"))))
            .on("/set", (request, response) -> request.getSession().setAttribute("a", "1"))
            .on(
                "/devices",
                (request, response) -> {
                  for (OwnSession device : WebSession.of(request).sessions()) {
                    response
                        .getWriter()
                        .println(
                            device.info().id()
                                + " "
                                + device.isCurrent()
                                + " "
                                + device.info().clientAddress().orElse("-")
                                + " "
                                + device.info().userAgent().orElse("-"));
                  }
                })
            .on(
                "/revoke",
                (request, response) ->
                    response
                        .getWriter()
                        .print(WebSession.of(request).revoke(request.getParameter("id"))))
            .on(
                "/logout-others",
                (request, response) ->
                    response.getWriter().print(WebSession.of(request).logoutOthers()))
            .on(
                "/logout-everywhere",
                (request, response) ->
                    response.getWriter().print(WebSession.of(request).logoutEverywhere()));
    browser = site.browser();
  }

  private Browser loggedIn(String principal) {
    Browser other = site.browser();
    assertThat(other.get("/login?as=" + principal).body()).isEqualTo("LOGGED_IN");
    return other;
  }

  private static String idOf(Browser browser) {
    return browser.token().substring(0, 36);
  }

  @Test
  @DisplayName(
      "I3, F19: each login, and each again, kills the token from before and keeps the attributes")
  void login_rotates() {
    browser.get("/set");
    String first = browser.token();
    browser.get("/login");
    String second = browser.token();
    browser.get("/login");

    assertThat(List.of(first, second, browser.token())).doesNotHaveDuplicates();
    assertThat(site.browser().token(first).get("/me").body()).isEqualTo("nobody");
    assertThat(site.browser().token(second).get("/me").body()).isEqualTo("nobody");
    assertThat(browser.get("/me").body()).isEqualTo("alice");
    assertThat(site.stored(browser.token()).attributes()).containsOnlyKeys("a");
  }

  @Test
  @DisplayName("logging in as another user ends the previous session and carries nothing over")
  void loginAsAnother_startsAfresh() {
    browser.get("/login");
    browser.get("/set");
    String before = browser.token();

    Browser.Answer answer = browser.get("/login?as=bob");

    assertThat(answer.setCookies()).hasSize(1);
    assertThat(idOf(browser)).isNotEqualTo(before.substring(0, 36));
    assertThat(site.stored(before)).isNull();
    assertThat(site.stored(browser.token()).attributes()).isEmpty();
    assertThat(browser.get("/me").body()).isEqualTo("bob");
  }

  @Test
  @DisplayName("what a session object shows after the login is what is stored")
  void sessionObject_followsTheLogin() {
    site.on(
        "/",
        (request, response) -> {
          var session = request.getSession();
          session.setAttribute("a", "1");
          String before = session.getId();
          WebSession.of(request).login("alice");
          assertThat(request.getSession()).isSameAs(session);
          assertThat(session.getId()).isNotEqualTo(before);
          assertThat(request.getUserPrincipal().getName()).isEqualTo("alice");
          assertThat(request.getRemoteUser()).isEqualTo("alice");
          assertThat(request.getAuthType()).isNotNull();
          WebSession.of(request).login("bob");
          assertThat(request.getSession()).isNotSameAs(session);
          assertThat(request.getSession().getAttribute("a")).isNull();
          assertThatThrownBy(() -> session.getAttribute("a"))
              .isInstanceOf(IllegalStateException.class);
        });

    assertThat(browser.get("/").status()).isEqualTo(200);
  }

  @Test
  @DisplayName("after the commit no user is logged in, and nothing is stored")
  void loginAfterCommit_isRefused() {
    site.on(
        "/",
        (request, response) -> {
          response.flushBuffer();
          assertThatThrownBy(() -> WebSession.of(request).login("alice"))
              .isInstanceOf(IllegalStateException.class)
              .hasMessageContaining("committed");
          response.getWriter().print("refused");
        });

    assertThat(browser.get("/").body()).isEqualTo("refused");
    assertThat(site.store.calls()).isEmpty();
  }

  @Test
  @DisplayName("I11: a principal that cannot be is refused before anything is done")
  void badPrincipal_isRefused() {
    browser.get("/login");
    String token = browser.token();
    site.on(
        "/",
        (request, response) -> {
          assertThatThrownBy(() -> WebSession.of(request).login("a\0b"))
              .isInstanceOf(IllegalArgumentException.class);
          assertThatThrownBy(() -> WebSession.of(request).login(null))
              .isInstanceOf(NullPointerException.class)
              .hasMessage("principal must not be null");
        });

    assertThat(browser.get("/").status()).isEqualTo(200);
    assertThat(browser.token()).isEqualTo(token);
    assertThat(browser.get("/me").body()).isEqualTo("alice");
  }

  @Test
  void limitReached_isAValue_andLogsNoUserIn() {
    open(
        builder -> builder.sessionsPerPrincipal(1, WhenFull.REFUSE_NEWCOMER),
        UnaryOperator.identity());
    loggedIn("alice");

    assertThat(browser.get("/login").body()).isEqualTo("LIMIT_REACHED");
    assertThat(browser.token()).isNull();
    loggedIn("bob");
    Browser other = loggedIn("carol");
    assertThat(other.get("/login?as=alice").body()).isEqualTo("LIMIT_REACHED");
    assertThat(other.token()).as("carol was logged out first").isNull();
  }

  @Test
  void conditionThatNoLongerHolds_isAValue_andLogsNoUserIn() {
    site.on(
        "/race",
        (request, response) ->
            response
                .getWriter()
                .print(
                    WebSession.of(request)
                        .login("alice", LoginOptions.builder().validIf(() -> false).build())));
    browser.get("/set");

    assertThat(browser.get("/race").body()).isEqualTo("NO_LONGER_VALID");
    assertThat(browser.token()).isNull();
    assertThat(browser.get("/me").body()).isEqualTo("nobody");
  }

  @Test
  void devices_areListedWithTheClient() {
    browser.send("GET", "/login", "User-Agent", "first \u0085agent");
    Browser second = loggedIn("alice");
    loggedIn("bob");

    String list = second.get("/devices").body();

    assertThat(list.lines()).hasSize(2);
    assertThat(list).contains(idOf(second) + " true 127.0.0.1 ");
    assertThat(list).containsPattern(idOf(browser) + " false 127.0.0.1 first .*agent");
    assertThat(list).doesNotContain(second.token().substring(37));
    assertThat(site.browser().get("/devices").body()).isEmpty();
  }

  @Test
  void recordClient_canBeSwitchedOff() {
    open(UnaryOperator.identity(), builder -> builder.recordClient(false));
    browser.get("/login");

    assertThat(browser.get("/devices").body().strip()).isEqualTo(idOf(browser) + " true - -");
  }

  @Test
  @DisplayName("a revoked device is refused on its next request")
  void revoke_endsAnotherDevice() {
    browser.get("/login");
    Browser second = loggedIn("alice");

    assertThat(browser.get("/revoke?id=" + idOf(second)).body()).isEqualTo("true");

    assertThat(second.get("/me").body()).isEqualTo("nobody");
    assertThat(browser.get("/me").body()).isEqualTo("alice");
    assertThat(browser.get("/revoke?id=" + idOf(second)).body()).isEqualTo("false");
  }

  @Test
  @DisplayName("I17: a user revokes own sessions only, and cannot tell foreign from absent ones")
  void revoke_isScoped() {
    browser.get("/login");
    Browser bob = loggedIn("bob");

    for (String id :
        List.of(idOf(bob), "01940000-0000-7000-8000-000000000000", "x", "", bob.token())) {
      Browser.Answer answer = browser.get("/revoke?id=" + id);
      assertThat(answer.status()).isEqualTo(200);
      assertThat(answer.body()).isEqualTo("false");
      assertThat(answer.setCookies()).isEmpty();
    }
    assertThat(site.browser().get("/revoke?id=" + idOf(bob)).body()).isEqualTo("false");
    assertThat(bob.get("/me").body()).isEqualTo("bob");
  }

  @Test
  void revokeOfOwnSession_isALogout() {
    browser.get("/login");

    Browser.Answer answer = browser.get("/revoke?id=" + idOf(browser));

    assertThat(answer.body()).isEqualTo("true");
    assertThat(answer.setCookie()).startsWith("__Host-session=; Max-Age=0;");
    assertThat(browser.token()).isNull();
  }

  @Test
  void logoutOthers_sparesThisOne() {
    browser.get("/login");
    Browser second = loggedIn("alice");
    Browser bob = loggedIn("bob");

    assertThat(browser.get("/logout-others").body()).isEqualTo("1");

    assertThat(browser.get("/me").body()).isEqualTo("alice");
    assertThat(second.get("/me").body()).isEqualTo("nobody");
    assertThat(bob.get("/me").body()).isEqualTo("bob");
    assertThat(site.browser().get("/logout-others").body()).isEqualTo("0");
  }

  @Test
  void logoutEverywhere_sparesNone() {
    browser.get("/login");
    Browser second = loggedIn("alice");

    Browser.Answer answer = browser.get("/logout-everywhere");

    assertThat(answer.body()).isEqualTo("2");
    assertThat(answer.setCookie()).startsWith("__Host-session=; Max-Age=0;");
    assertThat(second.get("/me").body()).isEqualTo("nobody");
    assertThat(browser.token()).isNull();
  }

  @Test
  @DisplayName("the session that has just been ended is not looked up once more")
  void logoutEverywhere_endsAllInOneStep() {
    browser.get("/login");
    loggedIn("alice");
    site.store.forgetCalls();

    assertThat(browser.get("/logout-everywhere").body()).isEqualTo("2");

    assertThat(site.store.calls()).containsExactly("find", "find", "deleteByPrincipal");
    assertThat(site.events).noneMatch(SessionEvent.TokenRefused.class::isInstance);
  }

  @Test
  @DisplayName("step-up: a login counts as fresh up to its age, the exact instant not included")
  void authenticatedWithin_endsAtTheInstant() {
    site.on(
        "/fresh",
        (request, response) ->
            response
                .getWriter()
                .print(WebSession.of(request).authenticatedWithin(Duration.ofMinutes(5))));
    assertThat(browser.get("/fresh").body()).isEqualTo("false");
    browser.get("/login");

    site.clock.advance(Duration.ofMinutes(5).minusMillis(1));
    assertThat(browser.get("/fresh").body()).isEqualTo("true");
    site.clock.advance(Duration.ofMillis(1));
    assertThat(browser.get("/fresh").body()).isEqualTo("false");
    browser.get("/login");
    assertThat(browser.get("/fresh").body()).isEqualTo("true");
  }

  @Test
  @DisplayName("step-up: a login from before the clock was set back is not fresh, a new one is")
  void authenticatedWithin_afterTheClockWasSetBack() {
    site.on(
        "/fresh",
        (request, response) ->
            response
                .getWriter()
                .print(WebSession.of(request).authenticatedWithin(Duration.ofMinutes(5))));
    browser.get("/login");

    site.clock.advance(Duration.ofHours(-1));

    assertThat(browser.get("/fresh").body()).isEqualTo("false");
    browser.get("/login");
    assertThat(browser.get("/fresh").body()).isEqualTo("true");
  }

  @Test
  @DisplayName("step-up: a login that another framework remembers is never a fresh one")
  void authenticatedWithin_ofALoginWithoutAMoment_isFalse() {
    site.on(
        "/age",
        (request, response) -> {
          WebSession session = WebSession.of(request);
          response
              .getWriter()
              .print(
                  session.authenticatedWithin(Duration.ofDays(3650))
                      + " "
                      + session.isRemembered()
                      + " "
                      + session.authenticatedAt().orElse(null));
        });
    site.on(
        "/remembered",
        (request, response) ->
            WebSession.of(request)
                .login(
                    "alice",
                    LoginOptions.remember().toBuilder().authenticatedAt(Instant.EPOCH).build()));
    assertThat(browser.get("/age").body()).isEqualTo("false false null");

    browser.get("/remembered");
    assertThat(browser.get("/age").body()).isEqualTo("false true 1970-01-01T00:00:00Z");
    browser.get("/login");
    assertThat(browser.get("/age").body()).isEqualTo("true false " + site.clock.instant());
  }

  @Test
  @DisplayName("attack 18: any age may be asked for, and any maximum age be set")
  void authenticatedWithin_takesAnyAge() {
    site.on(
        "/ages",
        (request, response) -> {
          WebSession session = WebSession.of(request);
          response
              .getWriter()
              .print(
                  session.authenticatedWithin(ChronoUnit.FOREVER.getDuration())
                      + " "
                      + session.authenticatedWithin(Duration.ZERO)
                      + " "
                      + session.authenticatedWithin(Duration.ofSeconds(Long.MIN_VALUE)));
        });
    browser.get("/login");

    assertThat(browser.get("/ages").body()).isEqualTo("true false false");
  }

  @Test
  void moments_areShown() {
    site.on(
        "/moments",
        (request, response) -> {
          WebSession session = WebSession.of(request);
          response
              .getWriter()
              .print(
                  session.createdAt().orElseThrow()
                      + " "
                      + session.authenticatedAt().orElseThrow()
                      + " "
                      + session.lastSeenAt().orElseThrow()
                      + " "
                      + session.expiresAt().orElseThrow());
        });
    browser.get("/set");
    site.clock.advance(Duration.ofMinutes(1));
    browser.get("/login");
    site.clock.advance(Duration.ofMinutes(1));

    assertThat(browser.get("/moments").body())
        .isEqualTo(
            "2026-01-01T00:00:00Z 2026-01-01T00:01:00Z 2026-01-01T00:01:00Z 2026-01-01T00:32:00Z");
  }

  @Test
  @DisplayName("F28: renewing twice, and before the first save, leaves the last token alone")
  void renew_twice() {
    site.on(
        "/renew",
        (request, response) -> {
          WebSession session = WebSession.of(request);
          response.getWriter().print(session.renew() + " " + session.renew());
        });
    assertThat(browser.get("/renew").body()).isEqualTo("false false");
    browser.get("/set");
    String before = browser.token();

    assertThat(browser.get("/renew").body()).isEqualTo("true true");

    assertThat(idOf(browser)).isEqualTo(before.substring(0, 36));
    assertThat(site.stored(browser.token()).generation()).isEqualTo(2);
    assertThat(site.browser().token(before).get("/renew").body()).isEqualTo("false false");
  }
}
