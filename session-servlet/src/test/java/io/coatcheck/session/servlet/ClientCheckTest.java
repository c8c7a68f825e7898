package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.LoginOptions;
import io.coatcheck.session.event.SessionEvent;
import io.coatcheck.session.servlet.ClientCheck.Verdict;
import jakarta.servlet.http.HttpSession;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

@DisplayName("A session that another client uses than the one that logged in")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class ClientCheckTest {

  @Parameter Container container;

  private final List<String> asked = new CopyOnWriteArrayList<>();
  private volatile Verdict otherAgent = Verdict.REAUTHENTICATE;

  /** What happens before another agent is judged. */
  private volatile Runnable beforeOther = () -> {};

  @AutoClose private Site site;
  private Browser browser;

  @BeforeEach
  void start() {
    site =
        new Site(
                container,
                false,
                UnaryOperator.identity(),
                builder -> builder.clientCheck(this::judge))
            .on("/bob", (request, response) -> WebSession.of(request).login("bob"))
            .on("/put", (request, response) -> request.getSession().setAttribute("b", "2"))
            .on(
                "/who",
                (request, response) -> {
                  WebSession session = WebSession.of(request);
                  HttpSession shown = request.getSession(false);
                  response
                      .getWriter()
                      .print(
                          request.getRemoteUser()
                              + ","
                              + (request.getUserPrincipal() == null)
                              + ","
                              + session.principal().isPresent()
                              + ","
                              + session.authenticatedWithin(Duration.ofDays(1))
                              + ","
                              + request.isRequestedSessionIdValid()
                              + ","
                              + session.sessions().size()
                              + ","
                              + session.isStillLive()
                              + ","
                              + (shown == null ? "none" : shown.getAttribute("a"))
                              + ","
                              + session.isReauthenticationRequired());
                });
    browser = site.browser();
  }

  private Verdict judge(ClientCheck.Client atLogin, ClientCheck.Client now) {
    asked.add(atLogin.userAgent().orElse("-") + " > " + now.userAgent().orElse("-"));
    if (now.userAgent().equals(Optional.of("broken"))) {
      throw new IllegalStateException("the check itself fails");
    }
    assertThat(atLogin.address()).isEqualTo(now.address()).isPresent();
    if (atLogin.userAgent().equals(now.userAgent())) {
      return Verdict.ACCEPT;
    }
    beforeOther.run();
    return otherAgent;
  }

  private Browser.Answer as(String agent, String path) {
    return browser.send("GET", path, "User-Agent", agent);
  }

  private static final String NOBODY = "null,true,false,false,false,0,false,none,";

  private void logIn() {
    as("own", "/begin");
    as("own", "/login");
    assertThat(as("own", "/who").body()).isEqualTo("alice,false,true,true,true,1,true,1,false");
  }

  @Test
  @DisplayName("demanded again: no user, no session, nothing of it shown, the cookie left alone")
  void reauthenticate_showsNothing() {
    logIn();
    String token = browser.token();

    Browser.Answer answer = as("other", "/who");

    assertThat(answer.body()).isEqualTo(NOBODY + "true");
    assertThat(answer.setCookies()).isEmpty();
    assertThat(as("own", "/who").body()).startsWith("alice").as("the session itself lives on");
    assertThat(browser.token()).isEqualTo(token);
  }

  @Test
  @DisplayName("demanded again: what is stored meanwhile is not, and clobbers no cookie")
  void reauthenticate_storesNothing() {
    logIn();
    String token = browser.token();
    site.store.forgetCalls();

    Browser.Answer answer = as("other", "/put");

    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.setCookies()).isEmpty();
    assertThat(site.store.calls()).containsOnly("find");
    assertThat(site.stored(token).attributes()).containsOnlyKeys("a");
  }

  @Test
  @DisplayName("a login of the same user takes the session up: attributes kept, new secret, client")
  void login_takesItUpAgain() {
    logIn();
    String before = browser.token();

    assertThat(as("other", "/login").setCookies()).hasSize(1);

    assertThat(browser.token().substring(0, 36)).isEqualTo(before.substring(0, 36));
    assertThat(browser.token()).isNotEqualTo(before);
    assertThat(as("other", "/who").body()).isEqualTo("alice,false,true,true,true,1,true,1,false");
    browser.token(before);
    assertThat(as("own", "/who").body()).startsWith("null");
  }

  @Test
  @DisplayName("even after the login page looked at its own session")
  void login_afterGetSession_takesItUpAgain() {
    logIn();
    String id = browser.token().substring(0, 36);
    site.on(
        "/page-and-login",
        (request, response) -> {
          request.getSession().getAttribute("next");
          WebSession.of(request).login("alice");
          response.getWriter().print(request.getSession().getAttribute("a"));
        });

    assertThat(as("other", "/page-and-login").body()).isEqualTo("1");
    assertThat(browser.token()).startsWith(id);
  }

  @Test
  @DisplayName("attack 1: and after it has put something into that: the old secret is dead")
  void login_afterSetAttribute_takesItUpAgain() {
    logIn();
    String before = browser.token();
    site.on(
        "/page-and-login",
        (request, response) -> {
          request.getSession().setAttribute("csrf", "2");
          boolean isRequired = WebSession.of(request).isReauthenticationRequired();
          WebSession.of(request).login("alice");
          response.getWriter().print(isRequired + "," + request.getSession().getAttribute("a"));
        });

    assertThat(as("other", "/page-and-login").body()).isEqualTo("true,1");

    assertThat(browser.token()).startsWith(before.substring(0, 36)).isNotEqualTo(before);
    assertThat(site.stored(browser.token()).attributes()).containsOnlyKeys("a", "csrf");
    browser.token(before);
    assertThat(as("own", "/who").body()).startsWith("null");
  }

  @Test
  @DisplayName(
      "attack 1: another user's login ends it too, whatever the page had put into a session")
  void loginOfAnother_afterSetAttribute_endsIt() {
    logIn();
    String before = browser.token();
    site.on(
        "/page-and-login",
        (request, response) -> {
          request.getSession().setAttribute("csrf", "2");
          WebSession.of(request).login("bob");
        });

    as("other", "/page-and-login");

    assertThat(site.stored(before)).isNull();
    assertThat(site.stored(browser.token()).attributes()).containsOnlyKeys("csrf");
  }

  @Test
  @DisplayName("attack 1: invalidate and revoke end it, whatever session the page has begun")
  void invalidateAndRevoke_endIt() {
    site.on(
            "/invalidate",
            (request, response) -> {
              request.getSession().setAttribute("csrf", "2");
              request.getSession().invalidate();
            })
        .on(
            "/revoke",
            (request, response) -> {
              request.getSession().setAttribute("csrf", "2");
              assertThat(WebSession.of(request).revoke(request.getParameter("id"))).isTrue();
            });
    for (String path : new String[] {"/invalidate", "/revoke?id="}) {
      browser = site.browser();
      logIn();
      String token = browser.token();

      String target = path.endsWith("=") ? path + token.substring(0, 36) : path;
      assertThat(as("other", target).setCookie()).contains("Max-Age=0");

      assertThat(site.stored(token)).isNull();
    }
  }

  @Test
  @DisplayName("a login of another user, and a logout, end it")
  void loginOfAnother_andLogout_endIt() {
    logIn();
    String token = browser.token();
    as("other", "/bob");
    assertThat(site.stored(token)).isNull();
    assertThat(as("other", "/who").body()).startsWith("bob").contains(",null,");

    browser = site.browser();
    logIn();
    token = browser.token();
    site.listener().heard();
    assertThat(as("other", "/logout").setCookie()).contains("Max-Age=0");
    assertThat(site.stored(token)).isNull();
    assertThat(site.listener().heard()).containsExactly("destroyed [a]", "removed a=1");
  }

  @Test
  @DisplayName("ended: it is gone for every client, and reported once")
  void end_endsIt() {
    logIn();
    String token = browser.token();
    otherAgent = Verdict.END;
    site.listener().heard();

    Browser.Answer answer = as("other", "/who");

    assertThat(answer.body()).isEqualTo(NOBODY + "false");
    assertThat(site.stored(token)).isNull();
    assertThat(site.listener().heard()).containsExactly("destroyed [a]", "removed a=1");
    assertThat(site.events).filteredOn(SessionEvent.Ended.class::isInstance).hasSize(1);
    assertThat(as("own", "/who").body()).isEqualTo(NOBODY + "false");
    assertThat(as("own", "/begin").setCookies()).as("a new one is begun").hasSize(1);
  }

  @Test
  @DisplayName("C2: a login during the client check is not ended by its result")
  void end_loginMeanwhile_leavesIt() {
    logIn();
    String before = browser.token();
    otherAgent = Verdict.END;
    beforeOther =
        () -> {
          beforeOther = () -> {};
          as("own", "/login");
        };

    Browser thief = site.browser().token(before);
    assertThat(thief.send("GET", "/who", "User-Agent", "other").body()).startsWith("null");

    assertThat(browser.token()).isNotEqualTo(before);
    assertThat(as("own", "/who").body()).startsWith("alice");
  }

  @Test
  @DisplayName("I9: if the store fails to end it, the request is answered 503 and not admitted")
  void end_whileTheStoreIsDown_is503() {
    logIn();
    String token = browser.token();
    otherAgent = Verdict.END;
    site.store.fail("delete");

    assertThat(as("other", "/who").status()).isEqualTo(503);

    site.store.recover();
    assertThat(site.stored(token)).isNotNull();
  }

  @Test
  @DisplayName("a check that fails has demanded the login")
  void failingCheck_withholds() {
    logIn();

    assertThat(as("broken", "/who").body()).isEqualTo(NOBODY + "true");
    assertThat(as("own", "/who").body()).startsWith("alice");
  }

  @Test
  @DisplayName("not asked: anonymous, without a token, at the login, and where nothing is recorded")
  void asked_onlyWhereThereIsSomethingToCompare() {
    as("own", "/begin");
    as("other", "/begin");
    as("other", "/login");
    assertThat(asked).isEmpty();
    as("other", "/who");
    as("other", "/who");
    assertThat(asked).containsExactly("other > other", "other > other");

    site.filters(
        SessionFilter.builder(site.manager).recordClient(false).clientCheck(this::judge).build());
    browser = site.browser();
    as("own", "/login");
    asked.clear();
    assertThat(as("other", "/who").body()).startsWith("alice");
    assertThat(asked).isEmpty();
  }

  @Test
  @DisplayName("what was cut off and cleaned when it was recorded is so when it is compared")
  void longAgents_areComparable() {
    String agent = "x".repeat(300);
    as(agent, "/login");

    assertThat(as(agent, "/who").body()).startsWith("alice");
    assertThat(asked).containsExactly("x".repeat(128) + " > " + "x".repeat(128));
  }

  @Test
  @DisplayName("RequireLogin rejects a user who has to log in again")
  void requireLogin_refuses() {
    logIn();
    site.filters(
        SessionFilter.builder(site.manager).clientCheck(this::judge).build(),
        RequireLogin.builder().build());

    assertThat(as("own", "/who").status()).isEqualTo(200);
    assertThat(as("other", "/who").status()).isEqualTo(401);
  }

  @Test
  void options_ofALogin_areCompared() {
    site.on(
        "/login-elsewhere",
        (request, response) ->
            WebSession.of(request)
                .login(
                    "alice",
                    LoginOptions.builder().client(request.getRemoteAddr(), "an app").build()));
    as("own", "/login-elsewhere");

    assertThat(as("own", "/who").body()).isEqualTo(NOBODY + "true");
    assertThat(as("an app", "/who").body()).startsWith("alice");
  }
}
