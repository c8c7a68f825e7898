package io.coatcheck.session.redis;

import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.ScanArgs;
import io.lettuce.core.ScanIterator;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.sync.RedisCommands;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.resource.ClientResources;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import redis.embedded.RedisServer;
import redis.embedded.RedisServerBuilder;

/** A real Redis on a free port of the loopback interface, with nothing on disk. */
final class TestServer implements AutoCloseable {

  /** The threads of all clients of a test run. */
  static final ClientResources RESOURCES = ClientResources.create();

  final int port;
  private final RedisServer server;
  private boolean isRunning;

  /** Starts a server with settings as they stand in redis.conf. */
  TestServer(String... settings) {
    port = freePort();
    RedisServerBuilder builder =
        RedisServer.builder().bind("127.0.0.1").port(port).setting("save \"\"");
    for (String setting : settings) {
      builder.setting(setting);
    }
    server = builder.build();
    start();
  }

  static int freePort() {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new UncheckedIOException("there is no free port", e);
    }
  }

  RedisURI uri() {
    return uri("127.0.0.1", port);
  }

  static RedisURI uri(String host, int port) {
    return RedisURI.builder().withHost(host).withPort(port).build();
  }

  /** Starts the server, empty, unless it runs. */
  void start() {
    if (!isRunning) {
      server.start();
      isRunning = true;
    }
  }

  void stop() {
    if (isRunning) {
      isRunning = false;
      server.stop();
    }
  }

  /** Begins a store that shares the threads of the tests. */
  RedisSessionStore.Builder store(String prefix) {
    return RedisSessionStore.builder(uri()).keyPrefix(prefix).clientResources(RESOURCES);
  }

  /** Returns what a server, or a Sentinel, says of itself. */
  static String info(int port, String section) {
    return run(uri("127.0.0.1", port), commands -> commands.info(section));
  }

  /** Runs commands of the test's own. */
  <T> T run(Function<RedisCommands<byte[], byte[]>, T> commands) {
    return run(uri(), commands);
  }

  private static <T> T run(RedisURI server, Function<RedisCommands<byte[], byte[]>, T> commands) {
    RedisClient client = RedisClient.create(RESOURCES, server);
    try (StatefulRedisConnection<byte[], byte[]> connection =
        client.connect(ByteArrayCodec.INSTANCE)) {
      return commands.apply(connection.sync());
    } finally {
      client.shutdown(Duration.ZERO, Duration.ofSeconds(5));
    }
  }

  /** Returns the keys that begin with a prefix. */
  List<byte[]> keys(String prefix) {
    return run(
        commands -> {
          List<byte[]> keys = new ArrayList<>();
          ScanIterator.scan(commands, ScanArgs.Builder.matches("{" + prefix + "}*"))
              .forEachRemaining(keys::add);
          return keys;
        });
  }

  @Override
  public void close() {
    stop();
  }
}
