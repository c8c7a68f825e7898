package io.coatcheck.examples.springboot;

import io.coatcheck.examples.springboot.Prometheus.Series;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.stream.StreamSupport;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A panel of docs/grafana-dashboard.json.
 *
 * @param place in a grid of 24 columns
 * @param thresholds from which value on a number has which color
 */
record Panel(
    String type,
    String title,
    Place place,
    String unit,
    List<Target> targets,
    NavigableMap<Double, String> thresholds) {

  record Place(int x, int y, int w, int h) {}

  record Target(String expression, String legend) {}

  /** What a panel shows: the legend of a line, and its values at the seconds since the epoch. */
  record Line(String legend, NavigableMap<Long, Double> points) {}

  static List<Panel> read(Path dashboard) throws IOException {
    return StreamSupport.stream(
            JsonMapper.shared().readTree(dashboard).get("panels").spliterator(), false)
        .map(Panel::of)
        .toList();
  }

  private static Panel of(JsonNode panel) {
    JsonNode place = panel.get("gridPos");
    JsonNode field = panel.path("fieldConfig").path("defaults");
    List<Target> targets = new ArrayList<>();
    for (JsonNode target : panel.path("targets")) {
      targets.add(new Target(target.get("expr").asString(), target.get("legendFormat").asString()));
    }
    NavigableMap<Double, String> thresholds =
        new TreeMap<>(Map.of(Double.NEGATIVE_INFINITY, "green"));
    for (JsonNode step : field.path("thresholds").path("steps")) {
      if (!step.get("value").isNull()) {
        thresholds.put(step.get("value").asDouble(), step.get("color").asString());
      }
    }
    return new Panel(
        panel.get("type").asString(),
        panel.get("title").asString(),
        new Place(
            place.get("x").asInt(),
            place.get("y").asInt(),
            place.get("w").asInt(),
            place.get("h").asInt()),
        field.path("unit").asString(""),
        targets,
        thresholds);
  }

  /**
   * Asks Prometheus for what the panel shows, with every job and node selected.
   *
   * @throws AssertionError if one of its queries finds nothing
   */
  List<Line> evaluate(Prometheus prometheus, Instant from, Instant to)
      throws IOException, InterruptedException {
    List<Line> lines = new ArrayList<>();
    for (Target target : targets) {
      String query =
          target
              .expression()
              .replace("\"$job\"", "\".*\"")
              .replace("\"$instance\"", "\".*\"")
              // As Grafana computes it.
              .replace("$__rate_interval", 4 * Prometheus.INTERVAL + "s");
      List<Series> found =
          prometheus.query(query, from, to).stream()
              .filter(series -> !series.points().isEmpty())
              .toList();
      if (found.isEmpty()) {
        throw new AssertionError("the panel " + title + " has no data for " + query);
      }
      for (Series series : found) {
        String legend = target.legend();
        for (Map.Entry<String, String> label : series.labels().entrySet()) {
          legend = legend.replace("{{" + label.getKey() + "}}", label.getValue());
        }
        lines.add(new Line(legend, series.points()));
      }
    }
    return lines;
  }
}
