package io.coatcheck.session.spring;

import io.coatcheck.session.spring.shop.Shop;
import java.io.IOException;
import java.sql.SQLException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;

@DisplayName("The shop, with its sessions in PostgreSQL and a near cache")
class PostgresTest implements ShopFlows {

  private static Postgres server;
  private static Site site;

  @BeforeAll
  static void start() throws IOException, SQLException {
    server = Postgres.start();
    site = Site.start(Shop.class, ShopFlows.properties(server.properties()));
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
