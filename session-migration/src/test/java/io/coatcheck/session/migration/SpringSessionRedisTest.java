package io.coatcheck.session.migration;

import io.coatcheck.session.jdbc.JdbcSessionStore;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.test.servers.Redis;
import io.lettuce.core.RedisClient;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.codec.RedisCodec;
import io.lettuce.core.codec.StringCodec;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.h2.jdbcx.JdbcDataSource;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;
import org.springframework.data.redis.core.RedisTemplate;
import org.springframework.data.redis.serializer.RedisSerializer;
import org.springframework.session.data.redis.RedisSessionRepository;

/** Old sessions in Redis, by the plain repository; new ones in H2. */
@Tag("wide")
class SpringSessionRedisTest extends SpringSessionImportContract {

  private static Redis server;
  private static RedisClient client;
  private static StatefulRedisConnection<String, byte[]> connection;
  private static LettuceConnectionFactory spring;

  private final JdbcDataSource dataSource = new JdbcDataSource();
  private boolean isBroken;

  SpringSessionRedisTest() {
    dataSource.setURL("jdbc:h2:mem:import-from-redis;DB_CLOSE_DELAY=-1");
  }

  @BeforeAll
  static void startServer() throws Exception {
    server = Redis.start();
    client = RedisClient.create("redis://localhost:" + server.port());
    connection = client.connect(RedisCodec.of(StringCodec.UTF8, ByteArrayCodec.INSTANCE));
    spring = new LettuceConnectionFactory("localhost", server.port());
    spring.afterPropertiesSet();
    spring.start();
  }

  @AfterAll
  static void stopServer() throws Exception {
    spring.destroy();
    connection.close();
    client.shutdown(Duration.ZERO, Duration.ofSeconds(5));
    server.close();
  }

  static RedisTemplate<String, Object> template() {
    RedisTemplate<String, Object> template = new RedisTemplate<>();
    template.setConnectionFactory(spring);
    template.setKeySerializer(RedisSerializer.string());
    template.setHashKeySerializer(RedisSerializer.string());
    template.afterPropertiesSet();
    return template;
  }

  @Override
  OldApplication<?> oldApplication() throws Exception {
    try (Connection sql = dataSource.getConnection();
        Statement statement = sql.createStatement()) {
      statement.execute("DROP TABLE IF EXISTS http_session");
    }
    return new OldApplication<>(new RedisSessionRepository(template()));
  }

  @Override
  SpringSessions oldSessions() {
    return RedisSpringSessions.of(
        new RedisSpringSessions.Commands() {
          @Override
          public Map<String, byte[]> fieldsOf(String key) {
            failIfBroken();
            return connection.sync().hgetall(key);
          }

          @Override
          public void delete(String key) {
            failIfBroken();
            connection.sync().del(key);
          }
        });
  }

  /** Redis refuses a command of hashes for a key of another type. */
  private void failIfBroken() {
    if (isBroken) {
      connection.sync().set("broken", new byte[0]);
      Map<String, byte[]> unused = connection.sync().hgetall("broken");
    }
  }

  @Override
  void breakOldSessions(boolean broken) {
    isBroken = broken;
  }

  @Override
  List<SessionStore> stores() {
    return List.of(store(), store());
  }

  private SessionStore store() {
    return JdbcSessionStore.builder(dataSource).createSchema(true).build();
  }
}
