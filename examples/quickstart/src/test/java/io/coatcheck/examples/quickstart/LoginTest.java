package io.coatcheck.examples.quickstart;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LoginTest extends Site {

  @Nested
  class LoggingIn {

    @Test
    void page_offersIt_andCostsNoSession() throws Exception {
      HttpResponse<String> page = browser().get("/");
      assertThat(page.statusCode()).isEqualTo(200);
      assertThat(page.body())
          .contains("action=\"/login\"", "wonderland-1", "builder-1", "Remember me")
          .doesNotContain("/logout", "<script");
      assertThat(page.headers().allValues("Set-Cookie")).isEmpty();
    }

    @Test
    void rightPassword_setsTheCookie_andGoesToThePage() throws Exception {
      Browser browser = browser();
      HttpResponse<String> answer = browser.logIn("alice", "wonderland-1");
      assertBackToPage(answer);
      assertThat(answer.headers().allValues("Set-Cookie"))
          .singleElement()
          .asString()
          .matches("__Host-session=[^;]+; Path=/; Secure; HttpOnly; SameSite=Lax");
      assertThat(answer.headers().firstValue("Cache-Control")).contains("no-store");
      assertThat(browser.get("/").body())
          .contains("You are alice", "Where you are logged in", "(this one)", "action=\"/logout\"")
          .doesNotContain("action=\"/login\"");
    }

    @Test
    void remembered_keepsTheCookieOverRestart() throws Exception {
      HttpResponse<String> answer =
          browser().post("/login", "username", "bob", "password", "builder-1", "remember", "yes");
      assertThat(answer.headers().allValues("Set-Cookie"))
          .singleElement()
          .asString()
          .contains("; Max-Age=");
    }

    @ParameterizedTest
    @CsvSource({
      "alice, wrong",
      "alice, ''",
      "alice, builder-1",
      "Alice, wonderland-1",
      "'alice ', wonderland-1",
      "mallory, wonderland-1",
      "'', ''",
      "<script>, <script>",
    })
    void wrong_isAnsweredAlike(String name, String password) throws Exception {
      HttpResponse<String> answer = browser().logIn(name, password);
      assertThat(answer.statusCode()).isEqualTo(401);
      assertThat(answer.headers().allValues("Set-Cookie")).isEmpty();
      assertThat(answer.body())
          .contains("Wrong user name or password.", "action=\"/login\"")
          .isEqualTo(browser().logIn("nobody", "nothing").body());
    }

    @Test
    void withoutTheFields_isWrongToo() throws Exception {
      assertThat(browser().post("/login").statusCode()).isEqualTo(401);
      assertThat(browser().post("/login", "username", "alice").statusCode()).isEqualTo(401);
    }

    @Test
    void longPassword_isWrong_notAnError() throws Exception {
      assertThat(browser().logIn("alice", "x".repeat(100_000)).statusCode()).isEqualTo(401);
    }

    @Test
    void fromAnotherSite_isRefused() throws Exception {
      HttpResponse<String> answer =
          browser().with("Sec-Fetch-Site", "cross-site").logIn("alice", "wonderland-1");
      assertThat(answer.statusCode()).isEqualTo(403);
      assertThat(answer.body()).startsWith("Cross-origin request refused");
      assertThat(answer.headers().allValues("Set-Cookie")).isEmpty();
    }

    @Test
    void cookieFromBefore_isRefused_andTheNoteIsKept() throws Exception {
      Browser browser = browser();
      browser.post("/note", "text", "before the login");
      Browser thief = browser.copy();
      assertThat(thief.get("/note").body()).isEqualTo("before the login");
      browser.logIn("alice", "wonderland-1");
      assertThat(browser.get("/note").body()).isEqualTo("before the login");
      assertThat(thief.get("/note").body()).isEmpty();
      assertThat(statusOfMe(thief)).isEqualTo(401);
    }
  }

  @Nested
  class WhoAmI {

    @Test
    void me_showsTheSession() throws Exception {
      Instant before = Instant.now().minusMillis(1);
      HttpResponse<String> me = alice().get("/me");
      assertThat(me.statusCode()).isEqualTo(200);
      assertThat(me.headers().firstValue("Content-Type"))
          .contains("application/json;charset=UTF-8");
      assertThat(me.headers().firstValue("Cache-Control")).contains("no-store");
      String json = me.body();
      assertThat(memberNames(json))
          .containsExactly(
              "principal", "sessionId", "createdAt", "authenticatedAt", "lastSeenAt", "expiresAt");
      assertThat(member(json, "principal")).isEqualTo("alice");
      assertThat(member(json, "sessionId")).hasSize(36);
      Instant createdAt = Instant.parse(member(json, "createdAt"));
      assertThat(createdAt).isBetween(before, Instant.now());
      assertThat(Instant.parse(member(json, "authenticatedAt"))).isBetween(before, Instant.now());
      assertThat(Instant.parse(member(json, "lastSeenAt"))).isBetween(createdAt, Instant.now());
      assertThat(Instant.parse(member(json, "expiresAt"))).isAfter(createdAt.plusSeconds(1_799));
    }

    @Test
    void me_withoutLogin_is401InJson_evenForBrowser() throws Exception {
      Browser anonymous = browser();
      anonymous.post("/note", "text", "x");
      for (Browser browser : List.of(browser(), browser().with("Accept", "text/html"), anonymous)) {
        HttpResponse<String> me = browser.get("/me");
        assertThat(me.statusCode()).isEqualTo(401);
        assertThat(me.headers().firstValue("Content-Type"))
            .contains("application/json;charset=UTF-8");
        assertThat(me.body()).isEqualTo("{\"error\":\"login_required\"}");
      }
      assertThat(browser().get("/devices").statusCode()).isEqualTo(401);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "x", "x.y", ABSENT_ID + ".x", "\"quoted\"", "a; b=c"})
    void forgedCookie_isNoSession(String value) throws Exception {
      Browser forger = browser().with("Cookie", "__Host-session=" + value);
      assertThat(statusOfMe(forger)).isEqualTo(401);
      assertThat(forger.get("/").statusCode()).isEqualTo(200);
    }
  }

  @Nested
  class LoggingOut {

    @Test
    void endsTheSession_forEveryHolderOfTheCookie() throws Exception {
      Browser browser = alice();
      Browser thief = browser.copy();
      assertBackToPage(browser.post("/logout"));
      assertThat(browser.hasCookie()).isFalse();
      assertThat(statusOfMe(thief)).isEqualTo(401);
      assertThat(thief.get("/").body()).contains("action=\"/login\"");
    }

    @Test
    void withoutSession_isFine() throws Exception {
      assertBackToPage(browser().post("/logout"));
    }
  }
}
