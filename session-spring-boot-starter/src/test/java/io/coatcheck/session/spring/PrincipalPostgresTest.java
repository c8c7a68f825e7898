package io.coatcheck.session.spring;

import io.coatcheck.session.spring.staff.Staff;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;

@DisplayName("Names only, with the sessions in PostgreSQL and a near cache")
@Tag("wide")
class PrincipalPostgresTest implements PrincipalFlows {

  private static EmbeddedPostgres server;
  private static Site site;

  @BeforeAll
  static void start() throws IOException {
    server = EmbeddedPostgres.builder().setPGStartupWait(Duration.ofMinutes(2)).start();
    site =
        Site.start(
            Staff.class,
            PrincipalFlows.PROPERTY,
            "spring.datasource.url=" + server.getJdbcUrl("postgres", "postgres"),
            "coatcheck.jdbc.query-timeout=30s",
            "coatcheck.jdbc.create-schema=always");
  }

  @AfterAll
  static void stop() throws IOException {
    try {
      site.close();
    } finally {
      server.close();
    }
  }

  @Override
  public Site site() {
    return site;
  }
}
