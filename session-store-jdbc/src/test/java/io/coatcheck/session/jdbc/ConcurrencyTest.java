package io.coatcheck.session.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.coatcheck.session.store.Admission;
import io.coatcheck.session.store.PrincipalIndex;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.WhenFull;
import io.coatcheck.session.token.SessionId;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ConcurrencyTest {

  private static final Instant NOW = Sessions.NOW;

  static Stream<Pool> pools() {
    return Stream.concat(
        Pool.eachDialect(),
        Stream.of(
            new Pool(TestDatabase.MARIADB, Database.MARIADB, false, null),
            new Pool(
                TestDatabase.POSTGRESQL,
                Database.POSTGRESQL,
                true,
                "TRANSACTION_REPEATABLE_READ")));
  }

  static Stream<Pool> poolsThatLockRows() {
    return pools().filter(Pool::locksRows);
  }

  @DisplayName(
      "F56: three cleaners, requests, logouts, revocations and logins at once: no failure, and each"
          + " ended session goes to exactly one")
  @ParameterizedTest
  @MethodSource("pools")
  void everythingAtOnce(Pool pool) {
    try (Table table = new Table(pool, 12)) {
      PrincipalIndex index = table.store.principalIndex().orElseThrow();
      List<SessionId> ids = new ArrayList<>();
      for (int i = 0; i < 400; i++) {
        StoredSession session = Sessions.of("user" + i % 10).build();
        ids.add(session.id());
        table.store.insert(session);
      }
      Map<SessionId, Integer> ended = new ConcurrentHashMap<>();
      ConcurrentLinkedQueue<StoredSession> cleanedAlive = new ConcurrentLinkedQueue<>();
      AtomicInteger admitted = new AtomicInteger();
      List<Callable<Void>> parties = new ArrayList<>();
      for (int party = 0; party < 10; party++) {
        int number = party;
        parties.add(
            () -> {
              SplittableRandom random = new SplittableRandom(number);
              for (int round = 0; round < 60; round++) {
                SessionId id = ids.get(random.nextInt(ids.size()));
                String user = "user" + random.nextInt(10);
                // Expiries lie around the cutoff, so that cleaners and requests meet.
                Instant later = NOW.plusSeconds(random.nextInt(120));
                switch (number) {
                  case 0, 1, 2 -> {
                    Instant cutoff = NOW.plus(Sessions.IDLE).plusSeconds(round);
                    table.store.deleteExpired(
                        cutoff,
                        5,
                        session -> {
                          ended.merge(session.id(), 1, Integer::sum);
                          if (!session.isExpiredAt(cutoff)) {
                            cleanedAlive.add(session);
                          }
                        });
                  }
                  case 3, 4, 5 -> table.store.touch(id, later, NOW);
                  case 6 ->
                      table
                          .store
                          .find(id)
                          .ifPresent(
                              session ->
                                  table.store.update(
                                      session.toBuilder().lastSeenAt(later).build(), NOW));
                  case 7 ->
                      table.store.delete(id).ifPresent(s -> ended.merge(s.id(), 1, Integer::sum));
                  case 8 -> {
                    if (round % 6 == 0) {
                      index.deleteByPrincipal(
                          user, Set.of(), session -> ended.merge(session.id(), 1, Integer::sum));
                    }
                  }
                  default -> {
                    StoredSession login = Sessions.of(user).lastSeenAt(later).build();
                    Admission admission =
                        table
                            .store
                            .loginLimit()
                            .orElseThrow()
                            .admit(login, true, 20, WhenFull.EVICT_OLDEST, NOW);
                    while (admission.outcome() == Admission.Outcome.CROWDED) {
                      index.deleteOldest(
                          user, 20, NOW, session -> ended.merge(session.id(), 1, Integer::sum));
                      admission =
                          table
                              .store
                              .loginLimit()
                              .orElseThrow()
                              .admit(login, true, 20, WhenFull.EVICT_OLDEST, NOW);
                    }
                    admission
                        .evicted()
                        .forEach(session -> ended.merge(session.id(), 1, Integer::sum));
                    admitted.incrementAndGet();
                  }
                }
              }
              return null;
            });
      }

      Together.run(parties);

      assertThat(cleanedAlive).as("cleaned up although a request had come first").isEmpty();
      assertThat(ended.values()).as("how often each was handed over").containsOnly(1);
      assertThat(table.count()).isEqualTo(ids.size() + admitted.get() - ended.size());
      assertThat(table.query("SELECT COUNT(*) FROM " + table.name + " WHERE sweep_at > expires_at"))
          .as("sessions that the cleaner would come to too late")
          .containsExactly(List.of("0"));
    }
  }

  @DisplayName("The cleaner does not wait: a row that is locked is left for the next time")
  @ParameterizedTest
  @MethodSource("poolsThatLockRows")
  void deleteExpired_rowIsHeld_skipsIt(Pool pool) throws SQLException {
    try (Table table = new Table(pool)) {
      StoredSession held = Sessions.of("alice").build();
      StoredSession free = Sessions.of("bob").build();
      table.store.insert(held);
      table.store.insert(free);
      List<StoredSession> deleted = new ArrayList<>();
      try (RowHolder holder = new RowHolder(table)) {
        holder.hold(held.id());

        assertThat(table.store.deleteExpired(held.expiresAt(), 9, deleted::add).deleted())
            .isEqualTo(1);
        assertThat(deleted).containsExactly(free);
      }
      assertThat(table.store.deleteExpired(held.expiresAt(), 9, deleted::add).deleted())
          .isEqualTo(1);
    }
  }

  @DisplayName("A cleaner locks no more than its batch, so that others find theirs beside it")
  @ParameterizedTest
  @MethodSource("poolsThatLockRows")
  void lockDue_locksItsBatchOnly(Pool pool) throws SQLException {
    try (Table table = new Table(pool);
        Connection first = table.connections.getConnection();
        Connection second = table.connections.getConnection()) {
      for (int i = 0; i < 20; i++) {
        table.store.insert(Sessions.anonymous().build());
      }
      String sql = table.dialect().lockDue();

      assertThat(countDue(first, sql, 5)).isEqualTo(5);
      assertThat(countDue(second, sql, 20)).isEqualTo(15);

      for (Connection each : List.of(first, second)) {
        each.rollback();
        each.setAutoCommit(pool.autoCommit());
      }
    }
  }

  private static int countDue(Connection connection, String sql, int limit) throws SQLException {
    connection.setAutoCommit(false);
    connection.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      statement.setLong(1, StoredSession.MAX_MOMENT.toEpochMilli());
      statement.setInt(2, limit);
      int count = 0;
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          count++;
        }
      }
      return count;
    }
  }

  @DisplayName(
      "A revocation that waits in vain for one of its rows does not delete the others alone")
  @ParameterizedTest
  @MethodSource("pools")
  void deleteByPrincipal_rowIsHeld_deletesAllOrNone(Pool pool) throws SQLException {
    try (Table table = new Table(pool);
        HikariDataSource connections = impatient(pool)) {
      List<StoredSession> sessions = insertInOrder(table);
      JdbcSessionStore impatient =
          JdbcSessionStore.builder(connections)
              .database(pool.database())
              .tableName(table.name)
              .queryTimeout(Duration.ofSeconds(1))
              .build();
      List<StoredSession> deleted = new ArrayList<>();
      try (RowHolder holder = new RowHolder(table)) {
        holder.hold(sessions.get(1).id());

        assertThatThrownBy(
                () ->
                    impatient
                        .principalIndex()
                        .orElseThrow()
                        .deleteByPrincipal("alice", Set.of(), deleted::add))
            .isInstanceOf(SessionStoreException.class);
      }
      assertThat(deleted).isEmpty();
      // PostgreSQL may go on with it when the row is free: the connection was given up, not the
      // work.
      assertThat(table.count()).isIn(0, 2);
    }
  }

  /** H2 waits for a lock for as long as its own setting says. */
  private static HikariDataSource impatient(Pool pool) {
    HikariConfig config = pool.config(2);
    if (pool.server() == TestDatabase.H2) {
      config.setConnectionInitSql("SET LOCK_TIMEOUT 1000");
    }
    return new HikariDataSource(config);
  }

  @DisplayName("A revocation that the database cancels because of a deadlock is run again")
  @ParameterizedTest
  @MethodSource("poolsThatLockRows")
  void deleteByPrincipal_victimOfDeadlock_deletesAll(Pool pool) throws Exception {
    try (Table table = new Table(pool)) {
      List<StoredSession> sessions = insertInOrder(table);
      ConcurrentLinkedQueue<StoredSession> deleted = new ConcurrentLinkedQueue<>();
      ExecutorService revoking = Executors.newSingleThreadExecutor();
      try (RowHolder holder = new RowHolder(table)) {
        holder.hold(sessions.get(1).id());
        Future<Integer> revoked =
            revoking.submit(
                () ->
                    table
                        .store
                        .principalIndex()
                        .orElseThrow()
                        .deleteByPrincipal("alice", Set.of(), deleted::add));
        holder.awaitWaiter();
        // Which of the two is given up, the database decides: PostgreSQL the first whose wait has
        // lasted for a second, the revocation unless the machine stalls here.
        holder.holdOrRollBack(sessions.get(0).id());
        holder.rollBack();

        assertThat(revoked.get(60, TimeUnit.SECONDS)).isEqualTo(2);
      } finally {
        revoking.shutdownNow();
      }
      assertThat(deleted).containsExactlyInAnyOrderElementsOf(sessions);
      assertThat(table.count()).isZero();
    }
  }

  /** Stores two sessions of alice, in the order in which all databases lock them. */
  private static List<StoredSession> insertInOrder(Table table) {
    List<StoredSession> sessions =
        Stream.of(Sessions.of("alice").build(), Sessions.of("alice").build())
            .sorted(Comparator.comparing(StoredSession::id))
            .toList();
    sessions.forEach(table.store::insert);
    return sessions;
  }

  @Tag("long")
  @DisplayName("A session that moves to another principal is not deleted with those of the first")
  @Test
  void deleteByPrincipal_againstLoginAsAnother() {
    int rounds = 6_000;
    try (Table table = new Table(Pool.h2())) {
      PrincipalIndex index = table.store.principalIndex().orElseThrow();
      CyclicBarrier inStep = new CyclicBarrier(2);
      Callable<List<Boolean>> logins =
          () -> {
            List<Boolean> stored = new ArrayList<>();
            for (int round = 0; round < rounds; round++) {
              StoredSession session = Sessions.of("alice").build();
              table.store.insert(session);
              StoredSession moved = session.toBuilder().principal("bob").build();
              inStep.await();
              spin(round * 7919L % 3_000);
              stored.add(table.store.update(moved, NOW));
              inStep.await();
              table.store.delete(session.id());
            }
            return stored;
          };
      Callable<List<Boolean>> revocations =
          () -> {
            List<Boolean> deleted = new ArrayList<>();
            for (int round = 0; round < rounds; round++) {
              inStep.await();
              spin(round * 104_729L % 3_000);
              deleted.add(index.deleteByPrincipal("alice", Set.of(), session -> {}) > 0);
              inStep.await();
            }
            return deleted;
          };

      List<List<Boolean>> results = Together.run(List.of(logins, revocations));

      for (int round = 0; round < rounds; round++) {
        assertThat(results.get(0).get(round))
            .as("either moved or deleted, in round %s", round)
            .isNotEqualTo(results.get(1).get(round));
      }
    }
  }

  private static void spin(long times) {
    for (long i = 0; i < times; i++) {
      Thread.onSpinWait();
    }
  }

  @DisplayName("F36: readers meet whole sessions while the row is rewritten with large values")
  @ParameterizedTest
  @MethodSource("pools")
  void find_whileItIsRewritten_isWhole(Pool pool) {
    try (Table table = new Table(pool, 6)) {
      StoredSession session = Sessions.anonymous().attribute("a", Sessions.bytes(1)).build();
      table.store.insert(session);
      ConcurrentLinkedQueue<String> odd = new ConcurrentLinkedQueue<>();
      AtomicInteger writing = new AtomicInteger(1);
      Callable<Void> writer =
          () -> {
            for (int i = 0; i < 40; i++) {
              StoredSession current = table.store.find(session.id()).orElseThrow();
              int length = 100_000 + (int) current.version();
              table.store.update(
                  current.toBuilder().attribute("a", Sessions.bytes(length)).build(), NOW);
            }
            writing.set(0);
            return null;
          };
      Callable<Void> reader =
          () -> {
            while (writing.get() > 0) {
              Optional<StoredSession> found = table.store.find(session.id());
              int length = found.orElseThrow().attributes().get("a").bytes().length;
              long version = found.get().version();
              if (length != (version == 0 ? 1 : 100_000 + version - 1)) {
                odd.add(version + ": " + length);
              }
            }
            return null;
          };
      Together.run(List.of(writer, reader, reader));

      assertThat(odd).isEmpty();
      assertThat(table.store.find(session.id()).orElseThrow().version()).isEqualTo(40);
    }
  }
}
