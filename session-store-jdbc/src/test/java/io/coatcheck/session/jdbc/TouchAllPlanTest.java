package io.coatcheck.session.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.store.StoredSession;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("PostgreSQL: many touches lock each row once, however the statement is planned")
class TouchAllPlanTest {

  private static final int SESSIONS = 50;

  @Test
  void planOfWhenTheTableWasEmpty_locksOnce() throws SQLException {
    Pool pool = new Pool(TestDatabase.POSTGRESQL, Database.POSTGRESQL, true, null);
    try (Table table = new Table(pool)) {
      insert(table);
      table.execute("DELETE FROM " + table.name);
      // From now on the planner takes it for empty, until the next ANALYZE.
      table.execute("ANALYZE " + table.name);
      List<StoredSession> sessions = insert(table);

      List<String> plan = planOf((PostgreSqlDialect) table.dialect(), sessions, table);

      assertThat(plan).filteredOn(line -> line.contains("LockRows")).hasSize(1);
      assertThat(plan)
          .filteredOn(line -> line.contains("LockRows"))
          .first()
          .asString()
          .contains("loops=1)");
    }
  }

  private static List<StoredSession> insert(Table table) {
    List<StoredSession> sessions = new ArrayList<>();
    for (int i = 0; i < SESSIONS; i++) {
      StoredSession session = Sessions.anonymous().build();
      table.store.insert(session);
      sessions.add(session);
    }
    return sessions;
  }

  /** Returns how a plan for any parameters is run, as the server keeps it for a statement. */
  private static List<String> planOf(
      PostgreSqlDialect dialect, List<StoredSession> sessions, Table table) throws SQLException {
    String ids =
        sessions.stream()
            .map(session -> session.id().toUuid().toString())
            .collect(Collectors.joining(",", "'{", "}'"));
    String moments =
        sessions.stream()
            .map(session -> Long.toString(session.lastSeenMillis() + 1))
            .collect(Collectors.joining(",", "'{", "}'"));
    int[] parameter = {0};
    String sql =
        Pattern.compile("\\?")
            .matcher(dialect.touchAll)
            .replaceAll(found -> Matcher.quoteReplacement("$" + ++parameter[0]));
    List<String> plan = new ArrayList<>();
    try (Connection connection = table.connections.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute("SET plan_cache_mode = force_generic_plan");
      statement.execute("PREPARE many (uuid[], bigint[], uuid[], bigint, uuid[]) AS " + sql);
      try (ResultSet lines =
          statement.executeQuery(
              "EXPLAIN (ANALYZE, TIMING OFF) EXECUTE many ("
                  + String.join(", ", ids, moments, ids, "0", ids)
                  + ")")) {
        while (lines.next()) {
          plan.add(lines.getString(1));
        }
      } finally {
        statement.execute("DEALLOCATE many");
        statement.execute("RESET plan_cache_mode");
      }
    }
    return plan;
  }
}
