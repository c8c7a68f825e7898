package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.LoginResult;
import java.util.Objects;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

@DisplayName("A session, from the first visit to the logout")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class LifeOfASessionTest {

  @Parameter Container container;

  @AutoClose private Site site;
  private Browser browser;

  @BeforeEach
  void start() {
    site =
        new Site(container)
            .on("/", (request, response) -> response.getWriter().print("hello"))
            .on(
                "/login",
                (request, response) -> {
                  assertThat(WebSession.of(request).login("alice"))
                      .isEqualTo(LoginResult.LOGGED_IN);
                  response.sendRedirect("/me");
                })
            .on(
                "/logout",
                (request, response) -> {
                  WebSession.of(request).logout();
                  response.sendRedirect("/");
                })
            .on(
                "/set",
                (request, response) -> {
                  request.getSession().setAttribute("note", "hello");
                  response.getWriter().print("ok");
                })
            .on(
                "/note",
                (request, response) ->
                    response
                        .getWriter()
                        .print(Objects.toString(request.getSession().getAttribute("note"))));
    browser = site.browser();
  }

  @Test
  @DisplayName("I10: an anonymous visitor costs no row, no cookie and no look-up")
  void visitor_costsNothing() {
    Browser.Answer answer = browser.get("/note");

    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.setCookies()).isEmpty();
    assertThat(site.store.calls()).isEmpty();
  }

  @Test
  void attribute_isThereOnTheNextRequest() {
    Browser.Answer answer = browser.get("/set");

    assertThat(answer.setCookie())
        .isEqualTo(
            "__Host-session=" + browser.token() + "; Path=/; Secure; HttpOnly; SameSite=Lax");
    assertThat(answer.header("Cache-Control")).isEqualTo("no-store");
    assertThat(browser.get("/note").body()).isEqualTo("hello");
    assertThat(site.store.calls()).containsExactly("insert", "find");
  }

  @Test
  @DisplayName(
      "I3: login changes the token, keeps the id and the attributes, and kills the old one")
  void login_renewsAndKeeps() {
    browser.get("/set");
    String before = browser.token();

    Browser.Answer answer = browser.get("/login");

    assertThat(answer.status()).isEqualTo(302);
    assertThat(answer.setCookie()).startsWith("__Host-session=" + browser.token() + ";");
    assertThat(browser.token()).isNotEqualTo(before).startsWith(before.substring(0, 37));
    assertThat(browser.get("/me").body()).isEqualTo("alice");
    assertThat(browser.get("/note").body()).isEqualTo("hello");
    assertThat(site.browser().token(before).get("/me").body()).isEqualTo("nobody");
  }

  @Test
  void logout_deletesTheCookieAndTheRow() {
    browser.get("/login");
    String token = browser.token();

    Browser.Answer answer = browser.get("/logout");

    assertThat(answer.setCookie())
        .isEqualTo(
            "__Host-session=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/; Secure; HttpOnly; SameSite=Lax");
    assertThat(browser.token()).isNull();
    assertThat(site.stored(token)).isNull();
    assertThat(site.browser().token(token).get("/me").body()).isEqualTo("nobody");
  }
}
