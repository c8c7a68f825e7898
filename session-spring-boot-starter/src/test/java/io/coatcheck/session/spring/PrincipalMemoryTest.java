package io.coatcheck.session.spring;

import io.coatcheck.session.spring.staff.Staff;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;

@DisplayName("Names only, with the sessions in memory")
class PrincipalMemoryTest implements PrincipalFlows {

  private static Site site;

  @BeforeAll
  static void start() {
    site = Site.start(Staff.class, PrincipalFlows.PROPERTY, "coatcheck.store=memory");
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
