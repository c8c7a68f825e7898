package io.coatcheck.session.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.background.CallAge;
import io.coatcheck.session.store.Admission;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.WhenFull;
import io.coatcheck.session.token.SessionId;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

@DisplayName("stores 8, I21: a call that waited decides by the time at which it is executed")
@ParameterizedClass(name = "{0}")
@MethodSource("pools")
class LateCallTest {

  private static final Duration LATE = Duration.ofSeconds(2);

  @Parameter Pool pool;

  private final AtomicLong nanos = new AtomicLong();
  private final AtomicLong poolWait = new AtomicLong();
  private final StoredSession session = Sessions.of("alice").build();
  private final Instant shortly = session.expiresAt().minusMillis(300);
  private Table table;
  private JdbcSessionStore store;

  static Stream<Pool> pools() {
    return Pool.eachAndMySql();
  }

  @BeforeEach
  void start() {
    table = new Table(pool);
    store =
        JdbcSessionStore.builder(
                new DelegatingDataSource(table.watched) {
                  @Override
                  public Connection getConnection() throws SQLException {
                    nanos.addAndGet(poolWait.get());
                    return super.getConnection();
                  }
                })
            .database(pool.database())
            .tableName(table.name)
            .nanoTime(nanos::get)
            .queryTimeout(Table.PATIENCE)
            .build();
    store.insert(session);
  }

  @AfterEach
  void stop() {
    table.close();
  }

  @DisplayName(
      "no touch and no update revives a session that expired while it waited for a connection")
  @Test
  void waitsForThePool_revivesNothing() {
    poolWait.set(LATE.toNanos());

    assertThat(store.touch(session.id(), shortly, shortly)).isFalse();
    assertThat(store.batchTouch().orElseThrow().touchAll(Map.of(session.id(), shortly), shortly))
        .isEmpty();
    assertThat(store.update(session, shortly)).isFalse();
    assertThat(
            store
                .loginLimit()
                .orElseThrow()
                .admit(session, false, 9, WhenFull.EVICT_OLDEST, shortly)
                .outcome())
        .isEqualTo(Admission.Outcome.CONFLICT);
    assertThat(store.find(session.id())).contains(session);
  }

  @DisplayName("a batch reports no session as touched that expired while its row was looked up")
  @Test
  void answerComesLate_batchReportsNoTouch() {
    StoredSession other = Sessions.of("bob").idleTimeout(Sessions.IDLE.multipliedBy(2)).build();
    store.insert(other);
    Instant seen = shortly.minusMillis(1);
    table.watched.failWith(
        sql -> {
          // The moment of the call is bound already.
          if (sql.startsWith("SELECT")) {
            nanos.addAndGet(LATE.toNanos());
          }
        });

    Set<SessionId> touched =
        store
            .batchTouch()
            .orElseThrow()
            .touchAll(Map.of(session.id(), seen, other.id(), seen), shortly);

    table.watched.failWith(sql -> {});
    assertThat(touched).contains(other.id());
    for (StoredSession each : List.of(session, other)) {
      assertThat(store.find(each.id()).orElseThrow().lastSeenAt().equals(seen))
          .isEqualTo(touched.contains(each.id()));
    }
  }

  @DisplayName("the last-seen moment is stored as given, however long the call waited")
  @Test
  void waitsForThePool_lastSeenStaysAsGiven() {
    poolWait.set(LATE.toNanos());
    Instant seen = Sessions.NOW.plusSeconds(60);

    assertThat(store.touch(session.id(), seen, seen)).isTrue();
    assertThat(store.find(session.id()).orElseThrow().lastSeenAt()).isEqualTo(seen);
  }

  @DisplayName("a wait of less than a tenth of a second, and a part of a millisecond, add nothing")
  @Test
  void waitsForAMoment_isExact() {
    Instant moment = session.expiresAt().minusMillis(1);
    poolWait.set(CallAge.NEGLIGIBLE.toNanos() - 1);
    assertThat(store.touch(session.id(), Sessions.NOW, moment)).isTrue();

    poolWait.set(LATE.toNanos() + 999_999);
    Instant before = session.expiresAt().minus(LATE);
    assertThat(store.touch(session.id(), Sessions.NOW, before.minusMillis(1))).isTrue();
    assertThat(store.touch(session.id(), Sessions.NOW, before)).isFalse();
  }

  @DisplayName("attempts that lost a deadlock count as waiting")
  @Test
  void losesADeadlock_revivesNothing() {
    AtomicInteger left = new AtomicInteger(1);
    table.watched.failWith(
        sql -> {
          if (sql.startsWith("UPDATE") && left.getAndDecrement() > 0) {
            nanos.addAndGet(LATE.toNanos());
            throw new SQLException("deadlock detected", "40001");
          }
        });

    assertThat(store.update(session, shortly)).isFalse();
    assertThat(left).hasValue(-1);
  }

  @DisplayName("a login that waited for its turn does not count sessions that expired meanwhile")
  @Test
  void waitsForTheLock_countsWhatIsLive() {
    // The lock is taken by this statement or by the one before.
    table.watched.failWith(
        sql -> {
          if (WatchedDataSource.kind(sql).equals("LOCK")) {
            nanos.addAndGet(LATE.toNanos());
          }
        });
    StoredSession newcomer =
        Sessions.anonymous()
            .principal("alice")
            .createdAt(shortly)
            .authenticatedAt(shortly)
            .absoluteDeadline(shortly.plusSeconds(9_999))
            .build();

    assertThat(
            store
                .loginLimit()
                .orElseThrow()
                .admit(newcomer, true, 1, WhenFull.REFUSE_NEWCOMER, shortly))
        .isEqualTo(new Admission(Admission.Outcome.STORED, List.of()));
  }
}
