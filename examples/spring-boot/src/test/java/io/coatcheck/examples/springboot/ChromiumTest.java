package io.coatcheck.examples.springboot;

import static io.coatcheck.test.clients.Chromium.press;
import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.test.clients.Chromium;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;
import org.openqa.selenium.By;
import org.openqa.selenium.chrome.ChromeDriver;

/** Needs {@code chromium} and {@code chromedriver} on the path. */
@Tag("long")
@DisplayName("The example, in two browsers")
class ChromiumTest {

  private static final String ALICE = "alice";
  private static final String BOB = "bob";
  private static final String CHANGE_ROLE = "#bob form[action$='/admin'] button";
  private static final String DISABLE = "#bob form[action$='/enabled'] button";

  @TempDir(cleanup = CleanupMode.NEVER)
  static Path profiles;

  private static Chromium chromium;
  private static Site site;
  private static ChromeDriver laptop;
  private static ChromeDriver phone;

  @BeforeAll
  static void start() {
    chromium = new Chromium(profiles);
    site = Site.start("chromium-test");
    laptop = deviceCalling("laptop", "(X11; Linux x86_64)", "Safari/537.36");
    phone = deviceCalling("phone", "(Linux; Android 15; K)", "Mobile Safari/537.36");
  }

  private static ChromeDriver deviceCalling(String name, String system, String end) {
    String agent =
        "Mozilla/5.0 %s AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 %s"
            .formatted(system, end);
    return chromium.device(name, options -> options.addArguments("--user-agent=" + agent));
  }

  @AfterAll
  static void stop() throws IOException {
    if (chromium != null) {
      chromium.close();
    }
    if (site != null) {
      site.close();
    }
  }

  @BeforeEach
  void forget() {
    for (String name : new String[] {ALICE, BOB}) {
      site.users().setAdmin(name, true);
      site.users().setEnabled(name, true);
    }
    for (ChromeDriver browser : new ChromeDriver[] {laptop, phone}) {
      browser.get(site.url() + "/login");
      browser.manage().deleteAllCookies();
      browser.get(site.url() + "/login");
    }
  }

  private static void logIn(ChromeDriver browser, String name) {
    logIn(browser, name, name.equals(ALICE) ? "wonderland-1" : "builder-1");
    assertThat(pathOf(browser)).doesNotContain("login");
  }

  private static void logIn(ChromeDriver browser, String name, String password) {
    browser.findElement(By.id("username")).sendKeys(name);
    browser.findElement(By.id("password")).sendKeys(password);
    press(browser, "/login");
  }

  private static void click(ChromeDriver browser, String link) {
    press(browser.findElement(By.linkText(link)));
  }

  private static void pressButton(ChromeDriver browser, String selector) {
    press(browser.findElement(By.cssSelector(selector)));
  }

  private static String pathOf(ChromeDriver browser) {
    return browser.getCurrentUrl().substring(site.url().length());
  }

  private static String textOf(ChromeDriver browser) {
    return browser.findElement(By.tagName("main")).getText();
  }

  @Test
  @DisplayName("a wrong password is refused, and the right one logs in")
  void wrongPassword() {
    logIn(laptop, ALICE, "looking-glass");
    assertThat(pathOf(laptop)).isEqualTo("/login?error");
    assertThat(laptop.findElement(By.className("alert")).getText()).contains("Wrong user name");
    logIn(laptop, ALICE);
    assertThat(textOf(laptop)).contains("You are alice", "ROLE_ADMIN");
  }

  @Test
  @DisplayName("the page that was asked for comes after the login")
  void savedRequest() {
    laptop.get(site.url() + "/devices");
    assertThat(pathOf(laptop)).isEqualTo("/login");
    logIn(laptop, ALICE);
    assertThat(pathOf(laptop)).startsWith("/devices");
    assertThat(textOf(laptop)).contains("Chrome on Linux (this one)");
  }

  @Test
  @DisplayName("two browsers are two devices; the one that is signed out is at the login page next")
  void devices() {
    logIn(phone, ALICE);
    logIn(laptop, ALICE);
    click(laptop, "Devices");
    assertThat(textOf(laptop)).contains("Chrome on Linux (this one)", "Chrome on Android");
    pressButton(laptop, "button[aria-label='Sign out Chrome on Android']");
    assertThat(textOf(laptop)).contains("Chrome on Linux").doesNotContain("Android");
    click(phone, "Devices");
    assertThat(pathOf(phone)).isEqualTo("/login");
    click(laptop, "Account");
    assertThat(textOf(laptop)).contains("You are alice");
  }

  @Test
  @DisplayName("signing out everywhere ends this session and the other")
  void everywhere() {
    logIn(phone, ALICE);
    logIn(laptop, ALICE);
    click(laptop, "Devices");
    press(laptop, "/devices/sign-out-everywhere");
    assertThat(textOf(laptop)).contains("You have been signed out on all devices.");
    click(phone, "Account");
    assertThat(pathOf(phone)).isEqualTo("/login");
    laptop.get(site.url() + "/");
    assertThat(pathOf(laptop)).isEqualTo("/login");
  }

  @Test
  @DisplayName(
      "the administration is gone on the next click after the role was removed, and back again")
  void role() {
    logIn(laptop, ALICE);
    logIn(phone, BOB);
    assertThat(textOf(phone)).contains("You are bob", "ROLE_ADMIN", "Administration");

    pressButton(laptop, CHANGE_ROLE);
    click(phone, "Account");
    assertThat(textOf(phone))
        .contains("You are bob")
        .doesNotContain("ROLE_ADMIN", "Administration");

    pressButton(laptop, CHANGE_ROLE);
    click(phone, "Account");
    assertThat(textOf(phone)).contains("ROLE_ADMIN", "Administration");
  }

  @Test
  @DisplayName("an administrator can remove their own role")
  void ownRole() {
    logIn(laptop, BOB);
    pressButton(laptop, CHANGE_ROLE);
    assertThat(textOf(laptop)).contains("You are bob").doesNotContain("Administration");
  }

  @Test
  @DisplayName("a disabled user is out on the next click, and cannot come back")
  void disabled() {
    logIn(laptop, ALICE);
    logIn(phone, BOB);
    pressButton(laptop, DISABLE);
    assertThat(textOf(laptop)).contains("disabled");
    click(phone, "Account");
    assertThat(pathOf(phone)).isEqualTo("/login");
    logIn(phone, BOB, "builder-1");
    assertThat(pathOf(phone)).isEqualTo("/login?error");
  }

  @Test
  @DisplayName("a logout ends this session only")
  void logout() {
    logIn(phone, ALICE);
    logIn(laptop, ALICE);
    press(laptop, "/logout");
    assertThat(textOf(laptop)).contains("You have been logged out.");
    click(phone, "Devices");
    assertThat(textOf(phone)).contains("Chrome on Android (this one)").doesNotContain("Linux");
  }
}
