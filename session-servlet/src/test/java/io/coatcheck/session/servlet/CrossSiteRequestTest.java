package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.servlet.SessionCookie.SameSite;
import java.util.function.UnaryOperator;
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

@DisplayName("I8, B04: a request of another site, from which the browser has kept our cookie back")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class CrossSiteRequestTest {

  private static final String[] PAYMENT = {
    "Sec-Fetch-Site", "cross-site",
    "Sec-Fetch-Mode", "navigate",
    "Sec-Fetch-Dest", "document",
    "Origin", "https://pay.example"
  };

  @Parameter Container container;

  @AutoClose private Site site;

  @BeforeEach
  void start() {
    start(SessionCookie.defaults(), UnaryOperator.identity());
  }

  private void start(SessionCookie cookie, UnaryOperator<SessionFilterBuilder> options) {
    if (site != null) {
      site.close();
    }
    site =
        new Site(
                container,
                false,
                UnaryOperator.identity(),
                filter ->
                    options.apply(
                        filter
                            .cookie(cookie)
                            .crossOrigin(
                                CrossOriginPolicy.builder()
                                    .exempt("/return")
                                    .exempt("/acs")
                                    .exempt("/rotate")
                                    .exempt("/empty")
                                    .exempt("/restart")
                                    .build())))
            .on(
                "/return",
                (request, response) -> {
                  request.getSession().setAttribute("notice", "paid");
                  response
                      .getWriter()
                      .print("notice: " + request.getSession().getAttribute("notice"));
                })
            .on("/empty", (request, response) -> request.getSession().getId())
            .on(
                "/restart",
                (request, response) -> {
                  request.getSession().setAttribute("notice", "paid");
                  request.getSession().invalidate();
                  request.getSession().setAttribute("notice", "again");
                })
            .on(
                "/acs",
                (request, response) -> {
                  request.getSession().setAttribute("notice", "welcome");
                  WebSession.of(request).login("bob");
                })
            .on(
                "/rotate",
                (request, response) -> {
                  request.getSession().setAttribute("SECURITY_CONTEXT", "bob");
                  request.changeSessionId();
                })
            .on(
                "/me",
                (request, response) ->
                    response
                        .getWriter()
                        .print(
                            request.getRemoteUser()
                                + " "
                                + (request.getSession(false) == null
                                    ? null
                                    : request.getSession(false).getAttribute("notice"))));
  }

  private void assertNothingBegun(Browser.Answer answer) {
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.setCookies()).isEmpty();
    assertThat(site.store.calls()).doesNotContain("insert");
  }

  @Test
  @DisplayName("the user who comes back from the payment provider is still logged in")
  void paymentReturn_leavesTheCookieAlone() {
    Browser alice = site.browser();
    alice.get("/login");
    site.store.forgetCalls();

    Browser.Answer answer = site.browser().send("POST", "/return", PAYMENT);

    assertNothingBegun(answer);
    assertThat(answer.body()).as("within the request").isEqualTo("notice: paid");
    assertThat(alice.get("/me").body()).isEqualTo("alice null");
  }

  @ParameterizedTest
  @DisplayName("whatever it does with the session")
  @ValueSource(strings = {"/return", "/empty", "/restart"})
  void whateverItDoes_nothingIsBegun(String path) {
    start(SessionCookie.defaults(), filter -> filter.storeEmptySessions(true));

    assertNothingBegun(site.browser().send("POST", path, PAYMENT));
  }

  @ParameterizedTest
  @CsvSource({
    // SameSite, method, headers, whether a session begins
    "LAX, POST, 'Sec-Fetch-Site: cross-site|Sec-Fetch-Mode: navigate|Sec-Fetch-Dest: document', false",
    "LAX, PUT, 'Sec-Fetch-Site: cross-site|Sec-Fetch-Mode: cors|Sec-Fetch-Dest: empty', false",
    "LAX, GET, 'Sec-Fetch-Site: cross-site|Sec-Fetch-Mode: navigate|Sec-Fetch-Dest: document', true",
    "LAX, HEAD, 'Sec-Fetch-Site: cross-site|Sec-Fetch-Mode: navigate|Sec-Fetch-Dest: document', true",
    "LAX, GET, 'Sec-Fetch-Site: cross-site|Sec-Fetch-Mode: navigate', true",
    "LAX, GET, 'Sec-Fetch-Site: cross-site|Sec-Fetch-Mode: navigate|Sec-Fetch-Dest: iframe', false",
    "LAX, GET, 'Sec-Fetch-Site: cross-site|Sec-Fetch-Mode: navigate|Sec-Fetch-Dest: frame', false",
    "LAX, GET, 'Sec-Fetch-Site: cross-site|Sec-Fetch-Mode: navigate|Sec-Fetch-Dest: embed', false",
    "LAX, GET, 'Sec-Fetch-Site: cross-site|Sec-Fetch-Mode: navigate|Sec-Fetch-Dest: object', false",
    "LAX, GET, 'Sec-Fetch-Site: cross-site|Sec-Fetch-Mode: cors|Sec-Fetch-Dest: empty', false",
    "LAX, GET, 'Sec-Fetch-Site: cross-site|Sec-Fetch-Mode: no-cors|Sec-Fetch-Dest: image', false",
    "LAX, GET, 'Sec-Fetch-Site: cross-site|Sec-Fetch-Mode: no-cors|Sec-Fetch-Dest: script', false",
    "LAX, POST, 'Sec-Fetch-Site: cross-site|Sec-Fetch-Mode: no-cors|Sec-Fetch-Dest: empty', false",
    "LAX, POST, 'Sec-Fetch-Site: same-origin|Sec-Fetch-Mode: navigate|Sec-Fetch-Dest: document', true",
    "LAX, POST, 'Sec-Fetch-Site: same-site|Sec-Fetch-Mode: navigate|Sec-Fetch-Dest: document', true",
    "LAX, POST, 'Sec-Fetch-Site: none|Sec-Fetch-Mode: navigate|Sec-Fetch-Dest: document', true",
    "LAX, POST, 'Sec-Fetch-Site: same-origin|Origin: https://pay.example', true",
    "STRICT, GET, 'Sec-Fetch-Site: cross-site|Sec-Fetch-Mode: navigate|Sec-Fetch-Dest: document', false",
    "STRICT, POST, 'Sec-Fetch-Site: cross-site|Sec-Fetch-Mode: navigate|Sec-Fetch-Dest: document', false",
    "STRICT, GET, 'Sec-Fetch-Site: same-site|Sec-Fetch-Mode: navigate|Sec-Fetch-Dest: document', true",
    "STRICT, GET, 'Sec-Fetch-Site: none|Sec-Fetch-Mode: navigate|Sec-Fetch-Dest: document', true",
    "NONE, POST, 'Sec-Fetch-Site: cross-site|Sec-Fetch-Mode: navigate|Sec-Fetch-Dest: document', true",
    "NONE, GET, 'Sec-Fetch-Site: cross-site|Sec-Fetch-Mode: navigate|Sec-Fetch-Dest: iframe', true",
    // Browsers from before 2023, and all of them over plain HTTP.
    "LAX, POST, 'Origin: https://pay.example', false",
    "LAX, POST, 'Origin: null', false",
    "LAX, GET, 'Origin: https://pay.example', false",
    "LAX, POST, 'Origin: http://localhost.example', false",
    "LAX, POST, 'Origin: http://localhost:1', true",
    "LAX, POST, 'Origin: https://localhost', true",
    "LAX, POST, 'Origin: http://shop.localhost:8080', true",
    "STRICT, POST, 'Origin: https://pay.example', false",
    "NONE, POST, 'Origin: https://pay.example', true",
    // Programs.
    "LAX, POST, 'Accept: */*', true",
    "STRICT, GET, 'Accept: */*', true",
  })
  void sessionBegins_unlessTheCookieWasKeptBack(
      SameSite sameSite, String method, String headers, boolean begins) {
    start(
        SessionCookie.builder().sameSite(sameSite).build(),
        filter -> filter.crossOrigin(CrossOriginPolicy.off()));
    String[] pairs = headers.split(": |\\|", -1);

    Browser.Answer answer = site.browser().send(method, "/return", pairs);

    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.setCookies()).hasSize(begins ? 1 : 0);
    assertThat(site.store.calls().contains("insert")).isEqualTo(begins);
  }

  @Test
  @DisplayName("a cookie that came is the client's, whatever the browser says of the request")
  void presentedCookie_isUsed() {
    Browser alice = site.browser();
    alice.get("/login");

    assertThat(alice.send("POST", "/return", PAYMENT).setCookies()).isEmpty();
    assertThat(alice.get("/me").body()).isEqualTo("alice paid");

    Browser stranger = site.browser().token("x");
    assertThat(stranger.send("POST", "/return", PAYMENT).setCookies()).hasSize(1);
  }

  @Test
  @DisplayName("a login gets its cookie, with what the request had put into the session")
  void login_setsItsCookie() {
    Browser bob = site.browser();

    assertThat(bob.send("POST", "/acs", PAYMENT).setCookie()).startsWith("__Host-session=");

    assertThat(bob.get("/me").body()).isEqualTo("bob welcome");
  }

  @Test
  @DisplayName("a change of the id, which is how frameworks log in, makes it a session that lasts")
  void changeOfTheId_makesItLast() {
    Browser bob = site.browser();

    assertThat(bob.send("POST", "/rotate", PAYMENT).setCookie()).startsWith("__Host-session=");

    assertThat(site.stored(bob.token()).attributes()).containsOnlyKeys("SECURITY_CONTEXT");
    assertThat(bob.get("/me").status()).isEqualTo(200);
  }

  @Test
  @DisplayName("a logout that another site makes the browser send ends and deletes nothing")
  void logout_ofAnotherSite_deletesNothing() {
    Browser alice = site.browser();
    alice.get("/login");
    site.on("/return", (request, response) -> WebSession.of(request).logout());

    assertThat(site.browser().send("POST", "/return", PAYMENT).setCookies()).isEmpty();
    assertThat(alice.get("/me").body()).isEqualTo("alice null");
  }

  @Test
  @DisplayName("where another framework logs in without one, the path is named")
  void crossSiteLogin_isKept() {
    start(SessionCookie.defaults(), filter -> filter.crossSiteLogin("/return"));

    assertThat(site.browser().send("POST", "/return", PAYMENT).setCookies()).hasSize(1);
    assertThat(site.browser().send("POST", "/empty", PAYMENT).setCookies()).isEmpty();
  }
}
