package io.coatcheck.examples.quickstart;

import static io.coatcheck.test.clients.Chromium.press;
import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.servlet.SessionCookie;
import io.coatcheck.session.servlet.SessionCookie.SameSite;
import io.coatcheck.session.servlet.SessionFilter;
import io.coatcheck.session.servlet.WebSession;
import io.coatcheck.test.clients.Chromium;
import jakarta.servlet.ServletContext;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.openqa.selenium.By;
import org.openqa.selenium.chrome.ChromeDriver;

/** An application in a frame of another site, in a browser that blocks third-party cookies. */
@DisplayName("In Chromium, in a frame of another site")
@Tag("long")
class ChromiumFrameTest {

  @TempDir(cleanup = CleanupMode.NEVER)
  Path profiles;

  private Chromium chromium;

  @BeforeEach
  void find() {
    chromium = new Chromium(profiles);
  }

  @AfterEach
  void quit() throws IOException {
    if (chromium != null) {
      chromium.close();
    }
  }

  @ParameterizedTest
  @DisplayName("B26: a login lasts with a partitioned cookie, and is of that frame alone")
  @ValueSource(booleans = {true, false})
  void login_inAFrame(boolean partitioned) throws IOException {
    ChromeDriver browser =
        chromium.device(
            "laptop",
            options ->
                options.setExperimentalOption(
                    "prefs",
                    Map.of(
                        "profile.cookie_controls_mode",
                        1,
                        "profile.block_third_party_cookies",
                        true)));
    try (SessionManager manager =
            SessionManager.builder(InMemorySessionStore.builder().build()).build();
        WebServer chat =
            new WebServer(
                InetAddress.getLoopbackAddress(),
                0,
                context -> chat(context, manager, partitioned))) {
      chat.start();
      String elsewhere = "http://127.0.0.1:" + chat.port() + "/frame";
      browser.get(elsewhere);
      browser.switchTo().frame("chat");
      assertThat(who(browser)).isEqualTo("null");
      press(browser.findElement(By.id("login")));
      assertThat(who(browser)).as("in the answer to the login").isEqualTo("alice");

      browser.get(elsewhere);
      browser.switchTo().frame("chat");
      assertThat(who(browser)).isEqualTo(partitioned ? "alice" : "null");

      browser.get("http://localhost:" + chat.port() + "/chat");
      assertThat(who(browser)).as("at the site itself").isEqualTo("null");

      if (partitioned) {
        browser.get(elsewhere);
        browser.switchTo().frame("chat");
        press(browser.findElement(By.id("logout")));
        assertThat(who(browser)).isEqualTo("null");
        assertThat(browser.findElement(By.id("cookies")).getText()).isEqualTo("sent");
        browser.get(elsewhere);
        browser.switchTo().frame("chat");
        assertThat(browser.findElement(By.id("cookies")).getText())
            .as("the deletion is of the partition too")
            .isEqualTo("none");
      }
    }
  }

  private static String who(ChromeDriver browser) {
    return browser.findElement(By.id("who")).getText();
  }

  private static void chat(ServletContext context, SessionManager manager, boolean partitioned) {
    SessionFilter.builder(manager)
        .exposeToken(true)
        .cookie(SessionCookie.builder().sameSite(SameSite.NONE).partitioned(partitioned).build())
        .build()
        .register(context);
    context
        .addServlet(
            "chat",
            new HttpServlet() {
              private static final long serialVersionUID = 1L;

              @Override
              protected void service(HttpServletRequest request, HttpServletResponse response)
                  throws IOException {
                response.setContentType("text/html");
                switch (request.getServletPath()) {
                  case "/frame" ->
                      response
                          .getWriter()
                          .print(
                              "<iframe name=chat width=600 height=400 src='http://localhost:"
                                  + request.getServerPort()
                                  + "/chat'></iframe>");
                  case "/login" -> WebSession.of(request).login("alice");
                  case "/logout" -> WebSession.of(request).logout();
                  default -> {}
                }
                if (!request.getServletPath().equals("/frame")) {
                  String sent = request.getHeader("Cookie") == null ? "none" : "sent";
                  response
                      .getWriter()
                      .print(
                          "<p id=who>"
                              + request.getRemoteUser()
                              + "</p><p id=cookies>"
                              + sent
                              + "</p><form method=post action=/login><button id=login>in</button></form>"
                              + "<form method=post action=/logout><button id=logout>out</button></form>");
                }
              }
            })
        .addMapping("/frame", "/chat", "/login", "/logout");
  }
}
