package io.coatcheck.examples.quickstart;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.http.HttpResponse;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SurfaceTest extends Site {

  private static Browser alice;

  @BeforeAll
  static void logIn() throws Exception {
    alice = alice();
  }

  @Nested
  class Notes {

    @Test
    void none_isEmpty_andCostsNoSession() throws Exception {
      HttpResponse<String> note = browser().get("/note");
      assertThat(note.statusCode()).isEqualTo(200);
      assertThat(note.body()).isEmpty();
      assertThat(note.headers().allValues("Set-Cookie")).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
        strings = {
          "</textarea><script>alert(1)</script>",
          "\"><img src=x onerror=alert(1)>",
          "' onfocus='alert(1)",
          "<svg/onload=alert(1)>",
          "&lt;script&gt;",
        })
    void markup_staysText(String markup) throws Exception {
      Browser browser = browser();
      assertBackToPage(browser.post("/note", "text", markup));
      HttpResponse<String> note = browser.get("/note");
      assertThat(note.body()).isEqualTo(markup);
      assertThat(note.headers().firstValue("Content-Type")).contains("text/plain;charset=UTF-8");
      assertThat(note.headers().firstValue("X-Content-Type-Options")).contains("nosniff");
      HttpResponse<String> page = browser.get("/");
      assertThat(page.body()).doesNotContain(markup).contains(Page.escape(markup));
      assertThat(page.headers().firstValue("Content-Security-Policy"))
          .hasValueSatisfying(policy -> assertThat(policy).contains("default-src 'none'"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"smörgås 🧥", "two\nlines", "\nfirst line empty", " ", "a+b&c=d%20"})
    void text_comesBackAsItWent(String text) throws Exception {
      Browser browser = browser();
      browser.post("/note", "text", text);
      assertThat(browser.get("/note").body()).isEqualTo(text);
    }

    @Test
    void saved_isSaidOnce() throws Exception {
      Browser browser = browser();
      browser.post("/note", "text", "buy milk");
      assertThat(browser.get("/").body()).contains("The note is saved.");
      assertThat(browser.get("/").body()).doesNotContain("The note is saved.");
    }

    @Test
    void tooLong_isRefused_andTheOldOneIsKept() throws Exception {
      Browser browser = browser();
      browser.post("/note", "text", "x".repeat(NoteServlet.MAX_LENGTH));
      HttpResponse<String> answer =
          browser.post("/note", "text", "y".repeat(NoteServlet.MAX_LENGTH + 1));
      assertThat(answer.statusCode()).isEqualTo(400);
      assertThat(answer.body()).contains("A note has at most 2000 characters.");
      assertThat(browser.get("/note").body()).startsWith("xxx");
    }
  }

  @Test
  void userAgent_staysText() throws Exception {
    String markup = "<script>alert(\"1\\2\")</script>";
    Browser browser = browser().with("User-Agent", markup);
    browser.logIn("alice", "wonderland-1");
    assertThat(browser.get("/").body()).doesNotContain(markup).contains(Page.escape(markup));
    assertThat(browser.get("/devices").body())
        .doesNotContain("<script>")
        .contains("\\u003Cscript\\u003Ealert(\\\"1\\\\2\\\")\\u003C/script\\u003E");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"/nothing", "/login/", "/me/", "/devices/x", "/devices/x/revoke/y", "/style.cs"})
  void unknownPath_is404_andRevealsNothing(String path) throws Exception {
    HttpResponse<String> answer = alice.get(path);
    assertThat(answer.statusCode()).isEqualTo(404);
    assertThat(answer.body()).doesNotContainIgnoringCase("tomcat").doesNotContain("java.");
    assertThat(alice.post(path).statusCode()).isEqualTo(404);
  }

  @Test
  void unknownPath_withoutLogin_is404() throws Exception {
    assertThat(browser().get("/nothing").statusCode()).isEqualTo(404);
  }

  @ParameterizedTest
  @CsvSource({
    "POST, /",
    "GET, /login",
    "GET, /logout",
    "POST, /me",
    "POST, /devices",
    "PUT, /note",
    "DELETE, /note",
    "GET, /logout-others",
    "GET, /logout-everywhere",
    "POST, /style.css",
    "GET, /devices/" + ABSENT_ID + "/revoke",
  })
  void wrongMethod_is405(String method, String path) throws Exception {
    assertThat(alice.send(method, path).statusCode()).isEqualTo(405);
  }

  @Test
  void styleSheet_isServed() throws Exception {
    HttpResponse<String> style = browser().get("/style.css");
    assertThat(style.statusCode()).isEqualTo(200);
    assertThat(style.headers().firstValue("Content-Type")).contains("text/css;charset=UTF-8");
  }

  @Test
  void portInUse_isSaidSo() {
    int port = Integer.parseInt(url().substring("http://localhost:".length()));
    assertThatThrownBy(() -> Quickstart.start(port))
        .isInstanceOf(IOException.class)
        .hasMessage("Cannot listen on port " + port + " of 127.0.0.1");
  }

  @Test
  void close_stopsListening_andCanBeRepeated() throws Exception {
    Quickstart other = Quickstart.start(0);
    Browser browser = new Browser(other.url());
    assertThat(browser.get("/").statusCode()).isEqualTo(200);
    other.close();
    other.close();
    assertThatThrownBy(() -> browser.get("/")).isInstanceOf(IOException.class);
  }
}
