package io.coatcheck.session.jdbc;

import static io.coatcheck.session.jdbc.Sessions.NOW;
import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.store.Admission;
import io.coatcheck.session.store.DeletedSessions;
import io.coatcheck.session.store.PrincipalIndex;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.WhenFull;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@DisplayName("I20, I13: operations by principal, beside others and with large sessions")
class ByPrincipalTest {

  static Stream<Pool> eachDialect() {
    return Pool.eachDialect();
  }

  static Stream<Pool> isolated() {
    return Stream.of(
        new Pool(TestDatabase.POSTGRESQL, Database.POSTGRESQL, true, null),
        new Pool(TestDatabase.MARIADB, Database.MARIADB, true, null),
        new Pool(TestDatabase.MARIADB, Database.MYSQL, true, null),
        new Pool(TestDatabase.MARIADB, Database.MARIADB, false, "TRANSACTION_SERIALIZABLE"),
        Pool.h2(),
        new Pool(TestDatabase.H2, Database.H2, true, "TRANSACTION_REPEATABLE_READ"),
        new Pool(TestDatabase.H2, Database.H2, false, "TRANSACTION_SERIALIZABLE"));
  }

  /** Whose statements name each id by itself, so that a fault can count them. */
  static Stream<Pool> withIdsOneByOne() {
    return eachDialect().filter(pool -> pool.server() != TestDatabase.POSTGRESQL);
  }

  @DisplayName("a session that became another principal's meanwhile is not evicted")
  @ParameterizedTest
  @MethodSource("eachDialect")
  void admit_evictsNoSessionOfAnother(Pool pool) {
    try (Table table = new Table(pool)) {
      PrincipalIndex index = table.store.principalIndex().orElseThrow();
      StoredSession old = Sessions.of("alice").build();
      table.store.insert(old);
      JdbcSessionStore other =
          JdbcSessionStore.builder(table.connections)
              .database(pool.database())
              .tableName(table.name)
              .queryTimeout(Table.PATIENCE)
              .build();
      AtomicBoolean moved = new AtomicBoolean();
      if (pool.locksRows() && pool.server() != TestDatabase.POSTGRESQL) {
        table.watched.failWith(
            sql -> {
              if ((sql.contains("DELETE") || sql.contains("secret_hash, previous"))
                  && !sql.startsWith("INSERT")
                  && moved.compareAndSet(false, true)) {
                assertThat(other.update(old.toBuilder().principal("bob").build(), NOW)).isTrue();
              }
            });
      }

      Admission admission =
          table
              .store
              .loginLimit()
              .orElseThrow()
              .admit(Sessions.of("alice").build(), true, 1, WhenFull.EVICT_OLDEST, NOW);

      assertThat(admission.outcome()).isEqualTo(Admission.Outcome.STORED);
      if (moved.get()) {
        assertThat(admission.evicted()).isEmpty();
        assertThat(index.findByPrincipal("bob", null, 9)).hasSize(1);
      }
    }
  }

  @DisplayName("a revocation gets through beside touches, at each isolation")
  @ParameterizedTest
  @MethodSource("isolated")
  void revocation_besideTouches(Pool pool) {
    try (Table table = new Table(pool, 6)) {
      PrincipalIndex index = table.store.principalIndex().orElseThrow();
      int revoked =
          besideTouches(table, () -> index.deleteByPrincipal("alice", Set.of(), gone -> {}));
      assertThat(revoked).isEqualTo(600);
      assertThat(table.count()).isZero();
    }
  }

  /** If it broke, sessions that are in use all the time could never be revoked together. */
  @DisplayName(
      "stores 1: a revocation that the database undoes again and again goes in smaller steps")
  @ParameterizedTest
  @MethodSource("withIdsOneByOne")
  void revocation_undoneEachTime_isDoneInHalves(Pool pool) {
    try (Table table = new Table(pool)) {
      for (int i = 0; i < 8; i++) {
        table.store.insert(Sessions.of("alice").build());
      }
      AtomicInteger undone = new AtomicInteger();
      table.watched.failWith(
          sql -> {
            // Ids beyond three, and the principal.
            if (sql.contains("DELETE") && sql.chars().filter(c -> c == '?').count() > 3 + 1) {
              undone.incrementAndGet();
              throw new SQLException("undone", "40001");
            }
          });

      List<StoredSession> told = new ArrayList<>();
      PrincipalIndex index = table.store.principalIndex().orElseThrow();
      assertThat(index.deleteByPrincipal("alice", Set.of(), told::add)).isEqualTo(8);

      assertThat(told).hasSize(8).doesNotHaveDuplicates();
      assertThat(undone).hasPositiveValue();
      assertThat(table.count()).isZero();
    }
  }

  @DisplayName("a clean-up gets through beside touches, at each isolation")
  @ParameterizedTest
  @MethodSource("isolated")
  void cleanUp_besideTouches(Pool pool) {
    try (Table table = new Table(pool, 6)) {
      Instant end = NOW.plus(Sessions.IDLE);
      besideTouches(table, () -> table.store.deleteExpired(end, 1_000, gone -> {}).deleted());

      Instant later = end.plusSeconds(1);
      table.store.deleteExpired(later, 1_000, gone -> {});
      assertThat(table.store.deleteExpired(later, 1_000, gone -> {}).isComplete()).isTrue();
      assertThat(table.count()).isZero();
    }
  }

  /** Stores 600 sessions of alice, and runs a task while four threads touch them. */
  private static int besideTouches(Table table, Callable<Integer> task) {
    List<StoredSession> all = new ArrayList<>();
    for (int i = 0; i < 600; i++) {
      StoredSession session = Sessions.of("alice").build();
      table.store.insert(session);
      all.add(session);
    }
    AtomicBoolean done = new AtomicBoolean();
    List<Callable<Integer>> tasks = new ArrayList<>();
    tasks.add(
        () -> {
          try {
            return task.call();
          } finally {
            done.set(true);
          }
        });
    Callable<Integer> touches =
        () -> {
          while (!done.get()) {
            StoredSession one = all.get(ThreadLocalRandom.current().nextInt(all.size()));
            table.store.touch(one.id(), NOW.plusSeconds(1), NOW);
          }
          return 0;
        };
    tasks.addAll(Collections.nCopies(4, touches));
    return Together.run(tasks).get(0);
  }

  @DisplayName(
      "stores 1: large sessions are revoked in small steps even if no listener needs attributes")
  @ParameterizedTest
  @MethodSource("eachDialect")
  @Tag("wide")
  void revocation_withoutAttributes_ofLargeSessions(Pool pool) {
    try (Table table = new Table(pool)) {
      table.multiply(Sessions.of("alice").attribute("a", Sessions.bytes(4 << 20)).build(), 60);
      table.watched.takeKinds();

      assertThat(
              table
                  .store
                  .principalIndex()
                  .orElseThrow()
                  .deleteByPrincipal(
                      "alice", Set.of(), DeletedSessions.withoutAttributes(gone -> {})))
          .isEqualTo(60);

      assertThat(Collections.frequency(table.watched.takeKinds(), "DELETE"))
          .as("steps of at most 16 MiB")
          .isEqualTo(15);
    }
  }
}
