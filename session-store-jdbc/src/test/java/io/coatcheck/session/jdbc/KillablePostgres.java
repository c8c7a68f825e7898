package io.coatcheck.session.jdbc;

import io.coatcheck.test.servers.PostgresServer;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A PostgreSQL server of a test's own, which can be killed and started again on its data and its
 * port. What was committed survives: it does not wait for the disk, but the system writes it.
 */
final class KillablePostgres implements AutoCloseable {

  private final Path data;
  private EmbeddedPostgres server;

  KillablePostgres(Path data) throws IOException {
    this.data = data;
    server = PostgresServer.start(this::configure);
  }

  private void configure(EmbeddedPostgres.Builder settings) {
    settings
        .setDataDirectory(data)
        .setCleanDataDirectory(false)
        .setServerConfig("fsync", "off")
        // It is off for a test server, so that a crash loses what was committed just before.
        .setServerConfig("synchronous_commit", "on");
  }

  String url() {
    return server.getJdbcUrl("postgres", "postgres");
  }

  /** Kills all its processes with SIGKILL, and waits until they are gone. */
  void kill() throws Exception {
    long pid = Long.parseLong(Files.readAllLines(data.resolve("postmaster.pid")).get(0).strip());
    ProcessHandle main = ProcessHandle.of(pid).orElseThrow();
    List<ProcessHandle> all = new ArrayList<>(main.descendants().toList());
    all.add(0, main);
    all.forEach(ProcessHandle::destroyForcibly);
    for (ProcessHandle one : all) {
      one.onExit().get(30, TimeUnit.SECONDS);
    }
    server.close();
  }

  /** Starts it after it was killed. */
  void startAgain() throws IOException {
    EmbeddedPostgres.Builder builder =
        EmbeddedPostgres.builder()
            .setPort(server.getPort())
            .setPGStartupWait(Duration.ofMinutes(2));
    configure(builder);
    server = builder.start();
  }

  @Override
  public void close() throws IOException {
    server.close();
  }
}
