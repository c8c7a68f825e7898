package io.coatcheck.session.spring;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import redis.embedded.RedisServer;
import redis.embedded.RedisServerBuilder;

/** A real Redis on a free port of the loopback interface, with nothing on disk. */
record Redis(RedisServer server, int port) implements AutoCloseable {

  /** Starts a server with settings as they stand in redis.conf. */
  static Redis start(String... settings) throws IOException {
    int port = freePort();
    RedisServerBuilder builder =
        RedisServer.builder().bind("127.0.0.1").port(port).setting("save \"\"");
    for (String setting : settings) {
      builder.setting(setting);
    }
    RedisServer server = builder.build();
    server.start();
    return new Redis(server, port);
  }

  static int freePort() throws IOException {
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return free.getLocalPort();
    }
  }

  @Override
  public void close() {
    server.stop();
  }
}
