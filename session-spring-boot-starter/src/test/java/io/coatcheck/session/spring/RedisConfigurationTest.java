package io.coatcheck.session.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.nearcache.NearCacheSessionStore;
import io.coatcheck.session.redis.RedisSessionStore;
import io.coatcheck.session.store.SessionStore;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.WebApplicationContextRunner;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Primary;
import org.springframework.data.redis.connection.RedisClusterConfiguration;
import org.springframework.data.redis.connection.RedisSentinelConfiguration;
import org.springframework.data.redis.connection.RedisSocketConfiguration;
import org.springframework.data.redis.connection.RedisStandaloneConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;
import redis.embedded.RedisSentinel;

@DisplayName("The store of the starter, where Spring Boot connects to Redis")
class RedisConfigurationTest {

  private static Redis server;

  private final WebApplicationContextRunner application =
      new WebApplicationContextRunner()
          .withConfiguration(
              AutoConfigurations.of(
                  CoatcheckAutoConfiguration.class, CoatcheckRedisAutoConfiguration.class));

  @BeforeAll
  static void start() throws Exception {
    server = Redis.start();
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  private static LettuceConnectionFactory standalone() {
    return new LettuceConnectionFactory(
        new RedisStandaloneConfiguration("127.0.0.1", server.port()));
  }

  @Configuration
  static class OneConnection {

    @Bean
    LettuceConnectionFactory redis() {
      return standalone();
    }
  }

  @Configuration
  static class TwoConnections extends OneConnection {

    @Bean
    LettuceConnectionFactory cache() {
      return standalone();
    }
  }

  @Configuration
  static class PrimaryConnection extends OneConnection {

    @Bean
    @Primary
    LettuceConnectionFactory cache() {
      return standalone();
    }
  }

  @Configuration
  static class ClusterConnection {

    @Bean
    LettuceConnectionFactory redis() {
      return new LettuceConnectionFactory(
          new RedisClusterConfiguration(List.of("127.0.0.1:" + server.port())));
    }
  }

  @Configuration
  static class SocketConnection {

    @Bean
    LettuceConnectionFactory redis() {
      LettuceConnectionFactory connection =
          new LettuceConnectionFactory(new RedisSocketConfiguration("redis.sock"));
      connection.setAutoStartup(false);
      return connection;
    }
  }

  @Test
  @DisplayName("is on Redis by itself, with a near cache unless that is off")
  void oneConnection() {
    application
        .withUserConfiguration(OneConnection.class)
        .run(
            context ->
                assertThat(context.getBean(SessionStore.class))
                    .isInstanceOf(NearCacheSessionStore.class));
    application
        .withUserConfiguration(OneConnection.class)
        .withPropertyValues("coatcheck.near-cache.enabled=false")
        .run(
            context ->
                assertThat(context.getBean(SessionStore.class))
                    .isInstanceOf(RedisSessionStore.class));
    application
        .withUserConfiguration(OneConnection.class)
        .withPropertyValues("coatcheck.store=memory")
        .run(
            context ->
                assertThat(context.getBean(SessionStore.class))
                    .isInstanceOf(InMemorySessionStore.class));
  }

  @Test
  @DisplayName("is on the primary connection of several, and on none if none is primary")
  void severalConnections() {
    application
        .withUserConfiguration(PrimaryConnection.class)
        .withPropertyValues("coatcheck.store=redis")
        .run(context -> assertThat(context).hasNotFailed());
    application
        .withUserConfiguration(TwoConnections.class)
        .run(
            context ->
                assertThat(context.getBean(SessionStore.class))
                    .isInstanceOf(InMemorySessionStore.class));
    refused(TwoConnections.class, "redis", "none of [cache, redis] is primary");
  }

  @Test
  @DisplayName("is refused without a connection, and on one that it does not support")
  void unsupported() {
    refused(OwnNothing.class, "redis", "or a primary one, but there is none");
    refused(ClusterConnection.class, "auto", "is to a Redis Cluster, which");
    refused(SocketConnection.class, "redis", "is to a Unix domain socket, which");
    application
        .withUserConfiguration(OneConnection.class)
        .withPropertyValues("spring.data.redis.masterreplica.nodes=127.0.0.1:1,127.0.0.1:2")
        .run(
            context ->
                assertThat(messagesOf(context.getStartupFailure()))
                    .contains("is to a list of nodes (spring.data.redis.masterreplica), which"));
  }

  @Configuration
  static class OwnNothing {}

  private void refused(Class<?> configuration, String store, String message) {
    application
        .withUserConfiguration(configuration)
        .withPropertyValues("coatcheck.store=" + store)
        .run(
            context ->
                assertThat(messagesOf(context.getStartupFailure()))
                    .contains("coatcheck.store: ", message));
  }

  @ParameterizedTest(name = "{0}={1}")
  @CsvSource({
    "coatcheck.redis.key-prefix, a b",
    "coatcheck.redis.command-timeout, 1ms",
    "coatcheck.redis.connect-timeout, 2m",
  })
  @DisplayName("names a property that is wrong")
  void properties(String property, String value) {
    application
        .withUserConfiguration(OneConnection.class)
        .withPropertyValues(property + "=" + value)
        .run(
            context ->
                assertThat(messagesOf(context.getStartupFailure())).contains(property + ": "));
  }

  @Test
  @DisplayName("asks the Sentinels for the primary")
  void sentinel() throws Exception {
    int port = Redis.freePort();
    RedisSentinel sentinel =
        RedisSentinel.builder()
            .bind("127.0.0.1")
            .port(port)
            .masterName("shop")
            .masterPort(server.port())
            .quorumSize(1)
            .build();
    sentinel.start();
    try {
      Consumer<SessionStore> isUsable =
          store ->
              assertThat(
                      store
                          .deleteExpired(Instant.EPOCH.plus(Duration.ofDays(1)), 1, gone -> {})
                          .deleted())
                  .isZero();
      application
          .withBean(
              LettuceConnectionFactory.class,
              () ->
                  new LettuceConnectionFactory(
                      new RedisSentinelConfiguration().master("shop").sentinel("127.0.0.1", port)))
          .withPropertyValues("coatcheck.store=redis")
          .run(context -> isUsable.accept(context.getBean(SessionStore.class)));
    } finally {
      sentinel.stop();
    }
  }

  private static String messagesOf(Throwable failure) {
    assertThat(failure).as("failure of the start").isNotNull();
    StringBuilder messages = new StringBuilder();
    for (Throwable each = failure; each != null; each = each.getCause()) {
      messages.append(each.getMessage()).append('\n');
    }
    return messages.toString();
  }
}
