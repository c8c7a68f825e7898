package io.coatcheck.benchmarks;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The targets, each with the figure that was measured, or a note that there is none. */
final class Targets {

  private static final String MEMORY = "Coatcheck in memory";
  private static final String NEAR = "Coatcheck JDBC + near cache";
  private static final String HITS = NEAR + "; hits only";
  private static final String FEED = NEAR + "; change feed";
  private static final String BUSY = NEAR + "; 1000 busy";
  private static final String JDBC = "Coatcheck JDBC";
  private static final String SPRING_MAP = "Spring Session map";
  private static final String SPRING_JDBC = "Spring Session JDBC";
  private static final String REDIS = "Coatcheck Redis";
  private static final String SPRING_REDIS = "Spring Session Redis";
  private static final String SPRING_REDIS_INDEXED = SPRING_REDIS + "; indexed by principal";

  private final Path results;
  private final Tables.Markdown table = new Tables.Markdown("what", "target", "measured", "");

  Targets(Path results) {
    this.results = results;
  }

  String table() {
    recognising();
    requests();
    overHttp();
    room();
    onRedis();
    growth();
    cleanUp();
    cluster();
    return table.toString();
  }

  private void recognising() {
    Map<String, List<Results.Row>> validate = byEntrant("validate");
    double floor = median(validate, "floor", "cpu");
    double memory = median(validate, MEMORY, "cpu");
    double tomcat = median(validate, "Tomcat", "cpu");
    atMost("in memory, against the floor", 1.5, memory / floor);
    atLeast("in memory, against Spring's map", 2, median(validate, SPRING_MAP, "cpu") / memory);
    atMost(
        "… allocation against Spring's map",
        0.2,
        median(validate, MEMORY, "bytes") / median(validate, SPRING_MAP, "bytes"));
    atMost(
        "in memory, against Tomcat's own", Math.max(1.3, 1.25 * floor / tomcat), memory / tomcat);
    double hits = median(validate, HITS, "cpu");
    double hs256 = fastest(validate, "HS256");
    atLeast("a hit of the near cache, against the fastest HS256", 2, hs256 / hits);
    atLeast(
        "near cache with the change feed, over all sessions, against the fastest HS256",
        2,
        hs256 / median(validate, FEED, "cpu"));
    atLeast("… with copies that age, against HS256", 2, hs256 / median(validate, NEAR, "cpu"));
    for (String kind : List.of("RS256", "ES256")) {
      atLeast("a hit, against the fastest " + kind, 10, fastest(validate, kind) / hits);
    }
    double jdbc = median(validate, JDBC, "micros");
    atLeast(
        "JDBC read, throughput against Spring's",
        5,
        median(validate, SPRING_JDBC, "micros") / jdbc);
    atLeast(
        "JDBC read, against a bare `SELECT`",
        0.8,
        median(validate, "bare SELECT", "micros") / jdbc);
  }

  /** Returns the processor time of the library that verifies tokens of one algorithm fastest. */
  private static double fastest(Map<String, List<Results.Row>> validate, String algorithm) {
    return List.of("java-jwt ", "jjwt ", "nimbus ").stream()
        .mapToDouble(library -> median(validate, library + algorithm, "cpu"))
        .min()
        .orElse(Double.NaN);
  }

  private void requests() {
    Map<String, List<Results.Row>> requests = byEntrantAnd("requests", "kind");
    for (String kind : List.of("WRITE", "LOGIN")) {
      atMost(
          kind.toLowerCase(Locale.ROOT) + " in memory, against Spring's map",
          1.2,
          median(requests, MEMORY + " " + kind, "cpu")
              / median(requests, SPRING_MAP + " " + kind, "cpu"));
    }
    atLeast(
        "JDBC write, throughput against Spring's",
        1.5,
        median(requests, SPRING_JDBC + " WRITE", "micros")
            / median(requests, JDBC + " WRITE", "micros"));
    for (String kind : List.of("WRITE", "LOGIN")) {
      atLeast(
          kind.toLowerCase(Locale.ROOT) + " with the change feed, throughput against without",
          0.9,
          medianRatio(requests, NEAR + " " + kind, FEED + " " + kind));
    }
    Map<String, List<Results.Row>> costs = byEntrantAnd("costs", "kind");
    atMost("log of 1,000 reads, bytes", 0, median(costs, JDBC + " READ", "wal"));
  }

  private void overHttp() {
    Map<String, List<Results.Row>> http = byEntrant("http");
    Map<String, List<Results.Row>> processes = byEntrant("processes");
    double memory = median(processes, MEMORY, "ratio");
    atLeast("HTTP in memory, against no session", 0.96, memory);
    atLeast(
        "HTTP with near cache and change feed, against no session",
        0.93,
        median(processes, FEED, "ratio"));
    atLeast("… with copies that age", 0.93, median(http, NEAR, "ratio"));
    atLeast("… with copies that age, and 1,000 busy sessions", 0.93, median(http, BUSY, "ratio"));
    atMost(
        "loss over HTTP in memory, against Spring's map",
        0.25,
        Math.max(0, 1 - memory) / (1 - median(http, SPRING_MAP, "ratio")));
  }

  private void room() {
    Map<String, List<Results.Row>> heap = byEntrant("memory");
    double anonymous = median(heap, MEMORY + "; anonymous", "bytes");
    atMost("heap, anonymous, bytes", 600, anonymous);
    atMost("… against Spring's map", 1, anonymous / median(heap, SPRING_MAP, "bytes"));
    atMost("heap, logged in, bytes", 900, median(heap, MEMORY + "; logged in", "bytes"));
    Map<String, List<Results.Row>> tables = byEntrantAnd("tables", "when");
    atMost("table, fresh, bytes", 560, median(tables, JDBC + " fresh", "bytes"));
    atLeast("share of HOT updates", 0.9, median(tables, JDBC + " share of HOT updates", "bytes"));
  }

  private void onRedis() {
    Map<String, List<Results.Row>> requests = byEntrantAnd("redis", "kind");
    Map<String, List<Results.Row>> memory = byEntrant("redis-memory");
    for (String spring : List.of(SPRING_REDIS_INDEXED, SPRING_REDIS)) {
      atLeast(
          "read on Redis, throughput against " + spring.replace(';', ','),
          3,
          median(requests, REDIS + " READ", "perSecond")
              / median(requests, spring + " READ", "perSecond"));
      atLeast(
          "… write",
          2,
          median(requests, REDIS + " WRITE", "perSecond")
              / median(requests, spring + " WRITE", "perSecond"));
      atMost(
          "… memory of a session",
          1,
          median(memory, REDIS, "bytes") / median(memory, spring, "bytes"));
    }
  }

  private void cleanUp() {
    Map<String, List<Results.Row>> cleanUp = byEntrant("cleanup");
    atMost(
        "clean-up of 100,000 rows, time against Spring's",
        2,
        median(cleanUp, "Coatcheck", "millis") / median(cleanUp, "Spring Session", "millis"));
    atMost(
        "… p99 of reads meanwhile, against none",
        2,
        median(cleanUp, "Coatcheck", "p99") / median(cleanUp, "no clean-up", "p99"));
  }

  private void growth() {
    Map<String, List<Results.Row>> growth =
        Tables.by(
            Results.read(results, "growth"),
            row -> row.text("entrant") + " " + row.text("kind") + " " + row.text("sessions"));
    for (String entrant : List.of(MEMORY, JDBC)) {
      atMost(
          "validate, 1 million against 10 thousand: " + entrant,
          1.3,
          median(growth, entrant + " READ 1000000", "micros")
              / median(growth, entrant + " READ 10000", "micros"));
    }
  }

  /** From the smallest offered load to the largest, on three nodes. */
  private void cluster() {
    List<Results.Row> one =
        Results.read(results, "cluster").stream()
            .filter(row -> row.text("entrant").equals(FEED) && row.number("nodes") == 3)
            .toList();
    if (one.isEmpty()) {
      table.row(
          "queries with the change feed", "grow with nodes, not with requests", "not measured", "");
      return;
    }
    Results.Row first = one.get(0);
    Results.Row last = one.get(one.size() - 1);
    table.row(
        "queries with the change feed, three nodes",
        "grow with nodes, not with requests",
        Tables.whole(first.number("queries"))
            + "/s at "
            + Tables.whole(first.number("requests"))
            + " requests/s, "
            + Tables.whole(last.number("queries"))
            + "/s at "
            + Tables.whole(last.number("requests")),
        "");
  }

  private Map<String, List<Results.Row>> byEntrant(String name) {
    return Tables.by(Results.read(results, name), row -> row.text("entrant"));
  }

  private Map<String, List<Results.Row>> byEntrantAnd(String name, String column) {
    return Tables.by(
        Results.read(results, name), row -> row.text("entrant") + " " + row.text(column));
  }

  private static double median(Map<String, List<Results.Row>> groups, String name, String column) {
    List<Results.Row> rows = groups.get(name);
    return rows == null ? Double.NaN : Tables.median(rows, column);
  }

  /** Returns the median of the times of one divided by those of another in the same round. */
  private static double medianRatio(
      Map<String, List<Results.Row>> groups, String one, String other) {
    List<Double> ratios =
        groups.getOrDefault(one, List.of()).stream()
            .flatMap(
                row ->
                    groups.getOrDefault(other, List.of()).stream()
                        .filter(same -> same.text("round").equals(row.text("round")))
                        .map(same -> row.number("micros") / same.number("micros")))
            .toList();
    return ratios.isEmpty() ? Double.NaN : Results.median(ratios);
  }

  private void atMost(String what, double target, double measured) {
    row(what, "at most " + shown(target), measured, measured <= target);
  }

  private void atLeast(String what, double target, double measured) {
    row(what, "at least " + shown(target), measured, measured >= target);
  }

  private void row(String what, String target, double measured, boolean isMet) {
    boolean isMeasured = !Double.isNaN(measured);
    table.row(
        what,
        target,
        isMeasured ? Tables.number(measured) : "not measured",
        !isMeasured ? "" : isMet ? "met" : "**missed**");
  }

  private static String shown(double target) {
    return target == Math.rint(target) ? Tables.whole(target) : Tables.number(target);
  }
}
