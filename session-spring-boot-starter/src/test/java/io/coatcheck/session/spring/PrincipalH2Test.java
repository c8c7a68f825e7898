package io.coatcheck.session.spring;

import io.coatcheck.session.spring.staff.Staff;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;

@DisplayName("Names only, with the sessions in H2 without a near cache")
class PrincipalH2Test implements PrincipalFlows {

  private static Site site;

  @BeforeAll
  static void start() {
    site =
        Site.start(
            Staff.class,
            PrincipalFlows.PROPERTY,
            "spring.datasource.url=jdbc:h2:mem:staff",
            "coatcheck.near-cache.enabled=false");
  }

  @AfterAll
  static void stop() {
    site.close();
  }

  @Override
  public Site site() {
    return site;
  }
}
