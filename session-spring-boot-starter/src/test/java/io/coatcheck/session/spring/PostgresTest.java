package io.coatcheck.session.spring;

import io.coatcheck.session.spring.shop.Shop;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;

@DisplayName("The shop, with its sessions in PostgreSQL and a near cache")
class PostgresTest implements ShopFlows {

  private static EmbeddedPostgres server;
  private static Site site;

  @BeforeAll
  static void start() throws IOException {
    server = EmbeddedPostgres.builder().setPGStartupWait(Duration.ofMinutes(2)).start();
    site =
        Site.start(
            Shop.class,
            ShopFlows.properties(
                "spring.datasource.url=" + server.getJdbcUrl("postgres", "postgres"),
                "coatcheck.jdbc.query-timeout=30s",
                "coatcheck.jdbc.create-schema=always"));
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
