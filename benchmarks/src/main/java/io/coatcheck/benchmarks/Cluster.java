package io.coatcheck.benchmarks;

import com.zaxxer.hikari.HikariDataSource;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Nodes in separate processes on one PostgreSQL, and requests that hop from node to node. Measures
 * the queries of the database as a function of the number of requests.
 */
final class Cluster {

  private static final Duration TIME = Duration.ofSeconds(8);
  private static final int SESSIONS = 1_000;

  private Cluster() {}

  static void run(Results results) throws Exception {
    try (Postgres postgres = Postgres.start();
        HikariDataSource admin = postgres.pool(1)) {
      postgres.fillCoatcheck(SESSIONS);
      for (Server.Kind kind :
          List.of(
              Server.Kind.COATCHECK_JDBC, Server.Kind.COATCHECK_NEAR, Server.Kind.COATCHECK_FEED)) {
        for (int nodes : List.of(1, 3)) {
          measure(results, postgres, admin, kind, nodes);
        }
      }
    }
  }

  private static void measure(
      Results results, Postgres postgres, HikariDataSource admin, Server.Kind kind, int number)
      throws Exception {
    List<Node> nodes = new ArrayList<>();
    try {
      for (int i = 0; i < number; i++) {
        nodes.add(Node.start(kind, SESSIONS, postgres));
      }
      Load load =
          new Load(
              nodes.stream().map(Node::port).toList(),
              kind.cookies(SESSIONS),
              false,
              new Workload(SESSIONS));
      load.run(Duration.ofSeconds(5), 1_000);
      for (double rate : List.of(250.0, 500.0, 1_000.0, 2_000.0, 1e9)) {
        long queries = queries(admin);
        long rows = rows(admin);
        Load.Outcome outcome = load.run(TIME, rate);
        // The server's processes report their counters at most once a second.
        Thread.sleep(1_500);
        double seconds = outcome.requests() / outcome.perSecond();
        results.add(
            kind.title(),
            number,
            rate > 1e6 ? "unlimited" : Results.rounded(rate),
            Results.rounded(outcome.perSecond()),
            Results.rounded((queries(admin) - queries) / seconds),
            Results.rounded((rows(admin) - rows) / seconds),
            outcome.microseconds().getValueAtPercentile(50),
            outcome.microseconds().getValueAtPercentile(99));
      }
    } finally {
      nodes.forEach(Node::close);
    }
  }

  private static long queries(HikariDataSource admin) {
    return Postgres.number(
        admin, "SELECT xact_commit FROM pg_stat_database WHERE datname = 'postgres'");
  }

  private static long rows(HikariDataSource admin) {
    return Postgres.number(
        admin, "SELECT idx_tup_fetch FROM pg_stat_user_tables WHERE relname = 'http_session'");
  }
}
