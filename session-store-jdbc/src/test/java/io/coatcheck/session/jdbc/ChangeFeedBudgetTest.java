package io.coatcheck.session.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.nearcache.NearCacheSessionStore;
import io.coatcheck.session.store.NearCopies;
import io.coatcheck.session.store.StoredSession;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@DisplayName("I7: what a node with copies that the change feed keeps asks the database")
@Timeout(240)
class ChangeFeedBudgetTest {

  private static final Duration BOUND = Duration.ofSeconds(1);
  private static final Duration POLL = Duration.ofMillis(100);
  private static final int SESSIONS = 50;

  @ParameterizedTest
  @EnumSource(TestDatabase.class)
  @DisplayName("requests of known sessions ask nothing, however many come and however long")
  void knownSessions_areOnePollForAll(TestDatabase database) {
    Pool pool = new Pool(database, database.database, true, null);
    try (Table table = new Table(pool);
        NearCacheSessionStore node =
            NearCacheSessionStore.builder(
                    table
                        .builder()
                        .createSchema(true)
                        .changeFeed(true)
                        .changeFeedInterval(POLL)
                        .build())
                .maxStaleness(BOUND)
                .build()) {
      NearCopies copies = node.nearCopies().orElseThrow();
      List<StoredSession> sessions = new ArrayList<>();
      for (int i = 0; i < SESSIONS; i++) {
        StoredSession session = Sessions.anonymous().build();
        node.insert(session);
        sessions.add(session);
      }
      long created = System.nanoTime();
      Table.await(
          "the feed is complete after the sessions were created",
          () -> node.lag().orElseThrow().toNanos() < System.nanoTime() - created);
      sessions.forEach(session -> copies.lookUp(session.id(), 0, 0));
      table.watched.takeStatements();
      long began = System.nanoTime();

      long requests = 0;
      while (System.nanoTime() - began < BOUND.multipliedBy(2).toNanos()) {
        for (StoredSession session : sessions) {
          assertThat(copies.lookUp(session.id(), 0, 0).session()).isPresent();
          requests++;
        }
      }

      List<String> statements = table.watched.takeStatements();
      long polls = (System.nanoTime() - began) / POLL.toNanos();
      assertThat(statements)
          .as("after %d requests", requests)
          .isNotEmpty()
          .hasSizeLessThanOrEqualTo((int) polls + 1)
          .allMatch(sql -> sql.contains(table.name + "_change"));
    }
  }
}
