package io.coatcheck.examples.quickstart;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import redis.embedded.RedisServer;
import redis.embedded.RedisServerBuilder;

/** A real Redis on a free port of the loopback interface, with nothing on disk. */
record Redis(RedisServer server, int port) implements AutoCloseable {

  /** Starts a server with settings as they stand in redis.conf. */
  static Redis start(String... settings) throws IOException {
    int port;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    RedisServerBuilder builder =
        RedisServer.builder().bind("127.0.0.1").port(port).setting("save \"\"");
    for (String setting : settings) {
      builder.setting(setting);
    }
    RedisServer server = builder.build();
    server.start();
    return new Redis(server, port);
  }

  @Override
  public void close() {
    server.stop();
  }
}
