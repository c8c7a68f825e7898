package io.coatcheck.benchmarks;

import java.time.Duration;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.HdrHistogram.Histogram;

/**
 * Whole requests, over loopback: every way to keep sessions against none at all, in pairs that
 * follow each other closely.
 */
final class Http {

  /** After 20 s the compiler still took a fifth of the time of a server with a near cache. */
  private static final Duration WARM_UP = Duration.ofSeconds(45);

  /** Copies have expired since the turn before; in this time those of frequent clients are back. */
  private static final Duration LEAD = Duration.ofMillis(1_300);

  private static final Duration TURN = Duration.ofMillis(700);
  static final double UNLIMITED = 1e9;

  private Http() {}

  /**
   * Measures in rounds, each with processes of its own: what the compiler makes of a process in its
   * first minute stays, and two processes of one kind differ by more than two pairs of turns.
   *
   * @param pairs the number of turns with a session in each round, and of those without
   * @param measured the kinds to measure against no session
   */
  static void run(Results results, int rounds, int pairs, int sessions, Set<Server.Kind> measured)
      throws Exception {
    Set<Server.Kind> kinds = EnumSet.of(Server.Kind.NO_SESSION);
    kinds.addAll(measured);
    try (Postgres postgres = Postgres.start()) {
      postgres.fillCoatcheck(sessions);
      postgres.fillSpring(sessions);
      for (int round = 1; round <= rounds; round++) {
        Map<Server.Kind, Node> nodes = new EnumMap<>(Server.Kind.class);
        try {
          for (Server.Kind kind : kinds) {
            nodes.put(kind, Node.start(kind, sessions, kind.needsPostgres() ? postgres : null));
          }
          round(results, round, pairs, nodes, loads(nodes, sessions));
        } finally {
          nodes.values().forEach(Node::close);
        }
      }
    }
  }

  private static Map<Server.Kind, Load> loads(Map<Server.Kind, Node> nodes, int sessions) {
    Map<Server.Kind, Load> loads = new EnumMap<>(Server.Kind.class);
    nodes.forEach(
        (kind, node) ->
            loads.put(
                kind,
                new Load(
                    List.of(node.port()),
                    kind.cookies(sessions),
                    kind.isAnonymous(),
                    new Workload(kind.visitors(sessions)))));
    return loads;
  }

  private static void round(
      Results results,
      int round,
      int pairs,
      Map<Server.Kind, Node> nodes,
      Map<Server.Kind, Load> loads)
      throws Exception {
    for (Server.Kind kind : loads.keySet()) {
      load(loads, kind, WARM_UP);
    }
    for (int pair = 1; pair <= pairs; pair++) {
      for (Server.Kind kind : loads.keySet()) {
        if (kind != Server.Kind.NO_SESSION) {
          Turn none = turn(nodes, loads, Server.Kind.NO_SESSION);
          Turn with = turn(nodes, loads, kind);
          Histogram latency = with.load().microseconds();
          results.add(
              kind.title(),
              round,
              pair,
              Results.rounded(none.load().perSecond()),
              Results.rounded(with.load().perSecond()),
              Results.rounded(with.load().perSecond() / none.load().perSecond()),
              none.load().microseconds().getValueAtPercentile(50),
              latency.getValueAtPercentile(50),
              none.load().microseconds().getValueAtPercentile(99),
              latency.getValueAtPercentile(99),
              Results.rounded(none.serverMicros()),
              Results.rounded(with.serverMicros()),
              Results.rounded(none.insideMicros()),
              Results.rounded(with.insideMicros()));
        }
      }
    }
  }

  /**
   * A turn.
   *
   * @param cpu the processor time of the server
   * @param inside the median time of a request in the application
   */
  private record Turn(Load.Outcome load, Duration cpu, Duration inside) {

    /** Returns the server's processor time for a request. */
    double serverMicros() {
      return cpu.toNanos() / 1e3 / load.requests();
    }

    double insideMicros() {
      return inside.toNanos() / 1e3;
    }
  }

  /** One turn, after a while that does not count. */
  private static Turn turn(
      Map<Server.Kind, Node> nodes, Map<Server.Kind, Load> loads, Server.Kind kind)
      throws Exception {
    load(loads, kind, LEAD);
    Node node = nodes.get(kind);
    if (node == null) {
      throw new IllegalStateException(kind + " was not started");
    }
    node.takeInside();
    Duration before = node.cpuTime();
    Load.Outcome outcome = load(loads, kind, TURN);
    Duration cpu = node.cpuTime().minus(before);
    return new Turn(outcome, cpu, node.takeInside());
  }

  private static Load.Outcome load(Map<Server.Kind, Load> loads, Server.Kind kind, Duration time)
      throws Exception {
    Load load = loads.get(kind);
    if (load == null) {
      throw new IllegalStateException(kind + " was not started");
    }
    return load.run(time, UNLIMITED);
  }
}
