package io.coatcheck.session.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;

/** An {@link AppNode} in a process of its own. */
final class NodeProcess implements AutoCloseable {

  private final Process process;
  private final int port;

  /**
   * Starts a node and waits until it answers.
   *
   * @param directory for its temporary files
   * @param options further arguments of {@link AppNode#main}
   */
  NodeProcess(String table, Path directory, String... options) throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            // It lives for seconds, and starts quicker so.
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            "-Djava.io.tmpdir=" + directory,
            "-cp",
            System.getProperty("java.class.path"),
            AppNode.class.getName(),
            TestDatabase.POSTGRESQL.url(),
            table);
    builder.command().addAll(List.of(options));
    process = builder.redirectError(ProcessBuilder.Redirect.DISCARD).start();
    BufferedReader output =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    String line = "";
    while (!line.startsWith("PORT=")) {
      line = Objects.requireNonNull(output.readLine(), "the node ended before it was ready");
    }
    port = Integer.parseInt(line.substring("PORT=".length()));
    Thread drain = new Thread(() -> output.lines().forEach(ignored -> {}), "node-output");
    drain.setDaemon(true);
    drain.start();
  }

  Process process() {
    return process;
  }

  int port() {
    return port;
  }

  /** Sends the process a signal, such as STOP or CONT. */
  void signal(String name) throws Exception {
    Process kill = new ProcessBuilder("kill", "-" + name, String.valueOf(process.pid())).start();
    assertThat(kill.waitFor()).isZero();
  }

  @Override
  public void close() {
    process.destroyForcibly().onExit().join();
  }
}
