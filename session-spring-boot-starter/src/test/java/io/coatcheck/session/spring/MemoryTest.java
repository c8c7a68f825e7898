package io.coatcheck.session.spring;

import io.coatcheck.session.spring.shop.Shop;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;

@DisplayName("The shop, with its sessions in memory")
class MemoryTest implements ShopFlows {

  private static Site site;

  @BeforeAll
  static void start() {
    site = Site.start(Shop.class, ShopFlows.properties("coatcheck.store=memory"));
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
