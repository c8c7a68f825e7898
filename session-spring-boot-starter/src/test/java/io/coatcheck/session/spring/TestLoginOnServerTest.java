package io.coatcheck.session.spring;

import static io.coatcheck.session.spring.test.TestLogin.loggedInAs;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.nearcache.NearCacheSessionStore;
import io.coatcheck.session.spring.kiosk.Kiosk;
import io.coatcheck.session.spring.staff.Staff;
import io.coatcheck.session.spring.test.TestSession;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.test.clients.Visitor;
import java.time.Duration;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;
import org.springframework.context.ApplicationContext;
import org.springframework.http.client.reactive.JdkClientHttpConnector;
import org.springframework.security.core.userdetails.User;
import org.springframework.security.provisioning.UserDetailsManager;
import org.springframework.test.web.reactive.server.WebTestClient;
import org.springframework.web.client.RestClient;

@SpringBootTest(
    classes = Kiosk.class,
    webEnvironment = WebEnvironment.RANDOM_PORT,
    properties = {"coatcheck.store=jdbc", "spring.datasource.url=jdbc:h2:mem:test-login"})
@DisplayName("A login for tests, on a running server")
class TestLoginOnServerTest {

  private static final String COOKIE = "__Host-session";

  @Autowired private ApplicationContext context;

  @Value("http://localhost:${local.server.port}")
  private String url;

  @Test
  @DisplayName("opens its session for a RestClient")
  void restClient() {
    assertThat(context.getBean(SessionStore.class)).isInstanceOf(NearCacheSessionStore.class);
    TestSession ann = loggedInAs("ann").withAttribute("paper", "The Herald").on(context);
    RestClient client =
        RestClient.builder()
            .baseUrl(url)
            .defaultHeader(ann.headerName(), ann.headerValue())
            .build();
    assertThat(client.get().uri("/account").retrieve().body(String.class))
        .isEqualTo("ann[ROLE_MEMBER]");
    assertThat(client.get().uri("/paper").retrieve().body(String.class)).isEqualTo("The Herald");
    assertThat(client.get().uri("/member").retrieve().body(String.class)).isEqualTo("ann");
  }

  @Test
  @DisplayName("opens its session for a WebTestClient, which can also log in by the form")
  void webTestClient() {
    WebTestClient client =
        WebTestClient.bindToServer(new JdkClientHttpConnector())
            .baseUrl(url)
            // Five seconds may pass on a busy machine.
            .responseTimeout(Duration.ofMinutes(1))
            .build();
    client.get().uri("/account").exchange().expectStatus().isFound();
    TestSession olga = loggedInAs("olga").on(context);
    client
        .get()
        .uri("/takings")
        .header(olga.headerName(), olga.headerValue())
        .exchange()
        .expectBody(String.class)
        .isEqualTo("a lot");
    context.getBean(SessionManager.class).revoke(olga.id());
    client
        .get()
        .uri("/takings")
        .header(olga.headerName(), olga.headerValue())
        .exchange()
        .expectStatus()
        .isFound();
  }

  @Test
  @DisplayName("sends the header of an application without a cookie")
  void header() throws Exception {
    for (String name : new String[] {"Authorization", "X-Session"}) {
      try (Site site =
          Site.start(
              Kiosk.class,
              "coatcheck.store=memory",
              "coatcheck.header=" + name,
              "coatcheck.without-cookie=true")) {
        TestSession ann = loggedInAs("ann").on(site.context());
        assertThat(ann.headerName()).isEqualTo(name);
        Visitor program = site.visitor().with(ann.headerName(), ann.headerValue());
        assertThat(program.get("/account").body()).as(name).isEqualTo("ann[ROLE_MEMBER]");
      }
    }
  }

  @Test
  @DisplayName("has the cookie that the application has named")
  void cookie() throws Exception {
    try (Site site =
        Site.start(Kiosk.class, "coatcheck.store=memory", "coatcheck.cookie.name=kiosk")) {
      TestSession ann = loggedInAs("ann").on(site.context());
      assertThat(ann.headerName()).isEqualTo("Cookie");
      assertThat(ann.headerValue()).startsWith("kiosk=");
      Visitor visitor = site.visitor().with(ann.headerName(), ann.headerValue());
      assertThat(visitor.get("/account").body()).isEqualTo("ann[ROLE_MEMBER]");
    }
  }

  @Test
  @DisplayName("counts towards the limit of sessions, and says so when it is refused")
  void limit() {
    try (Site site =
        Site.start(
            Kiosk.class,
            "coatcheck.store=memory",
            "coatcheck.sessions-per-user=1",
            "coatcheck.when-full=refuse-newcomer")) {
      loggedInAs("ann").on(site.context());
      assertThatThrownBy(() -> loggedInAs("ann").on(site.context()))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("ann")
          .hasMessageContaining("LIMIT_REACHED");
    }
  }

  @Test
  @DisplayName("has the rights of the user as they are now, where the session keeps the name only")
  void principalMode() throws Exception {
    try (Site site =
        Site.start(Staff.class, "coatcheck.store=memory", "coatcheck.security.context=principal")) {
      UserDetailsManager users = site.bean(UserDetailsManager.class);
      users.createUser(User.withUsername("ann").password("{noop}ticket").roles("ADMIN").build());
      TestSession ann = loggedInAs("ann").on(site.context());
      Visitor visitor = site.visitor().with(ann.headerName(), ann.headerValue());
      assertThat(visitor.get("/admin").statusCode()).isEqualTo(200);
      String cookie = ann.headerValue().substring((COOKIE + "=").length());
      assertThat(StoredText.of(site, cookie)).doesNotContain("springframework");
      assertThatThrownBy(() -> loggedInAs("nobody").on(site.context()))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("coatcheck.security.context=principal", "nobody");
      assertThatThrownBy(() -> loggedInAs("ann").withAuthorities("ROLE_X").on(site.context()))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("withAuthorities");
      assertThat(site.bean(SessionManager.class).sessionsOf("ann")).hasSize(1);
    }
  }

  @Test
  @DisplayName("needs an application with a SessionFilter")
  void noFilter() {
    try (Site site = Site.start(Kiosk.class, "coatcheck.enabled=false")) {
      assertThatThrownBy(() -> loggedInAs("ann").on(site.context()))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("SessionFilter");
    }
  }
}
