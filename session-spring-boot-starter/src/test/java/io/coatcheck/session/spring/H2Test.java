package io.coatcheck.session.spring;

import io.coatcheck.session.spring.shop.Shop;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;

@DisplayName("The shop, with its sessions in H2 without a near cache")
@Tag("wide")
class H2Test implements ShopFlows {

  private static Site site;

  @BeforeAll
  static void start() {
    site =
        Site.start(
            Shop.class,
            ShopFlows.properties(
                "spring.datasource.url=jdbc:h2:mem:shop", "coatcheck.near-cache.enabled=false"));
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
