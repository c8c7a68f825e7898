package io.coatcheck.session.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

@DisplayName("The clean-up of the log of changes")
@ParameterizedClass(name = "{0}")
@MethodSource("pools")
class ChangeRetentionTest {

  @Parameter Pool pool;

  private final AtomicLong nanos = new AtomicLong();
  private Table table;

  static Stream<Pool> pools() {
    return Pool.eachDialect();
  }

  @BeforeEach
  void start() {
    table = Table.withChanges(pool);
  }

  @AfterEach
  void stop() {
    table.close();
  }

  private JdbcSessionStore store() {
    return table.builder().nanoTime(nanos::get).build();
  }

  private void record(int number) throws SQLException {
    try (OpenTransaction transaction = new OpenTransaction(table)) {
      SessionId[] ids = new SessionId[number];
      for (int i = 0; i < number; i++) {
        ids[i] = SessionId.of(5, i);
      }
      transaction.record(ids).commit();
    }
  }

  /** Makes all changes in the log older than any retention. */
  private void ageAll() {
    table.execute("UPDATE " + table.changes() + " SET changed_at = 0");
  }

  private int count() {
    return Integer.parseInt(table.query("SELECT COUNT(*) FROM " + table.changes()).get(0).get(0));
  }

  private static void clean(JdbcSessionStore store) {
    store.deleteExpired(Sessions.NOW, 10, gone -> {});
  }

  @DisplayName("I20: old changes are deleted in steps, the last of them and the young ones stay")
  @Test
  void oldChanges_areDeletedInSteps() throws SQLException {
    for (int i = 0; i < 5; i++) {
      record(500);
    }
    ageAll();
    record(3);
    table.watched.takeKinds();
    try (JdbcSessionStore store = store()) {
      table.watched.takeKinds();
      clean(store);
      assertThat(count()).isEqualTo(4);
      List<String> deletions = new ArrayList<>(table.watched.takeKinds());
      deletions.removeIf(kind -> !kind.equals("DELETE"));
      assertThat(deletions).hasSize(3);
    }
  }

  @DisplayName("a node looks at the log twice a minute, however often it cleans up")
  @Test
  void log_isLookedAtTwiceAMinute() throws SQLException {
    try (JdbcSessionStore store = store()) {
      record(3);
      clean(store);
      table.watched.takeStatements();
      nanos.addAndGet(Duration.ofSeconds(29).toNanos());
      clean(store);
      assertThat(table.watched.takeStatements()).noneMatch(sql -> sql.contains(table.changes()));
      nanos.addAndGet(Duration.ofSeconds(1).toNanos());
      clean(store);
      assertThat(table.watched.takeStatements())
          .filteredOn(sql -> sql.contains(table.changes()))
          .hasSize(1);
    }
  }

  @DisplayName("a log whose numbers begin again under a running node is trimmed as before")
  @Test
  void numbersBeginAgain_isTrimmed() throws SQLException {
    try (JdbcSessionStore store = store()) {
      record(40);
      ageAll();
      clean(store);
      assertThat(count()).isEqualTo(1);

      table.execute("DROP TABLE " + table.changes());
      table.builder().createSchema(true).build().close();
      record(20);
      ageAll();
      assertThat(table.query("SELECT MAX(seq) FROM " + table.changes()))
          .containsExactly(List.of("20"));
      nanos.addAndGet(Duration.ofMinutes(1).toNanos());
      clean(store);
      assertThat(count()).isEqualTo(1);

      record(30);
      ageAll();
      nanos.addAndGet(Duration.ofMinutes(1).toNanos());
      clean(store);
      assertThat(count()).isEqualTo(1);
    }
  }

  @DisplayName("one old change that is kept costs one query")
  @Test
  void oneOldChange_costsOneQuery() throws SQLException {
    try (JdbcSessionStore store = store()) {
      record(1);
      table.ageNewestChange();
      record(3);
      table.watched.takeStatements();
      clean(store);
      assertThat(table.watched.takeStatements())
          .filteredOn(sql -> sql.contains(table.changes()))
          .hasSize(1);
      assertThat(count()).isEqualTo(4);
    }
  }

  @DisplayName("nodes that clean up at once disturb neither each other nor the writers")
  @Test
  void nodesAtOnce() throws SQLException {
    for (int i = 0; i < 6; i++) {
      record(500);
    }
    ageAll();
    Together.run(
        Collections.nCopies(
            4,
            () -> {
              try (JdbcSessionStore store = store()) {
                clean(store);
              }
              record(1);
              return true;
            }));
    assertThat(count()).isEqualTo(5);
  }

  @DisplayName("a log that cannot be trimmed fails the clean-up after the sessions are handed over")
  @Test
  void failure_isReportedAfterTheSessions() {
    StoredSession expired = Sessions.anonymous().build();
    table.store.insert(expired);
    table.watched.failWith(
        sql -> {
          if (sql.contains(table.changes())) {
            throw new SQLException("down", "08006");
          }
        });
    List<StoredSession> gone = new ArrayList<>();
    assertThatThrownBy(() -> table.store.deleteExpired(expired.expiresAt(), 10, gone::add))
        .isInstanceOf(SessionStoreException.class);
    assertThat(gone).containsExactly(expired);
  }
}
