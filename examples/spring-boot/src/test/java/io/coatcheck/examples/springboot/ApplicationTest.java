package io.coatcheck.examples.springboot;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.test.clients.Visitor;
import java.net.http.HttpResponse;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.springframework.jdbc.core.simple.JdbcClient;

@DisplayName("The example, over HTTP")
class ApplicationTest {

  private static final Pattern TOKEN = Pattern.compile("name=\"_csrf\" value=\"([^\"]+)\"");

  private static Site site;

  @BeforeAll
  static void start() {
    site = Site.start("application-test");
  }

  @AfterAll
  static void stop() {
    site.close();
  }

  private static Visitor loggedIn(String name, String password) throws Exception {
    Visitor visitor = new Visitor(site.url());
    HttpResponse<String> answer =
        visitor.postWithToken(
            token(visitor, "/login"), "/login", "username", name, "password", password);
    assertThat(Visitor.location(answer)).doesNotContain("error");
    return visitor;
  }

  private static String token(Visitor visitor, String page) throws Exception {
    Matcher token = TOKEN.matcher(visitor.get(page).body());
    assertThat(token.find()).as("a form on " + page).isTrue();
    return token.group(1);
  }

  @Test
  @DisplayName("a program without a login gets 401, with one the user and the session")
  void api() throws Exception {
    assertThat(new Visitor(site.url()).get("/api/me").statusCode()).isEqualTo(401);
    Visitor alice = loggedIn("alice", "wonderland-1");
    assertThat(alice.get("/api/me").body())
        .contains("\"name\":\"alice\"", "\"ROLE_ADMIN\"", "\"sessionId\"", "\"expiresAt\"")
        .doesNotContain(alice.cookie("__Host-session").split("[.]", 2)[1]);
  }

  @Test
  @DisplayName("an administrator who has lost the role cannot use a page that is still open")
  void openPage() throws Exception {
    Visitor bob = loggedIn("bob", "builder-1");
    String token = token(bob, "/");
    site.users().setAdmin("bob", false);
    try {
      HttpResponse<String> refused =
          bob.postWithToken(token, "/admin/accounts/alice/enabled", "value", "false");
      assertThat(refused.statusCode()).isEqualTo(403);
      assertThat(refused.body()).contains("Perhaps a role has been taken away");
      assertThat(site.users().all()).allMatch(Users.Account::enabled);
      assertThat(bob.get("/").body()).contains("You are").doesNotContain("Administration");
    } finally {
      site.users().setAdmin("bob", true);
    }
  }

  @Test
  @DisplayName("a user can end only their own sessions")
  void otherUsers() throws Exception {
    Visitor alice = loggedIn("alice", "wonderland-1");
    Visitor bob = loggedIn("bob", "builder-1");
    Matcher id = Pattern.compile("/devices/([^/]+)/sign-out").matcher(bob.get("/devices").body());
    assertThat(id.find()).isTrue();
    HttpResponse<String> answer =
        alice.postWithToken(token(alice, "/devices"), "/devices/" + id.group(1) + "/sign-out");
    assertThat(Visitor.location(answer)).endsWith("/devices");
    assertThat(bob.get("/api/me").statusCode()).isEqualTo(200);
  }

  @Test
  @DisplayName("an error page is shown while the users cannot be read, and the login stays")
  void usersUnreadable() throws Exception {
    Visitor alice = loggedIn("alice", "wonderland-1");
    JdbcClient database = site.context().getBean(JdbcClient.class);
    database.sql("ALTER TABLE account RENAME TO unreadable").update();
    try {
      HttpResponse<String> refused = alice.get("/");
      assertThat(refused.statusCode()).isEqualTo(500);
      assertThat(refused.body()).contains("Go to your account", "</html>");
    } finally {
      database.sql("ALTER TABLE unreadable RENAME TO account").update();
    }
    assertThat(alice.get("/").body()).contains("You are");
  }

  @Test
  @DisplayName("pages load nothing from elsewhere and run no script")
  void pages() throws Exception {
    Visitor alice = loggedIn("alice", "wonderland-1");
    for (String path : new String[] {"/login", "/", "/devices"}) {
      HttpResponse<String> page = alice.get(path);
      assertThat(page.headers().firstValue("Content-Security-Policy").orElseThrow())
          .contains("default-src 'none'");
      assertThat(page.body()).doesNotContain("<script", "style=", "onclick", "th:");
    }
    assertThat(new Visitor(site.url()).get("/style.css").statusCode()).isEqualTo(200);
  }
}
