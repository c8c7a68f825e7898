package io.coatcheck.session.spring;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import io.coatcheck.session.SessionInfo;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.codec.AttributeValue;
import io.coatcheck.session.migration.ContainerSessionAdoption;
import io.coatcheck.session.migration.SpringSessionImport;
import io.coatcheck.session.spring.staff.Staff;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.test.clients.Visitor;
import io.coatcheck.test.log.RecordedLog;
import jakarta.servlet.http.HttpSession;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import javax.sql.DataSource;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.security.authentication.RememberMeAuthenticationToken;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.context.SecurityContextImpl;
import org.springframework.security.core.userdetails.User;
import org.springframework.security.provisioning.UserDetailsManager;
import org.springframework.security.web.csrf.DefaultCsrfToken;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

@Tag("wide")
@DisplayName("A session from elsewhere, where only the name of the user is kept")
class MovedByNameTest {

  private static final String COOKIE = "__Host-session";
  private static final String CONTEXT = "SPRING_SECURITY_CONTEXT";
  private static final String CSRF =
      "org.springframework.security.web.csrf.HttpSessionCsrfTokenRepository.CSRF_TOKEN";

  /** What the application does by hand. */
  @RestController
  static class MorePages {

    @GetMapping("/forget")
    String forget(HttpSession session) {
      session.removeAttribute(CONTEXT);
      return "forgotten";
    }
  }

  private static Site start(String... properties) {
    Site site =
        Site.start(List.of(Staff.class, MorePages.class, BridgesTest.OldLogins.class), properties);
    site.bean(UserDetailsManager.class)
        .createUser(User.withUsername("ann").password("{noop}ticket").roles("USER").build());
    return site;
  }

  private static Site importing() {
    return start(
        PrincipalFlows.PROPERTY,
        "spring.datasource.url=jdbc:h2:mem:" + UUID.randomUUID(),
        SpringSessionImportTest.TABLES,
        "coatcheck.migration.spring-session.enabled=true",
        "coatcheck.migration.spring-session.table-name=OLD_SESSION");
  }

  /** Returns the property of a database that outlives the application, until it is shut down. */
  private static String lastingDatabase() {
    return "spring.datasource.url=jdbc:h2:mem:" + UUID.randomUUID() + ";DB_CLOSE_DELAY=-1";
  }

  private static Visitor withOldSession(Site site, Map<String, Serializable> attributes)
      throws Exception {
    String id = UUID.randomUUID().toString();
    SpringSessionImportTest.write(new JdbcTemplate(site.bean(DataSource.class)), id, attributes);
    Visitor visitor = site.visitor();
    visitor.take(
        "SESSION", Base64.getEncoder().encodeToString(id.getBytes(StandardCharsets.UTF_8)));
    return visitor;
  }

  /** Returns a token as Spring Security writes it into a form, with a mask of zeros. */
  private static String masked(String token) {
    byte[] text = token.getBytes(StandardCharsets.UTF_8);
    byte[] masked = new byte[text.length * 2];
    System.arraycopy(text, 0, masked, text.length, text.length);
    return Base64.getUrlEncoder().encodeToString(masked);
  }

  private static void assertLoggedOut(Site site, Visitor visitor) throws Exception {
    assertThat(visitor.get("/account").statusCode()).isEqualTo(302);
    assertThat(site.bean(SessionManager.class).sessionsOf("ann")).isEmpty();
  }

  @Test
  @DisplayName("is imported without its context, and the forms that the user has open stay good")
  void imported() throws Exception {
    try (Site site = importing()) {
      Visitor ann =
          withOldSession(
              site,
              Map.of(
                  CONTEXT,
                  SpringSessionImportTest.context("ROLE_USER"),
                  CSRF,
                  new DefaultCsrfToken("X-CSRF-TOKEN", "_csrf", "in-an-open-form")));
      assertThat(ann.get("/account").body()).isEqualTo("ann");
      assertThat(ann.get("/token").statusCode()).isEqualTo(200);
      assertThat(StoredText.of(site, ann.cookie(COOKIE)))
          .contains("in-an-open-form")
          .doesNotContain("springframework");
      assertThat(ann.postWithToken(masked("in-an-open-form"), "/logout").statusCode())
          .isEqualTo(302);
      assertLoggedOut(site, ann);
    }
  }

  /** The next person at that browser must not get what the user had. */
  private static void assertNothingMoved(Visitor visitor) throws Exception {
    assertThat(visitor.get("/").body()).isEqualTo("Welcome");
    assertThat(visitor.hasCookie(COOKIE)).isFalse();
  }

  @Test
  @DisplayName("is not imported with a login that withholds a right, as before a second factor")
  void importedBeforeTheSecondFactor() throws Exception {
    try (Site site = importing()) {
      Visitor ann =
          withOldSession(
              site,
              Map.of(CONTEXT, SpringSessionImportTest.context("FIRST_FACTOR"), "cart", "apples"));
      assertNothingMoved(ann);
      assertThat(site.bean(SpringSessionImport.class).counts().refused()).isEqualTo(1);
      assertLoggedOut(site, ann);
      assertThat(site.bean(SpringSessionImport.class).counts().accepted()).isZero();
    }
  }

  @Test
  @DisplayName("is not imported if its user was only remembered: a name alone would not say so")
  void importedOfARememberedUser() throws Exception {
    try (Site site = importing()) {
      SecurityContextImpl context = SpringSessionImportTest.context("ROLE_USER");
      Authentication full = context.getAuthentication();
      context.setAuthentication(
          new RememberMeAuthenticationToken("key", full.getPrincipal(), full.getAuthorities()));
      Visitor ann = withOldSession(site, Map.of(CONTEXT, context, "cart", "apples"));
      assertNothingMoved(ann);
      assertThat(site.bean(SpringSessionImport.class).counts().refused()).isEqualTo(1);
      assertLoggedOut(site, ann);
    }
  }

  @Test
  @DisplayName("is not imported for a user who is unknown or disabled, with nothing that it holds")
  void importedForAnUnknownUser() throws Exception {
    try (Site site = importing()) {
      UserDetailsManager users = site.bean(UserDetailsManager.class);
      users.deleteUser("ann");
      Visitor ann =
          withOldSession(
              site,
              Map.of(CONTEXT, SpringSessionImportTest.context("ROLE_USER"), "cart", "apples"));
      assertNothingMoved(ann);
      User.UserBuilder account = User.withUsername("ann").password("{noop}ticket").roles("USER");
      users.createUser(account.disabled(true).build());
      assertNothingMoved(ann);
      assertThat(site.bean(SpringSessionImport.class).counts().refused()).isEqualTo(2);
      assertThat(site.bean(SpringSessionImport.class).counts().accepted()).isZero();
      users.updateUser(account.disabled(false).build());
      assertThat(ann.get("/account").body()).isEqualTo("ann");
      assertThat(StoredText.of(site, ann.cookie(COOKIE))).contains("apples");
    }
  }

  @Test
  @DisplayName("is adopted from the container only with a login that withholds no right")
  void adopted() throws Exception {
    try (Site site =
        start(
            PrincipalFlows.PROPERTY,
            "coatcheck.store=memory",
            "coatcheck.migration.container-session.enabled=true")) {
      Visitor half = site.visitor();
      half.get("/old-login?half");
      assertNothingMoved(half);
      assertThat(site.bean(ContainerSessionAdoption.class).counts().refused()).isEqualTo(1);
      assertLoggedOut(site, half);
      Visitor ann = site.visitor();
      ann.get("/old-login");
      assertThat(ann.get("/account").body()).isEqualTo("ann");
      assertThat(StoredText.of(site, ann.cookie(COOKIE))).doesNotContain("springframework");
      assertThat(site.bean(ContainerSessionAdoption.class).counts().accepted()).isEqualTo(1);
    }
  }

  @Test
  @DisplayName("that is refused with each request of a client is logged once")
  void refusedAgainAndAgain() throws Exception {
    // The start configures the log.
    try (Site site =
            start(
                PrincipalFlows.PROPERTY,
                "coatcheck.store=memory",
                "coatcheck.migration.container-session.enabled=true");
        RecordedLog log = RecordedLog.of(MovedByName.class).at(Level.INFO)) {
      Visitor half = site.visitor();
      half.get("/old-login?half");
      for (int i = 0; i < 5; i++) {
        assertNothingMoved(half);
      }
      assertThat(site.bean(ContainerSessionAdoption.class).counts().refused()).isEqualTo(5);
      assertThat(log.lines()).singleElement().asString().contains("this login withholds some");
    }
  }

  @Test
  @DisplayName("of the same application, which kept contexts before, ends if that is removed")
  void keptContexts() throws Exception {
    String database = lastingDatabase();
    Visitor ann;
    try (Site site = start(database)) {
      ann = site.visitor();
      assertThat(Visitor.location(ann.logIn("ann"))).doesNotContain("error");
      assertThat(StoredText.of(site, ann.cookie(COOKIE))).contains("SecurityContextImpl");
    }
    try (Site site = start(database, PrincipalFlows.PROPERTY)) {
      Visitor again = site.visitor();
      again.take(COOKIE, ann.cookie(COOKIE));
      assertThat(again.get("/account").body()).isEqualTo("ann");
      assertThat(StoredText.of(site, again.cookie(COOKIE))).doesNotContain("SecurityContextImpl");
      assertThat(again.get("/account").body()).isEqualTo("ann");
      assertThat(again.get("/forget").body()).isEqualTo("forgotten");
      assertLoggedOut(site, again);
      new JdbcTemplate(site.bean(DataSource.class)).execute("SHUTDOWN");
    }
  }

  private static Site withOwner(String... properties) {
    Site site = start(properties);
    site.bean(UserDetailsManager.class)
        .createUser(User.withUsername("olga").password("{noop}ticket").roles("OWNER").build());
    return site;
  }

  @Test
  @DisplayName("of the same application ends if its context withholds a right of the user")
  void keptContextBeforeTheSecondFactor() throws Exception {
    String database = lastingDatabase();
    Visitor half;
    Visitor second;
    try (Site site = withOwner(database)) {
      half = halfLoggedIn(site);
      second = halfLoggedIn(site);
    }
    assertEndsButLogsIn(half, second, database);
  }

  @Test
  @DisplayName("that ends on the page of the login form does not make the first login fail")
  void keptContextOnTheLoginPage() throws Exception {
    String database = lastingDatabase();
    Visitor half;
    Visitor withOpenForm;
    String openForm;
    try (Site site = withOwner(database)) {
      half = halfLoggedIn(site);
      withOpenForm = halfLoggedIn(site);
      openForm = withOpenForm.get("/token").body();
    }
    try (Site site = withOwner(database, PrincipalFlows.PROPERTY)) {
      Visitor again = site.visitor();
      again.take(COOKIE, half.cookie(COOKIE));
      assertThat(again.logIn("olga").statusCode()).isEqualTo(302);
      assertThat(again.get("/account").body()).isEqualTo("olga");
      again = site.visitor();
      again.take(COOKIE, withOpenForm.cookie(COOKIE));
      assertThat(
              again
                  .postWithToken(openForm, "/login", "username", "olga", "password", "ticket")
                  .statusCode())
          .isEqualTo(302);
      assertThat(again.get("/account").body()).isEqualTo("olga");
      new JdbcTemplate(site.bean(DataSource.class)).execute("SHUTDOWN");
    }
  }

  @Test
  @DisplayName("of the same application ends if its context can no longer be read")
  void keptContextThatCannotBeRead() throws Exception {
    String database = lastingDatabase();
    Visitor half;
    Visitor second;
    try (Site site = withOwner(database)) {
      half = halfLoggedIn(site);
      second = halfLoggedIn(site);
      SessionStore store = site.bean(SessionStore.class);
      for (SessionInfo olgas : site.bean(SessionManager.class).sessionsOf("olga")) {
        StoredSession stored = store.find(olgas.id()).orElseThrow();
        AttributeValue unreadable = AttributeValue.encoded(new byte[] {(byte) 0xEE, 1});
        assertThat(
                store.update(
                    stored.toBuilder().attribute(CONTEXT, unreadable).build(), Instant.now()))
            .isTrue();
      }
    }
    assertEndsButLogsIn(half, second, database);
  }

  /** Asserts that a session with such a context ends, and that a login over another one holds. */
  private static void assertEndsButLogsIn(Visitor first, Visitor second, String database)
      throws Exception {
    try (Site site =
        withOwner(
            database, PrincipalFlows.PROPERTY, "spring.mvc.publish-request-handled-events=false")) {
      Visitor again = site.visitor();
      again.take(COOKIE, first.cookie(COOKIE));
      assertThat(again.get("/account").statusCode()).isEqualTo(302);
      assertThat(site.bean(SessionManager.class).sessionsOf("olga")).hasSize(1);
      again = site.visitor();
      again.take(COOKIE, second.cookie(COOKIE));
      assertThat(Visitor.location(again.logIn("olga"))).doesNotContain("error");
      assertThat(again.get("/account").body()).isEqualTo("olga");
      assertThat(again.get("/account").body()).isEqualTo("olga");
      assertThat(site.bean(SessionManager.class).sessionsOf("olga")).hasSize(1);
      new JdbcTemplate(site.bean(DataSource.class)).execute("SHUTDOWN");
    }
  }

  /** Returns a user whose context has other roles than hers. */
  private static Visitor halfLoggedIn(Site site) throws Exception {
    Visitor half = site.visitor();
    assertThat(half.post("/stored-by-hand", "username", "olga").body()).isEqualTo("stored");
    assertThat(half.get("/account").body()).isEqualTo("olga");
    return half;
  }
}
