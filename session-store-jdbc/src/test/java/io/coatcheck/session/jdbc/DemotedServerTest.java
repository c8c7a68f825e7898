package io.coatcheck.session.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.coatcheck.session.store.Admission;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.WhenFull;
import io.coatcheck.session.token.SessionId;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

@DisplayName("stores 10, B09: a pool whose connections lead to a server that takes no writes")
class DemotedServerTest {

  private static final int SIZE = 4;

  private static final Map<String, Consumer<JdbcSessionStore>> WRITES =
      Map.of(
          "insert", store -> store.insert(Sessions.anonymous().build()),
          "admit",
              store ->
                  assertThat(
                          store
                              .loginLimit()
                              .orElseThrow()
                              .admit(
                                  Sessions.of("alice").build(),
                                  true,
                                  99,
                                  WhenFull.EVICT_OLDEST,
                                  Sessions.NOW)
                              .outcome())
                      .isEqualTo(Admission.Outcome.STORED),
          "deleteByPrincipal",
              store ->
                  store
                      .principalIndex()
                      .orElseThrow()
                      .deleteByPrincipal("nobody", Set.of(), gone -> {}),
          "delete", store -> store.delete(Sessions.token().id()),
          "deleteExpired", store -> store.deleteExpired(Sessions.NOW, 10, gone -> {}));

  static Stream<Arguments> writes() {
    return Pool.each()
        .filter(pool -> pool.server() != TestDatabase.H2 && pool.server() != TestDatabase.SQLITE)
        .flatMap(
            pool ->
                WRITES.keySet().stream()
                    // MariaDB is asked for what the server is set to, not the connection.
                    .filter(
                        write ->
                            pool.server() == TestDatabase.POSTGRESQL
                                || !write.equals("deleteByPrincipal"))
                    .map(write -> Arguments.of(pool, write)));
  }

  @DisplayName("each such connection fails once and is discarded; no restart is needed")
  @ParameterizedTest
  @MethodSource("writes")
  void connectionsGoReadOnly_afterTheFirstFailuresAllIsWell(Pool pool, String write)
      throws SQLException {
    try (Table table = new Table(pool, SIZE)) {
      // By the pool itself: what watches it would tell it that the connections are broken.
      JdbcSessionStore store =
          JdbcSessionStore.builder(table.connections)
              .tableName(table.name)
              .queryTimeout(Table.PATIENCE)
              .build();
      demote(table);
      Consumer<JdbcSessionStore> work = WRITES.get(write);

      List<Throwable> failures = new ArrayList<>();
      for (int i = 0; i < 3 * SIZE; i++) {
        Throwable failure = catchThrowable(() -> work.accept(store));
        if (failure != null) {
          failures.add(failure);
        }
      }

      assertThat(failures)
          .hasSizeLessThanOrEqualTo(SIZE)
          .allSatisfy(
              failure ->
                  assertThat(failure)
                      .isInstanceOf(SessionStoreException.class)
                      .hasMessageContaining("takes no writes")
                      .hasMessageContaining("SQLState 25006"));
      assertThat(catchThrowable(() -> work.accept(store))).isNull();
    }
  }

  @DisplayName("a session is not accepted because a server that may lag behind the primary has it")
  @Test
  void find_onAServerThatTakesNoWrites_failsAndGivesTheConnectionUp() throws SQLException {
    Pool pool = new Pool(TestDatabase.POSTGRESQL, Database.POSTGRESQL, true, null);
    try (Table table = new Table(pool, SIZE)) {
      StoredSession session = Sessions.of("alice").build();
      JdbcSessionStore store =
          JdbcSessionStore.builder(table.connections)
              .tableName(table.name)
              .queryTimeout(Table.PATIENCE)
              .build();
      store.insert(session);
      demote(table);

      for (int i = 0; i < SIZE; i++) {
        assertThat(
                catchThrowable(
                    () -> {
                      assertThat(store.find(session.id())).isPresent();
                      store.batchLookup().orElseThrow().stamps(Set.of(session.id()));
                    }))
            .isInstanceOf(SessionStoreException.class)
            .hasMessageContaining("takes no writes");
      }

      assertThat(store.find(session.id())).contains(session);
    }
  }

  @DisplayName("a session that began on the new primary does not count as absent on the former one")
  @Test
  void findOfNone_onAServerThatTakesNoWrites_fails() throws SQLException {
    Pool pool = new Pool(TestDatabase.POSTGRESQL, Database.POSTGRESQL, true, null);
    try (Table table = new Table(pool, SIZE)) {
      JdbcSessionStore store =
          JdbcSessionStore.builder(table.connections)
              .tableName(table.name)
              .queryTimeout(Table.PATIENCE)
              .build();
      SessionId unknown = Sessions.token().id();
      assertThat(store.find(unknown)).isEmpty();
      demote(table);

      for (int i = 0; i < SIZE; i++) {
        boolean one = i % 2 == 0;
        assertThat(
                catchThrowable(
                    () -> {
                      if (one) {
                        store.find(unknown);
                      } else {
                        store.batchLookup().orElseThrow().stamps(Set.of(unknown));
                      }
                    }))
            .isInstanceOf(SessionStoreException.class)
            .hasMessageContaining("takes no writes");
      }
      assertThat(store.find(unknown)).isEmpty();
    }
  }

  @DisplayName("MariaDB with read_only: refused while it is, served when it is not, same pool")
  @ParameterizedTest
  @EnumSource(names = {"MARIADB", "MYSQL"})
  void mariaDbReadOnly(Database database) {
    try (Table table = new Table(new Pool(TestDatabase.MARIADB, database, true, null))) {
      JdbcSessionStore store =
          JdbcSessionStore.builder(table.connections)
              .database(database)
              .tableName(table.name)
              .queryTimeout(Table.PATIENCE)
              .build();
      StoredSession session = Sessions.of("alice").build();
      store.insert(session);
      table.execute("SET GLOBAL read_only = 1");
      try {
        assertThat(catchThrowable(() -> store.find(session.id())))
            .isInstanceOf(SessionStoreException.class)
            .hasMessageContaining("takes no writes");
        assertThat(catchThrowable(() -> store.find(Sessions.token().id())))
            .isInstanceOf(SessionStoreException.class)
            .hasMessageContaining("takes no writes");
        assertThat(
                catchThrowable(
                    () ->
                        store
                            .principalIndex()
                            .orElseThrow()
                            .deleteByPrincipal("nobody", Set.of(), gone -> {})))
            .as("an empty table of a former primary does not prove that nothing is to be revoked")
            .isInstanceOf(SessionStoreException.class)
            .hasMessageContaining("takes no writes");
        assertThat(
                catchThrowable(
                    () -> store.batchLookup().orElseThrow().stamps(Set.of(session.id()))))
            .isInstanceOf(SessionStoreException.class);
      } finally {
        table.execute("SET GLOBAL read_only = 0");
      }
      assertThat(store.find(session.id())).contains(session);
    }
  }

  @DisplayName(
      "the refusal of a server that takes no writes costs the connection, by code or state")
  @ParameterizedTest
  @CsvSource({
    "25006, 0, POSTGRESQL",
    "HY000, 1290, MARIADB",
    "25006, 1792, MARIADB",
    "HY000, 1836, MARIADB",
    "HY000, 1874, MARIADB",
    "57P01, 0, POSTGRESQL",
    "08S01, 1047, MARIADB"
  })
  void refusal_costsTheConnection(String state, int code, TestDatabase server) throws SQLException {
    AtomicInteger aborted = new AtomicInteger();
    try (Table table = new Table(new Pool(server, server.database, true, null))) {
      table.watched.failWith(
          sql -> {
            if (sql.startsWith("INSERT")) {
              throw new SQLException("refused", state, code);
            }
          });
      JdbcSessionStore store =
          JdbcSessionStore.builder(
                  new DelegatingDataSource(table.watched) {
                    @Override
                    public Connection getConnection() throws SQLException {
                      Connection connection = super.getConnection();
                      return (Connection)
                          Proxy.newProxyInstance(
                              getClass().getClassLoader(),
                              new Class<?>[] {Connection.class},
                              (proxy, method, arguments) -> {
                                if (method.getName().equals("abort")) {
                                  aborted.incrementAndGet();
                                }
                                try {
                                  return method.invoke(connection, arguments);
                                } catch (InvocationTargetException e) {
                                  throw e.getCause();
                                }
                              });
                    }
                  })
              .tableName(table.name)
              .queryTimeout(Table.PATIENCE)
              .build();

      assertThat(catchThrowable(() -> store.insert(Sessions.anonymous().build())))
          .isInstanceOf(SessionStoreException.class);
      assertThat(aborted).hasValue(1);
    }
  }

  /** Has all connections of the pool, and none that it opens later, take no writes. */
  private static void demote(Table table) throws SQLException {
    List<Connection> all = new ArrayList<>();
    for (int i = 0; i < SIZE; i++) {
      all.add(table.connections.getConnection());
    }
    for (Connection connection : all) {
      try (Statement statement = connection.createStatement()) {
        statement.execute(
            table.pool.server() == TestDatabase.POSTGRESQL
                ? "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY"
                : "SET SESSION TRANSACTION READ ONLY");
      }
      if (!connection.getAutoCommit()) {
        connection.commit();
      }
    }
    for (Connection connection : all) {
      connection.close();
    }
  }
}
