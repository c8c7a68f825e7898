package io.coatcheck.test.servers;

import redis.embedded.RedisServer;
import redis.embedded.RedisServerBuilder;

/** A real Redis on a free port of the loopback interface, with nothing on disk. */
public record Redis(RedisServer server, int port) implements AutoCloseable {

  /** Starts a server with settings as they stand in redis.conf. */
  public static Redis start(String... settings) {
    return FreePort.start(
        port -> {
          RedisServerBuilder builder =
              RedisServer.builder().bind("127.0.0.1").port(port).setting("save \"\"");
          for (String setting : settings) {
            builder.setting(setting);
          }
          RedisServer server = builder.build();
          server.start();
          return new Redis(server, port);
        });
  }

  @Override
  public void close() {
    server.stop();
  }
}
