package io.coatcheck.examples.cluster;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.coatcheck.examples.quickstart.Quickstart;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The quickstart in its own process. */
final class Node implements AutoCloseable {

  private static final Pattern READY = Pattern.compile("The quickstart is ready: (\\S+) .*");

  private final int number;
  private final Process process;
  private URI url;

  /**
   * Starts the process; {@link #awaitReady} waits until it answers requests.
   *
   * @param directory for temporary files, which a node that is killed leaves behind
   */
  Node(int number, Path directory, Map<String, String> environment) throws IOException {
    this.number = number;
    ProcessBuilder builder =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            // Small, for there are three.
            "-Xmx128m",
            "-XX:TieredStopAtLevel=1",
            "-Djava.io.tmpdir=" + directory,
            "-classpath",
            System.getProperty("java.class.path"),
            Quickstart.class.getName());
    builder.environment().putAll(environment);
    process = builder.redirectErrorStream(true).start();
  }

  /**
   * Waits until the node listens, and prints its output from then on.
   *
   * @param onEnd called when the process has ended, for whatever reason
   */
  void awaitReady(Runnable onEnd) throws IOException {
    BufferedReader output =
        new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8));
    for (String line = output.readLine(); line != null; line = output.readLine()) {
      Matcher ready = READY.matcher(line);
      if (ready.matches()) {
        url = URI.create(ready.group(1));
        Thread printer = new Thread(() -> printAll(output, onEnd), "node-" + number + "-output");
        printer.setDaemon(true);
        printer.start();
        return;
      }
      print(line);
    }
    throw new IOException("node " + number + " ended before it was ready");
  }

  private void printAll(BufferedReader output, Runnable onEnd) {
    output.lines().forEach(this::print);
    onEnd.run();
  }

  private void print(String line) {
    System.out.println("node " + number + " | " + line);
  }

  int number() {
    return number;
  }

  URI url() {
    return url;
  }

  long pid() {
    return process.pid();
  }

  /** Stops the node as Ctrl-C would; one that does not stop within ten seconds is killed. */
  @Override
  public void close() {
    process.destroy();
    try {
      if (!process.waitFor(10, TimeUnit.SECONDS)) {
        process.destroyForcibly().waitFor();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}
