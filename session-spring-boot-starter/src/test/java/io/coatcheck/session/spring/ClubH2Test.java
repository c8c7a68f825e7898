package io.coatcheck.session.spring;

import io.coatcheck.session.spring.club.Club;
import io.coatcheck.test.clients.Partner;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;

@DisplayName("The club, with its sessions in H2 and a near cache")
@Tag("wide")
class ClubH2Test implements ClubFlows {

  private static Partner partner;
  private static Site site;

  @BeforeAll
  static void start() throws Exception {
    partner = new Partner();
    site =
        Site.start(
            Club.class, ClubFlows.properties(partner, "spring.datasource.url=jdbc:h2:mem:club"));
  }

  @AfterAll
  static void stop() {
    try {
      site.close();
    } finally {
      partner.close();
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
