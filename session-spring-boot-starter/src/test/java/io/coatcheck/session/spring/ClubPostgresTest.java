package io.coatcheck.session.spring;

import io.coatcheck.session.spring.club.Club;
import io.coatcheck.test.clients.Partner;
import java.io.IOException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;

@DisplayName("The club, with its sessions in PostgreSQL and a near cache")
@Tag("wide")
class ClubPostgresTest implements ClubFlows {

  private static Postgres server;
  private static Partner partner;
  private static Site site;

  @BeforeAll
  static void start() throws Exception {
    server = Postgres.start();
    partner = new Partner();
    site = Site.start(Club.class, ClubFlows.properties(partner, server.properties()));
  }

  @AfterAll
  static void stop() throws IOException {
    try {
      site.close();
    } finally {
      partner.close();
      server.close();
    }
  }

  @Override
  public Site site() {
    return site;
  }

  @Override
  public boolean keepsBytes() {
    return true;
  }
}
