package io.coatcheck.examples.quickstart;

import static io.coatcheck.test.clients.Chromium.press;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.servlet.CrossOriginPolicy;
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
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.openqa.selenium.By;
import org.openqa.selenium.Cookie;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.chrome.ChromeDriver;

/** What a real browser makes of it. Needs {@code chromium} and {@code chromedriver} on the path. */
@DisplayName("In Chromium")
class ChromiumTest extends Site {

  private static final String COOKIE = "__Host-session";

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

  private ChromeDriver device(String name) {
    return chromium.device(name);
  }

  private static void visit(ChromeDriver driver) {
    driver.get(url() + "/");
  }

  private static void logIn(ChromeDriver driver, boolean remembered) {
    visit(driver);
    driver.findElement(By.id("username")).sendKeys("alice");
    driver.findElement(By.id("password")).sendKeys("wonderland-1");
    if (remembered) {
      driver.findElement(By.name("remember")).click();
    }
    press(driver, "/login");
    assertThat(textOf(driver, "you")).isEqualTo("You are alice");
  }

  private static String textOf(ChromeDriver driver, String id) {
    return driver.findElement(By.id(id)).getText();
  }

  private static boolean isLoggedIn(ChromeDriver driver) {
    // One of the two is there once the page is.
    return "you".equals(driver.findElement(By.cssSelector("#you, #login")).getDomAttribute("id"));
  }

  /** Sets a session cookie as the site did: WebDriver itself would add a domain. */
  private static void putBack(ChromeDriver driver, Cookie cookie) {
    Map<String, Object> set =
        driver.executeCdpCommand(
            "Network.setCookie",
            Map.of(
                "name",
                cookie.getName(),
                "value",
                cookie.getValue(),
                "url",
                url() + "/",
                "path",
                "/",
                "secure",
                true,
                "httpOnly",
                true,
                "sameSite",
                "Lax"));
    assertThat(set).containsEntry("success", true);
  }

  @Test
  void hostCookie_isAcceptedOnLocalhost_andHiddenFromScripts() {
    ChromeDriver browser = device("laptop");
    visit(browser);
    assertThat(browser.manage().getCookies()).isEmpty();
    logIn(browser, false);

    Cookie cookie = browser.manage().getCookieNamed(COOKIE);
    assertThat(cookie).isNotNull();
    assertThat(cookie.isSecure()).isTrue();
    assertThat(cookie.isHttpOnly()).isTrue();
    assertThat(cookie.getSameSite()).isEqualTo("Lax");
    assertThat(cookie.getPath()).isEqualTo("/");
    assertThat(cookie.getDomain()).as("host only").isEqualTo("localhost");
    assertThat(cookie.getExpiry()).isNull();
    assertThat(browser.executeScript("return document.cookie")).isEqualTo("");
    assertThat(browser.executeScript("return JSON.stringify(localStorage)")).isEqualTo("{}");
    assertThat(browser.getPageSource()).doesNotContain(cookie.getValue().substring(37));
  }

  @Test
  @Tag("long")
  void note_isKept_overTheLogin() {
    ChromeDriver browser = device("laptop");
    visit(browser);
    browser.findElement(By.id("text")).sendKeys("<b>milk</b>");
    press(browser, "/note");
    String anonymous = browser.manage().getCookieNamed(COOKIE).getValue();
    logIn(browser, false);

    assertThat(textOf(browser, "text")).isEqualTo("<b>milk</b>");
    assertThat(browser.manage().getCookieNamed(COOKIE).getValue()).isNotEqualTo(anonymous);
  }

  @Test
  void devices_areListedAndRevoked() {
    ChromeDriver laptop = deviceCalling("laptop", "(X11; Linux x86_64)", "Safari/537.36");
    ChromeDriver phone = deviceCalling("phone", "(Linux; Android 15; K)", "Mobile Safari/537.36");
    logIn(laptop, false);
    logIn(phone, false);
    laptop.navigate().refresh();
    WebElement devices = laptop.findElement(By.className("devices"));
    assertThat(devices.getText()).contains("Chrome on Linux (this one)", "Chrome on Android");
    assertThat(devices.findElements(By.tagName("span")))
        .extracting(name -> name.getDomAttribute("title"))
        .anyMatch(agent -> agent.contains("Linux x86_64"));

    press(laptop.findElement(By.cssSelector("button[aria-label='Sign out Chrome on Android']")));

    assertThat(laptop.findElement(By.className("devices")).getText()).doesNotContain("Android");
    phone.navigate().refresh();
    assertThat(isLoggedIn(phone)).isFalse();
    assertThat(isLoggedIn(laptop)).isTrue();
    press(laptop, "/logout-everywhere");
  }

  private ChromeDriver deviceCalling(String name, String system, String end) {
    String agent =
        "Mozilla/5.0 %s AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 %s"
            .formatted(system, end);
    return chromium.device(name, options -> options.addArguments("--user-agent=" + agent));
  }

  @Test
  @Tag("long")
  void supersededCookie_opensNothing_andALoginWorksAllTheSame() {
    ChromeDriver browser = device("laptop");
    visit(browser);
    browser.findElement(By.id("text")).sendKeys("before");
    press(browser, "/note");
    Cookie superseded = browser.manage().getCookieNamed(COOKIE);
    logIn(browser, false);
    Cookie current = browser.manage().getCookieNamed(COOKIE);

    putBack(browser, superseded);
    visit(browser);

    assertThat(isLoggedIn(browser)).isFalse();
    assertThat(textOf(browser, "text")).isEmpty();
    assertThat(browser.manage().getCookieNamed(COOKIE).getValue())
        .as("a refused token is left alone")
        .isEqualTo(superseded.getValue());
    logIn(browser, false);
    assertThat(browser.manage().getCookieNamed(COOKIE).getValue())
        .isNotIn(superseded.getValue(), current.getValue());
  }

  @Test
  void logout_clearsTheCookie() {
    ChromeDriver browser = device("laptop");
    logIn(browser, false);
    Cookie cookie = browser.manage().getCookieNamed(COOKIE);

    press(browser, "/logout");

    assertThat(isLoggedIn(browser)).isFalse();
    assertThat(browser.manage().getCookies()).isEmpty();
    putBack(browser, cookie);
    visit(browser);
    assertThat(isLoggedIn(browser)).as("with the cookie from before").isFalse();
  }

  @Test
  void backButtonAfterLogout_showsNothingPrivate() {
    ChromeDriver browser = device("laptop");
    logIn(browser, false);
    browser.findElement(By.id("text")).sendKeys("a private note");
    press(browser, "/note");
    browser.get(url() + "/?a=1");
    assertThat(textOf(browser, "text")).isEqualTo("a private note");
    browser.get(url() + "/me");
    assertThat(browser.getPageSource()).contains("alice");
    browser.get(url() + "/?a=2");
    press(browser, "/logout");
    assertThat(isLoggedIn(browser)).isFalse();

    for (int i = 0; i < 5; i++) {
      browser.navigate().back();
      assertThat(browser.getPageSource())
          .as(browser.getCurrentUrl())
          .doesNotContain("a private note", "You are alice", "\"principal\"");
    }
  }

  @Test
  @Tag("long")
  void rememberedLogin_outlivesTheBrowser() {
    ChromeDriver browser = device("laptop");
    logIn(browser, true);
    assertThat(browser.manage().getCookieNamed(COOKIE).getExpiry()).isNotNull();
    chromium.quitLast();

    ChromeDriver restarted = device("laptop");
    visit(restarted);
    assertThat(isLoggedIn(restarted)).isTrue();
    press(restarted, "/logout");
    assertThat(isLoggedIn(restarted)).isFalse();
    logIn(restarted, false);
    chromium.quitLast();

    ChromeDriver again = device("laptop");
    visit(again);
    assertThat(isLoggedIn(again)).as("a login that is not remembered").isFalse();
  }

  /** 127.0.0.1 is another site; another port of localhost is the same site, and another origin. */
  @ParameterizedTest
  @ValueSource(strings = {"127.0.0.1", "localhost"})
  void postFromAnotherSite_isRefused(String host) throws IOException {
    ChromeDriver browser = device("laptop");
    logIn(browser, false);
    HttpServer elsewhere = serving(attack());
    try {
      String attacker = "http://" + host + ":" + elsewhere.getAddress().getPort() + "/";
      for (String form : Set.of("note", "logout", "login")) {
        browser.get(attacker);
        press(browser.findElement(By.id(form)));
        assertThat(browser.findElement(By.tagName("body")).getText())
            .as(form)
            .startsWith("Cross-origin request refused");
      }
      browser.get(attacker);
      press(browser.findElement(By.id("link")));
      assertThat(textOf(browser, "you")).as("a link from there").isEqualTo("You are alice");
      assertThat(textOf(browser, "text")).isEmpty();
    } finally {
      elsewhere.stop(0);
    }
  }

  /**
   * The provider of payments is another site. It sends the user back with a POST, which comes
   * without the cookie.
   */
  @Tag("long")
  @ParameterizedTest
  @CsvSource({"LAX, redirect", "LAX, page", "STRICT, redirect", "STRICT, page"})
  @DisplayName("B04: back from the payment provider, the user is still logged in")
  void postFromThePaymentProvider_logsNoUserOut(SameSite sameSite, String answer)
      throws IOException {
    ChromeDriver browser = device("laptop");
    try (SessionManager manager =
            SessionManager.builder(InMemorySessionStore.builder().build()).build();
        WebServer shop =
            new WebServer(
                InetAddress.getLoopbackAddress(), 0, context -> shop(context, manager, sameSite))) {
      shop.start();
      String origin = "http://localhost:" + shop.port();
      HttpServer provider =
          serving(
              """
              <!doctype html><title>Pay</title>
              <form method="post" action="%s/return/%s"><button id="paid">1</button></form>
              """
                  .formatted(origin, answer));
      try {
        browser.get(origin + "/login");
        assertThat(browser.getPageSource()).contains("alice");
        String cookie = browser.manage().getCookieNamed(COOKIE).getValue();

        browser.get("http://127.0.0.1:" + provider.getAddress().getPort() + "/");
        browser.findElement(By.id("paid")).click();

        boolean isKeptBackAgain = sameSite == SameSite.STRICT && answer.equals("redirect");
        assertThat(textOf(browser, "me")).isEqualTo(isKeptBackAgain ? "null" : "alice");
        assertThat(browser.manage().getCookieNamed(COOKIE).getValue()).isEqualTo(cookie);
        browser.get(origin + "/me");
        assertThat(textOf(browser, "me")).isEqualTo("alice");
      } finally {
        provider.stop(0);
      }
    }
  }

  private static void shop(ServletContext context, SessionManager manager, SameSite sameSite) {
    SessionFilter.builder(manager)
        .cookie(SessionCookie.builder().sameSite(sameSite).build())
        .crossOrigin(CrossOriginPolicy.builder().exempt("/return/*").build())
        .build()
        .register(context);
    context
        .addServlet(
            "shop",
            new HttpServlet() {
              private static final long serialVersionUID = 1L;

              @Override
              protected void service(HttpServletRequest request, HttpServletResponse response)
                  throws IOException {
                response.setContentType("text/html");
                switch (request.getServletPath()) {
                  case "/login" -> {
                    WebSession.of(request).login("alice");
                    response.getWriter().print("alice");
                  }
                  case "/return" -> {
                    request.getSession().setAttribute("notice", "paid");
                    if (request.getPathInfo().equals("/redirect")) {
                      response.sendRedirect("/me");
                    } else {
                      response
                          .getWriter()
                          .print("<meta http-equiv='refresh' content='0;url=/me'>One moment");
                    }
                  }
                  default ->
                      response.getWriter().print("<p id=me>" + request.getRemoteUser() + "</p>");
                }
              }
            })
        .addMapping("/login", "/return/*", "/me");
  }

  private static HttpServer serving(String html) throws IOException {
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/",
        exchange -> {
          byte[] page = html.getBytes(StandardCharsets.UTF_8);
          exchange.getResponseHeaders().set("Content-Type", "text/html");
          exchange.sendResponseHeaders(200, page.length);
          exchange.getResponseBody().write(page);
          exchange.close();
        });
    server.start();
    return server;
  }

  private static String attack() {
    return """
    <!doctype html><title>Win a prize</title>
    <form method="post" action="%1$s/note"><input name="text" value="forged"><button id="note">1</button></form>
    <form method="post" action="%1$s/logout"><button id="logout">2</button></form>
    <form method="post" action="%1$s/login"><input name="username" value="bob">
    <input name="password" value="builder-1"><button id="login">3</button></form>
    <a id="link" href="%1$s/">4</a>
    """
        .formatted(url());
  }
}
