package io.coatcheck.session.jdbc;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.coatcheck.test.servers.FreePort;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** A PgBouncer in front of the PostgreSQL of the tests, as the system's package has it. */
final class PgBouncer implements AutoCloseable {

  private final Process process;
  private final String url;

  private PgBouncer(Process process, String url) {
    this.process = process;
    this.url = url;
  }

  /**
   * Starts it in a directory, or skips the test if this machine has none.
   *
   * @param mode session or transaction
   * @param servers how many connections to the server it has at most
   */
  static PgBouncer start(Path directory, String mode, int servers) throws IOException {
    Optional<Path> program = program();
    assumeTrue(program.isPresent(), "there is no pgbouncer on this machine");
    URI server = URI.create(TestDatabase.POSTGRESQL.url().substring("jdbc:".length()));
    return FreePort.start(port -> startOn(port, program.get(), directory, mode, servers, server));
  }

  private static Optional<Path> program() {
    Stream<String> path = Stream.of(System.getenv("PATH").split(":", -1));
    return Stream.concat(path, Stream.of("/usr/sbin"))
        .map(folder -> Path.of(folder, "pgbouncer"))
        .filter(Files::isExecutable)
        .findFirst();
  }

  private static PgBouncer startOn(
      int port, Path program, Path directory, String mode, int servers, URI server)
      throws IOException {
    Path settings = directory.resolve("pgbouncer-" + port + ".ini");
    Files.writeString(
        settings,
        String.join(
            "\n",
            "[databases]",
            "* = host=127.0.0.1 port=" + server.getPort() + " user=postgres",
            "[pgbouncer]",
            "listen_addr = 127.0.0.1",
            "listen_port = " + port,
            "unix_socket_dir =",
            "auth_type = any",
            "ignore_startup_parameters = extra_float_digits",
            "pool_mode = " + mode,
            "default_pool_size = " + servers,
            ""));
    List<String> command = new ArrayList<>(List.of(program.toString(), settings.toString()));
    if ("root".equals(System.getProperty("user.name"))) {
      // It refuses to run as root, and reads its settings before it changes the user.
      command.addAll(1, List.of("-u", "nobody"));
    }
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("pgbouncer-" + port + ".log").toFile())
            .start();
    try {
      Table.await("PgBouncer", () -> !process.isAlive() || listens(port));
      if (!process.isAlive()) {
        throw new IOException(Files.readString(directory.resolve("pgbouncer-" + port + ".log")));
      }
    } catch (IOException | RuntimeException | Error failure) {
      process.destroyForcibly();
      throw failure;
    }
    return new PgBouncer(
        process, "jdbc:postgresql://127.0.0.1:" + port + "/postgres?user=postgres");
  }

  private static boolean listens(int port) {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      return socket.isConnected();
    } catch (IOException notYet) {
      return false;
    }
  }

  String url() {
    return url;
  }

  @Override
  public void close() throws IOException {
    process.destroyForcibly();
    try {
      process.waitFor(30, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(e);
    }
  }
}
