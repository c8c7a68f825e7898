package io.coatcheck.session.redis;

import io.coatcheck.test.servers.FreePort;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisURI;
import io.lettuce.core.sentinel.api.StatefulRedisSentinelConnection;
import java.time.Duration;
import redis.embedded.RedisSentinel;

/** A real Sentinel on a free port, whose word alone is enough for a failover. */
final class TestSentinel implements AutoCloseable {

  private static final String NAME = "sessions";

  /** After so long without an answer the primary counts as gone. */
  private static final Duration DOWN_AFTER = Duration.ofSeconds(3);

  private final RedisSentinel sentinel;
  private final int port;

  /**
   * Starts a Sentinel.
   *
   * @param primary the port of the primary, or of what leads to it, as clients are told
   */
  TestSentinel(int primary) {
    sentinel = FreePort.start(port -> startOn(port, primary));
    port = sentinel.ports().get(0);
  }

  private static RedisSentinel startOn(int port, int primary) {
    RedisSentinel sentinel =
        RedisSentinel.builder()
            .bind("127.0.0.1")
            .port(port)
            .masterName(NAME)
            .masterPort(primary)
            .quorumSize(1)
            .downAfterMilliseconds(DOWN_AFTER.toMillis())
            .failoverTimeout(5_000L)
            .build();
    sentinel.start();
    return sentinel;
  }

  /** Returns the address of the primary, for stores. */
  RedisURI uri() {
    return RedisURI.Builder.sentinel("127.0.0.1", port, NAME).build();
  }

  /** Waits until it knows the replica, which it can then promote. */
  void awaitReplica() {
    TestServer.await(
        "a replica that the Sentinel knows",
        () -> TestServer.info(port, "sentinel").contains("slaves=1"));
  }

  /** Asks for a failover, which it may refuse until it knows the replica well. */
  boolean failsOver() {
    RedisURI address = uri().getSentinels().get(0);
    RedisClient client = RedisClient.create(TestServer.RESOURCES);
    try (StatefulRedisSentinelConnection<String, String> connection =
        client.connectSentinel(address)) {
      return connection.sync().failover(NAME).equals("OK");
    } catch (RedisCommandExecutionException notYet) {
      return false;
    } finally {
      client.shutdown(Duration.ZERO, Duration.ofSeconds(5));
    }
  }

  @Override
  public void close() {
    sentinel.stop();
  }
}
