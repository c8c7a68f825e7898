package io.coatcheck.session.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.LoginOptions;
import io.coatcheck.session.LoginOutcome;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.store.Admission;
import io.coatcheck.session.store.LoginLimit;
import io.coatcheck.session.store.PrincipalIndex;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.WhenFull;
import io.coatcheck.session.token.SessionId;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

@DisplayName("I13: 50 parallel logins of one principal on two nodes, limit 3")
class PrincipalLimitTest {

  private static final int LOGINS = 50;
  private static final int LIMIT = 3;
  private static final Instant NOW = Sessions.NOW;

  static Stream<Pool> pools() {
    return Stream.concat(
        Pool.each(),
        Stream.of(
            new Pool(TestDatabase.MARIADB, Database.MYSQL, true, null),
            new Pool(TestDatabase.MARIADB, Database.MARIADB, true, "TRANSACTION_READ_COMMITTED"),
            new Pool(
                TestDatabase.POSTGRESQL, Database.POSTGRESQL, true, "TRANSACTION_REPEATABLE_READ"),
            new Pool(
                TestDatabase.POSTGRESQL, Database.POSTGRESQL, false, "TRANSACTION_SERIALIZABLE"),
            new Pool(TestDatabase.H2, Database.H2, true, "TRANSACTION_REPEATABLE_READ")));
  }

  @DisplayName("the newcomer is refused: three log in, and a reader never sees a fourth")
  @ParameterizedTest
  @MethodSource("pools")
  void refuseNewcomer(Pool pool) throws Exception {
    try (Table table = new Table(pool, 8)) {
      List<Admission> admissions = login(table, WhenFull.REFUSE_NEWCOMER);

      assertThat(count(admissions, Admission.Outcome.STORED)).isEqualTo(LIMIT);
      assertThat(count(admissions, Admission.Outcome.REFUSED)).isEqualTo(LOGINS - LIMIT);
      assertThat(table.count()).isEqualTo(LIMIT);
    }
  }

  @DisplayName("the oldest is evicted: all log in, three stay, each of the others is reported once")
  @ParameterizedTest
  @MethodSource("pools")
  void evictOldest(Pool pool) throws Exception {
    try (Table table = new Table(pool, 8)) {
      List<Admission> admissions = login(table, WhenFull.EVICT_OLDEST);

      assertThat(count(admissions, Admission.Outcome.STORED)).isEqualTo(LOGINS);
      Set<SessionId> evicted = new HashSet<>();
      admissions.forEach(
          admission ->
              admission
                  .evicted()
                  .forEach(session -> assertThat(evicted.add(session.id())).isTrue()));
      assertThat(evicted).hasSize(LOGINS - LIMIT);
      List<StoredSession> left =
          table.store.principalIndex().orElseThrow().findByPrincipal("alice", null, 1_000);
      assertThat(left).hasSize(LIMIT).noneMatch(session -> evicted.contains(session.id()));
    }
  }

  @DisplayName("through two session managers, under both policies")
  @ParameterizedTest
  @EnumSource(TestDatabase.class)
  void throughManagers(TestDatabase database) throws Exception {
    for (WhenFull whenFull : WhenFull.values()) {
      try (Table table = new Table(new Pool(database, database.database, true, null), 8);
          SessionManager one = manager(table, whenFull);
          SessionManager other = manager(table, whenFull)) {
        List<Callable<LoginOutcome>> logins = new ArrayList<>();
        for (int login = 0; login < LOGINS; login++) {
          SessionManager node = login % 2 == 0 ? one : other;
          logins.add(() -> node.authenticate(null, "alice", LoginOptions.defaults()));
        }

        List<LoginOutcome> results = watched(table, logins);

        assertThat(results.stream().filter(LoginOutcome.Granted.class::isInstance))
            .hasSize(whenFull == WhenFull.EVICT_OLDEST ? LOGINS : LIMIT);
        assertThat(one.sessionsOf("alice")).hasSize(LIMIT);
      }
    }
  }

  private static SessionManager manager(Table table, WhenFull whenFull) {
    return SessionManager.builder(table.builder().build())
        .sessionsPerPrincipal(LIMIT, whenFull)
        .cleanUpInterval(Duration.ZERO)
        .storeTimeout(Duration.ofMinutes(1))
        .build();
  }

  @DisplayName("a login whose turn does not come in time fails, stores and evicts nothing")
  @ParameterizedTest
  @EnumSource(names = {"MARIADB", "MYSQL"})
  void turnDoesNotCome(Database dialect) throws SQLException {
    try (Table table = new Table(new Pool(TestDatabase.MARIADB, dialect, true, null));
        Connection other = table.connections.getConnection();
        Statement statement = other.createStatement()) {
      StoredSession first = Sessions.of("alice").build();
      table.store.insert(first);
      String name = MySqlDialect.lockName(new TableName(table.name));
      String lock = name.replace("?", "'" + MySqlDialect.digest("alice") + "'");
      statement.executeQuery("SELECT GET_LOCK(" + lock + ", 0)").close();
      SessionStore store = table.builder().queryTimeout(Duration.ofSeconds(1)).build();
      PrincipalIndex index = table.store.principalIndex().orElseThrow();
      StoredSession second = Sessions.of("alice").build();

      assertThatThrownBy(
              () ->
                  store
                      .loginLimit()
                      .orElseThrow()
                      .admit(second, true, 1, WhenFull.EVICT_OLDEST, NOW))
          .isInstanceOf(SessionStoreException.class)
          .hasMessageContaining("no answer in time");
      statement.executeQuery("SELECT RELEASE_LOCK(" + lock + ")").close();

      assertThat(index.findByPrincipal("alice", null, 1_000)).containsExactly(first);
      // With the same connections, and more time on a busy machine.
      assertThat(
              table
                  .store
                  .loginLimit()
                  .orElseThrow()
                  .admit(second, true, 1, WhenFull.EVICT_OLDEST, NOW)
                  .evicted())
          .containsExactly(first);
    }
  }

  /** Half of the logins are new sessions, half are updates of anonymous ones. */
  private static List<Admission> login(Table table, WhenFull whenFull) throws Exception {
    List<LoginLimit> nodes = new ArrayList<>();
    for (int node = 0; node < 2; node++) {
      nodes.add(table.builder().build().loginLimit().orElseThrow());
    }
    List<Callable<Admission>> logins = new ArrayList<>();
    for (int login = 0; login < LOGINS; login++) {
      boolean isNew = login % 2 == 0;
      StoredSession anonymous = Sessions.anonymous().build();
      if (!isNew) {
        table.store.insert(anonymous);
      }
      StoredSession session =
          anonymous.toBuilder().principal("alice").authenticatedAt(NOW.plusSeconds(login)).build();
      LoginLimit node = nodes.get(login / 2 % 2);
      logins.add(() -> node.admit(session, isNew, LIMIT, whenFull, NOW));
    }
    List<Admission> admissions = watched(table, logins);
    table.execute("DELETE FROM " + table.name + " WHERE principal IS NULL");
    return admissions;
  }

  /** Runs logins at once, while a reader counts the sessions that it sees. */
  private static <T> List<T> watched(Table table, List<Callable<T>> logins) throws Exception {
    AtomicBoolean done = new AtomicBoolean();
    ExecutorService reader = Executors.newSingleThreadExecutor();
    try {
      Future<Integer> most = reader.submit(() -> mostSeen(table, done));
      List<T> results = Together.run(logins);
      done.set(true);
      assertThat(most(most)).as("seen at once").isLessThanOrEqualTo(LIMIT);
      return results;
    } finally {
      done.set(true);
      reader.shutdown();
      assertThat(reader.awaitTermination(60, TimeUnit.SECONDS)).isTrue();
    }
  }

  private static int most(Future<Integer> reader)
      throws InterruptedException, ExecutionException, TimeoutException {
    return reader.get(60, TimeUnit.SECONDS);
  }

  private static int mostSeen(Table table, AtomicBoolean done) {
    PrincipalIndex index = table.store.principalIndex().orElseThrow();
    int most = 0;
    while (!done.get()) {
      most = Math.max(most, index.findByPrincipal("alice", null, 1_000).size());
    }
    return most;
  }

  private static long count(List<Admission> admissions, Admission.Outcome outcome) {
    return admissions.stream().filter(admission -> admission.outcome() == outcome).count();
  }
}
