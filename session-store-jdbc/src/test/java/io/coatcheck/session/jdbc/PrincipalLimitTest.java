package io.coatcheck.session.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.store.Admission;
import io.coatcheck.session.store.PrincipalIndex;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.WhenFull;
import io.coatcheck.session.token.SessionId;
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

  @DisplayName("the newcomer is refused: three get in, and a reader never sees a fourth")
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

  @DisplayName("the oldest is evicted: all get in, three stay, each of the others is told once")
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
          table.store.principalIndex().orElseThrow().findByPrincipal("alice");
      assertThat(left).hasSize(LIMIT).noneMatch(session -> evicted.contains(session.id()));
    }
  }

  /** Half of the logins are new sessions, half are updates of anonymous ones. */
  private static List<Admission> login(Table table, WhenFull whenFull) throws Exception {
    List<PrincipalIndex> nodes = new ArrayList<>();
    for (int node = 0; node < 2; node++) {
      nodes.add(table.builder().build().principalIndex().orElseThrow());
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
      PrincipalIndex node = nodes.get(login / 2 % 2);
      logins.add(() -> node.admit(session, isNew, LIMIT, whenFull, NOW));
    }
    AtomicBoolean done = new AtomicBoolean();
    ExecutorService reader = Executors.newSingleThreadExecutor();
    try {
      Future<Integer> most = reader.submit(() -> mostSeen(table, done));
      List<Admission> admissions = Together.run(logins);
      done.set(true);
      assertThat(most(most)).as("seen at once").isLessThanOrEqualTo(LIMIT);
      table.execute("DELETE FROM " + table.name + " WHERE principal IS NULL");
      return admissions;
    } finally {
      done.set(true);
      reader.shutdown();
      assertThat(reader.awaitTermination(30, TimeUnit.SECONDS)).isTrue();
    }
  }

  private static int most(Future<Integer> reader)
      throws InterruptedException, ExecutionException, TimeoutException {
    return reader.get(30, TimeUnit.SECONDS);
  }

  private static int mostSeen(Table table, AtomicBoolean done) {
    PrincipalIndex index = table.store.principalIndex().orElseThrow();
    int most = 0;
    while (!done.get()) {
      most = Math.max(most, index.findByPrincipal("alice").size());
    }
    return most;
  }

  private static long count(List<Admission> admissions, Admission.Outcome outcome) {
    return admissions.stream().filter(admission -> admission.outcome() == outcome).count();
  }
}
