package io.coatcheck.examples.quickstart;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** Runs the quickstart on a free port for the tests of a class. */
abstract class Site {

  static final String ABSENT_ID = "019a0000-0000-7000-8000-000000000000";

  private static final Pattern MEMBER = Pattern.compile("\"(\\w+)\":(\"[^\"]*\"|\\w+)");

  private static Quickstart quickstart;

  @BeforeAll
  static void start() throws IOException {
    quickstart = Quickstart.start(0);
  }

  @AfterAll
  static void stop() {
    quickstart.close();
  }

  static String url() {
    return quickstart.url();
  }

  static Browser browser() {
    return new Browser(url());
  }

  static Browser alice() throws IOException, InterruptedException {
    return loggedIn("alice", "wonderland-1");
  }

  static Browser bob() throws IOException, InterruptedException {
    return loggedIn("bob", "builder-1");
  }

  private static Browser loggedIn(String name, String password)
      throws IOException, InterruptedException {
    Browser browser = browser();
    assertBackToPage(browser.logIn(name, password));
    return browser;
  }

  static void assertBackToPage(HttpResponse<String> answer) {
    assertThat(answer.statusCode()).isEqualTo(303);
    assertThat(answer.headers().firstValue("Location")).contains("/");
  }

  static int statusOfMe(Browser browser) throws IOException, InterruptedException {
    return browser.get("/me").statusCode();
  }

  static String sessionId(Browser browser) throws IOException, InterruptedException {
    return member(browser.get("/me").body(), "sessionId");
  }

  static List<String> memberNames(String json) {
    return MEMBER.matcher(json).results().map(member -> member.group(1)).toList();
  }

  static String member(String json, String name) {
    MatchResult found =
        MEMBER
            .matcher(json)
            .results()
            .filter(member -> member.group(1).equals(name))
            .findFirst()
            .orElseThrow(() -> new AssertionError("no " + name + " in " + json));
    return found.group(2).replace("\"", "");
  }
}
