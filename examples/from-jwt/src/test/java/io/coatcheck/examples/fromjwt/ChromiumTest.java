package io.coatcheck.examples.fromjwt;

import static io.coatcheck.examples.fromjwt.Nodes.get;
import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.test.clients.Chromium;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;
import org.openqa.selenium.By;
import org.openqa.selenium.OutputType;
import org.openqa.selenium.WindowType;
import org.openqa.selenium.chrome.ChromeDriver;

/** Users cross over in a real browser. Needs {@code chromium} and {@code chromedriver}. */
@Tag("long")
@DisplayName("In Chromium")
class ChromiumTest {

  private static final String COOKIE = "__Host-session";

  @TempDir(cleanup = CleanupMode.NEVER)
  static Path profiles;

  private static Chromium chromium;
  private static ChromeDriver browser;
  private static Nodes nodes;

  @BeforeAll
  static void start() throws IOException {
    chromium = new Chromium(profiles);
    nodes = new Nodes("chromium");
    browser = chromium.device("laptop", options -> options.addArguments("--window-size=1240,1320"));
  }

  @AfterAll
  static void stop() throws IOException {
    try {
      if (chromium != null) {
        chromium.close();
      }
    } finally {
      if (nodes != null) {
        nodes.close();
      }
    }
  }

  @BeforeEach
  void forget() {
    browser.switchTo().newWindow(WindowType.TAB);
    String kept = browser.getWindowHandle();
    for (String tab : browser.getWindowHandles()) {
      if (!tab.equals(kept)) {
        browser.switchTo().window(tab).close();
      }
    }
    browser.switchTo().window(kept);
    for (FromJwt node : nodes.all()) {
      browser.get(node.url() + "/style.css");
      browser.executeScript("localStorage.clear()");
    }
    browser.manage().deleteAllCookies();
    nodes.forgive();
  }

  /** Waits until the page shows a user, or the login form where the name is empty. */
  private static void awaitUser(String name) {
    browser.findElement(By.cssSelector("body[data-user='" + name + "']"));
    assertThat(browser.findElement(By.id("login")).isDisplayed()).isEqualTo(name.isEmpty());
  }

  /** Waits until the latest answer is this one. */
  private static void awaitAnswer(String text) {
    browser.findElement(By.xpath("//ol[@id='log']/li[1][contains(., \"" + text + "\")]"));
  }

  private static void logIn() {
    browser.findElement(By.cssSelector("#login button")).click();
    awaitUser("alice");
  }

  private static void press(String path) {
    browser.findElement(By.cssSelector("[data-path='" + path + "']")).click();
  }

  private static Object localStorage() {
    return browser.executeScript("return JSON.stringify(localStorage)");
  }

  /** Logs in to the old application, and returns its token. */
  private static String tokenOfTheOldApplication(FromJwt node) {
    browser.get(node.url() + "/before/");
    awaitUser("");
    logIn();
    return (String) browser.executeScript("return localStorage.getItem('token')");
  }

  private static void assertUseless(String token) throws IOException, InterruptedException {
    for (FromJwt node : nodes.all()) {
      HttpResponse<String> answer =
          get(node.url() + "/after/api/me", "Authorization", "Bearer " + token);
      assertThat(answer.statusCode()).isEqualTo(401);
      assertThat(answer.headers().firstValue("Coatcheck-Exchange")).contains("spent");
      assertThat(answer.headers().firstValue("Set-Cookie")).isEmpty();
    }
  }

  @Test
  void user_crossesOver_inTwoTabsAtOnce_withoutANewLogin() throws Exception {
    String token = tokenOfTheOldApplication(nodes.first());
    String old = browser.getWindowHandle();

    browser.executeScript("window.open('/after/'); window.open('/after/')");

    Set<String> tabs = browser.getWindowHandles();
    assertThat(tabs).hasSize(3);
    for (String tab : tabs) {
      if (!tab.equals(old)) {
        browser.switchTo().window(tab);
        awaitUser("alice");
        assertThat(browser.findElement(By.id("readable")).getText()).isEqualTo("nothing");
        press("all-orders");
        awaitAnswer("3 orders");
      }
    }
    assertThat(localStorage()).isEqualTo("{}");
    assertThat(browser.executeScript("return document.cookie")).isEqualTo("");
    assertThat(browser.manage().getCookieNamed(COOKIE).isHttpOnly()).isTrue();
    assertThat(nodes.sessionsOfAlice()).isEqualTo(1);
    assertUseless(token);

    browser.get(nodes.second().url() + "/after/");
    awaitUser("alice");
    browser.findElement(By.id("logout")).click();
    awaitUser("");
    assertThat(nodes.sessionsOfAlice()).isZero();
    assertUseless(token);
  }

  /** Without the lock of the script, the second has its answer before the first has the cookie. */
  @Test
  void requestsAtOnce_fromOnePage_allFindTheSession() throws Exception {
    browser.get(nodes.first().url() + "/after/");
    awaitUser("");
    nodes.delay = Duration.ofMillis(300);
    String token = nodes.tokens.issue("alice", true);

    browser.executeScript(
        """
        localStorage.setItem("token", arguments[0]);
        for (const button of document.querySelectorAll("[data-path]")) button.click();
        """,
        token);

    browser.findElement(By.cssSelector("#log li:nth-child(2)"));
    awaitUser("alice");
    assertThat(browser.findElement(By.id("log")).getText())
        .contains("My orders: 2 orders", "All customers' orders: 3 orders");
    assertThat(nodes.sessionsOfAlice()).isEqualTo(1);
    assertUseless(token);
  }

  @Test
  void stolenToken_inAnotherBrowser_onAnotherNode_opensNothing() {
    String token = tokenOfTheOldApplication(nodes.first());
    browser.get(nodes.first().url() + "/after/");
    awaitUser("alice");

    browser.manage().deleteAllCookies();
    browser.get(nodes.second().url() + "/before/");
    browser.executeScript("localStorage.setItem('token', arguments[0])", token);
    browser.get(nodes.second().url() + "/after/");

    awaitUser("");
    assertThat(localStorage()).isEqualTo("{}");
    assertThat(browser.manage().getCookies()).isEmpty();
    assertThat(nodes.sessionsOfAlice()).isEqualTo(1);
  }

  @Test
  void rollBack_theOldApplicationGoesOn() {
    tokenOfTheOldApplication(nodes.first());
    browser.get(nodes.first().url() + "/after/");
    awaitUser("alice");

    tokenOfTheOldApplication(nodes.first());
    press("orders");
    awaitAnswer("2 orders");
    browser.findElement(By.id("logout")).click();
    awaitUser("");
  }

  /** With {@code -Dpicture=<file>}, the page is kept as the picture of the documents. */
  @Test
  void roleTakenAway_andSignedOut_countAtTheNextClick_inTheNewApplicationAlone() throws Exception {
    browser.get(nodes.first().url() + "/");
    for (String world : new String[] {"before", "after"}) {
      in(world);
      awaitUser("");
      logIn();
      press("all-orders");
      awaitAnswer("3 orders");
      browser.switchTo().defaultContent();
    }
    assertThat(browser.findElement(By.id("state")).getText()).startsWith("alice is an admin");

    browser.findElement(By.id("role")).click();
    browser.findElement(By.xpath("//*[@id='state'][contains(., 'alice is no admin')]"));
    in("before");
    press("all-orders");
    awaitAnswer("3 orders");
    assertThat(browser.findElement(By.id("all")).isDisplayed()).isTrue();
    in("after");
    press("all-orders");
    awaitAnswer("refused, not an admin (403)");
    browser.findElement(By.cssSelector("#all[hidden]"));

    browser.switchTo().defaultContent();
    browser.findElement(By.id("sign-out")).click();
    browser.findElement(By.xpath("//*[@id='state'][contains(., 'signed out everywhere')]"));
    in("before");
    press("all-orders");
    browser.findElement(By.cssSelector("#log li:nth-child(4)"));
    awaitAnswer("3 orders");
    in("after");
    press("orders");
    awaitAnswer("refused, no login (401)");
    awaitUser("");

    browser.switchTo().defaultContent();
    String picture = System.getProperty("picture");
    if (picture != null) {
      Files.write(Path.of(picture), browser.getScreenshotAs(OutputType.BYTES));
    }
  }

  private static void in(String world) {
    browser.switchTo().defaultContent();
    browser.switchTo().frame(browser.findElement(By.id(world)));
  }
}
