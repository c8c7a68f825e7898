package io.coatcheck.session.spring;

import static io.coatcheck.session.spring.Starting.assertFails;
import static io.coatcheck.session.spring.Starting.assertStore;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.nearcache.NearCacheSessionStore;
import io.coatcheck.session.redis.RedisSessionStore;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.token.SessionId;
import io.coatcheck.test.servers.FreePort;
import io.coatcheck.test.servers.Redis;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.cluster.SlotHash;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.LazyInitializationBeanFactoryPostProcessor;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.WebApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Primary;
import org.springframework.dao.DataAccessException;
import org.springframework.data.redis.connection.RedisClusterConfiguration;
import org.springframework.data.redis.connection.RedisClusterConnection;
import org.springframework.data.redis.connection.RedisConnection;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.data.redis.connection.RedisSentinelConfiguration;
import org.springframework.data.redis.connection.RedisSentinelConnection;
import org.springframework.data.redis.connection.RedisSocketConfiguration;
import org.springframework.data.redis.connection.RedisStandaloneConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;
import redis.embedded.RedisSentinel;

@DisplayName("The store of the starter, where Spring Boot connects to Redis")
@ExtendWith(OutputCaptureExtension.class)
class RedisConfigurationTest {

  /** That of no session. */
  private static final SessionId ID = SessionId.of(1, 2);

  private static Redis server;

  private final WebApplicationContextRunner withoutProperties =
      new WebApplicationContextRunner()
          .withConfiguration(
              AutoConfigurations.of(
                  CoatcheckAutoConfiguration.class, CoatcheckRedisAutoConfiguration.class));

  // For a busy machine.
  private final WebApplicationContextRunner application =
      withoutProperties.withPropertyValues(
          "coatcheck.redis.command-timeout=10s", "coatcheck.redis.connect-timeout=10s");

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
  static class QualifiedConnection {

    @Bean(defaultCandidate = false)
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
  static class DeclaredByInterface {

    @Bean
    RedisConnectionFactory redis() {
      return standalone();
    }
  }

  @Configuration
  static class OtherConnection {

    @Bean
    RedisConnectionFactory other() {
      return new OtherClient();
    }
  }

  /** Of a client that the store does not know. */
  private static final class OtherClient implements RedisConnectionFactory {

    @Override
    public RedisConnection getConnection() {
      throw new UnsupportedOperationException();
    }

    @Override
    public RedisClusterConnection getClusterConnection() {
      throw new UnsupportedOperationException();
    }

    @Override
    public RedisSentinelConnection getSentinelConnection() {
      throw new UnsupportedOperationException();
    }

    @Override
    public boolean getConvertPipelineAndTxResults() {
      return false;
    }

    @Override
    public DataAccessException translateExceptionIfPossible(RuntimeException e) {
      return null;
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
    assertStore(
        NearCacheSessionStore.class, application.withUserConfiguration(OneConnection.class));
    assertStore(
        RedisSessionStore.class,
        application
            .withUserConfiguration(OneConnection.class)
            .withPropertyValues("coatcheck.near-cache.enabled=false"));
    assertStore(
        InMemorySessionStore.class,
        application
            .withUserConfiguration(OneConnection.class)
            .withPropertyValues("coatcheck.store=memory"));
  }

  @Test
  @DisplayName("is on Redis if the connection is declared by its interface, or beside another kind")
  void declaredByInterface() {
    // As with a server, whose filters are made before the beans of the application.
    WebApplicationContextRunner early =
        application.withInitializer(
            context ->
                context.addBeanFactoryPostProcessor(
                    new LazyInitializationBeanFactoryPostProcessor()));
    assertStore(
        NearCacheSessionStore.class, early.withUserConfiguration(DeclaredByInterface.class));
    assertStore(
        NearCacheSessionStore.class,
        early.withUserConfiguration(DeclaredByInterface.class, OtherConnection.class));
  }

  @ParameterizedTest
  @ValueSource(strings = {"auto", "redis"})
  @DisplayName("is refused on a connection that is not of Lettuce, with its class")
  void otherKind(String store) {
    refused(OtherConnection.class, store, OtherClient.class.getName());
  }

  @Test
  @DisplayName("is on the primary one of several connections; on none if none is, with a warning")
  void severalConnections(CapturedOutput output) {
    String warning =
        "Coatcheck keeps no sessions in any of the connections to Redis [cache, redis]";
    application
        .withUserConfiguration(PrimaryConnection.class)
        .withPropertyValues("coatcheck.store=redis")
        .run(context -> assertThat(context).hasNotFailed());
    assertThat(output).doesNotContain(warning);
    assertStore(
        InMemorySessionStore.class, withoutProperties.withUserConfiguration(TwoConnections.class));
    assertThat(output).contains(warning);
    refused(TwoConnections.class, "redis", "none of [cache, redis] is primary");
    assertFails(
        withoutProperties
            .withParent(new AnnotationConfigApplicationContext(TwoConnections.class))
            .withPropertyValues("coatcheck.store=redis"),
        "none of [cache, redis] is primary");
  }

  @Test
  @DisplayName("is not on a connection that is only injected where it is asked for by name")
  void qualifiedConnection(CapturedOutput output) {
    assertStore(
        InMemorySessionStore.class,
        withoutProperties.withUserConfiguration(QualifiedConnection.class));
    assertThat(output).doesNotContain("Coatcheck keeps no sessions in any of the");
    refused(QualifiedConnection.class, "redis", "or a primary one, but there is none");
  }

  @Test
  @DisplayName("is refused if Redis cannot be reached, with its address")
  void unreachable() {
    refused(UnreachableConnection.class, "auto", "Redis cannot be used: ");
    refused(UnreachableConnection.class, "redis", "Unable to connect to 127.0.0.1");
  }

  @Configuration
  static class UnreachableConnection {

    @Bean
    LettuceConnectionFactory redis() {
      return new LettuceConnectionFactory(new RedisStandaloneConfiguration("127.0.0.1", 1));
    }
  }

  @Test
  @DisplayName("is refused without a connection, and on one that it does not support")
  void unsupported() {
    refused(OwnNothing.class, "redis", "or a primary one, but there is none");
    refused(SocketConnection.class, "redis", "is to a Unix domain socket, which");
    assertFails(
        application
            .withUserConfiguration(OneConnection.class)
            .withPropertyValues("spring.data.redis.masterreplica.nodes=127.0.0.1:1,127.0.0.1:2"),
        "is to a list of nodes (spring.data.redis.masterreplica), which");
  }

  @Configuration
  static class OwnNothing {}

  private void refused(Class<?> configuration, String store, String message) {
    assertFails(
        application
            .withUserConfiguration(configuration)
            .withPropertyValues("coatcheck.store=" + store),
        "coatcheck.store: ",
        message);
  }

  @ParameterizedTest(name = "{0}={1}")
  @CsvSource({
    "coatcheck.redis.key-prefix, a b",
    "coatcheck.redis.command-timeout, 1ms",
    "coatcheck.redis.connect-timeout, 2m",
    "coatcheck.redis.change-feed-interval, 1ms",
    "coatcheck.redis.confirm-replicas, 17",
    "coatcheck.redis.buckets, 65",
  })
  @DisplayName("names a property that is wrong")
  void properties(String property, String value) {
    assertFails(
        application
            .withUserConfiguration(OneConnection.class)
            .withPropertyValues(property + "=" + value),
        property + ": ");
  }

  @Test
  @DisplayName("names the interval of the change feed if the near cache refuses it")
  void changeFeedInterval_ofTheNearCache() {
    assertFails(
        application
            .withUserConfiguration(OneConnection.class)
            .withPropertyValues(
                "coatcheck.redis.change-feed-interval=2s", "coatcheck.near-cache.enabled=true"),
        "coatcheck.redis.change-feed-interval: ",
        "maxStaleness must be at least twice the changeFeedInterval");
  }

  @Test
  @DisplayName("has replicas confirm a login, if that is wanted")
  void confirmation() {
    application
        .withUserConfiguration(OneConnection.class)
        .withPropertyValues(
            "coatcheck.redis.confirm-replicas=1", "coatcheck.redis.confirm-timeout=50ms")
        .run(
            context ->
                assertThatThrownBy(() -> context.getBean(SessionStore.class).delete(ID))
                    .hasMessageContaining("is not confirmed: after 50 ms, 0 of 1 replicas"));
  }

  @Test
  @DisplayName("is on a Redis Cluster, spread over its slots")
  void cluster(@TempDir Path folder) throws Exception {
    try (Redis node =
        FreePort.start(
            bus ->
                Redis.start(
                    "cluster-enabled yes",
                    "dir " + folder,
                    "cluster-port " + bus,
                    "cluster-require-full-coverage no"))) {
      LettuceConnectionFactory connection =
          new LettuceConnectionFactory(
              new RedisClusterConfiguration(List.of("127.0.0.1:" + node.port())));
      serveAllSlots(node);
      application
          .withBean(LettuceConnectionFactory.class, () -> connection)
          .withPropertyValues("coatcheck.store=redis", "coatcheck.redis.buckets=3")
          .run(
              context -> {
                SessionStore store = context.getBean(SessionStore.class);
                assertThat(store.find(ID)).isEmpty();
                assertThat(store.delete(ID)).isEmpty();
                assertThat(store.loginLimit()).isEmpty();
              });
    }
  }

  /** Makes a cluster of one node. */
  private static void serveAllSlots(Redis node) throws Exception {
    RedisClient client = RedisClient.create(RedisURI.create("redis://127.0.0.1:" + node.port()));
    try (StatefulRedisConnection<String, String> connection = client.connect()) {
      connection.sync().clusterAddSlots(IntStream.range(0, SlotHash.SLOT_COUNT).toArray());
      Waiting.until(
          Duration.ofSeconds(60),
          () -> connection.sync().clusterInfo().contains("cluster_state:ok"));
    } finally {
      client.shutdown();
    }
  }

  private static RedisSentinel sentinelOn(int port) {
    RedisSentinel sentinel =
        RedisSentinel.builder()
            .bind("127.0.0.1")
            .port(port)
            .masterName("shop")
            .masterPort(server.port())
            .quorumSize(1)
            .build();
    sentinel.start();
    return sentinel;
  }

  @Test
  @DisplayName("asks the Sentinels for the primary")
  void sentinel() throws Exception {
    RedisSentinel sentinel = FreePort.start(RedisConfigurationTest::sentinelOn);
    int port = sentinel.ports().get(0);
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
}
