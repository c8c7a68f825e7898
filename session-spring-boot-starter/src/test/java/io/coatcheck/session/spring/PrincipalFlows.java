package io.coatcheck.session.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.test.clients.Visitor;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.util.Base64;
import java.util.UUID;
import java.util.function.UnaryOperator;
import javax.sql.DataSource;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.security.core.userdetails.User;
import org.springframework.security.core.userdetails.User.UserBuilder;
import org.springframework.security.provisioning.UserDetailsManager;

/** What happens to users whose rights change, with only their names in the session. */
interface PrincipalFlows {

  String COOKIE = "__Host-session";

  String PROPERTY = "coatcheck.security.context=principal";

  Site site();

  private UserDetailsManager users() {
    return site().bean(UserDetailsManager.class);
  }

  /** Returns a new name, and hires a user of that name. */
  private String hire(String... roles) {
    String name = "user-" + UUID.randomUUID();
    users().createUser(user(name).roles(roles).build());
    return name;
  }

  private static UserBuilder user(String name) {
    return User.withUsername(name).password("{noop}ticket");
  }

  private Visitor loggedIn(String name) throws Exception {
    Visitor visitor = site().visitor();
    assertThat(Visitor.location(visitor.logIn(name))).doesNotContain("error");
    assertThat(visitor.get("/account").body()).isEqualTo(name);
    return visitor;
  }

  @Test
  @DisplayName(
      "A role that is taken away is gone on the next click, and one that is given has effect")
  default void roles() throws Exception {
    String name = hire("USER", "ADMIN");
    Visitor visitor = loggedIn(name);
    assertThat(visitor.get("/admin").statusCode()).isEqualTo(200);
    users().updateUser(user(name).roles("USER").build());
    assertThat(visitor.get("/admin").statusCode()).isEqualTo(403);
    assertThat(visitor.get("/roles").body()).isEqualTo("[\"ROLE_USER\"]");
    users().updateUser(user(name).roles("USER", "ADMIN").build());
    assertThat(visitor.get("/admin").statusCode()).isEqualTo(200);
  }

  @ParameterizedTest
  @ValueSource(strings = {"disabled", "locked", "expired", "password expired", "deleted"})
  @DisplayName("A user who may not log in any more loses the session on the next click")
  default void leavers(String reason) throws Exception {
    String name = hire("USER");
    Visitor visitor = loggedIn(name);
    String cookie = visitor.cookie(COOKIE);
    UnaryOperator<UserBuilder> change =
        switch (reason) {
          case "disabled" -> user -> user.disabled(true);
          case "locked" -> user -> user.accountLocked(true);
          case "expired" -> user -> user.accountExpired(true);
          default -> user -> user.credentialsExpired(true);
        };
    if (reason.equals("deleted")) {
      users().deleteUser(name);
    } else {
      users().updateUser(change.apply(user(name).roles("USER")).build());
    }
    assertThat(Visitor.location(visitor.get("/account"))).endsWith("/login");
    assertThat(site().bean(SessionManager.class).sessionsOf(name)).isEmpty();
    users().deleteUser(name);
    users().createUser(user(name).roles("USER").build());
    visitor.take(COOKIE, cookie);
    assertThat(visitor.get("/account").statusCode()).isEqualTo(302);
  }

  @Test
  @DisplayName("The login page on which such a session ends has a form that is accepted")
  default void loginPageOfLeaver() throws Exception {
    String name = hire("USER");
    String next = hire("USER");
    Visitor visitor = loggedIn(name);
    users().updateUser(user(name).roles("USER").disabled(true).build());
    assertThat(Visitor.location(visitor.logIn(next))).doesNotContain("error");
    assertThat(visitor.get("/account").body()).isEqualTo(next);
    assertThat(site().bean(SessionManager.class).sessionsOf(name)).isEmpty();
  }

  @Test
  @DisplayName("Nothing of Spring Security is stored for a user, not even the CSRF token's class")
  default void stored() throws Exception {
    String name = hire("USER");
    Visitor visitor = loggedIn(name);
    String token = visitor.get("/token").body();
    assertThat(visitor.get("/roles").statusCode()).isEqualTo(200);
    String attributes = StoredText.of(site(), visitor.cookie(COOKIE));
    assertThat(attributes).contains("PlainCsrfTokens").doesNotContain("springframework");
    if (!(site().bean(SessionStore.class) instanceof InMemorySessionStore)) {
      assertThat(rowOf(name, site().bean(DataSource.class)))
          .contains(name)
          .doesNotContain("springframework");
    }
    assertThat(visitor.postWithToken(token, "/logout").statusCode()).isEqualTo(302);
    assertThat(visitor.get("/account").statusCode()).isEqualTo(302);
  }

  private static String rowOf(String name, DataSource database) throws Exception {
    StringBuilder text = new StringBuilder();
    try (Connection connection = database.getConnection();
        PreparedStatement query =
            connection.prepareStatement("SELECT * FROM http_session WHERE principal = ?")) {
      query.setString(1, name);
      try (ResultSet rows = query.executeQuery()) {
        assertThat(rows.next()).isTrue();
        for (int i = 1; i <= rows.getMetaData().getColumnCount(); i++) {
          Object value = rows.getObject(i);
          text.append(
              value instanceof byte[] bytes
                  ? new String(bytes, StandardCharsets.ISO_8859_1)
                  : String.valueOf(value));
          text.append('\n');
        }
      }
    }
    return text.toString();
  }

  @Test
  @DisplayName("A request of a user is not a login: the secret stays")
  default void secret() throws Exception {
    Visitor visitor = loggedIn(hire("USER"));
    String cookie = visitor.cookie(COOKIE);
    assertThat(visitor.get("/account").statusCode()).isEqualTo(200);
    assertThat(visitor.get("/roles").statusCode()).isEqualTo(200);
    assertThat(visitor.cookie(COOKIE)).isEqualTo(cookie);
  }

  @Test
  @DisplayName("A logout ends the session, and a second user gets their own session")
  default void logout() throws Exception {
    String first = hire("USER");
    String second = hire("USER", "ADMIN");
    Visitor visitor = loggedIn(first);
    String cookie = visitor.cookie(COOKIE);
    assertThat(Visitor.location(visitor.logIn(second))).doesNotContain("error");
    assertThat(visitor.get("/account").body()).isEqualTo(second);
    assertThat(site().bean(SessionManager.class).sessionsOf(first)).isEmpty();
    visitor.post("/logout");
    assertThat(site().bean(SessionManager.class).sessionsOf(second)).isEmpty();
    visitor.take(COOKIE, cookie);
    assertThat(visitor.get("/account").statusCode()).isEqualTo(302);
  }

  @Test
  @DisplayName("A context that a controller stores logs the user in, with the user's real roles")
  default void storedByHand() throws Exception {
    String name = hire("USER");
    Visitor visitor = site().visitor();
    assertThat(visitor.post("/stored-by-hand", "username", name).body()).isEqualTo("stored");
    assertThat(visitor.get("/roles").body()).isEqualTo("[\"ROLE_USER\"]");
    assertThat(visitor.get("/admin").statusCode()).isEqualTo(403);
    assertThat(StoredText.of(site(), visitor.cookie(COOKIE))).doesNotContain("springframework");
  }

  @Test
  @DisplayName("A program with a password begins no session, on a stateless chain or not")
  default void programs() throws Exception {
    String name = hire("USER");
    String password =
        Base64.getEncoder()
            .encodeToString((name + ":ticket").getBytes(StandardCharsets.ISO_8859_1));
    Visitor program = site().visitor().with("Authorization", "Basic " + password);
    assertThat(program.get("/api/me").body()).isEqualTo(name);
    assertThat(program.hasCookie(COOKIE)).isFalse();
    assertThat(loggedIn(name).get("/api/me").statusCode()).isEqualTo(401);
  }
}
