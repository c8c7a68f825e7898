package io.coatcheck.benchmarks;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A server in its own process. */
final class Node implements AutoCloseable {

  private final Process process;
  private final BufferedReader out;
  private final int port;

  private Node(Process process, BufferedReader out, int port) {
    this.process = process;
    this.out = out;
    this.port = port;
  }

  static Node start(Server.Kind kind, int sessions, @Nullable Postgres postgres) {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xms512m",
                "-Xmx512m",
                "-cp",
                System.getProperty("java.class.path")));
    if (postgres != null) {
      command.add("-D" + Postgres.PROPERTY + "=" + postgres.url());
    }
    command.addAll(List.of(Main.class.getName(), "serve", Integer.toString(sessions), kind.name()));
    return start(command, kind.title());
  }

  /**
   * Starts a process that prints a line of {@code PORT} and the number, and ends with its standard
   * input.
   */
  static Node start(List<String> command, String title) {
    try {
      Process process =
          new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
      BufferedReader out =
          new BufferedReader(
              new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
      for (String line = out.readLine(); line != null; line = out.readLine()) {
        if (line.startsWith("PORT ")) {
          return new Node(process, out, Integer.parseInt(line.substring(5)));
        }
      }
      throw new IllegalStateException(title + " did not start");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  int port() {
    return port;
  }

  /** Returns the processor time of the process so far, to a hundredth of a second. */
  Duration cpuTime() {
    return process.toHandle().info().totalCpuDuration().orElseThrow();
  }

  /**
   * Returns the median time of a request in the application, of those since the last call.
   *
   * @see InsideTime
   */
  Duration takeInside() {
    try {
      process.getOutputStream().write('\n');
      process.getOutputStream().flush();
      String line = out.readLine();
      if (line == null || !line.startsWith("INSIDE ")) {
        throw new IllegalStateException("the server answered " + line);
      }
      return Duration.ofNanos(Long.parseLong(line.substring(7)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    try {
      process.getOutputStream().close();
      if (!process.waitFor(10, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
