package io.coatcheck.session.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.spring.shop.Shop;
import io.coatcheck.test.clients.Visitor;
import java.net.http.HttpResponse;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.springframework.boot.actuate.endpoint.EndpointId;
import org.springframework.boot.actuate.endpoint.web.PathMappedEndpoints;
import org.springframework.boot.actuate.endpoint.web.WebServerNamespace;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.annotation.Order;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.web.SecurityFilterChain;

@DisplayName("The health contributor coatcheck")
class HealthTest {

  private static final String HEALTH = "/actuator/health";

  /** Probes come without a password. */
  @Configuration
  static class OpenProbes {

    @Bean
    @Order(0)
    SecurityFilterChain probes(HttpSecurity http) throws Exception {
      return http.securityMatcher("/actuator/**", "/livez", "/readyz")
          .authorizeHttpRequests(requests -> requests.anyRequest().permitAll())
          .build();
    }
  }

  private static Site site;

  @BeforeAll
  static void start() {
    site = site("spring.datasource.url=jdbc:h2:mem:health");
  }

  @AfterAll
  static void stop() {
    site.close();
  }

  private static Site site(String... properties) {
    String[] all = Arrays.copyOf(properties, properties.length + 3);
    all[properties.length] = "management.endpoint.health.probes.enabled=true";
    all[properties.length + 1] = "management.endpoint.health.show-details=always";
    // The contributor of the DataSource would be in the way.
    all[properties.length + 2] = "management.health.db.enabled=false";
    return Site.start(List.of(Shop.class, OpenProbes.class), all);
  }

  private static HttpResponse<String> health(Site site, String group) throws Exception {
    return site.visitor().get(HEALTH + group);
  }

  /** Asked for by Spring Boot's own chain of Spring Security, and by {@code EndpointRequest}. */
  private static Collection<String> shortPaths(Site site) {
    return site.bean(PathMappedEndpoints.class)
        .getAdditionalPaths(WebServerNamespace.SERVER, EndpointId.of("health"));
  }

  @Test
  @DisplayName("is UP while the store answers, names it, and begins no session")
  void up() throws Exception {
    Visitor probe = site.visitor();
    HttpResponse<String> health = probe.get(HEALTH + "/coatcheck");
    assertThat(health.statusCode()).isEqualTo(200);
    assertThat(health.body())
        .contains("\"status\":\"UP\"", "\"store\":\"JdbcSessionStore\"")
        .doesNotContain("error");
    assertThat(probe.hasCookie("__Host-session")).isFalse();
  }

  @Test
  @DisplayName(
      "is DOWN while the store does not, whatever its near cache holds: not ready, but alive; then UP again")
  void down() throws Exception {
    execute("ALTER TABLE http_session RENAME TO elsewhere");
    try {
      HttpResponse<String> health = health(site, "/coatcheck");
      assertThat(health.statusCode()).isEqualTo(503);
      assertThat(health.body())
          .contains("\"status\":\"DOWN\"", "\"store\":\"JdbcSessionStore\"", "SQL")
          .doesNotContain("http_session", "HTTP_SESSION", "jdbc:", "SELECT");
      assertThat(health(site, "/readiness").statusCode()).isEqualTo(503);
      assertThat(health(site, "/liveness").statusCode()).isEqualTo(200);
    } finally {
      execute("ALTER TABLE elsewhere RENAME TO http_session");
    }
    assertThat(health(site, "/coatcheck").statusCode()).isEqualTo(200);
    assertThat(health(site, "/readiness").statusCode()).isEqualTo(200);
  }

  private static void execute(String sql) throws SQLException {
    try (Connection connection = site.bean(DataSource.class).getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  @Test
  @DisplayName("is in the group readiness and not in liveness, at their short paths as well")
  void groups() throws Exception {
    try (Site other =
        site(
            "coatcheck.store=memory",
            "management.endpoint.health.group.readiness.show-details=always",
            "management.endpoint.health.probes.add-additional-paths=true")) {
      assertThat(health(other, "/coatcheck").body()).contains("\"store\":\"InMemorySessionStore\"");
      assertThat(health(other, "/readiness").body()).contains("\"coatcheck\"");
      assertThat(health(other, "/liveness").statusCode()).isEqualTo(200);
      assertThat(health(other, "/liveness").body()).doesNotContain("\"coatcheck\"");
      assertThat(health(other, "").body()).contains("\"coatcheck\"");
      assertThat(other.visitor().get("/readyz").body()).contains("\"coatcheck\"");
      assertThat(other.visitor().get("/livez").statusCode()).isEqualTo(200);
      assertThat(shortPaths(other)).containsExactlyInAnyOrder("/livez", "/readyz");
    }
  }

  @Test
  @DisplayName("leaves the groups such that Spring Boot finds out that they have no short paths")
  void groups_withoutShortPaths() {
    assertThat(shortPaths(site)).isEmpty();
  }

  @Test
  @DisplayName("leaves a group readiness as it is whose members the application names")
  void ownGroup() throws Exception {
    try (Site other =
        site(
            "coatcheck.store=memory",
            "management.endpoint.health.group.readiness.include=readinessState",
            "management.endpoint.health.group.readiness.show-details=always")) {
      assertThat(health(other, "/readiness").body())
          .contains("readinessState")
          .doesNotContain("coatcheck");
    }
  }

  @Test
  @DisplayName("is switched off as every contributor")
  void off() throws Exception {
    try (Site other = site("coatcheck.store=memory", "management.health.coatcheck.enabled=false")) {
      assertThat(health(other, "/coatcheck").statusCode()).isEqualTo(404);
      assertThat(health(other, "/readiness").statusCode()).isEqualTo(200);
    }
  }
}
