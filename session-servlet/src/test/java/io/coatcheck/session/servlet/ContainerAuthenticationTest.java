package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.coatcheck.session.SessionManager;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpSession;
import jakarta.servlet.http.HttpSessionIdListener;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Containers that log a user in before any filter, in earnest. */
@DisplayName("I3: a user whom the container authenticates by itself, before any filter")
@ParameterizedClass(name = "{0}")
@EnumSource(Secured.class)
class ContainerAuthenticationTest {

  @Parameter Secured container;

  private Site site;
  private Browser browser;

  @BeforeEach
  void start() {
    assumeTrue(Container.isServlet61() || !container.isJetty(), "Jetty's ee11 needs Servlet 6.1");
    site =
        new Site(container.running())
            .on("/note", this::note)
            .on("/private/note", this::note)
            .on("/form", (request, response) -> response.getWriter().print("log in"))
            .on("/wrong", (request, response) -> response.getWriter().print("wrong"));
    browser = newBrowser();
  }

  private void note(HttpServletRequest request, HttpServletResponse response) throws IOException {
    String value = request.getParameter("set");
    if (value != null) {
      request.getSession().setAttribute("note", value);
    }
    HttpSession session = request.getSession(false);
    Object note = session == null ? "no session" : session.getAttribute("note");
    response.getWriter().print(name(request) + ": " + note);
  }

  /** Returns the user's name, which a certificate puts as {@code CN=alice}. */
  private static String name(HttpServletRequest request) {
    String user = request.getRemoteUser();
    return user == null ? "null" : user.replace("CN=", "");
  }

  /** Returns a client without a user. */
  private Browser newBrowser() {
    return container.isByCertificate()
        ? new Browser("https://localhost:" + site.port()).with(Certificates.get().client("nobody"))
        : site.browser();
  }

  @AfterEach
  void stop() {
    if (site != null) {
      site.close();
    }
  }

  /** Asks as a user, whom the container authenticates before the filter. */
  private Browser.Answer as(String user, Browser client, String path) {
    if (container.isByHeader()) {
      return client.send("GET", path, "X-User", user);
    }
    if (container.isByCertificate()) {
      Browser.Answer answer = client.with(Certificates.get().client(user)).get(path);
      client.with(Certificates.get().client("nobody"));
      return answer;
    }
    if (container.isByDigest()) {
      Browser.Answer challenge = client.get(path);
      assertThat(challenge.status()).isEqualTo(401);
      String answer = DigestAnswer.to(challenge.header("WWW-Authenticate"), user, user, path);
      return client.send("GET", path, "Authorization", answer);
    }
    if (!container.isForm()) {
      byte[] credentials = (user + ":" + user).getBytes(StandardCharsets.UTF_8);
      return client.send(
          "GET", path, "Authorization", "Basic " + Base64.getEncoder().encodeToString(credentials));
    }
    Browser.Answer answer = client.get(path);
    if (!answer.body().equals("log in") && answer.status() == 200) {
      return answer;
    }
    if (answer.status() != 200) {
      assertThat(client.get("/form").body()).isEqualTo("log in");
    }
    Browser.Answer login =
        client.post("/j_security_check?j_username=" + user + "&j_password=" + user);
    assertThat(login.status()).isIn(302, 303);
    return client.get(path);
  }

  private static List<String> ours(Browser.Answer answer) {
    return answer.setCookies().stream().filter(c -> c.startsWith("__Host-session=")).toList();
  }

  @Test
  @DisplayName("B45, attack 2: a cookie from before opens nothing of what comes after")
  void planted_readsNothing() {
    Browser thief = newBrowser();
    thief.get("/note?set=planted");
    String planted = thief.token();
    browser.token(planted);

    Browser.Answer login = as("alice", browser, "/private/note?set=secret");

    assertThat(login.body()).isEqualTo("alice: secret");
    assertThat(browser.token()).isNotEqualTo(planted);
    assertThat(thief.get("/note").body()).isEqualTo("null: no session");
    assertThat(thief.token(planted).get("/note").body()).isEqualTo("null: no session");
    assertThat(as("alice", browser, "/private/note").body()).isEqualTo("alice: secret");
  }

  @Test
  @DisplayName("I9: what the anonymous session held is kept if the store fails after its renewal")
  void session_isKept_ifTheStoreFailsAfterItsRenewal() {
    browser.get("/note?set=a-book");
    site.on(
        "/private/fails",
        (request, response) -> {
          site.store.fail("update");
          request.getSession().setAttribute("more", "2");
        });

    Browser.Answer failed = as("alice", browser, "/private/fails");

    assertThat(failed.status()).isEqualTo(503);
    assertThat(ours(failed)).hasSize(1);
    site.store.recover();
    assertThat(as("alice", browser, "/private/note").body()).isEqualTo("alice: a-book");
  }

  @Test
  @DisplayName("B45: what the anonymous session held is kept, and one new secret is enough")
  void session_isRenewedOnce() {
    browser.get("/note?set=a-book");

    assertThat(as("alice", browser, "/private/note").body()).isEqualTo("alice: a-book");
    String token = browser.token();

    Browser.Answer again = as("alice", browser, "/private/note");
    assertThat(again.body()).isEqualTo("alice: a-book");
    assertThat(ours(again)).isEmpty();
    assertThat(browser.token()).isEqualTo(token);
  }

  @Test
  @DisplayName("B45: a session that begins when the user is known is the user's, with one secret")
  void sessionOfTheUser_isNotRenewed() {
    assertThat(as("alice", browser, "/private/note?set=mine").body()).isEqualTo("alice: mine");
    String token = browser.token();

    assertThat(ours(as("alice", browser, "/private/note"))).isEmpty();
    assertThat(browser.token()).isEqualTo(token);
    assertThat(newBrowser().token(token).get("/note").body()).isEqualTo("null: no session");
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  @DisplayName("B45: so it is where the session is looked at late")
  void lazy_isRenewedWhenLookedAt(boolean isExcluded) {
    site.filters(
        isExcluded
            ? SessionFilter.builder(site.manager).exclude("/private/*").build()
            : SessionFilter.builder(site.manager).lazy(true).build());
    browser.get("/note?set=planted");
    String planted = browser.token();

    assertThat(as("alice", browser, "/private/note?set=secret").body()).isEqualTo("alice: secret");

    assertThat(browser.token()).isNotEqualTo(planted);
    assertThat(newBrowser().token(planted).get("/note").body()).isEqualTo("null: no session");
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  @DisplayName("B45: it is not lost where a listener of the new id looks at the session as well")
  void lazy_listenerOfTheId_looksToo(boolean create) {
    AtomicReference<HttpServletRequest> current = new AtomicReference<>();
    site.filters(
        SessionFilter.builder(site.manager)
            .lazy(true)
            .listener(
                (HttpSessionIdListener)
                    (event, oldId) -> {
                      if (current.get() != null) {
                        current.get().getSession(create);
                      }
                    })
            .build(),
        (request, response, chain) -> {
          current.set((HttpServletRequest) request);
          try {
            chain.doFilter(request, response);
          } finally {
            current.set(null);
          }
        });
    browser.get("/note?set=basket");
    String before = browser.token();

    assertThat(as("alice", browser, "/private/note").body()).isEqualTo("alice: basket");
    assertThat(browser.token()).isNotEqualTo(before);
    assertThat(as("alice", browser, "/private/note").body()).isEqualTo("alice: basket");
  }

  @Test
  @DisplayName("attack 2: late means too late: what can get no new secret is not shown")
  void lazy_afterTheCommit_isNotShown() {
    site.filters(SessionFilter.builder(site.manager).lazy(true).build());
    site.on(
        "/private/late",
        (request, response) -> {
          response.getWriter().print("begun ");
          response.flushBuffer();
          HttpSession session = request.getSession(false);
          response.getWriter().print(session == null ? "none" : session.getAttribute("note"));
        });
    browser.get("/note?set=planted");

    assertThat(as("alice", browser, "/private/late").body()).isEqualTo("begun none");
  }

  @Test
  @DisplayName("B45: to another user nothing is carried over, and nothing shown")
  void anotherUser_seesNothing() {
    assumeFalse(container.isForm(), "a form logs no user in over another");
    as("alice", browser, "/private/note?set=hers");
    String hers = browser.token();

    assertThat(as("bob", browser, "/private/note").body()).isEqualTo("bob: no session");
    assertThat(as("bob", browser, "/private/note?set=his").body()).isEqualTo("bob: his");

    assertThat(browser.token().substring(0, 36)).isNotEqualTo(hers.substring(0, 36));
    assertThat(as("alice", newBrowser().token(hers), "/private/note").body())
        .isEqualTo("alice: hers");
    assertThat(as("alice", browser, "/private/note").body()).isEqualTo("alice: no session");
  }

  @Test
  @DisplayName("B45: without the user, the user's session is not shown, and not harmed")
  void noUser_seesNothing() {
    assumeFalse(container.isForm(), "the container remembers the user of a form");
    as("alice", browser, "/private/note?set=hers");

    Browser.Answer anonymous = browser.get("/note");

    assertThat(anonymous.body()).isEqualTo("null: no session");
    assertThat(ours(anonymous)).isEmpty();
    assertThat(as("alice", browser, "/private/note").body()).isEqualTo("alice: hers");
    String hers = browser.token();
    assertThat(browser.get("/note?set=anew").body()).isEqualTo("null: anew");
    assertThat(browser.token().substring(0, 36)).isNotEqualTo(hers.substring(0, 36));
  }

  @Test
  @DisplayName("attack 1: a logout without the user ends it all the same")
  void noUser_logsOut() {
    assumeFalse(container.isForm(), "the container remembers the user of a form");
    as("alice", browser, "/private/note?set=hers");
    String hers = browser.token();

    browser.get("/logout");

    assertThat(browser.token()).isNull();
    assertThat(site.stored(hers)).isNull();
  }

  @Test
  @DisplayName("B45: the user is kept with the session, for every node")
  void otherNode_knowsTheUser() {
    browser.get("/note?set=a-book");
    as("alice", browser, "/private/note");
    String token = browser.token();
    SessionManager other =
        SessionManager.builder(site.store).clock(site.clock).cleanUpInterval(Duration.ZERO).build();
    site.filters(SessionFilter.builder(other).build());

    Browser.Answer there = as("alice", browser, "/private/note");

    assertThat(there.body()).isEqualTo("alice: a-book");
    assertThat(ours(there)).isEmpty();
    assertThat(newBrowser().token(token).get("/note").body()).isEqualTo("null: no session");
  }

  @Test
  @DisplayName("attack 2: a user whom we logged in is not looked up")
  void ours_comesFirst() {
    site.on("/login", (request, response) -> WebSession.of(request).login("carol"));
    browser.get("/note?set=a-book");
    browser.get("/login");
    String token = browser.token();

    assertThat(as("alice", browser, "/private/note").body()).isEqualTo("carol: a-book");
    assertThat(browser.get("/note").body()).isEqualTo("carol: a-book");
    assertThat(browser.token()).isEqualTo(token);
  }

  @Test
  @DisplayName("what is kept of the user is not an attribute of the application")
  void attributeNames_containNoneOfOurs() {
    site.on(
        "/private/names",
        (request, response) ->
            response.getWriter().print(Collections.list(request.getSession().getAttributeNames())));
    browser.get("/note?set=a-book");

    assertThat(as("alice", browser, "/private/names").body()).isEqualTo("[note]");
  }

  @Test
  @DisplayName("attack 2: a session that is full is not taken over")
  void fullSession_isNotShown() {
    SessionManager small =
        SessionManager.builder(site.store)
            .clock(site.clock)
            .cleanUpInterval(Duration.ZERO)
            .maxAttributes(1)
            .build();
    site.filters(SessionFilter.builder(small).build());
    browser.get("/note?set=planted");

    assertThat(as("alice", browser, "/private/note").body()).isEqualTo("alice: no session");
  }

  @Test
  @DisplayName("request.logout() ends the session, and what begins after it has no user")
  void logout_isOfBoth() {
    site.on(
        "/private/logout",
        (request, response) -> {
          request.logout();
          request.getSession().setAttribute("note", "after");
          response.getWriter().print(request.getRemoteUser());
        });
    as("alice", browser, "/private/note?set=hers");

    assertThat(as("alice", browser, "/private/logout").body()).isEqualTo("null");
    assertThat(browser.get("/note").body()).isEqualTo("null: after");
  }

  @ParameterizedTest
  @ValueSource(strings = {"forward", "async", "error", "exception"})
  @DisplayName("B45: in every dispatch it is the same user, with one new secret")
  void dispatches_areOfTheUser(String dispatch) {
    site.on(Site.ERROR_PAGE, this::note);
    site.on(
        "/private/then",
        (request, response) -> {
          switch (dispatch) {
            case "forward" -> request.getRequestDispatcher("/note").forward(request, response);
            case "async" -> request.startAsync().dispatch("/note");
            case "error" -> response.sendError(418);
            default -> throw new IllegalStateException("on purpose");
          }
        });
    browser.get("/note?set=a-book");
    String before = browser.token();

    Browser.Answer answer = as("alice", browser, "/private/then");

    assertThat(answer.body()).as(dispatch).isEqualTo("alice: a-book");
    assertThat(browser.token()).isNotEqualTo(before);
    String token = browser.token();
    Browser.Answer again =
        container.isForm() ? browser.get("/private/then") : as("alice", browser, "/private/then");
    assertThat(again.body()).isEqualTo("alice: a-book");
    assertThat(browser.token()).isEqualTo(token);
  }

  @Test
  @DisplayName("wrong credentials outside of the constraint log no user in, and refuse nothing")
  void wrongCredentials_onAPublicPage_logNoUserIn() {
    assumeFalse(container.isForm() || container.isByHeader());
    browser.get("/note?set=a-book");
    site.on(
        "/public",
        (request, response) ->
            response.getWriter().print(request.getSession().getAttribute("note")));

    for (String credentials :
        List.of(
            "Basic bm9ib2R5Ondyb25n", "Basic !", "Bearer x", "Digest", "Digest uri=\"/\", nc=!")) {
      Browser.Answer answer = browser.send("GET", "/public", "Authorization", credentials);
      assertThat(answer.status()).as(credentials).isEqualTo(200);
      assertThat(answer.body()).isEqualTo("a-book");
    }
    String token = browser.token();
    site.on("/logout", (request, response) -> request.logout());
    Browser.Answer logout = browser.send("GET", "/logout", "Authorization", "Basic !");
    assertThat(site.stored(token)).isNull();
    assertThat(logout.status()).isEqualTo(200);
    assertThat(browser.token()).isNull();
  }
}
