package io.coatcheck.examples.cluster;

import static io.coatcheck.test.clients.Chromium.press;
import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.test.clients.Chromium;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;
import org.openqa.selenium.By;
import org.openqa.selenium.Cookie;
import org.openqa.selenium.chrome.ChromeDriver;

/** What a real browser makes of it. Needs {@code chromium} and {@code chromedriver} on the path. */
@DisplayName("In Chromium, in front of three nodes on one Redis")
@Tag("long")
class ChromiumTest {

  private static final String COOKIE = "__Host-session";
  private static final Pattern PORT = Pattern.compile("This page came from port (\\d+)\\.");
  private static final String UNAVAILABLE = "The service is temporarily unavailable";

  @TempDir(cleanup = CleanupMode.NEVER)
  private Path profiles;

  private Chromium chromium;
  private Cluster cluster;
  private ChromeDriver browser;

  @BeforeEach
  void start() throws IOException {
    chromium = new Chromium(profiles);
    cluster = Cluster.start(0, "redis");
    browser = chromium.device("laptop");
  }

  @AfterEach
  void stop() throws IOException {
    if (chromium != null) {
      chromium.close();
    }
    if (cluster != null) {
      cluster.close();
    }
  }

  @Test
  @DisplayName("a user stays logged in when a node is killed, and when Redis is started again")
  void killedNodeAndRestartedRedis() throws Exception {
    logIn();
    assertThat(portsThatServe("You are alice")).hasSize(3);
    Cookie cookie = browser.manage().getCookieNamed(COOKIE);

    ProcessHandle node = ProcessHandle.of(cluster.nodes().get(0).pid()).orElseThrow();
    node.destroyForcibly();
    node.onExit().get(60, TimeUnit.SECONDS);

    assertThat(portsThatServe("You are alice")).hasSize(2);
    write("after the node");
    assertThat(portsThatServe("You are alice", "after the node")).hasSize(2);

    RedisRestart.of(
        cluster,
        () -> {
          awaitPage(UNAVAILABLE);
          assertThat(browser.manage().getCookieNamed(COOKIE)).as("is kept").isEqualTo(cookie);
        });
    awaitPage("You are alice");

    assertThat(portsThatServe("You are alice", "after the node")).hasSize(2);
    assertThat(browser.manage().getCookieNamed(COOKIE)).isEqualTo(cookie);
    write("after the restart");
    assertThat(portsThatServe("You are alice", "after the restart")).hasSize(2);
    press(browser, "/logout");
    awaitPage("id=\"login\"");
    assertThat(browser.manage().getCookieNamed(COOKIE)).isNull();
  }

  /** Logs in, again where a node has missed its timeouts on a busy machine. */
  private void logIn() {
    awaitPage("id=\"login\"");
    boolean isLoggedIn = false;
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (!isLoggedIn) {
      assertThat(System.nanoTime() - deadline).as("a login").isNegative();
      browser.findElement(By.id("username")).sendKeys("alice");
      browser.findElement(By.id("password")).sendKeys("wonderland-1");
      press(browser, "/login");
      isLoggedIn = visit().contains("You are alice");
    }
  }

  /** Writes the note, again where a node has missed its timeouts on a busy machine. */
  private void write(String note) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (!visit().contains(note)) {
      assertThat(System.nanoTime() - deadline).as("the note is kept").isNegative();
      if (browser.getPageSource().contains("id=\"text\"")) {
        browser.findElement(By.id("text")).clear();
        browser.findElement(By.id("text")).sendKeys(note);
        press(browser, "/note");
      }
    }
  }

  private String visit() {
    browser.get(cluster.url() + "/");
    return browser.getPageSource();
  }

  /** Reloads the page until it contains something, and as often again as there are nodes. */
  private void awaitPage(String content) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    for (int inARow = 0; inARow < 3; ) {
      assertThat(System.nanoTime() - deadline).as("a page with " + content).isNegative();
      inARow = visit().contains(content) ? inARow + 1 : 0;
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
    }
  }

  /** Loads pages, all of which must have some content, and returns which nodes they come from. */
  private Set<String> portsThatServe(String... contents) {
    awaitPage(contents[0]);
    Set<String> ports = new TreeSet<>();
    for (int i = 0; i < 9; i++) {
      String page = visit();
      if (!page.contains(UNAVAILABLE)) { // A node may miss its timeouts on a busy machine.
        assertThat(page).contains(contents);
        Matcher port = PORT.matcher(page);
        assertThat(port.find()).isTrue();
        ports.add(port.group(1));
      }
    }
    return ports;
  }
}
