package io.coatcheck.session.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.SessionInfo;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.spring.staff.Staff;
import io.coatcheck.session.token.SessionToken;
import io.coatcheck.test.clients.Visitor;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.springframework.security.core.userdetails.User;
import org.springframework.security.provisioning.UserDetailsManager;

@DisplayName("The actuator endpoint coatcheck")
class EndpointTest {

  private static final String PATH = "/api/manage/coatcheck";

  private static Site site;

  @BeforeAll
  static void start() {
    site =
        Site.start(
            Staff.class,
            "coatcheck.store=memory",
            "management.endpoints.web.base-path=/api/manage",
            "management.endpoints.web.exposure.include=coatcheck");
    for (String name : new String[] {"ann", "bob", "cat", "dan", "operator"}) {
      site.bean(UserDetailsManager.class)
          .createUser(User.withUsername(name).password("{noop}ticket").roles("USER").build());
    }
  }

  @AfterAll
  static void stop() {
    site.close();
  }

  private static Visitor operator() {
    return site.visitor().with("Authorization", "Basic " + password());
  }

  private static String password() {
    return Base64.getEncoder()
        .encodeToString("operator:ticket".getBytes(StandardCharsets.ISO_8859_1));
  }

  @Test
  @DisplayName("lists the sessions of a user by their public ids, without the secret")
  void list() throws Exception {
    Visitor ann = site.visitor();
    ann.with("User-Agent", "a browser").logIn("ann");
    String token = ann.cookie("__Host-session");
    SessionToken parsed = SessionToken.parse(token).orElseThrow();
    String body = operator().get(PATH + "?user=ann").body();
    assertThat(body)
        .contains("\"id\":\"" + parsed.id() + "\"", "\"userAgent\":\"a browser\"", "\"createdAt\":")
        .doesNotContain(token);
    assertThat(operator().get(PATH + "?user=stranger").body()).isEqualTo("{\"sessions\":[]}");
  }

  @Test
  @DisplayName("ends a session by its public id, and by no other")
  void end() throws Exception {
    Visitor bob = site.visitor();
    bob.logIn("bob");
    SessionManager manager = site.bean(SessionManager.class);
    SessionInfo session = manager.sessionsOf("bob").get(0);
    assertThat(delete("/" + session.id())).isEqualTo(204);
    assertThat(manager.sessionsOf("bob")).isEmpty();
    assertThat(bob.get("/account").statusCode()).isEqualTo(302);
    assertThat(delete("/" + session.id())).isEqualTo(404);
    assertThat(delete("/no-id")).isEqualTo(404);
  }

  @Test
  @DisplayName("ends all sessions of a user, and of no other")
  void endAll() throws Exception {
    SessionManager manager = site.bean(SessionManager.class);
    Visitor laptop = site.visitor();
    laptop.logIn("cat");
    Visitor phone = site.visitor();
    phone.logIn("cat");
    Visitor dan = site.visitor();
    dan.logIn("dan");

    HttpResponse<String> answer = send("?user=cat");
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.body()).isEqualTo("{\"ended\":2}");
    assertThat(manager.sessionsOf("cat")).isEmpty();
    assertThat(laptop.get("/account").statusCode()).isEqualTo(302);
    assertThat(phone.get("/account").statusCode()).isEqualTo(302);
    assertThat(send("?user=cat").body()).isEqualTo("{\"ended\":0}");

    for (String everyone : new String[] {"", "?user=", "?user=dan%00", "?name=dan"}) {
      assertThat(delete(everyone)).as(everyone).isEqualTo(400);
    }
    assertThat(dan.get("/account").statusCode()).isEqualTo(200);
  }

  @Test
  @DisplayName("refuses a name that no user can have")
  void badNames() throws Exception {
    assertThat(operator().get(PATH).statusCode()).isEqualTo(400);
    assertThat(operator().get(PATH + "?user=").statusCode()).isEqualTo(400);
    assertThat(operator().get(PATH + "?user=ann%00").statusCode()).isEqualTo(400);
    assertThat(operator().get(PATH + "?user=" + "x".repeat(256)).statusCode()).isEqualTo(400);
  }

  @Test
  @DisplayName("is as protected as the application protects it")
  void isProtected() throws Exception {
    assertThat(site.visitor().get(PATH + "?user=ann").statusCode()).isEqualTo(401);
  }

  @Test
  @DisplayName("is not there unless it is exposed")
  void isNotExposed() throws Exception {
    try (Site other =
        Site.start(
            Staff.class,
            "coatcheck.store=memory",
            "management.endpoints.web.base-path=/api/manage")) {
      other
          .bean(UserDetailsManager.class)
          .createUser(User.withUsername("operator").password("{noop}ticket").roles("USER").build());
      Visitor operator = other.visitor().with("Authorization", "Basic " + password());
      assertThat(operator.get(PATH + "?user=ann").statusCode()).isEqualTo(404);
    }
  }

  private static int delete(String after) throws Exception {
    return send(after).statusCode();
  }

  private static HttpResponse<String> send(String after) throws Exception {
    String port = site.context().getEnvironment().getRequiredProperty("local.server.port");
    return HttpClient.newHttpClient()
        .send(
            HttpRequest.newBuilder(URI.create("http://localhost:" + port + PATH + after))
                .header("Authorization", "Basic " + password())
                .DELETE()
                .build(),
            BodyHandlers.ofString());
  }
}
