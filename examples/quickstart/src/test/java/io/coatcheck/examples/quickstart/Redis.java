package io.coatcheck.examples.quickstart;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import redis.embedded.RedisServer;
import redis.embedded.RedisServerBuilder;

/** A real Redis on a free port of the loopback interface, with nothing on disk. */
record Redis(RedisServer server, int port) implements AutoCloseable {

  /**
   * Starts a server with settings as they stand in redis.conf; on another port if another process
   * takes the free one at that moment.
   */
  static Redis start(String... settings) throws IOException {
    for (int attempt = 1; ; attempt++) {
      int port = freePort();
      RedisServerBuilder builder =
          RedisServer.builder().bind("127.0.0.1").port(port).setting("save \"\"");
      for (String setting : settings) {
        builder.setting(setting);
      }
      RedisServer server = builder.build();
      try {
        server.start();
        return new Redis(server, port);
      } catch (RuntimeException taken) {
        if (attempt == 3) {
          throw taken;
        }
      }
    }
  }

  private static int freePort() throws IOException {
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return free.getLocalPort();
    }
  }

  @Override
  public void close() {
    server.stop();
  }
}
