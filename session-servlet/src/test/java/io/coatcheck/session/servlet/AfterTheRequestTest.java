package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import jakarta.servlet.http.HttpSession;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

@DisplayName("F20: what is kept of a request, and used when it is over")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class AfterTheRequestTest {

  @Parameter Container container;

  private Site site;
  private RawClient connection;
  private String cookie;
  private final AtomicReference<WebSession> webSession = new AtomicReference<>();
  private final AtomicReference<HttpSession> session = new AtomicReference<>();

  @BeforeEach
  void start() throws IOException {
    site =
        new Site(container)
            .on(
                "/begin",
                (request, response) -> {
                  request.getSession().setAttribute("a", "1");
                  WebSession.of(request).login("alice");
                })
            .on(
                "/keep",
                (request, response) -> {
                  webSession.set(WebSession.of(request));
                  session.set(request.getSession(false));
                });
    Browser browser = site.browser();
    browser.get("/begin");
    cookie = "Cookie: " + Browser.SESSION + "=" + browser.token();
    connection = new RawClient(site.port());
  }

  @AfterEach
  void stop() throws IOException {
    connection.close();
    site.close();
  }

  /** Does something while a stranger's request is served, and returns what the stranger gets. */
  private String answerOfAStrangerDuring(Runnable work) throws IOException {
    AtomicReference<Throwable> failure = new AtomicReference<>();
    site.on(
        "/stranger",
        (request, response) -> {
          try {
            work.run();
          } catch (Throwable e) {
            failure.set(e);
          }
          response.getWriter().print("done");
        });
    // The same connection, as behind a proxy: containers use their objects again.
    String answer = connection.get("/stranger");
    if (failure.get() != null) {
      throw new AssertionError(failure.get());
    }
    return answer;
  }

  @Test
  @DisplayName("a login is refused, and no stranger gets its cookie")
  void login_reachesNoStranger() throws IOException {
    connection.get("/keep", cookie);

    String answer =
        answerOfAStrangerDuring(
            () ->
                assertThatThrownBy(() -> webSession.get().login("bob"))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("the request has ended"));

    assertThat(answer).endsWith("done").doesNotContain("Set-Cookie");
    assertThat(site.manager.sessionsOf("bob")).isEmpty();
  }

  @Test
  @DisplayName("I2: a logout ends the session, and takes no cookie from a stranger")
  void logout_endsTheSessionOnly() throws IOException {
    connection.get("/keep", cookie);

    String answer = answerOfAStrangerDuring(() -> webSession.get().logout());

    assertThat(answer).endsWith("done").doesNotContain("Set-Cookie");
    assertThat(site.manager.sessionsOf("alice")).isEmpty();
  }

  @Test
  @DisplayName("a store that fails is an exception, and not the 503 of another request")
  void logout_whileTheStoreIsDown_isNoStrangers503() throws IOException {
    connection.get("/keep", cookie);
    site.store.failAll();

    String answer =
        answerOfAStrangerDuring(
            () ->
                assertThatThrownBy(() -> webSession.get().logout())
                    .isInstanceOf(io.coatcheck.session.store.SessionStoreException.class));

    assertThat(answer).startsWith("HTTP/1.1 200").endsWith("done");
  }

  @Test
  @DisplayName(
      "a change that would not be saved is refused, and the message names the way that works")
  void change_isIllegal() throws IOException {
    connection.get("/keep", cookie);

    assertThatThrownBy(() -> session.get().setAttribute("a", "2"))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("the request has ended")
        .hasMessageContaining("HttpSession.getAccessor()");
    assertThatThrownBy(() -> session.get().removeAttribute("a"))
        .isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> session.get().setMaxInactiveInterval(5))
        .isInstanceOf(IllegalStateException.class);
    assertThat(session.get().getAttribute("a")).as("it can be read").isEqualTo("1");
    assertThat(session.get().getId()).isNotEmpty();
    assertThat(webSession.get().isStillLive()).isTrue();
  }

  @Test
  @DisplayName("no bridge can ask where it came from, and none reads a stranger's request instead")
  void questionsOfABridge_areIllegal() throws IOException {
    connection.get("/keep", cookie);

    answerOfAStrangerDuring(
        () -> {
          BridgeRequest bridge = webSession.get().bridge();
          assertThatThrownBy(bridge::isFromAnotherSite)
              .isInstanceOf(IllegalStateException.class)
              .hasMessageContaining("the request has ended");
          assertThatThrownBy(bridge::isTokenWithheld)
              .isInstanceOf(IllegalStateException.class)
              .hasMessageContaining("the request has ended");
          assertThat(bridge.isTokenPresented()).isTrue();
        });
  }

  @Test
  @DisplayName("F20: the next request on the connection, without a cookie, has no session")
  void nextRequest_withoutACookie_hasNoSession() throws IOException {
    site.on(
        "/who",
        (request, response) -> {
          response.getWriter().print(request.getRemoteUser() + "," + request.getSession(false));
        });
    assertThat(connection.get("/who", cookie)).contains("alice,HttpSession[");

    assertThat(connection.get("/who")).endsWith("null,null");
  }
}
