package io.coatcheck.session.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.token.SessionId;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("I20, PostgreSQL: reading one user's sessions does not depend on how many others have")
class PrincipalPlanTest {

  private static final int SESSIONS = 5_000;
  private static final int FEW = 3;
  private static final int LIMIT = 12;
  private static final Pattern SCANNED =
      Pattern.compile("Scan.*\\(actual rows=([0-9.]+) loops=([0-9]+)\\)");
  private static final Pattern REMOVED = Pattern.compile("Rows Removed by [A-Za-z ]+: ([0-9]+)");

  /** For any parameters, as the server plans a statement that is used often, and for these. */
  @ParameterizedTest
  @ValueSource(strings = {"force_generic_plan", "force_custom_plan"})
  void plan_readsLittleMoreThanItReturns(String mode) throws SQLException {
    Pool pool = new Pool(TestDatabase.POSTGRESQL, Database.POSTGRESQL, true, null);
    try (Table table = new Table(pool)) {
      table.multiply(Sessions.of("service").build(), SESSIONS);
      for (int i = 0; i < FEW; i++) {
        table.store.insert(Sessions.of("alice").build());
      }
      table.execute("ANALYZE " + table.name);

      for (Map.Entry<String, List<String>> query : queries(table.dialect()).entrySet()) {
        for (String principal : List.of("alice", "service", "nobody")) {
          List<String> plan = plan(table, mode, query.getKey(), query.getValue(), principal);
          assertThat(rowsRead(plan))
              .as(principal + ": " + query.getKey() + "\n" + String.join("\n", plan))
              .isLessThanOrEqualTo(2 * LIMIT);
        }
      }
    }
  }

  /** Returns the queries, with the parameters after the principal. */
  private static Map<String, List<String>> queries(Dialect dialect) {
    SessionId id = SessionId.of(1, 1);
    String now = Long.toString(Sessions.NOW.toEpochMilli());
    String limit = Integer.toString(LIMIT);
    Condition all = dialect.conditions.withPrincipal("");
    Condition above = all.and(dialect.conditions.withIdAbove(id));
    Condition live = dialect.conditions.live("", Sessions.NOW);
    Map<String, List<String>> queries = new LinkedHashMap<>();
    queries.put(dialect.selectOthersLiveUnderLock("", id, Sessions.NOW).sql(), List.of(now, limit));
    queries.put(dialect.selectPage("id", all).sql(), List.of(limit));
    queries.put(dialect.selectPage("id", above).sql(), List.of("'" + id.toUuid() + "'", limit));
    queries.put(dialect.selectPage("id", live).sql(), List.of(now, limit));
    queries.put(dialect.selectGreatestIds(all).sql(), List.of("1"));
    return queries;
  }

  private static long rowsRead(List<String> plan) {
    long rows = 0;
    for (String line : plan) {
      Matcher scanned = SCANNED.matcher(line);
      if (scanned.find()) {
        rows += (long) (Double.parseDouble(scanned.group(1)) * Long.parseLong(scanned.group(2)));
      }
      Matcher removed = REMOVED.matcher(line);
      if (removed.find()) {
        rows += Long.parseLong(removed.group(1));
      }
    }
    return rows;
  }

  /** Returns how a query is run. */
  private static List<String> plan(
      Table table, String mode, String query, List<String> rest, String principal)
      throws SQLException {
    int[] parameter = {0};
    String sql =
        Pattern.compile("\\?")
            .matcher(query)
            .replaceAll(found -> Matcher.quoteReplacement("$" + ++parameter[0]));
    List<String> parameters = new ArrayList<>(List.of("'" + principal + "'"));
    parameters.addAll(rest);
    List<String> plan = new ArrayList<>();
    try (Connection connection = table.connections.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute("SET plan_cache_mode = " + mode);
      statement.execute("PREPARE query AS " + sql);
      try (ResultSet lines =
          statement.executeQuery(
              "EXPLAIN (ANALYZE, TIMING OFF) EXECUTE query ("
                  + String.join(", ", parameters)
                  + ")")) {
        while (lines.next()) {
          plan.add(lines.getString(1));
        }
      } finally {
        statement.execute("DEALLOCATE query");
        statement.execute("RESET plan_cache_mode");
      }
    }
    return plan;
  }
}
