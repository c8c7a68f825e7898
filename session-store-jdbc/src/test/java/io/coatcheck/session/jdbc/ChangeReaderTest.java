package io.coatcheck.session.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import io.coatcheck.session.background.Breaker;
import io.coatcheck.session.background.Operation;
import io.coatcheck.session.store.ChangeListeners;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.token.SessionId;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

@DisplayName("The reader of the log of changes")
class ChangeReaderTest {

  private static final Duration OVERDUE = Duration.ofSeconds(25);

  private static final AtomicInteger NUMBER = new AtomicInteger();

  /** The clock of the reader. */
  private final AtomicLong nanos = new AtomicLong();

  private final ReportedChanges reported = new ReportedChanges();

  static Stream<Pool> pools() {
    return Stream.concat(
        Pool.eachDialect(), Stream.of(new Pool(TestDatabase.H2, Database.H2, false, null)));
  }

  /** SQLite has one writer, so that changes commit in the order of their numbers. */
  static Stream<Pool> poolsWithManyWriters() {
    return pools().filter(pool -> pool.server() != TestDatabase.SQLITE);
  }

  private ChangeReader reader(Table table) {
    return new ChangeReader(
        transactions(table), new ChangeLog(table.dialect()), listeners(), nanos::get, OVERDUE);
  }

  private ChangeListeners listeners() {
    ChangeListeners listeners = new ChangeListeners();
    listeners.add(reported);
    return listeners;
  }

  private Transactions transactions(Table table) {
    return transactions(table, table.watched);
  }

  private Transactions transactions(Table table, DataSource source) {
    return new Transactions(
        source,
        table.dialect(),
        new Timeouts(Duration.ofSeconds(5), table.dialect()),
        new Breaker(InstantSource.system()),
        nanos::get);
  }

  private static SessionId id() {
    return SessionId.of(7, NUMBER.incrementAndGet());
  }

  private static void commit(Table table, SessionId... ids) throws SQLException {
    try (OpenTransaction transaction = new OpenTransaction(table)) {
      transaction.record(ids).commit();
    }
  }

  /** Reads to the end and returns what was reported. */
  private List<SessionId> read(ChangeReader reader) {
    while (reader.read()) {
      // There is more.
    }
    return reported.takeChanged();
  }

  /** Reads once, so that the reader has a position. */
  private ChangeReader started(Table table) throws SQLException {
    ChangeReader reader = reader(table);
    commit(table, id());
    read(reader);
    assertThat(reported.takeMissed()).as("what was before is unknown").isEqualTo(1);
    assertThat(reported.takeComplete()).hasSize(1);
    return reader;
  }

  @DisplayName("a change that commits after one with a higher number is reported")
  @ParameterizedTest
  @MethodSource("poolsWithManyWriters")
  void outOfOrderCommit_isReported(Pool pool) throws SQLException {
    try (Table table = Table.withChanges(pool)) {
      ChangeReader reader = started(table);
      SessionId slow = id();
      SessionId fast = id();
      try (OpenTransaction transaction = new OpenTransaction(table)) {
        transaction.record(slow);
        commit(table, fast);

        assertThat(read(reader)).containsExactly(fast);
        assertThat(reported.takeComplete()).as("its operation has not returned").hasSize(1);

        transaction.commit();
      }
      assertThat(read(reader)).containsExactly(slow);
      assertThat(read(reader)).as("reported once").isEmpty();
      assertThat(reported.takeMissed()).isZero();
    }
  }

  /** Neither MariaDB nor SQLite give a number below one that is there. */
  static Stream<Pool> poolsWithSequences() {
    return pools()
        .filter(pool -> pool.database() == Database.POSTGRESQL || pool.database() == Database.H2);
  }

  @DisplayName("if the database counts from 1 again below the log, the feed is not complete")
  @ParameterizedTest
  @MethodSource("poolsWithSequences")
  void numbersThatBeginAgainBelowTheLog_areAFailure(Pool pool) throws SQLException {
    try (Table table = Table.withChanges(pool)) {
      commit(table, id(), id(), id());
      // As on a server to which the rows were copied, and the sequence was not.
      table.execute("DELETE FROM " + table.changes() + " WHERE seq < 3");
      table.execute("ALTER TABLE " + table.changes() + " ALTER COLUMN seq RESTART WITH 1");
      table.execute("UPDATE " + table.changes() + " SET changed_at = 0");
      ChangeReader reader = reader(table);

      for (int attempt = 0; attempt < 2; attempt++) {
        assertThatThrownBy(reader::read)
            .isInstanceOf(SessionStoreException.class)
            .hasMessageContaining("the last number in " + table.changes() + " is 3")
            .hasMessageContaining("ALTER COLUMN seq RESTART WITH");
      }
      assertThat(reported.takeComplete()).isEmpty();

      table.execute("ALTER TABLE " + table.changes() + " ALTER COLUMN seq RESTART WITH 4");
      read(reader);
      assertThat(reported.takeMissed()).isEqualTo(1);
      assertThat(reported.takeComplete()).hasSize(1);
      SessionId next = id();
      commit(table, next);
      assertThat(read(reader)).containsExactly(next);
    }
  }

  @DisplayName("several transactions that end in any order leave no gap")
  @ParameterizedTest
  @MethodSource("poolsWithManyWriters")
  void interleavedTransactions_areAllReported(Pool pool) throws SQLException {
    try (Table table = Table.withChanges(pool)) {
      ChangeReader reader = started(table);
      List<SessionId> ids = Stream.generate(ChangeReaderTest::id).limit(6).toList();
      try (OpenTransaction one = new OpenTransaction(table);
          OpenTransaction other = new OpenTransaction(table)) {
        one.record(ids.get(0));
        other.record(ids.get(1), ids.get(2));
        one.record(ids.get(3));
        commit(table, ids.get(4));
        assertThat(read(reader)).containsExactly(ids.get(4));
        other.commit();
        commit(table, ids.get(5));
        assertThat(read(reader)).containsExactly(ids.get(1), ids.get(2), ids.get(5));
        one.commit();
        assertThat(read(reader)).containsExactly(ids.get(0), ids.get(3));
      }
      nanos.addAndGet(OVERDUE.toNanos() + 1);
      read(reader);
      assertThat(reported.takeMissed()).as("every gap was closed").isZero();
    }
  }

  @DisplayName("a change in progress when the reader begins is reported when it commits")
  @ParameterizedTest
  @MethodSource("poolsWithManyWriters")
  void begin_whileTransactionsAreOpen_reportsThem(Pool pool) throws SQLException {
    try (Table table = Table.withChanges(pool)) {
      SessionId early = id();
      SessionId late = id();
      try (OpenTransaction first = new OpenTransaction(table);
          OpenTransaction second = new OpenTransaction(table)) {
        first.record(early);
        ChangeReader reader = reader(table);
        read(reader);
        assertThat(reported.takeComplete()).as("the log was empty").hasSize(1);
        second.record(late);
        commit(table, id());
        ChangeReader later = reader(table);
        read(later);
        first.commit();
        second.commit();
        assertThat(read(reader)).contains(early, late);
        assertThat(read(later)).contains(early, late);
      }
    }
  }

  @DisplayName("a rolled-back number is overdue once, and changes may have been missed")
  @ParameterizedTest
  @MethodSource("poolsWithManyWriters")
  void rolledBack_isMissedOnce(Pool pool) throws SQLException {
    try (Table table = Table.withChanges(pool)) {
      ChangeReader reader = started(table);
      try (OpenTransaction transaction = new OpenTransaction(table)) {
        transaction.record(id(), id()).rollBack();
      }
      commit(table, id());
      read(reader);
      nanos.addAndGet(OVERDUE.toNanos());
      read(reader);
      assertThat(reported.takeMissed()).as("it may still commit").isZero();
      assertThat(reported.takeComplete()).as("complete meanwhile").hasSize(2);

      nanos.addAndGet(1);
      read(reader);
      assertThat(reported.takeMissed()).isEqualTo(1);
      nanos.addAndGet(2 * OVERDUE.toNanos());
      read(reader);
      assertThat(reported.takeMissed()).as("once").isZero();
      assertThat(reported.takeComplete()).hasSize(2);
    }
  }

  @DisplayName("the log names the ranges of numbers that are missing, and no number between them")
  @ParameterizedTest
  @MethodSource("poolsWithManyWriters")
  void rolledBack_rangesAreLogged(Pool pool) throws SQLException {
    try (Table table = Table.withChanges(pool)) {
      ChangeReader reader = started(table);
      String newest = "SELECT MAX(seq) FROM " + table.changes();
      long last = Long.parseLong(table.query(newest).get(0).get(0));
      for (int taken : new int[] {1, 2}) {
        try (OpenTransaction transaction = new OpenTransaction(table)) {
          for (int i = 0; i < taken; i++) {
            transaction.record(id());
          }
          transaction.rollBack();
        }
        commit(table, id());
      }
      read(reader);
      nanos.addAndGet(OVERDUE.toNanos() + 1);
      assertThat(Warnings.during(Level.INFO, () -> read(reader)))
          .contains(
              "changes may have been missed, and all copies are discarded: no transaction has"
                  + " committed the numbers "
                  + (last + 1)
                  + ", "
                  + (last + 3)
                  + " to "
                  + (last + 4)
                  + " (2 gaps) of "
                  + table.changes()
                  + " within 25 seconds");
    }
  }

  /** Its operation has thrown long ago, but it takes effect all the same. */
  @DisplayName("a change that commits after it was overdue is reported nevertheless")
  @ParameterizedTest
  @MethodSource("poolsWithManyWriters")
  void commitAfterOverdue_isReported(Pool pool) throws SQLException {
    try (Table table = Table.withChanges(pool);
        OpenTransaction transaction = new OpenTransaction(table)) {
      ChangeReader reader = started(table);
      SessionId late = id();
      transaction.record(late);
      commit(table, id());
      read(reader);
      nanos.addAndGet(2 * OVERDUE.toNanos());
      read(reader);
      assertThat(reported.takeMissed()).isEqualTo(1);
      reported.takeChanged();

      transaction.commit();
      assertThat(read(reader)).containsExactly(late);
    }
  }

  @DisplayName("a reader that was away for longer than the retention has missed changes")
  @ParameterizedTest
  @MethodSource("pools")
  void awayForTooLong_isMissed(Pool pool) throws SQLException {
    try (Table table = Table.withChanges(pool)) {
      ChangeReader away = started(table);
      commit(table, id(), id(), id());
      table.ageNewestChange();
      ReportedChanges ofOther = new ReportedChanges();
      ChangeListeners others = new ChangeListeners();
      others.add(ofOther);
      ChangeReader other =
          new ChangeReader(
              transactions(table), new ChangeLog(table.dialect()), others, nanos::get, OVERDUE);
      while (other.read()) {
        // There is more.
      }
      ofOther.takeMissed();
      new ChangeRetention(transactions(table), new ChangeLog(table.dialect()), nanos::get).trim();
      assertThat(table.query("SELECT seq FROM " + table.changes()))
          .as("the last, and that of the reader which began")
          .hasSize(2);
      SessionId last = id();
      commit(table, last);

      read(away);
      assertThat(reported.takeMissed()).isEqualTo(1);
      assertThat(reported.takeComplete()).hasSize(1);
      while (other.read()) {
        // There is more.
      }
      assertThat(ofOther.takeMissed()).as("it was not away").isZero();
      assertThat(ofOther.takeChanged()).contains(last);

      SessionId next = id();
      commit(table, next);
      assertThat(read(away)).contains(next);
    }
  }

  @DisplayName("a log that was emptied, or lost its last rows, means that changes were missed")
  @ParameterizedTest
  @MethodSource("pools")
  void positionLost_isMissed(Pool pool) throws SQLException {
    try (Table table = Table.withChanges(pool)) {
      ChangeReader reader = started(table);
      table.execute("DELETE FROM " + table.changes());
      read(reader);
      assertThat(reported.takeMissed()).as("emptied").isEqualTo(1);
      assertThat(reported.takeComplete()).hasSize(1);

      table.execute("UPDATE " + table.changes() + " SET changed_at = changed_at - 1");
      read(reader);
      assertThat(reported.takeMissed()).as("another row has the number").isEqualTo(1);

      commit(table, id());
      read(reader);
      assertThat(reported.takeMissed()).isZero();
    }
  }

  @DisplayName("another server that has the last row may lack other changes: they were missed")
  @Test
  void anotherServer_isMissed() throws SQLException {
    Pool pool = new Pool(TestDatabase.MARIADB, Database.MARIADB, true, null);
    try (Table table = Table.withChanges(pool)) {
      ChangeReader reader = started(table);
      String before = table.query("SELECT @@GLOBAL.server_id").get(0).get(0);
      table.execute("SET GLOBAL server_id = " + (Long.parseLong(before) + 1));
      try {
        read(reader);
        assertThat(reported.takeMissed()).isEqualTo(1);
        assertThat(reported.takeComplete()).hasSize(1);
        read(reader);
        assertThat(reported.takeMissed()).as("once").isZero();
      } finally {
        table.execute("SET GLOBAL server_id = " + before);
      }
    }
  }

  @DisplayName("a PostgreSQL server is known by the moment when it was started")
  @Test
  void postgreSqlServer_isKnownByItsStart() throws SQLException {
    Pool pool = new Pool(TestDatabase.POSTGRESQL, Database.POSTGRESQL, true, null);
    try (Table table = Table.withChanges(pool)) {
      commit(table, id());
      String server =
          transactions(table)
              .read(
                  new Operation("test"),
                  statements ->
                      new ChangeLog(table.dialect()).read(statements, 0, 10, List.of()).server());
      String started = "SELECT EXTRACT(EPOCH FROM pg_postmaster_start_time())";
      assertThat(server).isEqualTo(table.query(started).get(0).get(0));
    }
  }

  @DisplayName("many changes are read in pages, and the feed is complete after the last")
  @ParameterizedTest
  @MethodSource("pools")
  void manyChanges_areReadInPages(Pool pool) throws SQLException {
    try (Table table = Table.withChanges(pool)) {
      ChangeReader reader = started(table);
      List<SessionId> ids = new ArrayList<>();
      for (int i = 0; i < 2 * ChangeReader.PAGE + 500; i++) {
        ids.add(id());
      }
      for (int from = 0; from < ids.size(); from += 500) {
        commit(table, ids.subList(from, from + 500).toArray(SessionId[]::new));
      }
      table.watched.takeKinds();
      assertThat(read(reader)).containsExactlyElementsOf(ids);
      assertThat(table.watched.takeKinds()).hasSize(3).containsOnly("SELECT");
      assertThat(reported.takeComplete()).hasSize(1);
    }
  }

  @DisplayName("more gaps than can be remembered: it waits, and is not complete until then")
  @ParameterizedTest
  @MethodSource("poolsWithManyWriters")
  void tooManyGaps_waits(Pool pool) throws SQLException {
    try (Table table = Table.withChanges(pool)) {
      ChangeReader reader = started(table);
      List<SessionId> ids = new ArrayList<>();
      try (OpenTransaction transaction = new OpenTransaction(table)) {
        for (int i = 0; i < Gaps.MAX_GAPS + 10; i++) {
          ids.add(id());
          transaction.record(id()).rollBack();
          transaction.record(ids.get(i)).commit();
        }
      }
      assertThat(read(reader)).hasSize(Gaps.MAX_GAPS);
      assertThat(reported.takeComplete()).isEmpty();
      nanos.addAndGet(1);
      assertThat(read(reader)).isEmpty();
      assertThat(reported.takeComplete()).isEmpty();

      nanos.addAndGet(OVERDUE.toNanos() + 1);
      read(reader);
      assertThat(reported.takeMissed()).isEqualTo(1);
      assertThat(read(reader)).containsSubsequence(ids.subList(Gaps.MAX_GAPS, ids.size()));
      assertThat(reported.takeComplete()).isNotEmpty();
    }
  }

  @DisplayName("the moment of completeness is read before the query is sent")
  @ParameterizedTest
  @MethodSource("pools")
  void completeUpTo_isBeforeTheQuery(Pool pool) throws SQLException {
    try (Table table = Table.withChanges(pool)) {
      ChangeReader reader = started(table);
      long sent = nanos.addAndGet(1_000);
      table.watched.failWith(
          sql -> {
            // The query is about to be sent: a change that returns from now on may not be in it.
            table.watched.failWith(next -> {});
            nanos.addAndGet(1_000);
          });
      read(reader);
      assertThat(reported.takeComplete()).containsExactly(sent);
    }
  }

  @DisplayName("a snapshot that the pool's test query has opened is not read")
  @ParameterizedTest
  @EnumSource(names = {"POSTGRESQL", "MARIADB"})
  void snapshotOfThePool_isNotRead(TestDatabase server) throws SQLException {
    Pool pool = new Pool(server, server.database, false, "TRANSACTION_REPEATABLE_READ");
    try (Table table = Table.withChanges(pool)) {
      SessionId meanwhile = id();
      AtomicBoolean tests = new AtomicBoolean();
      DataSource testing =
          new DelegatingDataSource(table.watched) {
            @Override
            public Connection getConnection() throws SQLException {
              Connection connection = super.getConnection();
              if (tests.getAndSet(false)) {
                try (Statement statement = connection.createStatement()) {
                  statement.execute("SELECT COUNT(*) FROM " + table.changes());
                }
                commit(table, meanwhile);
                nanos.addAndGet(1_000);
              }
              return connection;
            }
          };
      ChangeReader reader =
          new ChangeReader(
              transactions(table, testing),
              new ChangeLog(table.dialect()),
              listeners(),
              nanos::get,
              OVERDUE);
      commit(table, id());
      read(reader);
      reported.takeComplete();

      long before = nanos.addAndGet(1_000);
      tests.set(true);
      assertThat(read(reader)).containsExactly(meanwhile);
      assertThat(reported.takeComplete()).containsExactly(before);
    }
  }

  @DisplayName("a position that is lost again and again, as of two servers in turn, ends the poll")
  @ParameterizedTest
  @EnumSource(names = {"POSTGRESQL", "H2"})
  void positionIsNeverThere_endsThePoll(TestDatabase server) throws SQLException {
    try (Table table = Table.withChanges(new Pool(server, server.database, true, null))) {
      ChangeReader reader = started(table);
      commit(table, id());
      read(reader);
      reported.takeComplete();
      table.watched.failWith(
          sql -> {
            if (sql.contains("is_copy")) {
              table.execute("UPDATE " + table.changes() + " SET changed_at = changed_at + 1");
            }
          });

      for (int poll = 0; poll < 3; poll++) {
        int reads = 1;
        while (reader.read()) {
          assertThat(++reads).isLessThan(10);
        }
      }
      assertThat(reported.takeComplete()).isEmpty();

      table.watched.failWith(sql -> {});
      read(reader);
      assertThat(reported.takeComplete()).hasSize(1);
    }
  }

  @DisplayName("a query that fails reports nothing, and the next one continues")
  @ParameterizedTest
  @MethodSource("pools")
  void failure_reportsNothing(Pool pool) throws SQLException {
    try (Table table = Table.withChanges(pool)) {
      ChangeReader reader = started(table);
      SessionId meanwhile = id();
      commit(table, meanwhile);
      table.watched.failWith(
          sql -> {
            throw new SQLException("down", "08006");
          });
      assertThatThrownBy(reader::read).isInstanceOf(SessionStoreException.class);
      assertThat(reported.takeChanged()).isEmpty();
      assertThat(reported.takeComplete()).isEmpty();

      table.watched.failWith(sql -> {});
      assertThat(read(reader)).containsExactly(meanwhile);
      assertThat(reported.takeComplete()).hasSize(1);
      assertThat(reported.takeMissed()).isZero();
    }
  }

  @DisplayName("one query each time, also while numbers are missing")
  @ParameterizedTest
  @MethodSource("poolsWithManyWriters")
  void read_isOneStatement(Pool pool) throws SQLException {
    try (Table table = Table.withChanges(pool);
        OpenTransaction open = new OpenTransaction(table)) {
      ChangeReader reader = started(table);
      table.watched.takeKinds();
      read(reader);
      assertThat(table.watched.takeKinds()).containsExactly("SELECT");
      open.record(id());
      commit(table, id());
      read(reader);
      read(reader);
      assertThat(table.watched.takeKinds()).containsExactly("SELECT", "SELECT");
    }
  }
}
