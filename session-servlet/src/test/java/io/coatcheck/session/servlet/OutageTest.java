package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.store.SessionStoreException;
import jakarta.servlet.ServletException;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("I9, F66: the store is down")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class OutageTest {

  @Parameter Container container;

  @AutoClose private Site site;
  private Browser browser;

  @BeforeEach
  void start() {
    site =
        new Site(container)
            .on("/plain", (request, response) -> response.getWriter().print("plain"))
            .on("/invalidate", (request, response) -> request.getSession().invalidate())
            .on("/renew", (request, response) -> request.changeSessionId())
            .on("/session", (request, response) -> request.getSession(false))
            .on("/create", (request, response) -> request.getSession())
            .on("/user", (request, response) -> request.getUserPrincipal())
            .on("/valid", (request, response) -> request.isRequestedSessionIdValid())
            .on("/web", (request, response) -> WebSession.of(request).isLoggedIn())
            .on(
                "/caught",
                (request, response) -> {
                  try {
                    request.getSession();
                  } catch (SessionStoreException e) {
                    response.getWriter().print("without");
                  }
                })
            .on(
                "/wrapped",
                (request, response) -> {
                  try {
                    request.getSession();
                  } catch (SessionStoreException e) {
                    response.setHeader("X-Application", "was here");
                    throw new ServletException(new IllegalStateException(e));
                  }
                });
    browser = site.browser();
  }

  private void assert503(Browser.Answer answer) {
    assertThat(answer.status()).isEqualTo(503);
    assertThat(answer.header("Retry-After")).isEqualTo("5");
    assertThat(answer.header("Content-Type")).startsWith("text/plain");
    assertThat(answer.header("X-Application")).isNull();
    assertThat(answer.setCookies()).isEmpty();
  }

  @Test
  void pageThatNeedsNoSession_works() {
    assertThat(browser.get("/plain").body()).isEqualTo("plain");
    browser.get("/begin");
    site.store.failAll();
    site.store.forgetCalls();

    assertThat(browser.get("/plain").body()).isEqualTo("plain");
    assertThat(site.store.calls()).containsExactly("find");
    assertThat(site.browser().get("/plain").body()).isEqualTo("plain");
    assertThat(site.store.calls()).as("without a cookie").hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/session",
        "/create",
        "/user",
        "/valid",
        "/web",
        "/begin",
        "/login",
        "/logout",
        "/invalidate",
        "/renew",
        "/wrapped"
      })
  void pageThatAsks_is503_andTheCookieIsLeftAlone(String path) {
    browser.get("/begin");
    String token = browser.token();
    site.store.failAll();

    assert503(browser.get(path));

    assertThat(browser.token()).isEqualTo(token);
    site.store.recover();
    assertThat(browser.get("/begin").status()).isEqualTo(200);
    assertThat(site.stored(token)).isNotNull();
  }

  @Test
  void applicationThatExpectsIt_mayDoWithout() {
    browser.get("/begin");
    site.store.failAll();

    assertThat(browser.get("/caught").body()).isEqualTo("without");
  }

  @Test
  void anonymousSession_isNotMinted() {
    site.store.failAll();

    assert503(browser.get("/begin"));
    assertThat(browser.token()).isNull();
  }

  @Test
  void login_isNotReportedAsDone() {
    site.store.failAll();

    assert503(browser.get("/login"));
    site.store.recover();
    assertThat(browser.get("/login").setCookies()).hasSize(1);
  }

  @Test
  @DisplayName("a logout that failed is not reported as done, even if the application swallows it")
  void swallowedLogout_is503() {
    browser.get("/login");
    String token = browser.token();
    site.on(
        "/swallow",
        (request, response) -> {
          try {
            request.getSession().invalidate();
          } catch (SessionStoreException e) {
            // Some do.
          }
          response.setHeader("X-Application", "was here");
          response.sendRedirect("/bye");
        });
    site.store.fail("delete");

    assert503(browser.get("/swallow"));
    assertThat(browser.token()).isEqualTo(token);
  }

  @ParameterizedTest
  @DisplayName("nor is any other end of a session, nor a logout that could not even look")
  @ValueSource(strings = {"logout", "revoke", "logoutOthers", "logoutEverywhere"})
  void swallowedEnd_is503(String what) {
    Browser other = site.browser();
    other.get("/login");
    browser.get("/login");
    site.on(
        "/swallow",
        (request, response) -> {
          try {
            WebSession session = WebSession.of(request);
            switch (what) {
              case "logout" -> session.logout();
              case "revoke" -> session.revoke(other.token().substring(0, 36));
              case "logoutOthers" -> session.logoutOthers();
              default -> session.logoutEverywhere();
            }
          } catch (SessionStoreException e) {
            // Some do.
          }
          response.setHeader("X-Application", "was here");
          response.sendRedirect("/bye");
        });
    site.store.fail(what.equals("logout") ? "find" : "delete", "deleteByPrincipal");

    assert503(browser.get("/swallow"));
  }

  @Test
  @DisplayName("a save that failed is not reported as done, even if the application swallows it")
  void swallowedSave_is503() {
    site.on(
        "/swallow",
        (request, response) -> {
          request.getSession().setAttribute("a", "1");
          response.setHeader("X-Application", "was here");
          for (int i = 0; i < 3; i++) {
            try {
              response.getWriter().print("saved");
              response.flushBuffer();
            } catch (SessionStoreException e) {
              // Some do.
            }
          }
        });
    site.store.fail("insert");

    Browser.Answer answer = browser.get("/swallow");

    assert503(answer);
    assertThat(answer.body()).doesNotContain("saved");
  }

  @ParameterizedTest
  @DisplayName("after a renewal: the client gets the new token, since its own opens nothing")
  @ValueSource(booleans = {true, false})
  void failureAfterARenewal_logsNoUserOut(boolean isSwallowed) {
    browser.get("/begin");
    browser.get("/login");
    String before = browser.token();
    site.on(
        "/renew-and-fail",
        (request, response) -> {
          request.changeSessionId();
          site.store.fail("update");
          request.getSession().setAttribute("b", "2");
          response.setHeader("X-Application", "was here");
          response.addHeader("Set-Cookie", "application=1");
          if (isSwallowed) {
            try {
              response.flushBuffer();
            } catch (SessionStoreException e) {
              // Some do.
            }
          }
        });

    Browser.Answer answer = browser.get("/renew-and-fail");

    assertThat(answer.status()).isEqualTo(503);
    assertThat(answer.header("X-Application")).isNull();
    assertThat(answer.header("Cache-Control")).isEqualTo("no-store");
    assertThat(answer.setCookies()).singleElement().asString().startsWith("__Host-session=");
    assertThat(browser.token()).isNotEqualTo(before);
    site.store.recover();
    assertThat(browser.get("/me").body()).isEqualTo("alice");
    assertThat(site.stored(browser.token()).attributes()).containsOnlyKeys("a");
  }

  @ParameterizedTest
  @DisplayName("after a login, with or without a renewal: no user is logged in")
  @ValueSource(strings = {"login", "login-and-renew", "renew-and-login"})
  void failureAfterALogin_logsNoUserIn(String what) {
    browser.get("/begin");
    String before = browser.token();
    site.on(
        "/fail",
        (request, response) -> {
          if (what.equals("renew-and-login")) {
            request.changeSessionId();
          }
          WebSession.of(request).login("alice");
          if (what.equals("login-and-renew")) {
            request.changeSessionId();
          }
          site.store.fail("update");
          request.getSession().setAttribute("b", "2");
        });

    assert503(browser.get("/fail"));

    assertThat(browser.token()).isEqualTo(before);
    site.store.recover();
    assertThat(browser.get("/me").body()).isEqualTo("nobody");
  }

  @Test
  @DisplayName("after a renewal and a logout: no token")
  void failureAfterARenewalAndALogout_leavesTheCookieAlone() {
    browser.get("/begin");
    site.on(
        "/fail",
        (request, response) -> {
          request.changeSessionId();
          WebSession.of(request).logout();
          site.store.fail("insert");
          request.getSession().setAttribute("b", "2");
        });

    assert503(browser.get("/fail"));
  }

  @Test
  void failureAfterTheCommit_cannotBeAnswered() {
    browser.get("/begin");
    site.on(
        "/late",
        (request, response) -> {
          response.getWriter().print("early");
          response.flushBuffer();
          request.getSession().setAttribute("b", "2");
        });
    site.store.fail("update");

    try {
      assertThat(browser.get("/late").status()).isEqualTo(200);
    } catch (AssertionError e) {
      // The container may cut the connection, which is the clearest it can do.
      assertThat(e).hasCauseInstanceOf(java.io.IOException.class);
    }
    assertThat(site.stored(browser.token()).attributes()).containsOnlyKeys("a");
  }

  @Test
  @DisplayName("a touch that fails costs nothing where the session was not asked for")
  void failedTouch_isNoMatterUnlessAsked() {
    browser.get("/begin");
    site.clock.advance(java.time.Duration.ofMinutes(2));
    site.store.fail("touch");

    assertThat(browser.get("/plain").body()).isEqualTo("plain");
    assert503(browser.get("/session"));
  }
}
