package io.coatcheck.session.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.store.Admission;
import io.coatcheck.session.store.LoginLimit;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.WhenFull;
import io.coatcheck.session.token.SessionId;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@DisplayName("The log of changes: which changes are recorded, and by which statements")
class RecordedChangesTest {

  private static final Instant NOW = Sessions.NOW;

  static Stream<Pool> pools() {
    return Pool.eachAndMySql();
  }

  /** Returns the ids in the log, in the order of their numbers. */
  private static List<SessionId> recorded(Table table) throws SQLException {
    List<SessionId> ids = new ArrayList<>();
    try (Connection connection = table.connections.getConnection();
        PreparedStatement statement =
            connection.prepareStatement(
                "SELECT session_id FROM " + table.changes() + " ORDER BY seq");
        ResultSet rows = statement.executeQuery()) {
      while (rows.next()) {
        ids.add(table.dialect().getId(rows, 1));
      }
    }
    return ids;
  }

  private static StoredSession insert(Table table, StoredSession session) {
    table.store.insert(session);
    return session;
  }

  @DisplayName(
      "updates, and deletions by id even of nothing; not inserts, touches, expiry and made-up ids")
  @ParameterizedTest
  @MethodSource("pools")
  void changes_areRecordedOnce(Pool pool) throws SQLException {
    try (Table table = Table.withChanges(pool)) {
      JdbcSessionStore store = table.store;
      StoredSession first = insert(table, Sessions.of("alice").build());
      StoredSession second = insert(table, Sessions.of("alice").build());
      StoredSession expiring = insert(table, Sessions.of("bob").build());
      store.touch(first.id(), NOW.plusSeconds(1), NOW);
      store
          .batchTouch()
          .orElseThrow()
          .touchAll(Map.of(first.id(), NOW.plusSeconds(2)), NOW.plusSeconds(2));
      assertThat(recorded(table)).isEmpty();

      assertThat(store.update(first, NOW)).isTrue();
      assertThat(store.update(first, NOW)).as("a lost compare-and-set").isFalse();
      assertThat(store.delete(first.id(), -1)).as("a logout by a token of no session").isEmpty();
      assertThat(store.delete(first.id(), 7)).as("another generation").isEmpty();
      assertThat(store.delete(first.id())).isPresent();
      assertThat(store.delete(first.id())).isEmpty();
      assertThat(
              store
                  .principalIndex()
                  .orElseThrow()
                  .deleteByPrincipal("alice", Set.of(), deleted -> {}))
          .isEqualTo(1);
      assertThat(store.deleteExpired(expiring.expiresAt(), 10, deleted -> {}).deleted())
          .isEqualTo(1);
      assertThatThrownBy(() -> store.insert(insert(table, Sessions.anonymous().build())))
          .isInstanceOf(SessionStoreException.class);

      // The deletion of another generation, two deletions by id, and one by principal.
      assertThat(recorded(table))
          .containsExactly(first.id(), first.id(), first.id(), first.id(), second.id());
    }
  }

  @DisplayName(
      "a login under a limit records what it ends, and itself; a refused one takes no number")
  @ParameterizedTest
  @MethodSource("pools")
  void logins_recordTheirEvictions(Pool pool) throws SQLException {
    try (Table table = Table.withChanges(pool)) {
      LoginLimit limit = table.store.loginLimit().orElseThrow();
      StoredSession old = insert(table, Sessions.of("alice").build());
      StoredSession other = insert(table, Sessions.of("alice").build());
      StoredSession stale =
          insert(table, Sessions.of("alice").authenticatedAt(NOW.plusMillis(500)).build());
      table.store.update(stale, NOW);
      assertThat(recorded(table)).containsExactly(stale.id());

      assertThat(limit.admit(stale, false, 1, WhenFull.EVICT_OLDEST, NOW).outcome())
          .isEqualTo(Admission.Outcome.CONFLICT);
      assertThat(limit.admit(stale, false, 1, WhenFull.REFUSE_NEWCOMER, NOW).outcome())
          .isEqualTo(Admission.Outcome.REFUSED);
      assertThat(recorded(table)).containsExactly(stale.id());

      StoredSession begun = Sessions.of("alice").authenticatedAt(NOW.plusSeconds(1)).build();
      limit.admit(begun, true, 2, WhenFull.EVICT_OLDEST, NOW);
      assertThat(recorded(table)).hasSize(3).contains(old.id(), other.id());
      StoredSession loggedIn = insert(table, Sessions.anonymous().build());
      limit.admit(
          loggedIn.toBuilder().principal("alice").authenticatedAt(NOW.plusSeconds(2)).build(),
          false,
          1,
          WhenFull.EVICT_OLDEST,
          NOW);
      assertThat(recorded(table)).hasSize(6).contains(begun.id(), loggedIn.id());

      assertThat(table.query("SELECT MAX(seq) - MIN(seq) + 1 - COUNT(*) FROM " + table.changes()))
          .as("the numbers that no row has")
          .containsExactly(List.of("0"));
    }
  }

  @DisplayName("a change and its record happen both, or neither")
  @ParameterizedTest
  @MethodSource("pools")
  void failure_undoesBoth(Pool pool) throws SQLException {
    try (Table table = Table.withChanges(pool)) {
      StoredSession session = insert(table, Sessions.of("alice").build());
      StoredSession other = insert(table, Sessions.of("alice").build());
      for (String at : List.of(table.changes(), WatchedDataSource.COMMIT)) {
        if (at.equals(WatchedDataSource.COMMIT)
            && pool.autoCommit()
            && pool.server() == TestDatabase.POSTGRESQL) {
          continue;
        }
        table.watched.failWith(
            sql -> {
              if (sql.contains(at)) {
                throw new LinkageError("on purpose");
              }
            });
        assertThatThrownBy(() -> table.store.update(session, NOW)).isInstanceOf(LinkageError.class);
        assertThatThrownBy(() -> table.store.delete(session.id())).isInstanceOf(LinkageError.class);
        assertThatThrownBy(
                () ->
                    table
                        .store
                        .principalIndex()
                        .orElseThrow()
                        .deleteByPrincipal("alice", Set.of(), gone -> {}))
            .isInstanceOf(LinkageError.class);
        assertThatThrownBy(
                () ->
                    table
                        .store
                        .loginLimit()
                        .orElseThrow()
                        .admit(session, false, 1, WhenFull.EVICT_OLDEST, NOW))
            .isInstanceOf(LinkageError.class);
        table.watched.failWith(sql -> {});
        assertThat(table.store.find(session.id())).contains(session);
        assertThat(table.store.find(other.id())).contains(other);
        assertThat(recorded(table)).isEmpty();
      }
    }
  }

  @DisplayName("I7: no statement more on PostgreSQL, one elsewhere")
  @ParameterizedTest
  @MethodSource("pools")
  void statements_areTheFewest(Pool pool) {
    try (Table table = Table.withChanges(pool)) {
      JdbcSessionStore store = table.store;
      StoredSession session = insert(table, Sessions.of("alice").build());
      insert(table, Sessions.of("alice").build());
      boolean isOne = pool.server() == TestDatabase.POSTGRESQL;
      int deletion = pool.database() == Database.MYSQL ? 2 : 1;
      assertThat(table.watched.takeKinds()).containsExactly("INSERT", "INSERT");

      store.update(session, NOW);
      assertThat(table.watched.takeKinds())
          .containsExactlyElementsOf(isOne ? List.of("WITH") : List.of("UPDATE", "INSERT"));
      store.update(session, NOW);
      assertThat(table.watched.takeKinds())
          .as("a lost compare-and-set")
          .containsExactly(isOne ? "WITH" : "UPDATE");

      StoredSession current = session.toBuilder().version(1).build();
      store.loginLimit().orElseThrow().admit(current, false, 1, WhenFull.EVICT_OLDEST, NOW);
      int login =
          switch (pool.database()) {
            case POSTGRESQL -> 4;
            case MARIADB -> 5;
            case MYSQL -> 7;
            case H2, SQLITE -> 5;
          };
      assertThat(table.watched.takeKinds()).as("a login under a limit").hasSize(login);

      store.delete(session.id());
      assertThat(table.watched.takeKinds()).hasSize(isOne ? 1 : deletion + 1);
      store.delete(session.id());
      assertThat(table.watched.takeKinds())
          .as("there is nothing to delete, but an earlier attempt may have deleted it")
          .hasSize(isOne ? 1 : 2);
    }
  }

  @DisplayName("a session that cannot be read is deleted, and recorded")
  @ParameterizedTest
  @MethodSource("pools")
  void unreadableSession_isRecorded(Pool pool) throws SQLException {
    try (Table table = Table.withChanges(pool)) {
      StoredSession damaged = insert(table, Sessions.of("alice").build());
      table.execute("UPDATE " + table.name + " SET idle_timeout = -5");
      assertThat(table.store.delete(damaged.id())).isEmpty();
      assertThat(recorded(table)).containsExactly(damaged.id());
    }
  }

  @DisplayName("a table of changes that is missing later is named")
  @ParameterizedTest
  @MethodSource("pools")
  void tableDropped_isNamed(Pool pool) {
    try (Table table = Table.withChanges(pool)) {
      StoredSession session = insert(table, Sessions.anonymous().build());
      table.execute("DROP TABLE " + table.changes());
      assertThatThrownBy(() -> table.store.update(session, NOW))
          .isInstanceOf(SessionStoreException.class)
          .hasMessageContaining("table " + table.changes() + " is missing")
          .hasMessageContaining("-changes.sql");
      assertThat(table.store.find(session.id())).contains(session);
    }
  }
}
