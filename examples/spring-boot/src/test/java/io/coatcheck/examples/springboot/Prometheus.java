package io.coatcheck.examples.springboot;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.coatcheck.test.servers.FreePort;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A Prometheus on a port of its own, which scrapes the nodes of one test. */
final class Prometheus implements AutoCloseable {

  /** How often it scrapes, in seconds, which is also the step of what it answers. */
  static final int INTERVAL = 2;

  private static final HttpClient CLIENT = HttpClient.newHttpClient();

  private final Process process;
  private final String url;

  private Prometheus(Process process, String url) {
    this.process = process;
    this.url = url;
  }

  /**
   * One line of a panel.
   *
   * @param labels what tells it from the others
   * @param points its values at the seconds since the epoch that have one
   */
  record Series(Map<String, String> labels, NavigableMap<Long, Double> points) {}

  /** Returns the program; empty if it is not on the path. */
  static Optional<Path> program() {
    return Stream.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator))
        .map(directory -> Path.of(directory, "prometheus"))
        .filter(Files::isExecutable)
        .findFirst();
  }

  /**
   * Starts it, and waits until it answers.
   *
   * @param directory for its data
   * @param nodes the name of each node with the port
   */
  static Prometheus start(Path program, Path directory, Map<String, Integer> nodes)
      throws Exception {
    StringBuilder targets = new StringBuilder();
    nodes.forEach(
        (name, port) ->
            targets.append(
                """
                      - targets: ["localhost:%d"]
                        labels: {instance: "%s"}
                """
                    .formatted(port, name)));
    Path configuration = directory.resolve("prometheus.yml");
    Files.writeString(
        configuration,
        """
        global:
          scrape_interval: %ds
        scrape_configs:
          - job_name: example
            metrics_path: /actuator/prometheus
            static_configs:
        """
                .formatted(INTERVAL)
            + targets);
    return FreePort.start(port -> startOn(port, program, directory, configuration));
  }

  private static Prometheus startOn(int port, Path program, Path directory, Path configuration)
      throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(
                program.toString(),
                "--config.file=" + configuration,
                "--storage.tsdb.path=" + directory.resolve("data"),
                "--web.listen-address=127.0.0.1:" + port)
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("prometheus.log").toFile())
            .start();
    Prometheus started = new Prometheus(process, "http://127.0.0.1:" + port);
    started.awaitReady(directory.resolve("prometheus.log"));
    return started;
  }

  private void awaitReady(Path log) throws IOException, InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (!isReady()) {
      if (!process.isAlive() || System.nanoTime() > deadline) {
        close();
        throw new IllegalStateException("Prometheus is not ready: " + Files.readString(log));
      }
      TimeUnit.MILLISECONDS.sleep(100);
    }
  }

  private boolean isReady() throws InterruptedException {
    try {
      return get("/-/ready").statusCode() == 200;
    } catch (IOException e) {
      // It does not listen yet.
      return false;
    }
  }

  /** Evaluates a query from one moment to another. */
  List<Series> query(String expression, Instant from, Instant to)
      throws IOException, InterruptedException {
    HttpResponse<String> answer =
        get(
            "/api/v1/query_range?query=%s&start=%d&end=%d&step=%d"
                .formatted(
                    URLEncoder.encode(expression, UTF_8),
                    from.getEpochSecond(),
                    to.getEpochSecond(),
                    INTERVAL));
    if (answer.statusCode() != 200) {
      throw new IllegalArgumentException(expression + ": " + answer.body());
    }
    List<Series> all = new ArrayList<>();
    for (JsonNode found : JsonMapper.shared().readTree(answer.body()).get("data").get("result")) {
      Map<String, String> labels = new TreeMap<>();
      found
          .get("metric")
          .properties()
          .forEach(l -> labels.put(l.getKey(), l.getValue().asString()));
      NavigableMap<Long, Double> points = new TreeMap<>();
      for (JsonNode point : found.get("values")) {
        double value = Double.parseDouble(point.get(1).asString());
        if (Double.isFinite(value)) {
          points.put(point.get(0).asLong(), value);
        }
      }
      all.add(new Series(labels, points));
    }
    return all;
  }

  private HttpResponse<String> get(String path) throws IOException, InterruptedException {
    return CLIENT.send(
        HttpRequest.newBuilder(URI.create(url + path)).build(), BodyHandlers.ofString());
  }

  @Override
  public void close() {
    process.destroy();
    process.onExit().completeOnTimeout(process, 30, TimeUnit.SECONDS).join().destroyForcibly();
  }
}
