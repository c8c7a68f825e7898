package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.LoginOptions;
import io.coatcheck.session.SessionPolicy;
import jakarta.servlet.http.Cookie;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpSession;
import java.time.Duration;
import java.util.UUID;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

@DisplayName("I8: when the cookie is written, and when not")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class CookieRulesTest {

  private static final String DELETION =
      "__Host-session=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/; Secure; HttpOnly; SameSite=Lax";

  @Parameter Container container;

  @AutoClose private Site site;
  private Browser browser;

  @BeforeEach
  void start() {
    site =
        new Site(container)
            .on(
                "/ask",
                (request, response) -> {
                  HttpSession session = request.getSession(false);
                  response.getWriter().print(session == null ? "none" : session.getAttribute("a"));
                });
    browser = site.browser();
  }

  private Browser withToken(String token) {
    return site.browser().token(token);
  }

  private static String unknownToken() {
    return UUID.randomUUID() + "." + "A".repeat(43);
  }

  @Test
  @DisplayName("no refused token sets or clears the cookie by itself")
  void refusedTokens_getNoCookie() {
    browser.get("/begin");
    String superseded = browser.token();
    browser.get("/login");
    String mismatched = browser.token().substring(0, 37) + "A".repeat(43);

    for (String token : new String[] {"", "x", unknownToken(), superseded, mismatched}) {
      Browser.Answer answer = withToken(token).get("/ask");
      assertThat(answer.body()).as(token).isEqualTo("none");
      assertThat(answer.setCookies()).as(token).isEmpty();
      assertThat(answer.header("Cache-Control")).isNull();
    }
  }

  @Test
  @DisplayName("F18, F24: an unknown token is not adopted; a session that is created gets a new id")
  void unknownToken_isNotAdopted() {
    String unknown = unknownToken();
    Browser stranger = withToken(unknown);

    assertThat(stranger.get("/begin").setCookies()).hasSize(1);

    assertThat(stranger.token().substring(0, 36)).isNotEqualTo(unknown.substring(0, 36));
    assertThat(site.stored(unknown)).isNull();
    assertThat(site.stored(stranger.token())).isNotNull();
  }

  @Test
  @DisplayName(
      "F7, I8: a superseded token gets a session that is neither stored nor sent, for a minute")
  void supersededToken_isGuarded() {
    browser.get("/begin");
    String superseded = browser.token();
    browser.get("/login");
    site.store.forgetCalls();

    Browser late = withToken(superseded);
    assertThat(late.get("/begin").setCookies()).isEmpty();
    assertThat(site.store.calls()).containsExactly("find");

    site.clock.advance(Duration.ofMinutes(1));
    assertThat(late.get("/begin").setCookies()).hasSize(1);
    assertThat(late.token()).isNotEqualTo(superseded);
    assertThat(browser.get("/ask").body()).isEqualTo("1");
  }

  @Test
  @DisplayName("login succeeds from any refused token, with a new session and its cookie")
  void login_succeedsFromAnyToken() {
    browser.get("/begin");
    String superseded = browser.token();
    browser.get("/login");
    String mismatched = browser.token().substring(0, 37) + "A".repeat(43);
    site.on("/me", (request, response) -> response.getWriter().print(request.getRemoteUser()));

    for (String token : new String[] {"", "x", unknownToken(), superseded, mismatched}) {
      Browser other = withToken(token);
      assertThat(other.get("/login").setCookies()).as(token).hasSize(1);
      assertThat(other.get("/me").body()).isEqualTo("alice");
    }
    assertThat(browser.get("/me").body()).isEqualTo("alice");
  }

  @Test
  @DisplayName(
      "F30: whatever happens in a request, there is one Set-Cookie, and the last one counts")
  void manyChanges_makeOneCookie() {
    site.on(
        "/busy",
        (request, response) -> {
          request.getSession().setAttribute("a", "1");
          request.changeSessionId();
          response.addHeader("Set-Cookie", "other=1");
          response.addCookie(new Cookie("third", "3"));
          WebSession.of(request).login("alice");
          request.changeSessionId();
          request.getSession().invalidate();
          WebSession.of(request).login("bob");
          request.getSession().setAttribute("a", "2");
        });

    Browser.Answer answer = browser.get("/busy");

    assertThat(answer.setCookies()).hasSize(3);
    assertThat(answer.setCookies()).filteredOn(c -> c.startsWith("__Host-session=")).hasSize(1);
    assertThat(site.stored(browser.token()).principal()).contains("bob");
    assertThat(browser.get("/ask").body()).isEqualTo("2");
  }

  @Test
  void createAfterInvalidate_winsOverTheDeletion() {
    browser.get("/begin");
    String before = browser.token();
    site.on(
        "/restart",
        (request, response) -> {
          request.getSession().invalidate();
          request.getSession().setAttribute("a", "2");
        });

    assertThat(browser.get("/restart").setCookies()).hasSize(1);

    assertThat(browser.token()).isNotNull().isNotEqualTo(before);
    assertThat(site.stored(before)).isNull();
    assertThat(browser.get("/ask").body()).isEqualTo("2");
  }

  @Test
  @DisplayName("the application cannot write our cookie by other means")
  void applicationsOwnCookie_isIgnored() {
    site.on(
        "/forge",
        (request, response) -> {
          response.addCookie(new Cookie("__Host-session", "x"));
          response.addHeader("Set-Cookie", "__Host-session=y");
          response.setHeader("set-cookie", "__Host-session=z; Path=/");
        });

    assertThat(browser.get("/forge").setCookies()).isEmpty();
  }

  @Test
  @DisplayName(
      "F3: a response that sets the cookie is not cacheable, whatever the application says")
  void setCookie_isNotCacheable() {
    Handler cacheable =
        (request, response) -> response.setHeader("Cache-Control", "public, max-age=600");
    site.on(
            "/before",
            (request, response) -> {
              cacheable.handle(request, response);
              request.getSession().setAttribute("a", "1");
            })
        .on(
            "/after",
            (request, response) -> {
              WebSession.of(request).login("alice");
              cacheable.handle(request, response);
              response.addHeader("Cache-Control", "immutable");
            })
        .on("/untouched", cacheable);

    assertThat(site.browser().get("/before").header("Cache-Control")).isEqualTo("no-store");
    Browser.Answer after = site.browser().get("/after");
    assertThat(after.response().headers().allValues("Cache-Control")).containsExactly("no-store");
    assertThat(browser.get("/untouched").header("Cache-Control")).isEqualTo("public, max-age=600");
  }

  @Test
  void reset_keepsTheCookie() {
    site.on(
        "/reset",
        (request, response) -> {
          WebSession.of(request).login("alice");
          response.getWriter().print("dropped");
          response.setHeader("Set-Cookie", "other=1");
          response.reset();
          response.getOutputStream().print("kept");
        });

    Browser.Answer answer = browser.get("/reset");

    assertThat(answer.setCookie()).startsWith("__Host-session=");
    assertThat(answer.header("Cache-Control")).isEqualTo("no-store");
    assertThat(answer.body()).isEqualTo("kept");
  }

  @Test
  @DisplayName("logout deletes the cookie of a client that presented one, and of no other")
  void logout_clearsWhatWasPresented() {
    site.on("/container-logout", (request, response) -> request.logout());

    assertThat(browser.get("/logout").setCookies()).isEmpty();
    assertThat(withToken("x").get("/logout").setCookie()).isEqualTo(DELETION);
    assertThat(withToken(unknownToken()).get("/logout").setCookie()).isEqualTo(DELETION);
    browser.get("/login");
    var containerLogout = browser.get("/container-logout");
    assertThat(containerLogout.status()).isEqualTo(200);
    assertThat(containerLogout.setCookie()).isEqualTo(DELETION);
    assertThat(browser.token()).isNull();
  }

  @Test
  @DisplayName("a session that never left the request leaves no trace when it is invalidated")
  void invalidateOfUnstored_deletesNothing() {
    site.on(
        "/in-and-out",
        (request, response) -> {
          request.getSession().setAttribute("a", "1");
          request.getSession().invalidate();
        });

    assertThat(browser.get("/in-and-out").setCookies()).isEmpty();
    assertThat(site.store.calls()).isEmpty();
  }

  @Test
  @DisplayName("F33: a remembered login has Max-Age, to the deadline, at login and renewal only")
  void rememberedLogin_hasMaxAge() {
    site.close();
    site =
        new Site(
                container,
                false,
                builder ->
                    builder.policy(
                        SessionPolicy.builder()
                            .rememberedAbsoluteTimeout(Duration.ofDays(20))
                            .build()),
                UnaryOperator.identity())
            .on(
                "/remember",
                (request, response) ->
                    WebSession.of(request).login("alice", LoginOptions.remember()))
            .on("/renew", (request, response) -> WebSession.of(request).renew())
            .on("/note", (request, response) -> request.getSession().setAttribute("a", "1"));
    browser = site.browser();

    assertThat(browser.get("/remember").setCookie()).contains("; Max-Age=1728000;");
    site.clock.advance(Duration.ofDays(5));
    assertThat(browser.get("/note").setCookies()).isEmpty();
    assertThat(browser.get("/renew").setCookie()).contains("; Max-Age=1296000;");
  }

  @Test
  @DisplayName("F50: Secure does not depend on how the request came in")
  void plainHttp_isStillSecure() {
    assertThat(browser.get("/login").setCookie()).contains("; Secure;");
  }

  @Test
  @DisplayName("no URL names a session, and one that does opens none")
  void urls_nameNoSession() {
    browser.get("/begin");
    String token = browser.token();
    site.on(
        "/urls",
        (HttpServletRequest request, jakarta.servlet.http.HttpServletResponse response) -> {
          request.getSession().setAttribute("b", "2");
          response
              .getWriter()
              .print(
                  response.encodeURL("/a")
                      + " "
                      + response.encodeRedirectURL("http://localhost/b")
                      + " "
                      + request.isRequestedSessionIdValid()
                      + " "
                      + (request.getSession().getAttribute("a") == null));
        });

    Browser.Answer answer = site.browser().get("/urls;jsessionid=" + token);

    assertThat(answer.body()).isEqualTo("/a http://localhost/b false true");
  }
}
