package io.coatcheck.session.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.spring.shop.Shop;
import io.coatcheck.test.clients.Visitor;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

/**
 * What an application leaves behind that had Spring Session: its properties, its table, and its
 * cookie in the browsers.
 */
@DisplayName("The shop, whose dependency on Spring Session became one on the starter")
@ExtendWith(OutputCaptureExtension.class)
@Tag("wide")
class FormerSpringSessionTest implements ShopFlows {

  private static final String URL = "jdbc:h2:mem:former;DB_CLOSE_DELAY=-1";

  private static Site site;
  private static String startLog = "";

  @BeforeAll
  static void start(CapturedOutput output) throws SQLException {
    try (Connection connection = DriverManager.getConnection(URL, "sa", "");
        Statement statement = connection.createStatement()) {
      statement.execute("CREATE TABLE SPRING_SESSION (PRIMARY_ID CHAR(36) PRIMARY KEY)");
    }
    site =
        Site.start(
            Shop.class,
            ShopFlows.properties(
                "spring.datasource.url=" + URL,
                "spring.session.timeout=20m",
                "spring.session.jdbc.initialize-schema=always",
                "spring.session.jdbc.table-name=SPRING_SESSION"));
    startLog = output.getOut();
  }

  @AfterAll
  static void stop() throws SQLException {
    site.close();
    try (Connection connection = DriverManager.getConnection(URL, "sa", "");
        Statement statement = connection.createStatement()) {
      statement.execute("SHUTDOWN");
    }
  }

  @Override
  public Site site() {
    return site;
  }

  @Test
  @DisplayName("names the properties that no longer have an effect, at the start")
  void properties() {
    assertThat(startLog).contains("spring.session.timeout", "coatcheck.idle-timeout");
  }

  @Test
  @DisplayName("ignores the cookie that browsers still send, and needs no second login for it")
  void oldCookie() throws Exception {
    Visitor ann = site.visitor();
    ann.take("SESSION", "ZTY3YjE0ZTMtNmYyYi00ZjA5LWI5YzQtNzI0ZmFlOGI1YzA1");
    assertThat(ann.get("/account").statusCode()).isEqualTo(302);
    assertThat(Visitor.location(ann.logIn("ann"))).endsWith("/account?continue");
    assertThat(ann.get("/account").body()).isEqualTo("ann");
    assertThat(ann.cookie("SESSION")).isNotEmpty();
  }
}
