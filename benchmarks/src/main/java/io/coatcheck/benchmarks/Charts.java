package io.coatcheck.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Draws the charts of the documentation from the result files alone. */
final class Charts {

  private static final int WIDTH = 880;
  private static final int LABEL = 340;
  private static final int BARS = 420;
  private static final int ROW = 26;

  private Charts() {}

  static void draw(Path results, Path docs) throws IOException {
    Map<String, List<Double>> validate = new LinkedHashMap<>();
    for (Results.Row row : Results.read(results, "validate")) {
      validate
          .computeIfAbsent(row.text("entrant"), name -> new ArrayList<>())
          .add(row.number("cpu"));
    }
    bars(
        docs.resolve("validate.svg"),
        "Validate a request: microseconds of processor time, logarithmic",
        medians(validate),
        true);

    Map<String, List<Double>> http = new LinkedHashMap<>();
    for (Results.Row row : Results.read(results, "http")) {
      http.computeIfAbsent(row.text("entrant"), name -> new ArrayList<>()).add(row.number("ratio"));
    }
    bars(
        docs.resolve("http.svg"),
        "HTTP requests per second, as a share of no session at all, median of pairs",
        medians(http),
        false);

    Map<String, List<Double>> growth = new LinkedHashMap<>();
    for (Results.Row row : Results.read(results, "growth")) {
      if (row.text("kind").equals("READ") && !row.text("entrant").contains("JDBC")) {
        String name =
            row.text("entrant") + "; " + Tables.whole(row.number("sessions")) + " sessions";
        growth.computeIfAbsent(name, key -> new ArrayList<>()).add(row.number("micros"));
      }
    }
    bars(
        docs.resolve("growth.svg"),
        "Validate a request in memory: microseconds",
        medians(growth),
        false);

    Map<String, Double> memory = new LinkedHashMap<>();
    for (Results.Row row : Results.read(results, "memory")) {
      memory.put(row.text("entrant"), row.number("bytes"));
    }
    bars(docs.resolve("memory.svg"), "Heap per session: bytes", memory, false);

    Map<String, Double> cluster = new LinkedHashMap<>();
    for (Results.Row row : Results.read(results, "cluster")) {
      if (row.number("nodes") == 3) {
        String entrant = row.text("entrant");
        String copies =
            entrant.contains("change feed")
                ? "copies by the change feed; "
                : entrant.contains("near cache") ? "copies that age; " : "without copies; ";
        cluster.put(
            copies + Tables.whole(row.number("requests")) + " requests/s", row.number("queries"));
      }
    }
    bars(docs.resolve("cluster.svg"), "Three nodes: database queries per second", cluster, false);
  }

  private static Map<String, Double> medians(Map<String, List<Double>> values) {
    Map<String, Double> medians = new LinkedHashMap<>();
    values.forEach((name, all) -> medians.put(name, Results.median(all)));
    return medians;
  }

  /** Draws one bar for each value; nothing if there are none. */
  private static void bars(
      Path file, String title, Map<String, Double> values, boolean isLogarithmic)
      throws IOException {
    if (values.isEmpty()) {
      return;
    }
    double most = values.values().stream().mapToDouble(Double::doubleValue).max().orElse(1);
    double least = values.values().stream().mapToDouble(Double::doubleValue).min().orElse(1);
    int height = 50 + ROW * values.size();
    StringBuilder svg = new StringBuilder();
    svg.append("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" + WIDTH + "\" height=\"")
        .append(height)
        .append("\" viewBox=\"0 0 " + WIDTH + " ")
        .append(height)
        .append("\" font-family=\"sans-serif\" font-size=\"13\" role=\"img\">\n")
        .append("<title>" + escaped(title) + "</title>\n")
        .append("<rect width=\"" + WIDTH + "\" height=\"" + height + "\" fill=\"#ffffff\"/>\n")
        .append("<text x=\"12\" y=\"26\" font-weight=\"bold\" fill=\"#222222\">")
        .append(escaped(title))
        .append("</text>\n");
    int y = 44;
    for (Map.Entry<String, Double> value : values.entrySet()) {
      double share =
          isLogarithmic
              ? Math.log(2 * value.getValue() / least) / Math.log(2 * most / least)
              : value.getValue() / most;
      int width = (int) Math.max(1, Math.round(BARS * share));
      boolean isOurs =
          value.getKey().startsWith("Coatcheck") || value.getKey().startsWith("copies");
      String colour = isOurs ? "#1f6f54" : "#a7b0b8";
      svg.append(
              String.format(
                  "<text x=\"%d\" y=\"%d\" text-anchor=\"end\" fill=\"#222222\">%s</text>%n",
                  LABEL, y + 14, escaped(value.getKey())))
          .append(
              String.format(
                  "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"18\" fill=\"%s\"/>%n",
                  LABEL + 10, y, width, colour))
          .append(
              String.format(
                  "<text x=\"%d\" y=\"%d\" fill=\"#222222\">%s</text>%n",
                  LABEL + 16 + width, y + 14, Results.rounded(value.getValue())));
      y += ROW;
    }
    Files.writeString(file, svg.append("</svg>\n").toString());
  }

  private static String escaped(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
  }
}
