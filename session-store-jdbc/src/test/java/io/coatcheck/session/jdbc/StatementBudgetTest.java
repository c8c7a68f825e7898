package io.coatcheck.session.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.store.Admission;
import io.coatcheck.session.store.BatchTouch;
import io.coatcheck.session.store.PrincipalIndex;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.WhenFull;
import io.coatcheck.session.token.SessionId;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@DisplayName("I7: how many statements an operation is")
class StatementBudgetTest {

  private static final Instant NOW = Sessions.NOW;

  static Stream<Pool> pools() {
    return Pool.eachAndMySql();
  }

  static Stream<Pool> poolsThatLockRows() {
    return pools().filter(Pool::locksRows);
  }

  @ParameterizedTest
  @MethodSource("pools")
  void oneStatementEach(Pool pool) {
    try (Table table = new Table(pool)) {
      JdbcSessionStore store = table.store;
      WatchedDataSource watched = table.watched;
      StoredSession session = Sessions.of("alice").attribute("a", Sessions.bytes(5000)).build();

      store.insert(session);
      assertThat(watched.takeKinds()).containsExactly("INSERT");

      store.find(session.id());
      assertThat(watched.takeKinds()).containsExactly("SELECT");

      store.touch(session.id(), NOW.plusSeconds(90), NOW.plusSeconds(90));
      assertThat(watched.takeKinds()).containsExactly("UPDATE");

      store.update(session, NOW.plusSeconds(90));
      assertThat(watched.takeKinds()).containsExactly("UPDATE");

      store.update(session, NOW.plusSeconds(90));
      assertThat(watched.takeKinds()).as("a lost compare-and-set").containsExactly("UPDATE");

      store.delete(session.id());
      assertThat(watched.takeKinds()).containsExactlyElementsOf(deletion(pool));
    }
  }

  @ParameterizedTest
  @MethodSource("pools")
  void revokingAllOfAPrincipal(Pool pool) {
    try (Table table = new Table(pool)) {
      PrincipalIndex index = table.store.principalIndex().orElseThrow();
      StoredSession spared = Sessions.of("alice").build();
      for (StoredSession session :
          List.of(Sessions.of("alice").build(), spared, Sessions.of("alice").build())) {
        table.store.insert(session);
      }
      table.watched.takeKinds();

      index.findByPrincipal("alice", null, 1_000);
      assertThat(table.watched.takeKinds()).containsExactly("SELECT");

      List<StoredSession> deleted = new ArrayList<>();
      assertThat(index.deleteByPrincipal("alice", Set.of(spared.id()), deleted::add)).isEqualTo(2);
      assertThat(deleted).hasSize(2);
      List<String> expected = new ArrayList<>(List.of("SELECT"));
      expected.addAll(deletion(pool));
      assertThat(table.watched.takeKinds()).containsExactlyElementsOf(expected);
    }
  }

  @DisplayName("a batch of touches is one statement on PostgreSQL, two elsewhere, three on SQLite")
  @ParameterizedTest
  @MethodSource("pools")
  void batchOfTouches(Pool pool) {
    try (Table table = new Table(pool)) {
      Map<SessionId, Instant> moments = new HashMap<>();
      for (int i = 0; i < 100; i++) {
        StoredSession session = Sessions.of("alice").build();
        table.store.insert(session);
        moments.put(session.id(), NOW.plusSeconds(60));
      }
      table.watched.takeKinds();

      assertThat(table.store.batchTouch().orElseThrow().touchAll(moments, NOW)).hasSize(100);

      assertThat(table.watched.takeKinds())
          .containsExactlyElementsOf(
              switch (pool.server()) {
                case POSTGRESQL -> List.of("WITH");
                case SQLITE -> List.of("LOCK", "SELECT", "UPDATE");
                default -> List.of("SELECT", "UPDATE");
              });
    }
  }

  @DisplayName("a batch of touches waits for no row that another transaction holds")
  @ParameterizedTest
  @MethodSource("poolsThatLockRows")
  void batchOfTouches_leavesOutWhatOthersHold(Pool pool) throws SQLException {
    try (Table table = new Table(pool);
        RowHolder other = new RowHolder(table)) {
      StoredSession held = Sessions.of("alice").build();
      StoredSession free = Sessions.of("alice").build();
      table.store.insert(held);
      table.store.insert(free);
      BatchTouch batch = table.store.batchTouch().orElseThrow();
      Map<SessionId, Instant> moments =
          Map.of(held.id(), NOW.plusSeconds(60), free.id(), NOW.plusSeconds(60));
      other.hold(held.id());

      assertThat(batch.touchAll(moments, NOW)).containsExactly(free.id());

      other.rollBack();
      assertThat(batch.touchAll(moments, NOW)).hasSize(2);
    }
  }

  @DisplayName("a login under a limit is at most three more than the update itself")
  @ParameterizedTest
  @MethodSource("pools")
  void loginUnderALimit(Pool pool) {
    try (Table table = new Table(pool)) {
      StoredSession old = Sessions.of("alice").build();
      StoredSession session = Sessions.of("alice").build();
      table.store.insert(old);
      table.store.insert(session);
      table.watched.takeKinds();

      Admission admission =
          table
              .store
              .loginLimit()
              .orElseThrow()
              .admit(session, false, 1, WhenFull.EVICT_OLDEST, NOW);

      assertThat(admission.evicted()).containsExactly(old);
      // MariaDB takes its lock with the look at the others, and gives it back after the
      // transaction:
      // the lock is the connection's. MySQL is not trusted with the former.
      List<String> expected = new ArrayList<>(List.of("LOCK"));
      if (pool.database() != Database.MARIADB) {
        expected.add("SELECT");
      }
      expected.addAll(deletion(pool));
      expected.add("UPDATE");
      if (pool.server() == TestDatabase.MARIADB) {
        expected.add("UNLOCK");
      }
      assertThat(table.watched.takeKinds()).containsExactlyElementsOf(expected);
    }
  }

  @DisplayName("a batch of the clean-up looks, moves on what is alive, deletes the rest")
  @ParameterizedTest
  @MethodSource("pools")
  void cleanUp(Pool pool) {
    try (Table table = new Table(pool)) {
      StoredSession used = Sessions.anonymous().build();
      table.store.insert(Sessions.anonymous().build());
      table.store.insert(used);
      table.store.touch(used.id(), NOW.plusSeconds(60), NOW);
      table.watched.takeKinds();

      Instant cutoff = NOW.plus(Sessions.IDLE);
      assertThat(table.store.deleteExpired(cutoff, 100, session -> {}).deleted()).isEqualTo(1);
      List<String> look =
          pool.server() == TestDatabase.SQLITE ? List.of("LOCK", "SELECT") : List.of("SELECT");
      List<String> expected = new ArrayList<>(look);
      expected.add("UPDATE");
      expected.addAll(deletion(pool));
      assertThat(table.watched.takeKinds()).containsExactlyElementsOf(expected);

      assertThat(table.store.deleteExpired(cutoff, 100, session -> {}).deleted()).isZero();
      assertThat(table.watched.takeKinds()).as("nothing is due").isEqualTo(look);
    }
  }

  private static List<String> deletion(Pool pool) {
    return pool.database() == Database.MYSQL ? List.of("SELECT", "DELETE") : List.of("DELETE");
  }
}
