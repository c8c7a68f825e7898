package io.coatcheck.benchmarks;

import java.time.Duration;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.HdrHistogram.Histogram;

/**
 * Measures whole requests, over loopback. Every way to keep sessions is compared with no sessions
 * at all, in pairs that follow each other closely.
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
   * Measures.
   *
   * @param only the names of the kinds to measure; empty for all
   */
  static void run(Results results, int pairs, int sessions, List<String> only) throws Exception {
    List<Server.Kind> kinds =
        Arrays.stream(Server.Kind.values())
            .filter(
                kind ->
                    only.isEmpty() || kind == Server.Kind.NO_SESSION || only.contains(kind.name()))
            .toList();
    Map<Server.Kind, Node> nodes = new EnumMap<>(Server.Kind.class);
    Map<Server.Kind, Load> loads = new EnumMap<>(Server.Kind.class);
    try (Postgres postgres = Postgres.start()) {
      postgres.fillCoatcheck(sessions);
      postgres.fillSpring(sessions);
      for (Server.Kind kind : kinds) {
        Node node = Node.start(kind, sessions, kind.needsPostgres() ? postgres : null);
        nodes.put(kind, node);
        boolean isAnonymous = kind == Server.Kind.NO_SESSION;
        loads.put(
            kind,
            new Load(
                List.of(node.port()),
                kind.cookies(sessions),
                isAnonymous,
                new Workload(kind.visitors(sessions))));
      }
      for (Server.Kind kind : kinds) {
        load(loads, kind, WARM_UP);
      }
      for (int pair = 1; pair <= pairs; pair++) {
        for (Server.Kind kind : kinds) {
          if (kind != Server.Kind.NO_SESSION) {
            Load.Outcome none = turn(loads, Server.Kind.NO_SESSION);
            Load.Outcome with = turn(loads, kind);
            Histogram latency = with.microseconds();
            results.add(
                kind.title(),
                pair,
                Results.rounded(none.perSecond()),
                Results.rounded(with.perSecond()),
                Results.rounded(with.perSecond() / none.perSecond()),
                none.microseconds().getValueAtPercentile(50),
                latency.getValueAtPercentile(50),
                none.microseconds().getValueAtPercentile(99),
                latency.getValueAtPercentile(99));
          }
        }
      }
    } finally {
      nodes.values().forEach(Node::close);
    }
  }

  /** Measures one turn, after some time that does not count. */
  private static Load.Outcome turn(Map<Server.Kind, Load> loads, Server.Kind kind)
      throws Exception {
    load(loads, kind, LEAD);
    return load(loads, kind, TURN);
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
