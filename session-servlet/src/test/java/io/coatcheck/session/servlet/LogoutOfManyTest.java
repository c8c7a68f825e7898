package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.event.EndReason;
import io.coatcheck.session.event.SessionEvent;
import java.io.IOException;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** Cookies that another site of the domain plants make a header ambiguous; logout still works. */
@DisplayName("A logout ends what the client holds, even where none of it would be let in")
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
            .on("/login", (request, response) -> WebSession.of(request).login("alice"))
            .on("/login-bob", (request, response) -> WebSession.of(request).login("bob"))
            .on("/logout", (request, response) -> WebSession.of(request).logout())
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
  @DisplayName("F14: a planted $Version keeps nobody logged in")
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
  @DisplayName("F47: of two live sessions neither is let in, and both are ended")
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
  @DisplayName("F48: a session behind more values than are looked up is ended")
  void behindMany_endsTheSession() throws IOException {
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
  @DisplayName("F48: sixteen different tokens are looked up at most")
  void tooMany_areNotLookedUp() throws IOException {
    StringBuilder cookies = new StringBuilder();
    for (int i = 0; i < 60; i++) {
      cookies.append(cookie(UUID.randomUUID() + "." + "A".repeat(43))).append("; ");
    }
    site.store.forgetCalls();

    assertThat(get("/logout", cookies.toString())).contains("200");

    // Four by the resolution, which comes first.
    assertThat(site.store.calls()).hasSize(4 + 16);
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
    assertThat(site.store.calls()).containsExactly("find");
  }
}
