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
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@DisplayName("The clean-up of the log of changes")
class ChangeRetentionTest {

  private final AtomicLong nanos = new AtomicLong();

  static Stream<Pool> pools() {
    return Pool.eachDialect();
  }

  private static void record(Table table, int number) throws SQLException {
    try (OpenTransaction transaction = new OpenTransaction(table)) {
      SessionId[] ids = new SessionId[number];
      for (int i = 0; i < number; i++) {
        ids[i] = SessionId.of(5, i);
      }
      transaction.record(ids).commit();
    }
  }

  private static void clean(JdbcSessionStore store) {
    store.deleteExpired(Sessions.NOW, 10, gone -> {});
  }

  @DisplayName("I20: old changes are deleted in steps, the last of them and the young ones stay")
  @ParameterizedTest
  @MethodSource("pools")
  void oldChanges_areDeletedInSteps(Pool pool) throws SQLException {
    try (Table table = Table.withChanges(pool)) {
      for (int i = 0; i < 5; i++) {
        record(table, 500);
      }
      table.execute("UPDATE " + table.changes() + " SET changed_at = 0");
      record(table, 3);
      table.watched.takeKinds();
      try (JdbcSessionStore store = table.builder().nanoTime(nanos::get).build()) {
        table.watched.takeKinds();
        clean(store);
        assertThat(table.query("SELECT COUNT(*) FROM " + table.changes()))
            .containsExactly(List.of("4"));
        List<String> deletions = new ArrayList<>(table.watched.takeKinds());
        deletions.removeIf(kind -> !kind.equals("DELETE"));
        assertThat(deletions).hasSize(3);
      }
    }
  }

  @DisplayName("a node looks at the log twice a minute, however often it cleans up")
  @ParameterizedTest
  @MethodSource("pools")
  void log_isLookedAtTwiceAMinute(Pool pool) throws SQLException {
    try (Table table = Table.withChanges(pool);
        JdbcSessionStore store = table.builder().nanoTime(nanos::get).build()) {
      record(table, 3);
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
  @ParameterizedTest
  @MethodSource("pools")
  void numbersBeginAgain_isTrimmed(Pool pool) throws SQLException {
    try (Table table = Table.withChanges(pool);
        JdbcSessionStore store = table.builder().nanoTime(nanos::get).build()) {
      record(table, 40);
      table.execute("UPDATE " + table.changes() + " SET changed_at = 0");
      clean(store);
      assertThat(count(table)).isEqualTo("1");

      table.execute("DROP TABLE " + table.changes());
      table.builder().createSchema(true).build().close();
      record(table, 20);
      assertThat(table.query("SELECT MAX(seq) FROM " + table.changes()))
          .containsExactly(List.of("20"));
      table.execute("UPDATE " + table.changes() + " SET changed_at = 0");
      nanos.addAndGet(Duration.ofMinutes(1).toNanos());
      clean(store);
      assertThat(count(table)).isEqualTo("1");

      record(table, 30);
      table.execute("UPDATE " + table.changes() + " SET changed_at = 0");
      nanos.addAndGet(Duration.ofMinutes(1).toNanos());
      clean(store);
      assertThat(count(table)).isEqualTo("1");
    }
  }

  @DisplayName("one old change that is kept costs one query")
  @ParameterizedTest
  @MethodSource("pools")
  void oneOldChange_costsOneQuery(Pool pool) throws SQLException {
    try (Table table = Table.withChanges(pool);
        JdbcSessionStore store = table.builder().nanoTime(nanos::get).build()) {
      record(table, 1);
      table.ageNewestChange();
      record(table, 3);
      table.watched.takeStatements();
      clean(store);
      assertThat(table.watched.takeStatements())
          .filteredOn(sql -> sql.contains(table.changes()))
          .hasSize(1);
      assertThat(count(table)).isEqualTo("4");
    }
  }

  private static String count(Table table) {
    return table.query("SELECT COUNT(*) FROM " + table.changes()).get(0).get(0);
  }

  @DisplayName("nodes that clean up at once disturb neither each other nor the writers")
  @ParameterizedTest
  @MethodSource("pools")
  void nodesAtOnce(Pool pool) throws SQLException {
    try (Table table = Table.withChanges(pool)) {
      for (int i = 0; i < 6; i++) {
        record(table, 500);
      }
      table.execute("UPDATE " + table.changes() + " SET changed_at = 0");
      Together.run(
          Collections.nCopies(
              4,
              () -> {
                try (JdbcSessionStore store = table.builder().nanoTime(nanos::get).build()) {
                  clean(store);
                }
                record(table, 1);
                return true;
              }));
      assertThat(table.query("SELECT COUNT(*) FROM " + table.changes()))
          .containsExactly(List.of("5"));
    }
  }

  @DisplayName("a log that cannot be trimmed fails the clean-up after the sessions are handed over")
  @ParameterizedTest
  @MethodSource("pools")
  void failure_isReportedAfterTheSessions(Pool pool) {
    try (Table table = Table.withChanges(pool)) {
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
}
