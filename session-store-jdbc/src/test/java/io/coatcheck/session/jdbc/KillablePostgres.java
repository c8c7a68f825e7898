package io.coatcheck.session.jdbc;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;

/**
 * A PostgreSQL server of a test's own, which can be killed and started again on its data and its
 * port. What was committed survives: it does not wait for the disk, but the system writes it.
 */
final class KillablePostgres implements AutoCloseable {

  private final Path data;
  private final int port;
  private EmbeddedPostgres server;

  KillablePostgres(Path data) throws IOException {
    this.data = data;
    try (ServerSocket free = new ServerSocket(0)) {
      port = free.getLocalPort();
    }
    server = start();
  }

  private EmbeddedPostgres start() throws IOException {
    return EmbeddedPostgres.builder()
        .setDataDirectory(data)
        .setCleanDataDirectory(false)
        .setServerConfig("fsync", "off")
        // It is off for a test server, so that a crash loses what was committed just before.
        .setServerConfig("synchronous_commit", "on")
        .setPort(port)
        .setPGStartupWait(Duration.ofMinutes(2))
        .start();
  }

  String url() {
    return server.getJdbcUrl("postgres", "postgres");
  }

  /** Kills all its processes with SIGKILL. */
  void kill() throws Exception {
    PostgresProcesses.kill(data);
    server.close();
  }

  /** Starts it after it was killed. */
  void startAgain() throws IOException {
    server = start();
  }

  @Override
  public void close() throws IOException {
    server.close();
  }
}
