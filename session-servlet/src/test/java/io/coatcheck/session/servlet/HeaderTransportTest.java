package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.LoginOptions;
import io.coatcheck.session.store.StoredSession;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
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

@DisplayName("I18: one transport for each request, and never both answers")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class HeaderTransportTest {

  private static final String TOKEN_HEADER = "Session-Token";
  private static final String FOREIGN_JWT =
      "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJlc2lnbmF0dXJlc2lnbmF0dXJl";

  @Parameter Container container;

  @AutoClose private Site site;

  @BeforeEach
  void start() {
    site = site(builder -> builder.header(SessionHeader.bearer()));
  }

  private Site site(UnaryOperator<SessionFilterBuilder> options) {
    return new Site(container, false, UnaryOperator.identity(), options)
        .on(
            "/login",
            (request, response) -> WebSession.of(request).login(request.getParameter("user")))
        .on(
            "/login-by",
            (request, response) ->
                WebSession.of(request)
                    .login(
                        "alice",
                        LoginOptions.defaults(),
                        SessionTransport.valueOf(request.getParameter("by"))))
        .on("/renew", (request, response) -> request.changeSessionId())
        .on(
            "/put",
            (request, response) -> {
              request.getSession().setAttribute("a", "1");
              response.getWriter().print("put");
            })
        .on(
            "/who",
            (request, response) ->
                response
                    .getWriter()
                    .print(
                        WebSession.of(request).principal().orElse("nobody")
                            + " fromCookie="
                            + request.isRequestedSessionIdFromCookie()
                            + " valid="
                            + request.isRequestedSessionIdValid()));
  }

  /** Logs in, and returns the token, whichever way it came. */
  private String tokenOf(String user) {
    Browser browser = site.browser();
    browser.get("/login?user=" + user);
    return browser.token();
  }

  private Browser.Answer send(String path, String header, String cookie) {
    return sendAs("GET", path, header, cookie);
  }

  private Browser.Answer sendAs(
      String method, String path, String header, String cookie, String... more) {
    Browser browser = site.browser();
    if (cookie != null) {
      browser.token(cookie);
    }
    List<String> headers = new ArrayList<>(List.of(more));
    if (header != null) {
      headers.add("Authorization");
      headers.add(header);
    }
    return browser.send(method, path, headers.toArray(String[]::new));
  }

  private String presented(String kind, String user) {
    return switch (kind) {
      case "none" -> null;
      case "foreign" -> FOREIGN_JWT;
      case "cut" -> tokenOf(user).substring(0, 79);
      case "long" -> tokenOf(user) + "A";
      case "unknown" -> UUID.randomUUID() + "." + "A".repeat(43);
      case "mismatched" -> tokenOf(user).substring(0, 37) + "A".repeat(43);
      case "superseded" -> {
        String before = tokenOf(user);
        send("/renew", null, before);
        yield before;
      }
      case "live" -> tokenOf(user);
      default -> throw new IllegalArgumentException(kind);
    };
  }

  /** What is asked of each mixture: who it is, and how a session that begins answers. */
  @ParameterizedTest(name = "header {0}, cookie {1}: {2}, by {3}")
  @CsvSource({
    // No Coatcheck token in the header: the cookie counts.
    "none, none, nobody, COOKIE",
    "none, live, bob, COOKIE",
    "none, superseded, nobody, NEITHER",
    "none, unknown, nobody, COOKIE",
    "foreign, none, nobody, COOKIE",
    "foreign, live, bob, COOKIE",
    "foreign, superseded, nobody, NEITHER",
    "cut, live, bob, COOKIE",
    "long, live, bob, COOKIE",
    // A header of our form: the cookie does not.
    "live, none, alice, HEADER",
    "live, live, alice, HEADER",
    "live, superseded, alice, HEADER",
    "live, unknown, alice, HEADER",
    "unknown, none, nobody, HEADER",
    "unknown, live, nobody, HEADER",
    "unknown, superseded, nobody, HEADER",
    "superseded, none, nobody, NEITHER",
    "superseded, live, nobody, NEITHER",
    "mismatched, live, nobody, NEITHER",
  })
  void everyMixture(String header, String cookie, String who, String by) {
    String ofHeader = presented(header, "alice");
    String sentHeader = ofHeader == null ? null : "Bearer " + ofHeader;
    String sentCookie = presented(cookie, "bob");

    Browser.Answer answer = send("/who", sentHeader, sentCookie);
    assertThat(answer.body()).startsWith(who + " ");
    assertThat(answer.setCookies()).as("a look sets nothing").isEmpty();
    assertThat(answer.header(TOKEN_HEADER)).isNull();

    Browser.Answer put = send("/put", sentHeader, sentCookie);
    boolean begins = who.equals("nobody");
    assertThat(put.setCookies()).hasSize(begins && by.equals("COOKIE") ? 1 : 0);
    assertThat(put.header(TOKEN_HEADER) != null).isEqualTo(begins && by.equals("HEADER"));

    Browser.Answer login = send("/login?user=carol", sentHeader, sentCookie);
    boolean answersByHeader = by.equals("HEADER") || (ofHeader != null && isOurs(header));
    assertThat(login.setCookies()).hasSize(answersByHeader ? 0 : 1);
    assertThat(login.header(TOKEN_HEADER) != null).isEqualTo(answersByHeader);
    assertThat(login.header("Cache-Control")).isEqualTo("no-store");
  }

  private static boolean isOurs(String kind) {
    return !List.of("none", "foreign", "cut", "long").contains(kind);
  }

  @Test
  void tokenOfTheResponse_opensTheSession() {
    Browser.Answer login = send("/login-by?by=HEADER", null, null);
    String token = login.header(TOKEN_HEADER);

    assertThat(login.setCookies()).isEmpty();
    assertThat(send("/who", "Bearer " + token, null).body())
        .isEqualTo("alice fromCookie=false valid=true");
    assertThat(send("/who", "bearer   " + token, null).body()).startsWith("alice");
    assertThat(send("/who", token, null).body()).startsWith("nobody");
    assertThat(send("/who", "Basic " + token, null).body()).startsWith("nobody");
  }

  @Test
  void renewal_answersWithTheHeaderAlone() {
    String token = tokenOf("alice");
    String cookie = tokenOf("bob");

    Browser.Answer renewed = send("/renew", "Bearer " + token, cookie);

    String next = renewed.header(TOKEN_HEADER);
    assertThat(renewed.setCookies()).isEmpty();
    assertThat(send("/who", "Bearer " + next, null).body()).startsWith("alice");
    assertThat(send("/who", "Bearer " + token, null).body()).startsWith("nobody");
    assertThat(send("/who", null, cookie).body()).startsWith("bob");
  }

  @Test
  void logout_answersWithAnEmptyHeaderAlone() {
    String token = tokenOf("alice");
    String cookie = tokenOf("bob");

    Browser.Answer logout = send("/logout", "Bearer " + token, cookie);

    assertThat(logout.header(TOKEN_HEADER)).isEmpty();
    assertThat(logout.setCookies()).isEmpty();
    assertThat(send("/who", "Bearer " + token, null).body()).startsWith("nobody");
    assertThat(send("/who", null, cookie).body()).startsWith("bob");
  }

  @Test
  void login_mayChooseTheCookieThoughTheHeaderCame() {
    String token = tokenOf("alice");

    Browser.Answer login = send("/login-by?by=COOKIE", "Bearer " + token, null);

    assertThat(login.setCookies()).hasSize(1);
    assertThat(login.header(TOKEN_HEADER)).isNull();
    assertThat(send("/who", "Bearer " + token, null).body()).startsWith("nobody");
  }

  @Test
  void login_thatChoosesTooLate_isRefusedAndChangesNothing() {
    String token = tokenOf("bob");
    site.on(
        "/late",
        (request, response) -> {
          request.changeSessionId();
          assertThatThrownBy(
                  () ->
                      WebSession.of(request)
                          .login("alice", LoginOptions.defaults(), SessionTransport.HEADER))
              .isInstanceOf(IllegalStateException.class)
              .hasMessageContaining("carries a token already");
          response.getWriter().print(WebSession.of(request).principal().orElseThrow());
        });

    Browser.Answer answer = send("/late", null, token);

    assertThat(answer.body()).isEqualTo("bob");
    assertThat(answer.setCookies()).hasSize(1);
    assertThat(answer.header(TOKEN_HEADER)).isNull();
  }

  @Test
  @DisplayName("two tokens in the header: accepted only if exactly one is live")
  void severalHeaders() throws IOException {
    String alice = tokenOf("alice");
    String bob = tokenOf("bob");
    String unknown = UUID.randomUUID() + "." + "A".repeat(43);
    try (RawClient client = new RawClient(site.port())) {
      assertThat(
              client.get("/who", "Authorization: Bearer " + alice, "Authorization: Bearer " + bob))
          .contains("nobody");
      assertThat(
              client.get(
                  "/who", "Authorization: Bearer " + unknown, "Authorization: Bearer " + bob))
          .contains("bob");
      assertThat(
              client.get("/who", "Authorization: " + FOREIGN_JWT, "Authorization: Bearer " + bob))
          .contains("bob");
    }
  }

  @ParameterizedTest
  @DisplayName("I14: a value that is not exactly a Coatcheck token costs no look-up")
  @ValueSource(
      strings = {
        "Bearer",
        "Bearer ",
        "Bearer null",
        "Bearer \"%s\"",
        "Bearer %s,",
        "Bearer %s, Basic eA==",
        "Bearer\t%s",
        "Token %s",
        "%s",
      })
  void notOurs_isNotLookedUp(String form) {
    String token = tokenOf("alice");
    site.store.forgetCalls();

    assertThat(send("/who", form.replace("%s", token), null).body()).startsWith("nobody");

    assertThat(site.store.calls()).isEmpty();
  }

  @ParameterizedTest(name = "{0} with header {1}, cookie {2}: {3}")
  @DisplayName("cross-origin protection stands aside only for a session that the header opened")
  @CsvSource({
    "cross-site, live, none, 200",
    "cross-site, live, live, 200",
    "cross-site, none, live, 403",
    "cross-site, none, none, 403",
    "cross-site, foreign, live, 403",
    "cross-site, cut, live, 403",
    "cross-site, unknown, live, 403",
    "cross-site, superseded, live, 403",
    "same-origin, none, live, 200",
  })
  void crossOrigin(String from, String header, String cookie, int status) {
    String ofHeader = presented(header, "alice");

    Browser.Answer answer =
        sendAs(
            "POST",
            "/put",
            ofHeader == null ? null : "Bearer " + ofHeader,
            presented(cookie, "bob"),
            "Sec-Fetch-Site",
            from);

    assertThat(answer.status()).isEqualTo(status);
    assertThat(answer.body().contains("put")).isEqualTo(status == 200);
  }

  @Test
  @DisplayName("I9: the store is down while the header must speak for a request: 503")
  void crossOrigin_storeDown() {
    String token = tokenOf("alice");
    site.store.failAll();

    Browser.Answer answer =
        sendAs("POST", "/put", "Bearer " + token, null, "Sec-Fetch-Site", "cross-site");

    assertThat(answer.status()).isEqualTo(503);
    assertThat(answer.header(TOKEN_HEADER)).isNull();
  }

  @Test
  void withoutCookie_readsAndWritesNone() {
    String cookie = tokenOf("bob");
    site.close();
    site = site(builder -> builder.header(SessionHeader.named("X-Session")).withoutCookie());
    Browser.Answer begun = send("/put", null, cookie);
    String token = begun.header("X-Session");

    assertThat(begun.setCookies()).isEmpty();
    assertThat(site.stored(token).attributes()).containsOnlyKeys("a");
    assertThat(sendAs("GET", "/login?user=alice", null, null, "X-Session", token).setCookies())
        .isEmpty();
    assertThat(sendAs("GET", "/login-by?by=COOKIE", null, null).status()).isEqualTo(500);
  }

  @Test
  @DisplayName("the header survives reset(), and whatever the application writes under its name")
  void reset_keepsTheHeader() {
    String token = tokenOf("alice");
    site.on(
        "/reset",
        (request, response) -> {
          request.changeSessionId();
          response.setHeader(TOKEN_HEADER, "mine");
          response.addHeader(TOKEN_HEADER, "and mine");
          response.setHeader("Cache-Control", "public");
          response.reset();
        });

    Browser.Answer answer = send("/reset", "Bearer " + token, null);

    assertThat(answer.response().headers().allValues(TOKEN_HEADER)).hasSize(1);
    assertThat(send("/who", "Bearer " + answer.header(TOKEN_HEADER), null).body())
        .startsWith("alice");
    assertThat(answer.response().headers().allValues("Cache-Control")).containsExactly("no-store");
  }

  @Test
  @DisplayName("I6: a header is refused at the deadline to the instant, as a cookie is")
  void deadline() {
    String token = tokenOf("alice");
    StoredSession stored = site.stored(token);
    site.clock.moveTo(stored.expiresAt());

    assertThat(send("/who", "Bearer " + token, null).body()).startsWith("nobody");
  }

  @Test
  @DisplayName("I11: settings that contradict each other stop startup")
  void contradictions_areRefused() {
    assertThatThrownBy(() -> SessionFilter.builder(site.manager).withoutCookie().build())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("withoutCookie() must not be chosen without a header");
    assertThatThrownBy(
            () ->
                SessionFilter.builder(site.manager)
                    .cookie(SessionCookie.defaults())
                    .header(SessionHeader.bearer())
                    .withoutCookie()
                    .build())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("cookie(...) must not be set together with withoutCookie()");
  }

  @ParameterizedTest
  @DisplayName("I11: a header that means something else is refused")
  @ValueSource(strings = {"", "a b", "Cookie", "set-cookie", "AUTHORIZATION", "Host", "X:", "Ä"})
  void names_areChecked(String name) {
    assertThatThrownBy(() -> SessionHeader.named(name))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("session header");
  }

  @Test
  @DisplayName("a remembered login says no Max-Age in a header: the session ends in the store")
  void remembered_carriesTheTokenAlone() {
    site.on(
        "/remember",
        (request, response) ->
            WebSession.of(request)
                .login("alice", LoginOptions.remember(), SessionTransport.HEADER));

    Browser.Answer answer = send("/remember", null, null);

    StoredSession stored = site.stored(answer.header(TOKEN_HEADER));
    assertThat(Duration.between(stored.createdAt(), stored.absoluteDeadline()))
        .isGreaterThan(Duration.ofDays(1));
  }
}
