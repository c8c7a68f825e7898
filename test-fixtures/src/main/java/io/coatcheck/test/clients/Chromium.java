package io.coatcheck.test.clients;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.openqa.selenium.By;
import org.openqa.selenium.JavascriptExecutor;
import org.openqa.selenium.WebDriverException;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.WrapsDriver;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;

/** Starts browsers for one test, each with a profile of its own, and ends them with it. */
public final class Chromium implements AutoCloseable {

  private final Path browser;
  private final Path driver;
  private final Path profiles;
  private final Deque<ChromeDriver> open = new ArrayDeque<>();

  /**
   * Finds the browser.
   *
   * @param profiles an empty directory
   * @throws org.opentest4j.TestAbortedException if {@code chromium} or {@code chromedriver} is not
   *     on the path
   */
  public Chromium(Path profiles) {
    Optional<Path> foundBrowser = onPath("chromium");
    Optional<Path> foundDriver = onPath("chromedriver");
    assumeTrue(
        foundBrowser.isPresent() && foundDriver.isPresent(),
        "no chromium and chromedriver on the path: not tested in a browser");
    browser = foundBrowser.get();
    driver = foundDriver.get();
    this.profiles = profiles;
  }

  private static Optional<Path> onPath(String program) {
    return Stream.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator))
        .map(directory -> Path.of(directory, program))
        .filter(Files::isExecutable)
        .findFirst();
  }

  /** Starts a browser with the profile of a device. */
  public ChromeDriver device(String name) {
    return device(name, options -> {});
  }

  /** Starts a browser with the profile of a device, and with more options. */
  public ChromeDriver device(String name, Consumer<ChromeOptions> more) {
    ChromeOptions options = new ChromeOptions();
    options.setBinary(browser.toFile());
    options.addArguments(
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--disable-component-update",
        "--no-first-run",
        "--user-data-dir=" + profiles.resolve(name));
    more.accept(options);
    ChromeDriverService service =
        new ChromeDriverService.Builder()
            .usingDriverExecutable(driver.toFile())
            .usingAnyFreePort()
            .build();
    ChromeDriver started = new ChromeDriver(service, options);
    started.manage().timeouts().implicitlyWait(Duration.ofSeconds(30));
    open.push(started);
    return started;
  }

  /** Ends the browser that was started last. */
  public void quitLast() {
    open.pop().quit();
  }

  /** Presses the button of the form that is sent to a path. */
  public static void press(ChromeDriver driver, String action) {
    press(driver.findElement(By.cssSelector("form[action='" + action + "'] button")));
  }

  /**
   * Presses a button or a link, and waits until the next page is there. The page that it is on gets
   * a mark, which no other page has: asking for the old page's elements while it goes away fails in
   * more than one way.
   */
  public static void press(WebElement element) {
    JavascriptExecutor page = (JavascriptExecutor) ((WrapsDriver) element).getWrappedDriver();
    page.executeScript("window.isLeft = true");
    element.click();
    long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
    while (!isNext(page)) {
      if (System.nanoTime() > deadline) {
        throw new AssertionError("the next page has not come within 60 seconds");
      }
      LockSupport.parkNanos(10_000_000);
    }
  }

  private static boolean isNext(JavascriptExecutor page) {
    try {
      Object answer =
          page.executeScript("return !window.isLeft && document.readyState === 'complete'");
      return Boolean.TRUE.equals(answer);
    } catch (WebDriverException e) {
      // There is no page between the two.
      return false;
    }
  }

  @Override
  public void close() throws IOException {
    while (!open.isEmpty()) {
      quitLast();
    }
    // Chromium's last processes may still be writing: what is left is the system's to clear.
    try (Stream<Path> files = Files.walk(profiles)) {
      files.sorted(Comparator.reverseOrder()).forEach(file -> file.toFile().delete());
    }
  }
}
