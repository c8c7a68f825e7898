package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.event.EndReason;
import io.coatcheck.session.event.SessionEvent;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
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

/** Cookies that another site of the domain plants make a header ambiguous; logout still works. */
@DisplayName("A logout ends what the client holds, even where none of it would be admitted")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class LogoutOfManyTest {

  private static final String DELETION = "Set-Cookie: __Host-session=; Max-Age=0;";

  @Parameter Container container;

  private Site site;
  private RawClient client;

  @BeforeEach
  void start() throws IOException {
    site =
        new Site(container)
            .on("/login-bob", (request, response) -> WebSession.of(request).login("bob"))
            .on(
                "/me",
                (request, response) ->
                    response
                        .getWriter()
                        .print("[" + WebSession.of(request).principal().orElse("nobody") + "]"));
    client = new RawClient(site.port());
  }

  @AfterEach
  void stop() throws IOException {
    client.close();
    site.close();
  }

  private String token(String loginPath) {
    Browser browser = site.browser();
    browser.get(loginPath);
    return browser.token();
  }

  private String get(String path, String cookies) throws IOException {
    return client.get(path, "Cookie: " + cookies);
  }

  private static String cookie(String token) {
    return "__Host-session=" + token;
  }

  private void assertLoggedOut(String token) throws IOException {
    assertThat(get("/me", cookie(token))).contains("[nobody]");
  }

  @Test
  @DisplayName("F14: a planted $Version keeps no user logged in")
  void versionBefore_endsTheSession() throws IOException {
    String token = token("/login");

    assertThat(get("/logout", "$Version=1; " + cookie(token))).contains(DELETION);

    assertLoggedOut(token);
    assertThat(site.events)
        .filteredOn(SessionEvent.Ended.class::isInstance)
        .extracting(event -> ((SessionEvent.Ended) event).reason())
        .containsExactly(EndReason.LOGOUT);
  }

  @Test
  @DisplayName("F47: of two live sessions neither is admitted, and both are ended")
  void twoLive_endsBoth() throws IOException {
    String alice = token("/login");
    String bob = token("/login-bob");
    String both = cookie(alice) + "; " + cookie(bob);
    assertThat(get("/me", both)).contains("[nobody]");

    assertThat(get("/logout", both)).contains(DELETION);

    assertLoggedOut(alice);
    assertLoggedOut(bob);
  }

  @Test
  @DisplayName("F48: a session after more values than are looked up is ended")
  void afterMany_endsTheSession() throws IOException {
    String token = token("/login");
    String unknown = cookie(UUID.randomUUID() + "." + "A".repeat(43)) + "; ";

    assertThat(get("/logout", (cookie("junk") + "; ").repeat(4) + cookie(token)))
        .contains(DELETION);
    assertLoggedOut(token);

    String other = token("/login");
    assertThat(get("/logout", unknown.repeat(40) + cookie(other))).contains(DELETION);
    assertLoggedOut(other);
  }

  @Test
  @DisplayName("F48, attack 7: all tokens of a header are looked up, each id once")
  void many_areLookedUpOnce() throws IOException {
    String id = UUID.randomUUID().toString();
    StringBuilder cookies = new StringBuilder();
    for (int i = 0; i < 30; i++) {
      cookies.append(cookie(UUID.randomUUID() + "." + "A".repeat(43))).append("; ");
      cookies.append(cookie(id + "." + String.format("%042dA", i))).append("; ");
    }
    String token = token("/login");
    site.store.forgetCalls();

    assertThat(get("/logout", cookies + cookie(token))).contains(DELETION);

    assertThat(site.store.calls()).filteredOn("find"::equals).hasSize(30 + 1 + 1);
    assertLoggedOut(token);
  }

  @ParameterizedTest(name = "{0}")
  @ValueSource(
      strings = {
        "logout",
        "session, logout",
        "session, request.logout",
        "attribute, logout",
        "attribute, request.logout",
        "session, invalidate",
        "attribute, invalidate",
        "id, invalidate",
        "session, everywhere",
        "everywhere",
        "attribute, everywhere",
        "session, revoke",
        "revoke",
      })
  @DisplayName("attack 1: whatever session the page has begun, what was presented is ended")
  void anyLogout_afterAnything_endsWhatWasPresented(String steps) throws IOException {
    String ambiguous = cookie(token("/login-bob"));
    for (String planted :
        new String[] {"$Version=1", ambiguous, (cookie("junk") + "%s; ").repeat(6)}) {
      String token = token("/login");
      site.on("/steps", (request, response) -> take(steps, request, token));
      site.events.clear();
      String line =
          planted.contains("%s")
              ? String.format(planted, 1, 2, 3, 4, 5, 6) + cookie(token)
              : planted + "; " + cookie(token);

      assertThat(get("/steps", line)).as(planted).contains("HTTP/1.1 200").contains(DELETION);

      assertLoggedOut(token);
      assertThat(site.events)
          .filteredOn(SessionEvent.Ended.class::isInstance)
          .extracting(event -> ((SessionEvent.Ended) event).session().id().toString())
          .contains(token.substring(0, 36));
    }
  }

  private static void take(String steps, HttpServletRequest request, String token)
      throws ServletException {
    for (String step : List.of(steps.split(", ", -1))) {
      WebSession web = WebSession.of(request);
      switch (step) {
        case "session" -> assertThat(request.getSession()).isNotNull();
        case "attribute" -> request.getSession().setAttribute("csrf", "1");
        case "id" -> assertThat(request.getSession().getId()).isNotEmpty();
        case "logout" -> web.logout();
        case "request.logout" -> request.logout();
        case "invalidate" -> request.getSession().invalidate();
        case "everywhere" -> assertThat(web.logoutEverywhere()).isPositive();
        case "revoke" -> assertThat(web.revoke(token.substring(0, 36))).isTrue();
        default -> throw new IllegalArgumentException(step);
      }
    }
  }

  @Test
  @DisplayName("attack 1: to sign out everywhere works where the header is ambiguous")
  void everywhere_ofTwoLive_endsAllOfBoth() throws IOException {
    site.on(
        "/everywhere",
        (request, response) ->
            response.getWriter().print("[" + WebSession.of(request).logoutEverywhere() + "]"));
    String alice = token("/login");
    String elsewhere = token("/login");
    String bob = token("/login-bob");

    assertThat(get("/everywhere", cookie(alice) + "; " + cookie(bob))).contains("[3]");

    assertLoggedOut(alice);
    assertLoggedOut(elsewhere);
    assertLoggedOut(bob);
  }

  @Test
  @DisplayName("attack 1: one session is counted once")
  void everywhere_counts() throws IOException {
    site.on(
        "/everywhere",
        (request, response) ->
            response.getWriter().print("[" + WebSession.of(request).logoutEverywhere() + "]"));
    String token = token("/login");
    token("/login");

    assertThat(get("/everywhere", cookie(token))).contains("[2]").contains(DELETION);
    assertThat(get("/everywhere", cookie(token))).contains("[0]");
  }

  @Test
  @DisplayName("attack 7: a logout ends the rest beside a live one too")
  void beside_aLiveOne_endsTheRest() throws IOException {
    String alice = token("/login");
    String bob = token("/login-bob");
    // Without the second, the first is admitted.
    client.get("/me", "Cookie: " + cookie(alice));

    assertThat(
            client.get("/logout", "Cookie: $Version=1; " + cookie(bob), "Cookie: " + cookie(alice)))
        .contains(DELETION);

    assertLoggedOut(alice);
    assertLoggedOut(bob);
  }

  @Test
  @DisplayName("attack 7: what stands in quotes, as RFC 2965 has it, is ended")
  void quoted_endsTheSession() throws IOException {
    String token = token("/login");

    assertThat(get("/logout", "$Version=\"1\"; __Host-session=\"" + token + "\"; $Path=\"/\""))
        .contains(DELETION);

    assertLoggedOut(token);
  }

  @Test
  @DisplayName("attack 1: a secret that is not current revokes nothing, and reveals nothing")
  void revoke_byWrongSecret_isFalse() throws IOException {
    String alice = token("/login");
    site.on(
        "/revoke",
        (request, response) ->
            response
                .getWriter()
                .print("[" + WebSession.of(request).revoke(alice.substring(0, 36)) + "]"));

    String forged = cookie(alice.substring(0, 37) + "A".repeat(43));
    assertThat(get("/revoke", "$Version=1; " + forged)).contains("[false]");
    assertThat(get("/me", cookie(alice))).contains("[alice]");
  }

  @Test
  @DisplayName("attack 7: of tokens in headers, too, more than four are none, and all are ended")
  void headers_areTheSame() throws IOException {
    site.filters(
        SessionFilter.builder(site.manager).header(SessionHeader.named("X-Session")).build());
    String mallory = token("/login-bob");
    String alice = token("/login");
    List<String> lines = new ArrayList<>(List.of("X-Session: " + mallory));
    for (int i = 0; i < 20; i++) {
      lines.add("X-Session: " + UUID.randomUUID() + "." + "A".repeat(43));
    }
    lines.add("X-Session: " + alice);
    String[] headers = lines.toArray(String[]::new);
    assertThat(client.get("/me", headers)).contains("[nobody]");

    assertThat(client.get("/logout", headers)).contains("X-Session:").contains("200");

    assertThat(client.get("/me", "X-Session: " + alice)).contains("[nobody]");
    assertThat(client.get("/me", "X-Session: " + mallory)).contains("[nobody]");
  }

  @Test
  @DisplayName("a secret that is not current ends nothing")
  void wrongSecret_endsNothing() throws IOException {
    String alice = token("/login");
    String bob = token("/login-bob");
    String forged = alice.substring(0, 37) + "A".repeat(43);

    get("/logout", cookie(forged) + "; " + cookie(bob.substring(0, 37) + "B".repeat(42) + "A"));

    assertThat(get("/me", cookie(alice))).contains("[alice]");
    assertThat(get("/me", cookie(bob))).contains("[bob]");
  }

  @Test
  @DisplayName("I7: a logout from one session looks nothing up twice")
  void one_costsNoMore() throws IOException {
    String token = token("/login");
    site.store.forgetCalls();

    get("/logout", cookie(token));
    assertThat(site.store.calls()).containsExactly("find", "delete");

    site.store.forgetCalls();
    get("/logout", cookie(token));
    // The deletion finds nothing: a store with replicas waits until they have the one before.
    assertThat(site.store.calls()).containsExactly("find", "delete");
  }
}
