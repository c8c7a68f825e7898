package io.coatcheck.session.jdbc;

import static io.coatcheck.session.jdbc.WatchedDataSource.COMMIT;
import static io.coatcheck.session.jdbc.WatchedDataSource.failing;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.coatcheck.session.store.Admission;
import io.coatcheck.session.store.PrincipalIndex;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.WhenFull;
import java.net.SocketTimeoutException;
import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import java.sql.SQLRecoverableException;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@DisplayName("a failure in the middle, or without an answer")
class FailureTest {

  private static final Instant NOW = Sessions.NOW;

  static Stream<Pool> each() {
    return Pool.each();
  }

  static Stream<Pool> eachDialect() {
    return Pool.eachDialect();
  }

  @DisplayName("An Error between eviction and login undoes the eviction and frees the lock")
  @ParameterizedTest
  @MethodSource("eachDialect")
  void admit_errorInTheMiddle_nothingDone(Pool pool) {
    try (Table table = new Table(pool)) {
      PrincipalIndex index = table.store.principalIndex().orElseThrow();
      StoredSession old = Sessions.of("alice").build();
      StoredSession session = Sessions.of("alice").build();
      table.store.insert(old);
      table.watched.failWith(failing("INSERT", new LinkageError("out of luck")));

      assertThatThrownBy(
              () ->
                  table
                      .store
                      .loginLimit()
                      .orElseThrow()
                      .admit(session, true, 1, WhenFull.EVICT_OLDEST, NOW))
          .isInstanceOf(LinkageError.class);
      assertThat(index.findByPrincipal("alice", null, 1_000)).containsExactly(old);

      table.watched.failWith(sql -> {});
      JdbcSessionStore other = table.builder().build();
      assertThat(
              other
                  .loginLimit()
                  .orElseThrow()
                  .admit(session, true, 1, WhenFull.EVICT_OLDEST, NOW)
                  .outcome())
          .isEqualTo(Admission.Outcome.STORED);
    }
  }

  @ParameterizedTest
  @MethodSource("eachDialect")
  void deleteExpired_errorInTheMiddle_nothingDone(Pool pool) {
    try (Table table = new Table(pool)) {
      StoredSession session = Sessions.anonymous().build();
      table.store.insert(session);
      table.watched.failWith(failing("DELETE", new LinkageError("out of luck")));

      assertThatThrownBy(() -> table.store.deleteExpired(session.expiresAt(), 10, deleted -> {}))
          .isInstanceOf(LinkageError.class);
      assertThat(table.store.find(session.id())).contains(session);
    }
  }

  @DisplayName("An Error before the commit of a pool without autocommit undoes the statement")
  @ParameterizedTest
  @MethodSource("each")
  void update_errorBeforeCommit_nothingDone(Pool pool) {
    try (Table table = new Table(pool)) {
      StoredSession session = Sessions.anonymous().build();
      table.store.insert(session);
      table.watched.failWith(failing(COMMIT, new LinkageError("no luck")));

      Throwable failure = catchThrowable(() -> table.store.update(session, NOW));

      table.watched.failWith(sql -> {});
      if (pool.autoCommit()) {
        assertThat(failure).isNull();
      } else {
        assertThat(failure).isInstanceOf(LinkageError.class);
        assertThat(table.store.find(session.id())).contains(session);
      }
    }
  }

  @DisplayName("A commit without an answer is reported as of unknown outcome, and not repeated")
  @ParameterizedTest
  @MethodSource("each")
  void admit_connectionBreaksOnCommit_unknown(Pool pool) {
    for (String state : new String[] {"08006", "40003", "53200", "57P01", "HY000"}) {
      try (Table table = new Table(pool)) {
        StoredSession session = Sessions.of("alice").build();
        AtomicInteger commits = new AtomicInteger();
        table.watched.failWith(
            sql -> {
              if (sql.equals(COMMIT)) {
                commits.incrementAndGet();
                throw new SQLException("broken pipe", state);
              }
            });

        assertThatThrownBy(
                () ->
                    table
                        .store
                        .loginLimit()
                        .orElseThrow()
                        .admit(session, true, 1, WhenFull.EVICT_OLDEST, NOW))
            .isInstanceOf(SessionStoreException.class)
            .hasMessageContaining("may have happened or not");
        assertThat(commits).hasValue(1);
      }
    }
  }

  @DisplayName("stores 11: a commit that was refused each time is reported as not done")
  @Test
  void admit_commitRefused_isReportedAsNotDone() {
    for (String state : new String[] {"40001", "23505", "25006", "54000"}) {
      try (Table table = new Table(Pool.h2())) {
        StoredSession session = Sessions.of("alice").build();
        table.watched.failWith(failing(COMMIT, new SQLException("no", state)));

        assertThatThrownBy(
                () ->
                    table
                        .store
                        .loginLimit()
                        .orElseThrow()
                        .admit(session, true, 1, WhenFull.EVICT_OLDEST, NOW))
            .isInstanceOf(SessionStoreException.class)
            .hasMessageContaining("admit of session " + session.id() + " failed")
            .hasMessageContaining(state);
        table.watched.failWith(sql -> {});
        assertThat(table.count()).isZero();
      }
    }
  }

  @DisplayName("stores 22: in autocommit, a lost answer is reported as such; a read has no outcome")
  @ParameterizedTest
  @MethodSource("each")
  void answerLost_isReportedAsUnknownInAutoCommit(Pool pool) {
    try (Table table = new Table(pool)) {
      StoredSession session = Sessions.of("alice").build();
      table.store.insert(session);
      for (SQLException lost :
          new SQLException[] {
            new SQLException("gone", "08006"),
            new SQLException("shut down", "57P01"),
            new SQLNonTransientConnectionException("gone", "08S01"),
            new SQLRecoverableException("gone"),
            new SQLException("silent", null, new SocketTimeoutException("silent"))
          }) {
        table.watched.failWith(
            sql -> {
              throw lost;
            });
        String told = pool.autoCommit() ? " may have happened or not" : " failed";
        assertThatThrownBy(() -> table.store.update(session, NOW))
            .isInstanceOf(SessionStoreException.class)
            .hasMessageContaining("update of session " + session.id() + told);
        assertThatThrownBy(() -> table.store.insert(Sessions.anonymous().build()))
            .hasMessageContaining(told);
        assertThatThrownBy(() -> table.store.touch(session.id(), NOW, NOW))
            .hasMessageContaining(told);
        assertThatThrownBy(() -> table.store.find(session.id()))
            .hasMessageContaining("find of session " + session.id() + " failed");
      }
      table.watched.failWith(
          sql -> {
            throw new SQLException("cancelled", "57014");
          });
      assertThatThrownBy(() -> table.store.update(session, NOW))
          .as("the database says that it did not do it")
          .hasMessageContaining("update of session " + session.id() + " failed");
      table.watched.failWith(sql -> {});
    }
  }
}
