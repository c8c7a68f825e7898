package io.coatcheck.examples.frameworks.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.jdbc.JdbcSessionStore;
import io.coatcheck.test.clients.Partner;
import io.coatcheck.test.clients.Visitor;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import javax.sql.DataSource;
import org.h2.jdbcx.JdbcConnectionPool;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("Spring with the presets, on a database")
class H2FlowsTest implements SpringFlows {

  private static JdbcConnectionPool pool;
  private static Site site;

  @BeforeAll
  static void start() throws Exception {
    pool = JdbcConnectionPool.create("jdbc:h2:mem:shop;DB_CLOSE_DELAY=-1", "sa", "");
    site = new Site(store(pool), Shop.codec());
  }

  @AfterAll
  static void stop() {
    site.close();
    pool.dispose();
  }

  static JdbcSessionStore store(DataSource dataSource) {
    return JdbcSessionStore.builder(dataSource).createSchema(true).build();
  }

  @Override
  public Site site() {
    return site;
  }

  @Test
  @DisplayName("Users stay logged in over a restart, with a password and with OpenID Connect")
  void restart_keepsLogins() throws Exception {
    Visitor bob = site.visitor();
    bob.logIn("bob");
    Visitor ann = site.visitor();
    ann.follow(ann.get("/oauth2/authorization/oidc"));
    try (Site next = new Site(store(pool), Shop.codec())) {
      assertThat(bob.at(next.url()).get("/account").body()).isEqualTo("bob, bob");
      assertThat(ann.at(next.url()).get("/account").body()).isEqualTo("ann, ann");
    }
  }

  @Test
  @DisplayName("A session-scoped bean with @PreDestroy is refused: its end would be lost")
  void preDestroy_isRefused() throws Exception {
    Visitor bob = site.visitor();
    bob.logIn("bob");
    assertThat(bob.get("/lamp").statusCode()).isEqualTo(500);
  }

  @Test
  @DisplayName("By default the database keeps the password of a refused login")
  void refusal_isKeptWithThePassword() throws Exception {
    site.visitor().post("/login", "username", "ann", "password", "kept secret");
    assertThat(hasInDatabase(pool, "kept secret")).isTrue();
  }

  @Test
  @DisplayName("With a failure handler of its own the site keeps nothing of a refused login")
  void refusedLogin_keepsNothing() throws Exception {
    JdbcConnectionPool other =
        JdbcConnectionPool.create("jdbc:h2:mem:refused;DB_CLOSE_DELAY=-1", "sa", "");
    try (Site careful = new Site(store(other), Shop.codec(), false)) {
      Visitor visitor = careful.visitor();
      HttpResponse<String> refused =
          visitor.post("/login", "username", "ann", "password", "kept secret");
      assertThat(Visitor.location(refused)).endsWith("/login?error");
      assertThat(visitor.get("/refusal").body()).isEqualTo("no refusal");
      for (String registration : new String[] {"plain", "oidc"}) {
        Flows.refuse(visitor, registration, "error=access_denied");
        Flows.refuse(visitor, registration, "code=" + Partner.USED);
      }
      Flows.refuse(visitor, "oidc", "code=" + Partner.FORGED);
      assertThat(hasInDatabase(other, "kept secret")).isFalse();
      assertThat(hasInDatabase(other, "the client's secret")).isFalse();
      assertThat(Visitor.location(visitor.logIn("ann"))).endsWith("/");
      assertThat(visitor.get("/account").body()).isEqualTo("ann, ann");
    } finally {
      other.dispose();
    }
  }

  private static boolean hasInDatabase(DataSource dataSource, String text) throws SQLException {
    try (Connection connection = dataSource.getConnection();
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery("SELECT attributes FROM http_session")) {
      boolean found = false;
      while (rows.next()) {
        found |= new String(rows.getBytes(1), StandardCharsets.ISO_8859_1).contains(text);
      }
      return found;
    }
  }
}
