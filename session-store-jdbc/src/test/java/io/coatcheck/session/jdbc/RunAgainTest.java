package io.coatcheck.session.jdbc;

import static io.coatcheck.session.jdbc.WatchedDataSource.COMMIT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.coatcheck.session.store.Admission;
import io.coatcheck.session.store.LoginLimit;
import io.coatcheck.session.store.PrincipalIndex;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.WhenFull;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.sql.Statement;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("an operation that lost to other transactions is run again")
class RunAgainTest {

  private static final Instant NOW = Sessions.NOW;

  static Stream<Pool> each() {
    return Pool.each();
  }

  @DisplayName("stores 11: a commit that lost to others has not happened, and is run again")
  @ParameterizedTest
  @MethodSource("each")
  void admit_serializationFailureAtCommit_isRunAgain(Pool pool) {
    for (String state : new String[] {"40001", "40P01", "40000"}) {
      try (Table table = new Table(pool)) {
        StoredSession session = Sessions.of("alice").build();
        AtomicInteger left = new AtomicInteger(3);
        table.watched.failWith(
            sql -> {
              if (sql.equals(COMMIT) && left.getAndDecrement() > 0) {
                throw new SQLException("certification failed", state);
              }
            });

        assertThat(
                table
                    .store
                    .loginLimit()
                    .orElseThrow()
                    .admit(session, true, 1, WhenFull.EVICT_OLDEST, NOW)
                    .outcome())
            .isEqualTo(Admission.Outcome.STORED);
        assertThat(left).hasValue(-1);
        assertThat(table.count()).isEqualTo(1);
      }
    }
  }

  @DisplayName("F56: the operation that loses a deadlock is run again")
  @ParameterizedTest
  @MethodSource("each")
  void update_deadlockVictim_isRunAgain(Pool pool) {
    try (Table table = new Table(pool)) {
      StoredSession session = Sessions.anonymous().build();
      table.store.insert(session);
      AtomicInteger left = new AtomicInteger(3);
      table.watched.failWith(
          sql -> {
            if (sql.startsWith("UPDATE") && left.getAndDecrement() > 0) {
              throw new SQLException("deadlock detected", "40001");
            }
          });

      assertThat(table.store.update(session, NOW)).isTrue();
      assertThat(left).hasValue(-1);
      assertThat(table.store.find(session.id()).orElseThrow().version()).isEqualTo(1);
    }
  }

  @DisplayName("The operation that loses a deadlock gives the other one time to wake up and finish")
  @Test
  void update_deadlockVictimForAWhile_waitsForTheOther() {
    try (Table table = new Table(Pool.h2())) {
      StoredSession session = Sessions.anonymous().build();
      table.store.insert(session);
      long toWakeUp = TimeUnit.MILLISECONDS.toNanos(60);
      AtomicLong first = new AtomicLong();
      table.watched.failWith(
          sql -> {
            first.compareAndSet(0, System.nanoTime());
            if (System.nanoTime() - first.get() < toWakeUp) {
              throw new SQLException("deadlock detected", "40001");
            }
          });

      assertThat(table.store.update(session, NOW)).isTrue();
    }
  }

  @Test
  void update_alwaysDeadlockVictim_fails() {
    try (Table table = new Table(Pool.h2())) {
      AtomicInteger tries = new AtomicInteger();
      table.watched.failWith(
          sql -> {
            tries.incrementAndGet();
            throw new SQLException("deadlock detected", "40P01");
          });

      assertThatThrownBy(() -> table.store.update(Sessions.anonymous().build(), NOW))
          .isInstanceOf(SessionStoreException.class)
          .hasMessageContaining("SQLState 40P01");
      assertThat(tries).hasValue(10);
    }
  }

  @DisplayName(
      "after a migration of a column, a prepared statement is planned anew, and no call fails")
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void columnOfAnotherType_isPlannedAnew(boolean autoCommit) throws SQLException {
    HikariConfig config = TestDatabase.POSTGRESQL.config(autoCommit, 1);
    config.setJdbcUrl(config.getJdbcUrl() + "&prepareThreshold=1");
    Pool pool = new Pool(TestDatabase.POSTGRESQL, Database.POSTGRESQL, autoCommit, null);
    try (Table table = new Table(pool, new HikariDataSource(config), true)) {
      StoredSession session = Sessions.of("alice").build();
      StoredSession other = Sessions.of("alice").build();
      table.store.insert(session);
      table.store.insert(other);
      assertThat(table.store.find(session.id())).contains(session);
      LoginLimit limit = table.store.loginLimit().orElseThrow();
      assertRefused(limit);
      assertThat(table.store.delete(other.id())).isPresent();

      migrate(table, "user_agent TYPE text");
      assertThat(table.store.find(session.id())).contains(session);
      migrate(table, "client_address TYPE text");
      assertThat(table.store.delete(session.id())).contains(session);

      table.store.insert(session);
      assertRefused(limit);
      migrate(table, "authenticated_at TYPE numeric(20)");
      assertRefused(limit);
    }
  }

  @DisplayName("what a driver does not support is not run again")
  @Test
  void unsupportedByTheDriver_fails() {
    try (Table table =
        new Table(new Pool(TestDatabase.POSTGRESQL, Database.POSTGRESQL, true, null))) {
      table.store.insert(Sessions.of("alice").build());
      table.store.insert(Sessions.of("alice").build());
      AtomicInteger tries = new AtomicInteger();
      table.watched.failWith(
          sql -> {
            if (!sql.startsWith("SELECT")) {
              tries.incrementAndGet();
              throw new SQLFeatureNotSupportedException("not implemented", "0A000");
            }
          });
      PrincipalIndex index = table.store.principalIndex().orElseThrow();

      for (ThrowingCallable call :
          List.<ThrowingCallable>of(
              () -> table.store.update(Sessions.anonymous().build(), NOW),
              () -> index.deleteByPrincipal("alice", Set.of(), deleted -> {}))) {
        assertThatThrownBy(call)
            .isInstanceOf(SessionStoreException.class)
            .hasMessageContaining("SQLState 0A000");
        assertThat(tries.getAndSet(0)).isEqualTo(1);
      }
    }
  }

  private static void assertRefused(LoginLimit limit) {
    StoredSession newcomer = Sessions.of("alice").build();
    assertThat(limit.admit(newcomer, true, 1, WhenFull.REFUSE_NEWCOMER, NOW).outcome())
        .isEqualTo(Admission.Outcome.REFUSED);
  }

  /** By another connection: a driver plans anew after what it has changed itself. */
  private static void migrate(Table table, String column) throws SQLException {
    try (Connection connection = DriverManager.getConnection(TestDatabase.POSTGRESQL.url());
        Statement statement = connection.createStatement()) {
      statement.execute("ALTER TABLE " + table.name + " ALTER COLUMN " + column);
    }
  }
}
