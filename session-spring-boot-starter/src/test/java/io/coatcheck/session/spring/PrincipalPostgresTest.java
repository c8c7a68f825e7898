package io.coatcheck.session.spring;

import io.coatcheck.session.spring.staff.Staff;
import java.io.IOException;
import java.sql.SQLException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;

@DisplayName("Names only, with the sessions in PostgreSQL and a near cache")
@Tag("wide")
class PrincipalPostgresTest implements PrincipalFlows {

  private static Postgres server;
  private static Site site;

  @BeforeAll
  static void start() throws IOException, SQLException {
    server = Postgres.start();
    site = Site.start(Staff.class, server.properties(PrincipalFlows.PROPERTY));
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
