package io.coatcheck.benchmarks;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Makes the tables of the documentation from the result files, by the names of their places. */
final class Tables {

  private static final String FLOOR = "floor";

  private final Path results;

  Tables(Path results) {
    this.results = results;
  }

  /** Returns each table for which there are results. */
  Map<String, String> all() {
    Map<String, String> tables = new TreeMap<>();
    add(tables, "validate", this::validate);
    add(tables, "threads", this::validate);
    add(tables, "requests", this::requests);
    add(tables, "http", this::http);
    add(tables, "processes", this::processes);
    add(tables, "boot", Tables::boot);
    add(tables, "memory", this::memory);
    add(tables, "tables", this::room);
    add(tables, "costs", this::costs);
    add(tables, "redis", this::redis);
    add(tables, "redis-memory", this::redisMemory);
    add(tables, "growth", this::growth);
    add(tables, "cluster", this::cluster);
    add(tables, "cleanup", this::cleanUp);
    add(tables, "revocation", Tables::revocation);
    add(tables, "logouts", Tables::logouts);
    tables.put("targets", new Targets(results).table());
    return tables;
  }

  private void add(
      Map<String, String> tables, String name, Function<List<Results.Row>, String> make) {
    List<Results.Row> rows = Results.read(results, name);
    if (!rows.isEmpty()) {
      tables.put(name, make.apply(rows));
    }
  }

  private String validate(List<Results.Row> rows) {
    Map<String, List<Results.Row>> entrants = by(rows, row -> row.text("entrant"));
    double floor = median(entrants.getOrDefault(FLOOR, rows), "cpu");
    Markdown table =
        new Markdown(
            "", "processor time, µs", "times the floor", "allocated, bytes", "wall clock, µs");
    entrants.forEach(
        (entrant, all) ->
            table.row(
                shown(entrant),
                number(median(all, "cpu")),
                number(median(all, "cpu") / floor),
                number(median(all, "bytes")),
                number(median(all, "micros"))));
    return table.toString();
  }

  private String requests(List<Results.Row> rows) {
    Markdown table =
        new Markdown("", "", "wall clock, µs", "processor time, µs", "allocated, bytes");
    by(rows, row -> row.text("kind") + "," + row.text("entrant"))
        .values()
        .forEach(
            all ->
                table.row(
                    all.get(0).text("kind").toLowerCase(Locale.ROOT),
                    shown(all.get(0).text("entrant")),
                    number(median(all, "micros")),
                    number(median(all, "cpu")),
                    number(median(all, "bytes"))));
    return table.toString();
  }

  private String http(List<Results.Row> rows) {
    Markdown table =
        new Markdown(
            "",
            "throughput against no session, median of the pairs",
            "its interval (95 %)",
            "p50 against none",
            "p99 against none");
    by(rows, row -> row.text("entrant"))
        .forEach(
            (entrant, all) ->
                table.row(
                    shown(entrant),
                    ratio(median(all, "ratio")),
                    interval(values(all, "ratio")),
                    ratio(median(all, "p50") / median(all, "p50none")),
                    ratio(median(all, "p99") / median(all, "p99none"))));
    return table.toString();
  }

  private String processes(List<Results.Row> rows) {
    Markdown table =
        new Markdown(
            "",
            "throughput against no session, median of each round",
            "of all pairs",
            "processor time of the server, µs",
            "… without a session, µs",
            "more time in the application, µs");
    by(rows, row -> row.text("entrant"))
        .forEach(
            (entrant, all) ->
                table.row(
                    shown(entrant),
                    by(all, row -> row.text("round")).values().stream()
                        .map(round -> ratio(median(round, "ratio")))
                        .collect(Collectors.joining(", ")),
                    ratio(median(all, "ratio")),
                    number(median(all, "cpu")),
                    number(median(all, "cpunone")),
                    number(
                        Results.median(
                            all.stream()
                                .map(row -> row.number("inside") - row.number("insidenone"))
                                .toList()))));
    return table.toString();
  }

  private static String boot(List<Results.Row> rows) {
    Markdown table =
        new Markdown(
            "",
            "start, ms",
            "requests/s",
            "p50, µs",
            "p99, µs",
            "in the application, µs",
            "processor time, µs",
            "allocated, bytes");
    by(rows, row -> row.text("entrant"))
        .forEach(
            (entrant, all) ->
                table.row(
                    shown(entrant),
                    whole(median(all, "start")),
                    whole(median(all, "perSecond")),
                    whole(median(all, "p50")),
                    whole(median(all, "p99")),
                    number(median(all, "micros")),
                    number(median(all, "cpu")),
                    number(median(all, "bytes"))));
    return table.toString();
  }

  private String memory(List<Results.Row> rows) {
    Markdown table = new Markdown("heap", "bytes a session");
    rows.forEach(row -> table.row(shown(row.text("entrant")), whole(row.number("bytes"))));
    return table.toString();
  }

  private String room(List<Results.Row> rows) {
    Markdown table = new Markdown("PostgreSQL, indexes included", "", "");
    rows.forEach(
        row ->
            table.row(
                shown(row.text("entrant")),
                row.text("when"),
                row.number("bytes") > 1
                    ? whole(row.number("bytes")) + " bytes a session"
                    : ratio(row.number("bytes"))));
    return table.toString();
  }

  private String costs(List<Results.Row> rows) {
    Markdown table =
        new Markdown("", "", "statements a request", "log of 1,000 requests, bytes", "later");
    rows.forEach(
        row ->
            table.row(
                row.text("kind").toLowerCase(Locale.ROOT),
                shown(row.text("entrant")),
                ratio(row.number("statements")),
                whole(row.number("wal")),
                whole(row.number("later"))));
    return table.toString();
  }

  private String redis(List<Results.Row> rows) {
    Markdown table = new Markdown("", "", "requests/s", "commands a request");
    by(rows, row -> row.text("kind") + "," + row.text("entrant"))
        .values()
        .forEach(
            all ->
                table.row(
                    all.get(0).text("kind").toLowerCase(Locale.ROOT),
                    shown(all.get(0).text("entrant")),
                    whole(median(all, "perSecond")),
                    ratio(median(all, "commands"))));
    return table.toString();
  }

  private String redisMemory(List<Results.Row> rows) {
    Markdown table = new Markdown("memory of Redis", "bytes a session");
    by(rows, row -> row.text("entrant"))
        .forEach((entrant, all) -> table.row(shown(entrant), whole(median(all, "bytes"))));
    return table.toString();
  }

  private String growth(List<Results.Row> rows) {
    Markdown table =
        new Markdown("", "", "sessions", "wall clock, µs", "processor time, µs", "times the first");
    by(rows, row -> row.text("entrant") + "," + row.text("kind"))
        .values()
        .forEach(
            all -> {
              Map<String, List<Results.Row>> sizes = by(all, row -> row.text("sessions"));
              double first = median(sizes.values().iterator().next(), "micros");
              sizes.forEach(
                  (size, some) ->
                      table.row(
                          shown(some.get(0).text("entrant")),
                          some.get(0).text("kind").toLowerCase(Locale.ROOT),
                          whole(Double.parseDouble(size)),
                          number(median(some, "micros")),
                          number(median(some, "cpu")),
                          ratio(median(some, "micros") / first)));
            });
    return table.toString();
  }

  private String cluster(List<Results.Row> rows) {
    Markdown table =
        new Markdown("", "nodes", "requests/s", "queries/s", "rows/s", "queries for a request");
    rows.forEach(
        row ->
            table.row(
                shown(row.text("entrant")),
                row.text("nodes"),
                whole(row.number("requests")),
                whole(row.number("queries")),
                whole(row.number("rows")),
                ratio(row.number("queries") / row.number("requests"))));
    return table.toString();
  }

  private String cleanUp(List<Results.Row> rows) {
    Markdown table = new Markdown("100,000 expired rows", "ms", "p99 of reads meanwhile, µs");
    rows.forEach(
        row ->
            table.row(row.text("entrant"), whole(row.number("millis")), whole(row.number("p99"))));
    return table.toString();
  }

  private static String revocation(List<Results.Row> rows) {
    Markdown table =
        new Markdown("refused on another node, ms after the logout returned", "p50", "p99", "most");
    rows.forEach(
        row ->
            table.row(
                shown(row.text("entrant")),
                number(row.number("p50")),
                number(row.number("p99")),
                number(row.number("max"))));
    return table.toString();
  }

  private static String logouts(List<Results.Row> rows) {
    Markdown table = new Markdown("logouts/s of eight threads", "median", "of each round");
    by(rows, row -> row.text("way"))
        .forEach(
            (way, all) ->
                table.row(
                    way,
                    whole(median(all, "perSecond")),
                    all.stream()
                        .map(row -> whole(row.number("perSecond")))
                        .collect(Collectors.joining("; "))));
    return table.toString();
  }

  static Map<String, List<Results.Row>> by(
      List<Results.Row> rows, Function<Results.Row, String> name) {
    Map<String, List<Results.Row>> groups = new LinkedHashMap<>();
    rows.forEach(row -> groups.computeIfAbsent(name.apply(row), key -> new ArrayList<>()).add(row));
    return groups;
  }

  static List<Double> values(List<Results.Row> rows, String column) {
    return rows.stream().map(row -> row.number(column)).toList();
  }

  static double median(List<Results.Row> rows, String column) {
    return Results.median(values(rows, column));
  }

  /** Returns bounds of the median that need no assumption about the distribution. */
  static String interval(List<Double> values) {
    double[] sorted = values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
    int size = sorted.length;
    // The chance that fewer than k of the values lie below the median, in a row of coin tosses.
    double chance = Math.pow(0.5, size);
    double below = 0;
    int rank = 0;
    while (rank < size / 2 && below + chance <= 0.025) {
      below += chance;
      rank++;
      chance = chance * (size - rank + 1) / rank;
    }
    if (rank == 0) {
      return "too few pairs";
    }
    return ratio(sorted[rank - 1]) + " to " + ratio(sorted[size - rank]);
  }

  static String shown(String entrant) {
    return entrant.replace(";", ",");
  }

  /** Returns a number with three significant digits. */
  static String number(double value) {
    return value < 10
        ? String.format(Locale.ROOT, "%.2f", value)
        : value < 100 ? String.format(Locale.ROOT, "%.1f", value) : whole(value);
  }

  static String ratio(double value) {
    return value < 10 ? String.format(Locale.ROOT, "%.3f", value) : number(value);
  }

  static String whole(double value) {
    return String.format(Locale.ROOT, "%,.0f", value);
  }

  /** A table as Markdown has them. */
  static final class Markdown {

    private final StringBuilder text = new StringBuilder();

    Markdown(String... columns) {
      row(columns);
      text.append("|").append("---|".repeat(columns.length)).append("\n");
    }

    void row(String... cells) {
      text.append("| ").append(String.join(" | ", Arrays.asList(cells))).append(" |\n");
    }

    @Override
    public String toString() {
      return text.toString();
    }
  }
}
