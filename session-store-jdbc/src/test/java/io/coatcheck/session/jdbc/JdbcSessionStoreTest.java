package io.coatcheck.session.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.coatcheck.session.store.Admission;
import io.coatcheck.session.store.PrincipalIndex;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.WhenFull;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class JdbcSessionStoreTest {

  private static final Instant NOW = Sessions.NOW;

  @DisplayName("I2: the longest call grows with the timeout")
  @ParameterizedTest
  @CsvSource({"POSTGRESQL, 96", "MARIADB, 99"})
  void longestCall_hasTheTimeoutsOfThreeStatements(Database database, long seconds) {
    HikariConfig unreachable = new HikariConfig();
    unreachable.setJdbcUrl("jdbc:postgresql://localhost:1/none");
    unreachable.setInitializationFailTimeout(-1);
    unreachable.setConnectionTimeout(300);
    try (HikariDataSource pool = new HikariDataSource(unreachable);
        JdbcSessionStore store =
            JdbcSessionStore.builder(pool)
                .database(database)
                .queryTimeout(Duration.ofSeconds(30))
                .build()) {
      assertThat(store.longestCall()).isEqualTo(Duration.ofSeconds(seconds));
    }
  }

  @DisplayName("A session is stored, used, changed, limited, swept and revoked on every database")
  @ParameterizedTest
  @CsvSource({
    "POSTGRESQL, true",
    "POSTGRESQL, false",
    "MARIADB, true",
    "MARIADB, false",
    "H2, true",
    "H2, false"
  })
  void lifeOfASession(TestDatabase database, boolean autoCommit) {
    try (HikariDataSource pool = database.pool(autoCommit, 3)) {
      JdbcSessionStore store =
          JdbcSessionStore.builder(pool).createSchema(true).queryTimeout(Table.PATIENCE).build();
      StoredSession session = Sessions.of("alice").attribute("a", Sessions.bytes(1 << 20)).build();

      store.insert(session);
      assertThat(store.find(session.id())).contains(session);

      Instant later = NOW.plusSeconds(60);
      assertThat(store.touch(session.id(), later, later)).isTrue();
      assertThat(store.touch(session.id(), later, later)).isTrue();
      assertThat(store.update(session, NOW)).isTrue();
      assertThat(store.update(session, NOW)).isFalse();
      StoredSession updated = session.toBuilder().version(1).lastSeenAt(later).build();
      assertThat(store.find(session.id())).contains(updated);

      PrincipalIndex index = store.principalIndex().orElseThrow();
      assertThat(index.findByPrincipal("alice", null, 1_000))
          .containsExactly(updated.toBuilder().attributes(Map.of()).build());

      StoredSession newcomer = Sessions.of("alice").build();
      assertThat(
              store
                  .loginLimit()
                  .orElseThrow()
                  .admit(newcomer, true, 1, WhenFull.REFUSE_NEWCOMER, NOW)
                  .outcome())
          .isEqualTo(Admission.Outcome.REFUSED);
      assertThat(
              store.loginLimit().orElseThrow().admit(newcomer, true, 1, WhenFull.EVICT_OLDEST, NOW))
          .isEqualTo(new Admission(Admission.Outcome.STORED, List.of(updated)));
      assertThat(
              store
                  .loginLimit()
                  .orElseThrow()
                  .admit(newcomer, false, 1, WhenFull.EVICT_OLDEST, NOW)
                  .outcome())
          .isEqualTo(Admission.Outcome.STORED);
      assertThat(
              store
                  .loginLimit()
                  .orElseThrow()
                  .admit(newcomer, false, 1, WhenFull.EVICT_OLDEST, NOW)
                  .outcome())
          .isEqualTo(Admission.Outcome.CONFLICT);

      assertThat(store.delete(newcomer.id())).contains(newcomer.toBuilder().version(1).build());
      assertThat(store.delete(newcomer.id())).isEmpty();

      store.insert(session);
      store.insert(newcomer);
      assertThat(store.touch(session.id(), later, NOW)).isTrue();
      List<StoredSession> ended = new ArrayList<>();
      assertThat(store.deleteExpired(newcomer.expiresAt(), 10, ended::add).deleted()).isEqualTo(1);
      assertThat(store.deleteExpired(newcomer.expiresAt(), 10, ended::add).deleted()).isZero();
      assertThat(index.deleteByPrincipal("alice", Set.of(session.id()), ended::add)).isZero();
      assertThat(index.deleteByPrincipal("alice", Set.of(), ended::add)).isEqualTo(1);
      assertThat(ended).containsExactly(newcomer, session.toBuilder().lastSeenAt(later).build());
    }
  }
}
