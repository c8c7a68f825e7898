package io.coatcheck.benchmarks;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Runs one of the benchmarks, and writes its results to {@code benchmarks/results}. {@code
 * docs/BENCHMARKS.md} describes each of them.
 */
public final class Main {

  static final int SESSIONS = 100_000;

  private Main() {}

  /** Runs a benchmark. The arguments are its name and, for some, the number of rounds. */
  public static void main(String[] arguments) throws Exception {
    if (arguments.length == 0) {
      throw new IllegalArgumentException("name a benchmark, as docs/BENCHMARKS.md lists them");
    }
    Path results = Path.of(System.getProperty("benchmarks.results", "benchmarks/results"));
    int rounds = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 3;
    List<String> only =
        arguments.length > 2 ? Arrays.asList(arguments).subList(2, arguments.length) : List.of();
    switch (arguments[0]) {
      case "validate" -> validate(results, rounds, only);
      case "threads" -> threads(results, rounds);
      case "requests" -> requests(results, rounds, only);
      case "growth" -> growth(results, rounds);
      case "metrics" ->
          MetricsBenchmark.run(
              Results.begin(
                  results, "metrics", "work", "measured", "round", "nanos", "cpu", "bytes"),
              rounds);
      case "memory" ->
          new MemoryUse(Results.begin(results, "memory", "entrant", "sessions", "bytes"), 200_000)
              .run();
      case "costs" -> costs(results);
      case "http" -> http(results, rounds, only);
      case "processes" -> processes(results, rounds);
      case "boot" ->
          new Boot(
                  Path.of("benchmarks", "boot"),
                  Boot.results(results),
                  200,
                  Duration.ofSeconds(20),
                  Duration.ofSeconds(10))
              .run(rounds, List.of(Boot.Kind.values()));
      case "redis" ->
          new RedisCosts(20_000, Duration.ofSeconds(5))
              .run(
                  Results.begin(results, "redis-memory", "entrant", "sessions", "bytes"),
                  Results.begin(
                      results, "redis", "entrant", "kind", "round", "perSecond", "commands"),
                  rounds);
      case "revocation" -> revocation(results, only);
      case "logouts" ->
          new Logouts(
                  Results.begin(results, "logouts", "way", "round", "logouts", "perSecond"), 4_000)
              .run(rounds);
      case "cluster" ->
          Cluster.run(
              Results.begin(
                  results,
                  "cluster",
                  "entrant",
                  "nodes",
                  "offered",
                  "requests",
                  "queries",
                  "rows",
                  "p50",
                  "p99"));
      case "serve" -> Server.serve(Server.Kind.valueOf(only.get(0)), rounds);
      case "charts" -> {
        Charts.draw(results, Path.of("docs"));
        Map<String, String> tables = new Tables(results).all();
        Pages.write(Path.of("docs", "BENCHMARKS.md"), tables);
        Pages.write(Path.of("docs", "SCALING.md"), tables);
      }
      default -> throw new IllegalArgumentException("there is no benchmark " + arguments[0]);
    }
  }

  private static void validate(Path results, int rounds, List<String> only) {
    List<Rounds.Case> cases =
        Arrays.stream(Entrant.values())
            .filter(entrant -> only.isEmpty() || only.contains(entrant.name()))
            .map(entrant -> new Rounds.Case(entrant, Visit.Kind.READ, SESSIONS))
            .toList();
    String name = only.isEmpty() ? "validate" : "validate-some";
    new Rounds(requestTable(results, name), rounds).run(cases);
  }

  /** Measures the contestants with two threads that send requests. */
  private static void threads(Path results, int rounds) {
    List<Rounds.Case> cases =
        Stream.of(
                Entrant.FLOOR,
                Entrant.COATCHECK_MEMORY,
                Entrant.COATCHECK_FEED,
                Entrant.TOMCAT,
                Entrant.SPRING_MAP,
                Entrant.JAVA_JWT_HS256)
            .map(entrant -> new Rounds.Case(entrant, Visit.Kind.READ, SESSIONS))
            .toList();
    new Rounds(requestTable(results, "threads"), rounds, 2).run(cases);
  }

  private static void requests(Path results, int rounds, List<String> only) {
    List<Rounds.Case> cases = new ArrayList<>();
    for (Visit.Kind kind : Visit.Kind.values()) {
      for (Entrant entrant :
          List.of(
              Entrant.COATCHECK_MEMORY,
              Entrant.SPRING_MAP,
              Entrant.COATCHECK_JDBC,
              Entrant.COATCHECK_NEAR,
              Entrant.COATCHECK_FEED,
              Entrant.SPRING_JDBC)) {
        if (kind != Visit.Kind.READ && (only.isEmpty() || only.contains(entrant.name()))) {
          cases.add(new Rounds.Case(entrant, kind, SESSIONS));
        }
      }
    }
    new Rounds(requestTable(results, "requests"), rounds).run(cases);
  }

  private static void http(Path results, int pairs, List<String> only) throws Exception {
    if (only.isEmpty()) {
      EnumSet<Server.Kind> filters =
          EnumSet.of(Server.Kind.EMPTY_FILTER, Server.Kind.FLOOR, Server.Kind.JWT);
      httpIn(results, "http", 1, pairs, EnumSet.complementOf(filters));
    } else {
      Set<Server.Kind> kinds = EnumSet.noneOf(Server.Kind.class);
      only.forEach(name -> kinds.add(Server.Kind.valueOf(name)));
      httpIn(results, "http-some", 1, pairs, kinds);
    }
  }

  /** Starts new processes of the closest contestants in each round, and what they rest on. */
  private static void processes(Path results, int rounds) throws Exception {
    Set<Server.Kind> kinds =
        EnumSet.of(
            Server.Kind.EMPTY_FILTER,
            Server.Kind.FLOOR,
            Server.Kind.JWT,
            Server.Kind.TOMCAT,
            Server.Kind.COATCHECK_MEMORY,
            Server.Kind.COATCHECK_FEED);
    httpIn(results, "processes", rounds, 5, kinds);
  }

  private static void httpIn(
      Path results, String name, int rounds, int pairs, Set<Server.Kind> kinds) throws Exception {
    Http.run(
        Results.begin(
            results,
            name,
            "entrant",
            "round",
            "pair",
            "none",
            "with",
            "ratio",
            "p50none",
            "p50",
            "p99none",
            "p99",
            "cpunone",
            "cpu",
            "insidenone",
            "inside"),
        rounds,
        pairs,
        SESSIONS,
        kinds);
  }

  private static void revocation(Path results, List<String> only) throws Exception {
    Set<Revocation.Kind> kinds = EnumSet.noneOf(Revocation.Kind.class);
    only.forEach(name -> kinds.add(Revocation.Kind.valueOf(name)));
    String name = only.isEmpty() ? "revocation" : "revocation-some";
    Revocation.run(
        Results.begin(results, name, "entrant", "logouts", "p50", "p99", "max"),
        140,
        only.isEmpty() ? EnumSet.allOf(Revocation.Kind.class) : kinds);
  }

  private static void growth(Path results, int rounds) {
    List<Rounds.Case> cases = new ArrayList<>();
    for (int sessions : List.of(10_000, 100_000, 1_000_000)) {
      for (Entrant entrant : List.of(Entrant.FLOOR, Entrant.TOMCAT, Entrant.SPRING_MAP)) {
        cases.add(new Rounds.Case(entrant, Visit.Kind.READ, sessions));
      }
      for (Entrant entrant : List.of(Entrant.COATCHECK_MEMORY, Entrant.COATCHECK_JDBC)) {
        cases.add(new Rounds.Case(entrant, Visit.Kind.READ, sessions));
        cases.add(new Rounds.Case(entrant, Visit.Kind.WRITE, sessions));
      }
    }
    new Rounds(requestTable(results, "growth"), rounds).run(cases);
  }

  private static void costs(Path results) throws InterruptedException {
    try (Postgres postgres = Postgres.start()) {
      Costs costs = new Costs(postgres);
      costs.tables(Results.begin(results, "tables", "entrant", "when", "sessions", "bytes"));
      costs.requests(
          Results.begin(
              results, "costs", "entrant", "kind", "requests", "statements", "wal", "later"));
      costs.cleanUp(
          Results.begin(results, "cleanup", "entrant", "cleans", "millis", "p99"), SESSIONS);
    }
  }

  private static Results requestTable(Path results, String name) {
    return Results.begin(
        results, name, "entrant", "kind", "sessions", "round", "micros", "cpu", "bytes");
  }
}
