package io.coatcheck.session.spring;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.nearcache.NearCacheSessionStore;
import io.coatcheck.session.spring.shop.Shop;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.test.servers.Redis;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.springframework.data.redis.connection.RedisConnection;
import org.springframework.data.redis.connection.RedisConnectionFactory;

@DisplayName("The shop, with its sessions in Redis and a near cache")
class RedisTest implements ShopFlows {

  private static Redis server;
  private static Site site;

  @BeforeAll
  static void start() {
    server = Redis.start("requirepass hushhush");
    site =
        Site.start(
            Shop.class,
            ShopFlows.properties(
                "spring.data.redis.host=127.0.0.1",
                "spring.data.redis.port=" + server.port(),
                "spring.data.redis.password=hushhush",
                "spring.data.redis.database=3",
                "coatcheck.redis.command-timeout=10s",
                "coatcheck.redis.connect-timeout=10s",
                "coatcheck.redis.key-prefix=shop"));
  }

  @AfterAll
  static void stop() {
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

  @Test
  @DisplayName("The sessions are in the database of Spring Boot's connection, under the prefix")
  void keys() throws Exception {
    site.visitor().logIn("ann");
    assertThat(site.bean(SessionStore.class)).isInstanceOf(NearCacheSessionStore.class);
    try (RedisConnection connection = site.bean(RedisConnectionFactory.class).getConnection()) {
      assertThat(connection.keyCommands().exists("{shop}:x".getBytes(US_ASCII))).isTrue();
    }
  }
}
