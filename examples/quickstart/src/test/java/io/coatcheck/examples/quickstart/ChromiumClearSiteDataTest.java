package io.coatcheck.examples.quickstart;

import static io.coatcheck.test.clients.Chromium.press;
import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.servlet.SessionFilter;
import io.coatcheck.session.servlet.SessionFilterBuilder;
import io.coatcheck.session.servlet.SiteData;
import io.coatcheck.session.servlet.WebSession;
import io.coatcheck.test.clients.Chromium;
import jakarta.servlet.ServletContext;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
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

/** What a browser has left of a user after the logout. */
@DisplayName("In Chromium, after a logout")
@Tag("long")
class ChromiumClearSiteDataTest {

  @TempDir(cleanup = CleanupMode.NEVER)
  Path profiles;

  private Chromium chromium;

  /** How often the page was sent that the browser may cache. */
  private final AtomicInteger sent = new AtomicInteger();

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
  @DisplayName("cache and storage are empty if the application asks for that, and stay if not")
  @ValueSource(booleans = {true, false})
  void cacheAndStorage_areCleared(boolean clears) throws IOException {
    ChromeDriver browser = chromium.device("laptop");
    try (SessionManager manager =
            SessionManager.builder(InMemorySessionStore.builder().build()).build();
        WebServer shop =
            new WebServer(
                InetAddress.getLoopbackAddress(), 0, context -> shop(context, manager, clears))) {
      shop.start();
      String origin = "http://localhost:" + shop.port();
      browser.get(origin + "/login");
      assertThat(browser.findElement(By.id("who")).getText()).isEqualTo("alice");
      browser.executeScript("localStorage.setItem('draft', 'of alice')");
      fetchReport(browser);
      fetchReport(browser);
      assertThat(sent).as("the second time from the cache").hasValue(1);

      press(browser, "/logout");

      assertThat(browser.findElement(By.id("who")).getText()).isEqualTo("null");
      assertThat(browser.executeScript("return localStorage.getItem('draft')"))
          .isEqualTo(clears ? null : "of alice");
      fetchReport(browser);
      assertThat(sent).hasValue(clears ? 2 : 1);

      browser.get(origin + "/login");
      assertThat(browser.findElement(By.id("who")).getText()).as("a new login").isEqualTo("alice");
      browser.get(origin + "/");
      assertThat(browser.findElement(By.id("who")).getText()).isEqualTo("alice");
    }
  }

  private static void fetchReport(ChromeDriver browser) {
    assertThat(
            browser.executeAsyncScript(
                "const done = arguments[0];"
                    + "fetch('/report').then(answer => answer.text()).then(done, done)"))
        .isEqualTo("report");
  }

  private void shop(ServletContext context, SessionManager manager, boolean clears) {
    SessionFilterBuilder filter = SessionFilter.builder(manager);
    if (clears) {
      filter.clearSiteData(SiteData.CACHE, SiteData.STORAGE);
    }
    filter.build().register(context);
    context
        .addServlet(
            "shop",
            new HttpServlet() {
              private static final long serialVersionUID = 1L;

              @Override
              protected void service(HttpServletRequest request, HttpServletResponse response)
                  throws IOException {
                switch (request.getServletPath()) {
                  case "/report" -> {
                    sent.incrementAndGet();
                    response.setHeader("Cache-Control", "private, max-age=3600");
                    response.getWriter().print("report");
                  }
                  case "/logout" -> {
                    WebSession.of(request).logout();
                    response.sendRedirect("/home");
                  }
                  default -> {
                    if (request.getServletPath().equals("/login")) {
                      WebSession.of(request).login("alice");
                    }
                    response.setContentType("text/html");
                    response
                        .getWriter()
                        .print(
                            "<p id=who>"
                                + request.getRemoteUser()
                                + "</p><form method=post action='/logout'><button>out</button>"
                                + "</form>");
                  }
                }
              }
            })
        .addMapping("/login", "/logout", "/report", "/home", "/");
  }
}
