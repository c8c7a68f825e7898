package io.coatcheck.session.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.store.Admission;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.WhenFull;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@DisplayName(
    "a connection on which its pool has begun a transaction, as to test it while it is idle")
class IdleTransactionTest {

  static Stream<Pool> pools() {
    return Stream.of(TestDatabase.values())
        .map(
            server ->
                new Pool(
                    server,
                    server.database,
                    false,
                    server == TestDatabase.SQLITE ? null : "TRANSACTION_REPEATABLE_READ"));
  }

  private static void begin(Connection idle, Table table) throws SQLException {
    try (Statement test = idle.createStatement()) {
      test.executeQuery("SELECT COUNT(*) FROM " + table.name).close();
    }
  }

  /**
   * If it broke, a session would be accepted for as long as its pool has left a connection idle.
   */
  @DisplayName("shows no session that has ended since")
  @ParameterizedTest
  @MethodSource("pools")
  void endedSince_isNotFound(Pool pool) throws SQLException {
    try (Table table = new Table(pool);
        Connection idle = table.connections.getConnection()) {
      JdbcSessionStore store = onlyOver(idle, table);
      StoredSession ended = Sessions.of("alice").build();
      StoredSession begun = Sessions.of("alice").build();
      table.store.insert(ended);
      begin(idle, table);
      table.store.delete(ended.id());
      table.store.insert(begun);

      assertThat(store.find(ended.id())).isEmpty();

      begin(idle, table);
      table.store.delete(begun.id());
      assertThat(store.batchLookup().orElseThrow().stamps(Set.of(begun.id()))).isEmpty();

      begin(idle, table);
      table.store.insert(begun);
      assertThat(store.principalIndex().orElseThrow().findByPrincipal("alice", null, 9)).hasSize(1);
    }
  }

  @DisplayName("takes writes")
  @ParameterizedTest
  @MethodSource("pools")
  void writes_areStored(Pool pool) throws SQLException {
    try (Table table = new Table(pool);
        Connection idle = table.connections.getConnection()) {
      JdbcSessionStore store = onlyOver(idle, table);
      StoredSession session = Sessions.of("alice").build();
      begin(idle, table);
      table.store.insert(session);

      assertThat(store.update(session, Sessions.NOW)).isTrue();

      begin(idle, table);
      StoredSession next = session.withNextVersion();
      assertThat(
              store
                  .loginLimit()
                  .orElseThrow()
                  .admit(next, false, 1, WhenFull.EVICT_OLDEST, Sessions.NOW)
                  .outcome())
          .isEqualTo(Admission.Outcome.STORED);
      begin(idle, table);
      assertThat(store.delete(session.id())).isPresent();
      assertThat(table.store.find(session.id())).isEmpty();
    }
  }

  private static JdbcSessionStore onlyOver(Connection idle, Table table) {
    return JdbcSessionStore.builder(
            new ThreadBound(table.connections, idle, new AtomicBoolean(true)))
        .database(table.pool.database())
        .tableName(table.name)
        .queryTimeout(Table.PATIENCE)
        .build();
  }
}
