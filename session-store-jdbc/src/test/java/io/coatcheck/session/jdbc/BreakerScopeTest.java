package io.coatcheck.session.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.WhenFull;
import java.sql.SQLException;
import java.sql.SQLTimeoutException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("stores 4: timeouts of other operations do not make find fail at once")
class BreakerScopeTest {

  private static final Pool H2 = Pool.h2();

  private final AtomicReference<Instant> now = new AtomicReference<>(Sessions.NOW);
  private final StoredSession session = Sessions.of("alice").build();

  @DisplayName("commits hang while reads answer: all reads are answered")
  @Test
  void writesTimeOut_findIsServed() {
    try (Table table = new Table(H2)) {
      JdbcSessionStore store = store(table);
      table.watched.failWith(
          sql -> {
            if (!sql.startsWith("SELECT") || sql.contains("FOR UPDATE")) {
              throw new SQLTimeoutException("no answer", "HYT00");
            }
          });

      for (int second = 0; second < 40; second++) {
        for (ThrowingCallable write : writes(store)) {
          assertThat(catchThrowable(write)).hasMessageContaining("no answer in time");
        }
        assertThat(store.find(session.id())).contains(session);
        assertThat(store.batchLookup().orElseThrow().stamps(Set.of(session.id()))).hasSize(1);
        pass(Duration.ofMillis(700));
      }
    }
  }

  @DisplayName("shut for a reason, it opens by a probe in time, however many logins time out")
  @Test
  void findTimedOut_probeIsDueAlthoughWritesTimeOut() {
    try (Table table = new Table(H2)) {
      JdbcSessionStore store = store(table);
      AtomicBoolean readsHang = new AtomicBoolean(true);
      table.watched.failWith(
          sql -> {
            if (readsHang.get() || !sql.startsWith("SELECT")) {
              throw new SQLTimeoutException("no answer", "HYT00");
            }
          });
      for (int i = 0; i < 3; i++) {
        assertThat(catchThrowable(() -> store.find(session.id())))
            .hasMessageContaining("no answer in time");
      }
      assertThat(catchThrowable(() -> store.find(session.id())))
          .hasMessageContaining("failed at once");

      readsHang.set(false);
      for (int i = 0; i < 10; i++) {
        pass(Duration.ofMillis(99));
        assertThat(catchThrowable(() -> store.update(session, Sessions.NOW))).isNotNull();
        assertThat(catchThrowable(() -> store.find(session.id())))
            .hasMessageContaining("failed at once");
      }
      pass(Duration.ofMillis(10));
      assertThat(store.find(session.id())).as("the probe").contains(session);
      assertThat(store.find(session.id())).contains(session);
    }
  }

  @DisplayName("three saves wait for one row that someone holds: other users' sessions are found")
  @Test
  void savesWaitForALockedRow_findIsServed() throws SQLException {
    Pool pool = new Pool(TestDatabase.POSTGRESQL, Database.POSTGRESQL, true, null);
    try (Table table = new Table(pool, 6);
        RowHolder holder = new RowHolder(table)) {
      table.store.insert(session);
      StoredSession held = Sessions.of("bob").build();
      table.store.insert(held);
      JdbcSessionStore store =
          table.builder().queryTimeout(Duration.ofSeconds(1)).time(now::get).build();
      holder.hold(held.id());

      List<Throwable> failures =
          Together.run(3, () -> catchThrowable(() -> store.update(held, Sessions.NOW)));

      assertThat(failures)
          .allSatisfy(failure -> assertThat(failure).hasMessageContaining("no answer in time"));
      // A look that takes longer than a second on a busy machine says nothing.
      AtomicReference<Optional<StoredSession>> found = new AtomicReference<>();
      Table.await(
          "an answer in time",
          () -> {
            Throwable failure = catchThrowable(() -> found.set(store.find(session.id())));
            if (failure != null) {
              assertThat(failure).hasMessageContaining("no answer in time");
            }
            return failure == null;
          });
      assertThat(found.get()).contains(session);
    }
  }

  /** How drivers and pools end a call of an interrupted thread. */
  static Stream<WatchedDataSource.Fault> interrupts() {
    return Stream.of(
        // MariaDB's pool clears the interrupt, HikariCP does not.
        sql -> {
          throw new SQLException("interrupted", new InterruptedException());
        },
        // PostgreSQL's driver while it connects.
        sql -> {
          Thread.currentThread().interrupt();
          throw new SQLException("unusual", "99999", new IllegalStateException("interrupted"));
        },
        // H2's pool.
        sql -> {
          Thread.currentThread().interrupt();
          throw new SQLException("Login timeout", "HYT01");
        });
  }

  @DisplayName("an interrupted call is not an answer of the database")
  @ParameterizedTest
  @MethodSource("interrupts")
  void interruptedFind_doesNotOpenTheGate(WatchedDataSource.Fault interrupt) {
    try (Table table = new Table(H2)) {
      JdbcSessionStore store = store(table);
      table.watched.failWith(
          sql -> {
            throw new SQLTimeoutException("no answer", "HYT00");
          });
      assertThat(catchThrowable(() -> store.find(session.id()))).isNotNull();
      assertThat(catchThrowable(() -> store.find(session.id()))).isNotNull();
      table.watched.failWith(interrupt);
      assertThat(catchThrowable(() -> store.find(session.id()))).isNotNull();
      assertThat(Thread.interrupted()).isTrue();
      table.watched.failWith(
          sql -> {
            throw new SQLTimeoutException("no answer", "HYT00");
          });
      assertThat(catchThrowable(() -> store.find(session.id())))
          .hasMessageContaining("no answer in time");

      assertThat(catchThrowable(() -> store.find(session.id())))
          .hasMessageContaining("failed at once");
    }
  }

  @DisplayName(
      "a lost or refused connection is not an answer: it does not end a series of timeouts")
  @ParameterizedTest
  @ValueSource(strings = {"08006", "08001", "57P01"})
  void lostConnection_doesNotOpenTheGate(String state) {
    try (Table table = new Table(H2)) {
      JdbcSessionStore store = store(table);
      for (int i = 0; i < 2; i++) {
        failFindBy(table, store, new SQLTimeoutException("no answer", "HYT00"));
      }
      failFindBy(table, store, new SQLException("lost", state));
      assertThat(store.isFailingFast()).isFalse();
      failFindBy(table, store, new SQLTimeoutException("no answer", "HYT00"));
      assertThat(store.isFailingFast()).isTrue();
    }
  }

  private void failFindBy(Table table, JdbcSessionStore store, SQLException failure) {
    table.watched.failWith(
        sql -> {
          throw failure;
        });
    assertThat(catchThrowable(() -> store.find(session.id()))).isNotNull();
  }

  private JdbcSessionStore store(Table table) {
    table.store.insert(session);
    return table.builder().time(now::get).build();
  }

  private List<ThrowingCallable> writes(JdbcSessionStore store) {
    Instant later = Sessions.NOW.plusSeconds(60);
    return List.of(
        () -> store.insert(Sessions.anonymous().build()),
        () -> store.update(session, Sessions.NOW),
        () -> store.touch(session.id(), later, later),
        () -> store.batchTouch().orElseThrow().touchAll(Map.of(session.id(), later), later),
        () ->
            store
                .loginLimit()
                .orElseThrow()
                .admit(Sessions.of("bob").build(), true, 3, WhenFull.EVICT_OLDEST, Sessions.NOW));
  }

  private void pass(Duration duration) {
    now.set(now.get().plus(duration));
  }
}
