package io.coatcheck.examples.cluster;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import redis.embedded.RedisServer;

/** The server that keeps the sessions, on the loopback interface. */
interface Backend extends AutoCloseable {

  /** Returns the value of {@code STORE} for the quickstart. */
  String url();

  @Override
  void close() throws IOException;

  /** Starts a PostgreSQL that keeps its files in a directory. */
  static Backend postgresql(Path directory) throws IOException {
    EmbeddedPostgres server =
        EmbeddedPostgres.builder()
            .setDataDirectory(directory.resolve("postgresql"))
            .setRegisterShutdownHook(false)
            .setPGStartupWait(Duration.ofMinutes(1))
            .start();
    return new Backend() {
      @Override
      public String url() {
        return server.getJdbcUrl("postgres", "postgres");
      }

      @Override
      public void close() throws IOException {
        server.close();
      }
    };
  }

  /**
   * Starts a Redis that writes each change to a file in a directory before it answers. It listens
   * on a free port; if another process takes the port first, another port is tried.
   */
  static Redis redis(Path directory) throws IOException {
    Path files = Files.createDirectories(directory.resolve("redis"));
    for (int attempt = 1; ; attempt++) {
      int port;
      try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
        port = free.getLocalPort();
      }
      RedisServer server =
          RedisServer.builder()
              .bind("127.0.0.1")
              .port(port)
              .setting("dir " + files)
              .setting("save \"\"")
              .setting("appendonly yes")
              .setting("appendfsync always")
              .build();
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

  /** A Redis, which may be stopped and started again with its data. */
  record Redis(RedisServer server, int port) implements Backend {

    void start() {
      server.start();
    }

    @Override
    public String url() {
      return "redis://127.0.0.1:" + port;
    }

    @Override
    public void close() {
      server.stop();
    }
  }
}
