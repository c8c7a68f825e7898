package io.coatcheck.session.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.background.Breaker;
import io.coatcheck.session.store.ChangeListeners;
import io.coatcheck.session.store.LoginLimit;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.WhenFull;
import io.coatcheck.session.token.SessionId;
import java.sql.SQLException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A node that is stopped before its commit, or waits long for it, here by a clock of its own. */
@DisplayName("A change that is committed late")
class LateCommitTest {

  private static final Duration OVERDUE = Changes.overdueAfter(Duration.ofSeconds(5));

  /** The clock of the writer, and of the reader. */
  private final AtomicLong nanos = new AtomicLong();

  static Stream<Pool> pools() {
    return Stream.concat(
        Pool.eachAndMySql(),
        Stream.of(new Pool(TestDatabase.POSTGRESQL, Database.POSTGRESQL, false, null)));
  }

  /** Those with which other transactions commit between a statement and the commit of its own. */
  static Stream<Pool> poolsWithCommits() {
    return pools()
        .filter(pool -> pool.server() != TestDatabase.SQLITE)
        .filter(pool -> pool.server() != TestDatabase.POSTGRESQL || !pool.autoCommit());
  }

  private JdbcSessionStore store(Table table) {
    return table.builder().nanoTime(nanos::get).build();
  }

  private static StoredSession insert(Table table) {
    StoredSession session = Sessions.of("alice").build();
    table.store.insert(session);
    return session;
  }

  private static long records(Table table) {
    return Long.parseLong(table.query("SELECT COUNT(*) FROM " + table.changes()).get(0).get(0));
  }

  /** Makes each of the next records in the log take a time. */
  private void delay(Table table, Duration time, int records) {
    AtomicInteger left = new AtomicInteger(records);
    table.watched.failWith(
        sql -> {
          if (sql.contains(table.changes()) && left.getAndDecrement() > 0) {
            nanos.addAndGet(time.toNanos());
          }
        });
  }

  @DisplayName("is reported to a reader that began before the commit and passed its number over")
  @ParameterizedTest
  @MethodSource("poolsWithCommits")
  void deletion_isReportedToAReaderThatBeganMeanwhile(Pool pool) throws SQLException {
    try (Table table = Table.withChanges(pool);
        JdbcSessionStore store = store(table)) {
      StoredSession session = insert(table);
      ReportedChanges reported = new ReportedChanges();
      ChangeListeners listeners = new ChangeListeners();
      listeners.add(reported);
      ChangeReader reader =
          new ChangeReader(
              new Transactions(
                  table.watched,
                  table.dialect(),
                  new Timeouts(Duration.ofSeconds(5), table.dialect()),
                  new Breaker(InstantSource.system()),
                  nanos::get),
              new ChangeLog(table.dialect()),
              listeners,
              nanos::get,
              OVERDUE);
      table.watched.failWith(
          sql -> {
            if (sql.equals(WatchedDataSource.COMMIT)) {
              table.watched.failWith(later -> {});
              nanos.addAndGet(OVERDUE.toNanos() + 1);
              try (OpenTransaction other = new OpenTransaction(table)) {
                other.record(SessionId.of(7, 1)).commit();
              }
              table.ageNewestChange();
              readAll(reader);
              assertThat(reported.hasChanged(session.id())).as("before the commit").isFalse();
              reported.takeMissed();
            }
          });
      assertThat(store.delete(session.id())).isPresent();

      readAll(reader);
      assertThat(reported.takeMissed()).isZero();
      assertThat(reported.hasChanged(session.id())).isTrue();
    }
  }

  private static void readAll(ChangeReader reader) {
    while (reader.read()) {
      // There is more.
    }
  }

  @DisplayName("is recorded again by each kind of change; one in time is not")
  @ParameterizedTest
  @MethodSource("pools")
  void change_isRecordedAgain(Pool pool) {
    try (Table table = Table.withChanges(pool);
        JdbcSessionStore store = store(table)) {
      LoginLimit limit = store.loginLimit().orElseThrow();
      StoredSession session = insert(table);

      delay(table, LateCommits.LATE, 1);
      assertThat(store.update(session, Sessions.NOW)).isTrue();
      assertThat(records(table)).as("in time").isEqualTo(1);

      Duration late = LateCommits.LATE.plusNanos(1);
      delay(table, late, 1);
      assertThat(store.update(session.toBuilder().version(1).build(), Sessions.NOW)).isTrue();
      assertThat(records(table)).as("an update").isEqualTo(3);
      delay(table, late, 1);
      assertThat(store.delete(session.id())).isPresent();
      assertThat(records(table)).as("a deletion").isEqualTo(5);
      delay(table, late, 1);
      assertThat(store.delete(session.id(), session.generation())).isEmpty();
      assertThat(records(table)).as("a deletion of nothing").isEqualTo(7);

      insert(table);
      delay(table, late, 1);
      StoredSession begun =
          Sessions.of("alice").authenticatedAt(Sessions.NOW.plusSeconds(1)).build();
      limit.admit(begun, true, 1, WhenFull.EVICT_OLDEST, Sessions.NOW);
      assertThat(records(table)).as("an eviction by a new session").isEqualTo(9);
      StoredSession loggedIn =
          Sessions.of("alice").authenticatedAt(Sessions.NOW.plusSeconds(2)).build();
      table.store.insert(loggedIn);
      delay(table, late, 1);
      limit.admit(loggedIn, false, 1, WhenFull.EVICT_OLDEST, Sessions.NOW);
      assertThat(records(table)).as("a login, and its eviction").isEqualTo(13);
      delay(table, late, 2);
      assertThat(
              store
                  .principalIndex()
                  .orElseThrow()
                  .deleteByPrincipal("alice", Set.of(), deleted -> {}))
          .isEqualTo(1);
      assertThat(records(table)).as("late twice").isEqualTo(16);
    }
  }

  @DisplayName("that cannot be recorded in time fails, and says that it happened")
  @ParameterizedTest
  @MethodSource("pools")
  void recordAgain_failsOrIsLate_throws(Pool pool) {
    try (Table table = Table.withChanges(pool);
        JdbcSessionStore store = store(table)) {
      StoredSession session = insert(table);
      delay(table, LateCommits.LATE.plusNanos(1), Integer.MAX_VALUE);
      assertThatThrownBy(() -> store.delete(session.id()))
          .isInstanceOf(SessionStoreException.class)
          .hasStackTraceContaining("3 times in a row")
          .hasMessageContaining("delete of session")
          .hasMessageContaining("happened, but other nodes may not be notified");
      assertThat(table.store.find(session.id())).isEmpty();

      AtomicInteger calls = new AtomicInteger();
      table.watched.failWith(
          sql -> {
            if (sql.contains(table.changes())) {
              nanos.addAndGet(LateCommits.LATE.toNanos() + 1);
              if (calls.incrementAndGet() > 1) {
                throw new SQLException("down", "08006");
              }
            }
          });
      assertThatThrownBy(() -> store.delete(session.id()))
          .isInstanceOf(SessionStoreException.class)
          .hasMessageContaining("happened, but other nodes may not be notified")
          .hasCauseInstanceOf(SessionStoreException.class);
      table.watched.failWith(sql -> {});
    }
  }

  /** Deletes the sessions of alice, late, so that the database is down for the second record. */
  private void revokeWithoutASecondRecord(Table table, JdbcSessionStore store) {
    insert(table);
    AtomicInteger calls = new AtomicInteger();
    table.watched.failWith(
        sql -> {
          if (sql.contains(table.changes())) {
            nanos.addAndGet(LateCommits.LATE.toNanos() + 1);
            if (calls.incrementAndGet() > 1) {
              throw new SQLException("down", "08006");
            }
          }
        });
    assertThatThrownBy(() -> revoke(store))
        .isInstanceOf(SessionStoreException.class)
        .hasMessageContaining("happened, but other nodes may not be notified");
    table.watched.failWith(sql -> {});
  }

  private static int revoke(JdbcSessionStore store) {
    return store.principalIndex().orElseThrow().deleteByPrincipal("alice", Set.of(), deleted -> {});
  }

  @DisplayName("and could not be recorded again is recorded by a retry, which finds nothing, once")
  @ParameterizedTest
  @MethodSource("pools")
  void recordAgain_failed_isDoneByTheRetry(Pool pool) {
    try (Table table = Table.withChanges(pool);
        JdbcSessionStore store = store(table)) {
      revokeWithoutASecondRecord(table, store);
      long before = records(table);
      assertThat(revoke(store)).isZero();
      assertThat(records(table)).isEqualTo(before + 1);
      assertThat(revoke(store)).isZero();
      assertThat(records(table)).isEqualTo(before + 1);
    }
  }

  @DisplayName("and could not be recorded again is recorded by the clean-up, without a retry")
  @ParameterizedTest
  @MethodSource("pools")
  void recordAgain_failed_isDoneByTheCleanUp(Pool pool) {
    try (Table table = Table.withChanges(pool);
        JdbcSessionStore store = store(table)) {
      revokeWithoutASecondRecord(table, store);
      long before = records(table);
      store.deleteExpired(Sessions.NOW, 10, deleted -> {});
      assertThat(records(table)).isEqualTo(before + 1);
    }
  }
}
