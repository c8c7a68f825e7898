package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

@DisplayName("F38: in every way to commit a response")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class CommitTest {

  @Parameter Container container;

  @AutoClose private Site site;
  private Browser browser;

  /** Whether the response was committed when the store was written to. */
  private final List<Boolean> committedAtWrite = new CopyOnWriteArrayList<>();

  static Set<String> ways() {
    return WaysToCommit.all().keySet();
  }

  @BeforeEach
  void start() {
    site = WaysToCommit.parts(new Site(container));
    for (String operation : List.of("insert", "update")) {
      site.store.before(operation, () -> committedAtWrite.add(site.lastResponse().isCommitted()));
    }
    browser = site.browser();
  }

  @ParameterizedTest
  @MethodSource("ways")
  @DisplayName("I5: a new session is stored, and its cookie set, before the client can read")
  void newSession_isStoredFirst(String way) {
    site.on(
        "/",
        (request, response) -> {
          request.getSession().setAttribute("a", "1");
          WaysToCommit.all().get(way).handle(request, response);
        });

    Browser.Answer answer = browser.get("/");

    assertThat(answer.setCookie()).startsWith("__Host-session=" + browser.token() + "; Path=/;");
    assertThat(answer.header("Cache-Control")).isEqualTo("no-store");
    assertThat(site.stored(browser.token()).attributes()).containsOnlyKeys("a");
    assertThat(committedAtWrite).containsExactly(false);
  }

  @ParameterizedTest
  @MethodSource("ways")
  @DisplayName(
      "I5, I8: a change of a session is stored before the client can read, without a cookie")
  void change_isStoredFirst(String way) {
    site.on(
        "/",
        (request, response) -> {
          request.getSession().setAttribute("b", "2");
          WaysToCommit.all().get(way).handle(request, response);
        });
    browser.get("/begin");
    committedAtWrite.clear();

    Browser.Answer answer = browser.get("/");

    assertThat(answer.setCookies()).isEmpty();
    assertThat(site.stored(browser.token()).attributes()).containsOnlyKeys("a", "b");
    assertThat(committedAtWrite).containsExactly(false);
    assertThat(site.store.calls()).containsExactly("insert", "find", "update");
  }

  @ParameterizedTest
  @MethodSource("ways")
  @DisplayName("I9: if it cannot be stored, the answer is 503 and nothing of the application's")
  void failedSave_isAnsweredWith503(String way) {
    site.on(
        "/",
        (request, response) -> {
          request.getSession().setAttribute("a", "1");
          response.setHeader("X-Application", "was here");
          WaysToCommit.all().get(way).handle(request, response);
        });
    site.store.fail("insert");

    Browser.Answer answer = browser.get("/");

    assertThat(answer.status()).isEqualTo(503);
    assertThat(answer.header("Retry-After")).isEqualTo("5");
    assertThat(answer.header("Cache-Control")).isEqualTo("no-store");
    assertThat(answer.header("X-Application")).isNull();
    assertThat(answer.setCookies()).isEmpty();
    assertThat(answer.body()).startsWith("The service is temporarily unavailable");
  }

  @Test
  @DisplayName("I5: in answer to HEAD as well")
  void head_isStoredFirst() {
    site.on(
        "/",
        (request, response) -> {
          request.getSession().setAttribute("a", "1");
          response.getOutputStream().write(new byte[100_000]);
        });

    Browser.Answer answer = browser.send("HEAD", "/");

    assertThat(answer.setCookie()).startsWith("__Host-session=" + browser.token() + "; Path=/;");
    assertThat(committedAtWrite).containsExactly(false);
  }
}
