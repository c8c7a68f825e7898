package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import jakarta.servlet.http.HttpSession;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

@DisplayName("F45: the endpoint of a WebSocket, by the containers' own jakarta.websocket")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class WebSocketTest {

  @Parameter Container container;

  @AutoClose private Site site;
  private Browser browser;

  @BeforeEach
  void start() {
    site =
        new Site(container)
            .on(
                "/login",
                (request, response) -> {
                  request.getSession().setAttribute("a", "1");
                  WebSession.of(request).login("alice");
                })
            .onMessage(WebSocketTest::answer);
    browser = site.browser();
    browser.get("/login");
  }

  private static String answer(HttpSession session, String message) {
    if (session == null) {
      return "no session";
    }
    return switch (message) {
      case "read" -> String.valueOf(session.getAttribute("a"));
      case "live" -> String.valueOf(WebSession.of(session).isStillLive());
      case "set, and catch" -> {
        try {
          session.setAttribute("a", "2");
          yield "set";
        } catch (IllegalStateException e) {
          yield e.getMessage();
        }
      }
      case "set by the accessor" -> {
        Accessors.access(session, later -> later.setAttribute("a", "3"));
        yield "done";
      }
      case "end" -> {
        session.invalidate();
        yield "ended";
      }
      default -> throw new IllegalArgumentException(message);
    };
  }

  private SocketClient open() {
    return SocketClient.open(
        site.port(), "Cookie", Browser.SESSION + "=" + browser.token(), "Origin", origin());
  }

  private String origin() {
    return "http://localhost:" + site.port();
  }

  @Test
  void handshake_knowsTheSessionAndTheUser() throws InterruptedException {
    try (SocketClient socket = open()) {
      assertThat(socket.ask("read")).isEqualTo("alice: 1");
      assertThat(socket.ask("live")).isEqualTo("alice: true");
    }
  }

  @Test
  void handshake_withoutASession_isAnonymous() throws InterruptedException {
    try (SocketClient socket = SocketClient.open(site.port(), "Origin", origin())) {
      assertThat(socket.ask("read")).isEqualTo("nobody: no session");
    }
  }

  @Test
  @DisplayName("the page of another site opens none with the user's cookie")
  void handshake_ofAnotherSite_isRefused() {
    assertThat(
            SocketClient.refusal(
                site.port(),
                "Cookie",
                Browser.SESSION + "=" + browser.token(),
                "Origin",
                "https://evil.example"))
        .isEqualTo(403);
  }

  @Test
  @DisplayName("I2: after a logout the endpoint can know it; Tomcat closes the socket by itself")
  void logout_endsTheConnection() throws InterruptedException {
    try (SocketClient socket = open()) {
      assertThat(socket.ask("live")).isEqualTo("alice: true");

      browser.get("/logout");

      if (container == Container.TOMCAT) {
        assertThat(socket.next()).startsWith("closed 1008");
      } else {
        assertThat(socket.ask("live")).isEqualTo("alice: false");
      }
    }
  }

  @Test
  @DisplayName("what would be lost is refused, with the way that works")
  void change_ofTheSessionOfTheHandshake_isIllegal() throws InterruptedException {
    try (SocketClient socket = open()) {
      assertThat(socket.ask("set, and catch"))
          .contains("the request has ended")
          .contains("getAccessor");
      assertThat(socket.ask("read")).isEqualTo("alice: 1");
    }
  }

  @EnabledIf(
      value = "io.coatcheck.session.servlet.Container#isServlet61",
      disabledReason = "Servlet 6.0 has no HttpSession.Accessor")
  @Test
  void change_byTheAccessor_isStored() throws InterruptedException {
    try (SocketClient socket = open()) {
      assertThat(socket.ask("set by the accessor")).isEqualTo("alice: done");
    }
    try (SocketClient socket = open()) {
      assertThat(socket.ask("read")).isEqualTo("alice: 3");
    }
  }

  @Test
  @DisplayName("I2: an endpoint may log its user out")
  void invalidate_endsTheSession() throws InterruptedException {
    try (SocketClient socket = open()) {
      assertThat(socket.ask("end")).matches("alice: ended|closed 1008 .*");
    }
    assertThat(site.stored(browser.token())).isNull();
  }

  @Test
  void webSession_ofASessionOfSomethingElse_isIllegal() {
    HttpSession foreign = org.mockito.Mockito.mock(HttpSession.class);

    assertThatThrownBy(() -> WebSession.of(foreign))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(foreign.getClass().getName());
  }
}
