package io.coatcheck.session.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import io.coatcheck.session.store.ChangeFeed;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.test.log.RecordedLog;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@DisplayName("I15: the thread of the change feed")
class JdbcChangeFeedTest {

  private final RecordedLog log = RecordedLog.of(JdbcSessionStore.class).at(Level.INFO);
  private final ReportedChanges reported = new ReportedChanges();

  static Stream<Pool> pools() {
    return Pool.eachDialect();
  }

  @AfterEach
  void stopListening() {
    log.close();
  }

  private static ChangeFeed feed(Table table) {
    return table.store.changeFeed().orElseThrow();
  }

  private void awaitComplete() {
    long now = System.nanoTime();
    Table.await("complete up to now", () -> reported.isCompletePast(now));
  }

  private static Set<Thread> threads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith("coatcheck-changes-"))
        .collect(Collectors.toSet());
  }

  @DisplayName("it starts with the first subscription and ends with the store")
  @ParameterizedTest
  @MethodSource("pools")
  void thread_startsWithTheFirstSubscription_andEndsWithTheStore(Pool pool) {
    try (Table table = Table.withChanges(pool)) {
      // Those of earlier tests may still be ending.
      Set<Thread> before = threads();
      assertThat(table.watched.takeKinds()).as("queries without listeners").isEmpty();
      feed(table).subscribe(reported);
      feed(table).subscribe(new ReportedChanges());
      awaitComplete();
      Set<Thread> started = threads();
      started.removeAll(before);
      assertThat(started).hasSize(1);
      table.store.close();
      // It is waited for as long as one call usually takes.
      Table.await("the end of the thread", () -> started.stream().noneMatch(Thread::isAlive));
      table.store.close();
      assertThatThrownBy(() -> feed(table).subscribe(reported))
          .isInstanceOf(SessionStoreException.class);
    }
  }

  @DisplayName("without listeners it asks nothing, and a later listener needs nothing of before")
  @ParameterizedTest
  @MethodSource("pools")
  void noListeners_nothingIsAsked(Pool pool) {
    try (Table table = Table.withChanges(pool)) {
      ChangeFeed.Subscription subscription = feed(table).subscribe(reported);
      awaitComplete();
      subscription.close();
      StoredSession session = Sessions.anonymous().build();
      table.store.insert(session);
      AtomicInteger polls = new AtomicInteger();
      feed(table).subscribe(reported);
      awaitComplete();
      reported.takeChanged();
      table.watched.failWith(sql -> polls.incrementAndGet());
      table.store.delete(session.id());
      Table.await("the change", () -> reported.hasChanged(session.id()));
      assertThat(polls).hasPositiveValue();
    }
  }

  @DisplayName("it survives every failure, logs the first, and reports the changes of that time")
  @ParameterizedTest
  @MethodSource("pools")
  void failures_areSurvived(Pool pool) {
    try (Table table = Table.withChanges(pool)) {
      feed(table).subscribe(reported);
      awaitComplete();
      StoredSession session = Sessions.anonymous().build();
      table.store.insert(session);
      try (JdbcSessionStore other =
          JdbcSessionStore.builder(table.connections)
              .database(pool.database())
              .tableName(table.name)
              .changeFeed(true)
              .queryTimeout(Duration.ofSeconds(10))
              .build()) {
        AtomicInteger attempts = new AtomicInteger();
        table.watched.failWith(
            sql -> {
              int attempt = attempts.incrementAndGet();
              if (attempt % 3 == 1) {
                throw new StackOverflowError("on purpose");
              }
              throw new SQLException("down", "08006");
            });
        Table.await("attempts", () -> attempts.get() > 3);
        reported.takeComplete();
        other.delete(session.id());
        int soFar = attempts.get();
        Table.await("more attempts", () -> attempts.get() > soFar + 3);
        assertThat(reported.takeComplete()).as("complete without an answer").isEmpty();
        assertThat(reported.hasChanged(session.id())).isFalse();

        table.watched.failWith(sql -> {});
        Table.await("the change", () -> reported.hasChanged(session.id()));
        Table.await(
            "the line",
            () ->
                log.lines(Level.INFO).stream()
                    .anyMatch(line -> line.startsWith("the change feed is read")));
      }
      assertThat(log.lines(Level.WARN))
          .filteredOn(line -> line.startsWith("the change feed cannot be read"))
          .singleElement()
          .asString()
          .contains("SQLState 08006");
      assertThat(log.lines(Level.ERROR))
          .filteredOn(line -> line.startsWith("the change feed failed"))
          .hasSize(1);
    }
  }

  @DisplayName("the answer of a server that takes no writes is refused")
  @ParameterizedTest
  @MethodSource("poolsWithReplicas")
  void readOnlyServer_isRefused(Pool pool) {
    try (Table table = Table.withChanges(pool)) {
      feed(table).subscribe(reported);
      awaitComplete();
      table.execute(
          pool.server() == TestDatabase.POSTGRESQL
              ? "ALTER ROLE CURRENT_USER SET default_transaction_read_only = on"
              : "SET GLOBAL read_only = 1");
      try {
        if (pool.server() == TestDatabase.POSTGRESQL) {
          table.connections.getHikariPoolMXBean().softEvictConnections();
        }
        Table.await(
            "the failure",
            () ->
                log.lines().stream().anyMatch(line -> line.contains("the server takes no writes")));
        reported.takeComplete();
      } finally {
        try (var connection = table.pool.server().pool(true, 1)) {
          execute(
              connection,
              pool.server() == TestDatabase.POSTGRESQL
                  ? "BEGIN READ WRITE; ALTER ROLE CURRENT_USER RESET default_transaction_read_only;"
                      + " COMMIT"
                  : "SET GLOBAL read_only = 0");
        }
      }
      table.connections.getHikariPoolMXBean().softEvictConnections();
      awaitComplete();
    }
  }

  static Stream<Pool> poolsWithReplicas() {
    return pools()
        .filter(pool -> pool.server() != TestDatabase.H2 && pool.server() != TestDatabase.SQLITE);
  }

  private static void execute(javax.sql.DataSource connections, String sql) {
    try (var connection = connections.getConnection();
        var statement = connection.createStatement()) {
      statement.execute(sql);
    } catch (SQLException e) {
      throw new IllegalStateException(sql, e);
    }
  }
}
