package io.coatcheck.session.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.store.StoredSession;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The queries of docs/OPERATING.md return what the page says. */
class OperatingQueriesTest {

  private static final Pattern QUERY =
      Pattern.compile("```sql\n-- ([\\w, ]+)\n(.*?);\n```", Pattern.DOTALL);
  private static final Pattern ID =
      Pattern.compile("'([0-9a-f]{8}-[0-9a-f-]{27})'|X'([0-9a-f]{32})'");

  private static List<String> queries(TestDatabase server) throws IOException {
    return QUERY
        .matcher(Files.readString(Path.of("../docs/OPERATING.md")))
        .results()
        .filter(
            query ->
                List.of(query.group(1).toUpperCase(Locale.ROOT).split(", ", -1))
                    .contains(server.name()))
        .map(query -> query.group(2))
        .toList();
  }

  @ParameterizedTest
  @EnumSource
  void queries_answer(TestDatabase server) throws IOException {
    try (Table table = Table.withChanges(new Pool(server, server.database, true, null))) {
      // The queries go by the clock of the database.
      Instant now = Instant.now();
      StoredSession alice = session(now, "alice");
      table.store.insert(alice);
      table.store.insert(session(now, "alice"));
      table.store.insert(session(now, "bob"));
      table.store.insert(
          Sessions.anonymous().createdAt(now).absoluteDeadline(now.plusSeconds(7_200)).build());
      table.store.insert(session(now.minus(Duration.ofHours(2)), "carol"));
      StoredSession record = session(now, "coatcheck-claim:" + "0".repeat(64));
      table.store.insert(record);
      // A user, and not a record: LIKE ignores case in SQLite.
      table.store.insert(session(now, "Coatcheck-Claim:dave"));
      List<String> queries =
          queries(server).stream().map(sql -> sql.replace("http_session", table.name)).toList();
      assertThat(queries).hasSize(8);

      assertThat(table.query(queries.get(0)))
          .hasSize(4)
          .allSatisfy(row -> assertThat(row).contains("192.0.2.7"))
          .extracting(row -> row.get(0))
          .containsExactlyInAnyOrder("alice", "alice", "bob", "Coatcheck-Claim:dave");
      assertThat(table.query(queries.get(1)))
          .startsWith(List.of("alice", "2"))
          .containsExactlyInAnyOrder(
              List.of("alice", "2"), List.of("bob", "1"), List.of("Coatcheck-Claim:dave", "1"));
      assertThat(table.query(queries.get(2))).containsExactly(List.of("5", "5", "1"));
      assertThat(table.query(withId(queries.get(3), alice))).hasSize(1);

      table.execute(queries.get(6));
      assertThat(table.query(queries.get(7)))
          .hasSize(1)
          .allSatisfy(
              row -> {
                assertThat(row.get(0)).isEqualTo("1");
                assertThat(Double.parseDouble(row.get(1))).isBetween(-1.0, 60.0);
                assertThat(row.get(2)).isEqualTo("0");
              });
      table.execute("UPDATE " + table.changes() + " SET changed_at = changed_at - 701000");
      assertThat(table.query(queries.get(7)))
          .hasSize(1)
          .allSatisfy(row -> assertThat(row.get(2)).isEqualTo("1"));

      table.store.insert(session(now, "Alice"));
      table.execute(queries.get(4));
      assertThat(table.query(queries.get(1)))
          .as("the users after the end of alice's sessions")
          .extracting(row -> row.get(0))
          .containsExactlyInAnyOrder("Alice", "bob", "Coatcheck-Claim:dave");

      table.execute(queries.get(5));
      assertThat(table.store.find(record.id())).as("what was used up").isPresent();
      assertThat(table.query("SELECT count(*) FROM " + table.name)).containsExactly(List.of("1"));
    }
  }

  /** Puts the id of a session in place of the one in the document. */
  private static String withId(String query, StoredSession session) {
    String id = session.id().toString();
    assertThat(ID.matcher(query).results()).hasSize(1);
    return ID.matcher(query)
        .replaceAll(
            found -> found.group(1) != null ? "'" + id + "'" : "X'" + id.replace("-", "") + "'");
  }

  private static StoredSession session(Instant createdAt, String principal) {
    return Sessions.of(principal)
        .createdAt(createdAt)
        .authenticatedAt(createdAt)
        .absoluteDeadline(createdAt.plus(Duration.ofHours(12)))
        .clientAddress("192.0.2.7")
        .build();
  }
}
