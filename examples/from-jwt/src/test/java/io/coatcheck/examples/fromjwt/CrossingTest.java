package io.coatcheck.examples.fromjwt;

import static io.coatcheck.examples.fromjwt.Nodes.FORM;
import static io.coatcheck.examples.fromjwt.Nodes.get;
import static io.coatcheck.examples.fromjwt.Nodes.post;
import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.examples.quickstart.WebServer;
import io.coatcheck.session.SessionManager;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the servers of the site answer, without a browser. */
class CrossingTest {

  private static Nodes nodes;

  @BeforeAll
  static void start() throws IOException {
    nodes = new Nodes("crossing");
  }

  @AfterAll
  static void stop() {
    nodes.close();
  }

  @BeforeEach
  void forgive() {
    nodes.forgive();
  }

  private static String before(FromJwt node) {
    return node.url() + "/before/api";
  }

  private static String after(FromJwt node) {
    return node.url() + "/after/api";
  }

  private static String bearer() {
    return "Bearer " + nodes.tokens.issue("alice", nodes.accounts.isAdmin("alice"));
  }

  private static Optional<String> result(HttpResponse<String> response) {
    return response.headers().firstValue("Coatcheck-Exchange");
  }

  private static String cookie(HttpResponse<String> response) {
    String cookie = response.headers().firstValue("Set-Cookie").orElseThrow();
    return cookie.substring(0, cookie.indexOf(';'));
  }

  @Test
  void token_isExchanged_andOpensNothingAfterwards_onAnyNode() throws Exception {
    String token = bearer();
    HttpResponse<String> crossed = get(after(nodes.first()) + "/me", "Authorization", token);
    assertThat(crossed.body()).isEqualTo("{\"name\":\"alice\",\"isAdmin\":true}");
    assertThat(result(crossed)).contains("exchanged");
    for (FromJwt node : nodes.all()) {
      HttpResponse<String> again = get(after(node) + "/me", "Authorization", token);
      assertThat(again.statusCode()).isEqualTo(401);
      assertThat(result(again)).contains("spent");
      assertThat(get(after(node) + "/me", "Cookie", cookie(crossed)).statusCode()).isEqualTo(200);
    }
    assertThat(nodes.sessionsOfAlice()).isEqualTo(1);
  }

  @Test
  void signedOutEverywhere_endsTheSession_andNoOlderTokenIsExchanged() throws Exception {
    String token = bearer();
    String cookie = cookie(get(after(nodes.first()) + "/me", "Authorization", bearer()));
    assertThat(post(nodes.second().url() + "/operator/sign-out", "").statusCode()).isEqualTo(200);

    assertThat(get(after(nodes.first()) + "/orders", "Cookie", cookie).statusCode()).isEqualTo(401);
    HttpResponse<String> late = get(after(nodes.first()) + "/me", "Authorization", token);
    assertThat(late.statusCode()).isEqualTo(401);
    assertThat(result(late)).contains("refused");
    assertThat(get(before(nodes.first()) + "/orders", "Authorization", token).statusCode())
        .as("in the old application")
        .isEqualTo(200);
  }

  @Test
  void roleTakenAway_countsAtTheNextRequest_andNotInTheOldApplication() throws Exception {
    String token = bearer();
    String cookie = cookie(get(after(nodes.first()) + "/me", "Authorization", bearer()));
    assertThat(get(after(nodes.second()) + "/all-orders", "Cookie", cookie).statusCode())
        .isEqualTo(200);
    post(nodes.first().url() + "/operator/take-role", "");

    assertThat(get(after(nodes.second()) + "/all-orders", "Cookie", cookie).statusCode())
        .isEqualTo(403);
    assertThat(get(after(nodes.second()) + "/me", "Cookie", cookie).body())
        .isEqualTo("{\"name\":\"alice\",\"isAdmin\":false}");
    assertThat(get(before(nodes.second()) + "/all-orders", "Authorization", token).statusCode())
        .isEqualTo(200);
  }

  @Test
  void logins_ofBothApplications() throws Exception {
    HttpResponse<String> old = post(before(nodes.first()) + "/login", FORM);
    assertThat(old.body()).startsWith("{\"token\":\"ey");
    assertThat(old.headers().firstValue("Set-Cookie")).isEmpty();
    HttpResponse<String> ours = post(after(nodes.first()) + "/login", FORM);
    assertThat(get(after(nodes.second()) + "/orders", "Cookie", cookie(ours)).body())
        .contains("alice: a tea pot")
        .doesNotContain("bob");
    assertThat(post(after(nodes.first()) + "/logout", "", "Cookie", cookie(ours)).statusCode())
        .isEqualTo(204);
    assertThat(get(after(nodes.second()) + "/orders", "Cookie", cookie(ours)).statusCode())
        .isEqualTo(401);
  }

  @ParameterizedTest
  @ValueSource(strings = {"before", "after"})
  void wrongPassword_is401_andUnknownPath404(String application) throws Exception {
    String api = nodes.first().url() + "/" + application + "/api";
    assertThat(post(api + "/login", "username=alice&password=x").statusCode()).isEqualTo(401);
    assertThat(post(api + "/login", "").statusCode()).isEqualTo(401);
    assertThat(post(api + "/other", "").statusCode()).isEqualTo(404);
    assertThat(get(api + "/orders").statusCode()).isEqualTo(401);
    assertThat(get(api + "/orders", "Authorization", "Bearer x").statusCode()).isEqualTo(401);
    assertThat(get(api + "/all-orders").statusCode()).isEqualTo(401);
    assertThat(get(api + "/all-orders", "Authorization", "Bearer x").statusCode()).isEqualTo(401);
  }

  @Test
  void rollBack_theOldApplicationAcceptsItsTokens_whileTheBridgeIsOn_andAfterwards()
      throws Exception {
    String crossed = bearer();
    String kept = bearer();
    get(after(nodes.first()) + "/me", "Authorization", crossed);
    for (String token : new String[] {crossed, kept}) {
      assertThat(get(before(nodes.first()) + "/orders", "Authorization", token).statusCode())
          .isEqualTo(200);
    }
    try (WebServer old = nodes.oldSite()) {
      String api = "http://localhost:" + old.port() + "/before/api";
      for (String token : new String[] {crossed, kept}) {
        assertThat(get(api + "/orders", "Authorization", token).statusCode()).isEqualTo(200);
      }
      assertThat(post(api + "/login", FORM).statusCode()).isEqualTo(200);
    }
    assertThat(result(get(after(nodes.second()) + "/me", "Authorization", kept)))
        .as("the bridge is on again")
        .contains("exchanged");
  }

  @Test
  void withoutTheBridge_sessionsGoOn_andTokensOpenNothing() throws Exception {
    String cookie = cookie(get(after(nodes.first()) + "/me", "Authorization", bearer()));
    try (SessionManager sessions = nodes.manager();
        WebServer site = nodes.newSiteWithoutTheBridge(sessions)) {
      String me = "http://localhost:" + site.port() + "/after/api/me";
      assertThat(get(me, "Cookie", cookie).statusCode()).isEqualTo(200);
      assertThat(get(me, "Authorization", bearer()).statusCode()).isEqualTo(401);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/",
        "/before/",
        "/after/",
        "/style.css",
        "/files/compare.js",
        "/files/before.js",
        "/files/after.js",
        "/files/shop.js",
        "/files/from-jwt.css"
      })
  void pages_areServed_withoutInlineScripts(String path) throws Exception {
    HttpResponse<String> page = get(nodes.first().url() + path);
    assertThat(page.statusCode()).isEqualTo(200);
    if (path.endsWith("/")) {
      assertThat(page.headers().firstValue("Content-Security-Policy").orElseThrow())
          .contains("default-src 'none'", "script-src 'self'", "frame-ancestors 'self'")
          .doesNotContain("unsafe");
    }
    assertThat(page.headers().firstValue("Set-Cookie")).isEmpty();
  }
}
