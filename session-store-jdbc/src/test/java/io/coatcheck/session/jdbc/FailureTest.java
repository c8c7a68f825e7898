package io.coatcheck.session.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.coatcheck.session.store.Admission;
import io.coatcheck.session.store.LoginLimit;
import io.coatcheck.session.store.PrincipalIndex;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.WhenFull;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.reflect.Proxy;
import java.net.SocketTimeoutException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import java.sql.SQLRecoverableException;
import java.sql.Statement;
import java.time.Instant;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class FailureTest {

  private static final Instant NOW = Sessions.NOW;
  private static final Pool H2 = new Pool(TestDatabase.H2, Database.H2, true, null);

  static Stream<Pool> each() {
    return Pool.each();
  }

  static Stream<Pool> eachDialect() {
    return Pool.eachDialect();
  }

  @Nested
  class Messages {

    static Stream<Pool> eachDialect() {
      return Pool.eachDialect();
    }

    @ParameterizedTest
    @MethodSource("eachDialect")
    void insert_idThatExists_namesIdAndStateAndNoValue(Pool pool) {
      try (Table table = new Table(pool)) {
        StoredSession session = telling();
        table.store.insert(session);

        Throwable failure = catchThrowable(() -> table.store.insert(session));

        assertThat(failure)
            .isInstanceOf(SessionStoreException.class)
            .hasMessageContaining("insert of session " + session.id())
            .hasMessageContaining("the id exists already")
            .hasMessageContaining(code(pool, "SQLState 23", 19));
        assertRevealsNothing(failure);
        assertThat(table.store.find(session.id())).contains(session);
      }
    }

    @DisplayName(
        "drivers quote a row that a constraint of the application refuses; the store does not")
    @ParameterizedTest
    @MethodSource("eachDialect")
    void update_refusedRow_revealsNoValue(Pool pool) {
      try (Table table = new Table(pool)) {
        StoredSession session = telling().toBuilder().userAgent(null).build();
        table.store.insert(session);
        table.execute(
            pool.server() == TestDatabase.SQLITE
                ? String.format(
                    "CREATE TRIGGER c_%1$s BEFORE UPDATE ON %1$s WHEN new.version <> 0"
                        + " BEGIN SELECT RAISE(ABORT, 'refused: ' || new.principal); END",
                    table.name)
                : String.format(
                    "ALTER TABLE %1$s ADD CONSTRAINT c_%1$s CHECK (version = 0)", table.name));

        Throwable failure = catchThrowable(() -> table.store.update(session, NOW));

        assertThat(failure)
            .isInstanceOf(SessionStoreException.class)
            .hasMessageContaining("update of session " + session.id())
            .hasMessageContaining(code(pool, "SQLState 23", 19));
        assertRevealsNothing(failure);
      }
    }

    @ParameterizedTest
    @MethodSource("eachDialect")
    void find_missingTable_saysWhatToRun(Pool pool) {
      try (Table table = new Table(pool)) {
        table.execute("DROP TABLE " + table.name);

        assertThatThrownBy(() -> table.store.find(Sessions.token().id()))
            .isInstanceOf(SessionStoreException.class)
            .hasMessageContaining("table " + table.name + " is missing")
            .hasMessageContaining(pool.database().schemaFile())
            .hasMessageContaining("createSchema(true)")
            .hasMessageContaining(code(pool, "SQLState 42", 1));
      }
    }

    @ParameterizedTest
    @MethodSource("eachDialect")
    void find_missingColumn_saysThatTheSchemaIsOld(Pool pool) {
      try (Table table = new Table(pool)) {
        table.execute("ALTER TABLE " + table.name + " DROP COLUMN remembered");

        assertThatThrownBy(() -> table.store.find(Sessions.token().id()))
            .isInstanceOf(SessionStoreException.class)
            .hasMessageContaining("lacks a column");
      }
    }

    /** Returns what a message says of a failure: the driver of SQLite has no SQLState. */
    private static String code(Pool pool, String state, int vendorCode) {
      return pool.server() == TestDatabase.SQLITE
          ? "SQLState null, vendor code " + vendorCode
          : state;
    }

    private static StoredSession telling() {
      return Sessions.of("principal-to-hide")
          .userAgent("agent-to-hide")
          .clientAddress("address-to-hide")
          .attribute(
              "name-to-hide",
              io.coatcheck.session.codec.AttributeValue.encoded(
                  "value-to-hide".getBytes(java.nio.charset.StandardCharsets.UTF_8)))
          .build();
    }

    private static void assertRevealsNothing(Throwable failure) {
      StringWriter text = new StringWriter();
      failure.printStackTrace(new PrintWriter(text));
      assertThat(text.toString().toLowerCase(java.util.Locale.ROOT))
          .contains("message left out")
          .doesNotContain("to-hide")
          .doesNotContain("746f2d68696465");
    }
  }

  @Nested
  class Atomicity {

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
        table.watched.failWith(failing(WatchedDataSource.COMMIT, new LinkageError("no luck")));

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
      for (String state : new String[] {"08006", "40003", "57P01", "HY000"}) {
        try (Table table = new Table(pool)) {
          StoredSession session = Sessions.of("alice").build();
          AtomicInteger commits = new AtomicInteger();
          table.watched.failWith(
              sql -> {
                if (sql.equals(WatchedDataSource.COMMIT)) {
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
                if (sql.equals(WatchedDataSource.COMMIT) && left.getAndDecrement() > 0) {
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

    @DisplayName("stores 11: a commit that was refused each time is reported as not done")
    @Test
    void admit_commitRefused_isReportedAsNotDone() {
      for (String state : new String[] {"40001", "23505", "25006"}) {
        try (Table table = new Table(H2)) {
          StoredSession session = Sessions.of("alice").build();
          table.watched.failWith(failing(WatchedDataSource.COMMIT, new SQLException("no", state)));

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

    @DisplayName("a connection is not used again after an Error, which may leave half an answer")
    @ParameterizedTest
    @MethodSource("abortingConnections")
    void find_error_costsTheConnection(Pool pool) {
      try (Table table = new Table(pool, 1)) {
        String query =
            pool.server() == TestDatabase.POSTGRESQL
                ? "SELECT pg_backend_pid()"
                : "SELECT CONNECTION_ID()";
        StoredSession session = Sessions.anonymous().build();
        table.store.insert(session);
        assertThat(table.store.find(session.id())).contains(session);
        Object before = table.query(query);
        table.watched.failWith(failing("SELECT", new StackOverflowError("by the driver")));

        assertThatThrownBy(() -> table.store.find(session.id()))
            .isInstanceOf(StackOverflowError.class);

        table.watched.failWith(sql -> {});
        assertThat(table.store.find(session.id())).contains(session);
        assertThat(table.query(query)).isNotEqualTo(before);
      }
    }

    static Stream<Pool> abortingConnections() {
      return each().filter(pool -> pool.database().dialect(new TableName("t")).abortsConnections());
    }

    @DisplayName("a connection that cannot be closed does not fail what is committed")
    @ParameterizedTest
    @MethodSource("eachDialect")
    void insert_closeFails_isDone(Pool pool) {
      try (Table table = new Table(pool)) {
        RuntimeException failure = new IllegalStateException("by the pool");
        JdbcSessionStore store =
            JdbcSessionStore.builder(
                    new DelegatingDataSource(table.watched) {
                      @Override
                      public Connection getConnection() throws SQLException {
                        return failingToClose(super.getConnection(), failure);
                      }
                    })
                .database(pool.database())
                .tableName(table.name)
                .queryTimeout(Table.PATIENCE)
                .build();
        StoredSession session = Sessions.anonymous().build();

        assertThat(Warnings.during(() -> store.insert(session)))
            .containsExactly(
                "insert of session "
                    + session.id()
                    + ": a connection could not be returned to the pool,"
                    + " java.lang.IllegalStateException");
        assertThat(table.store.find(session.id())).contains(session);
      }
    }

    private static Connection failingToClose(Connection connection, RuntimeException failure) {
      return (Connection)
          Proxy.newProxyInstance(
              Connection.class.getClassLoader(),
              new Class<?>[] {Connection.class},
              (proxy, method, arguments) -> {
                Object result = method.invoke(connection, arguments);
                if (method.getName().equals("close")) {
                  throw failure;
                }
                return result;
              });
    }

    @DisplayName(
        "stores 22: in autocommit, a lost answer is reported as such; a read has no outcome")
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

    @DisplayName(
        "The operation that loses a deadlock gives the other one time to wake up and finish")
    @Test
    void update_deadlockVictimForAWhile_waitsForTheOther() {
      try (Table table = new Table(H2)) {
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
      try (Table table = new Table(H2)) {
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

    @DisplayName("A lock that cannot be given back costs the connection, not the next login")
    @Test
    void admit_releaseFails_connectionIsAborted() {
      try (Table table = new Table(new Pool(TestDatabase.MARIADB, Database.MARIADB, true, null))) {
        table.watched.failWith(failing("SELECT RELEASE_LOCK", new SQLException("no", "HY000")));

        assertThat(
                table
                    .store
                    .loginLimit()
                    .orElseThrow()
                    .admit(Sessions.of("alice").build(), true, 9, WhenFull.EVICT_OLDEST, NOW)
                    .outcome())
            .isEqualTo(Admission.Outcome.STORED);

        table.watched.failWith(sql -> {});
        try (HikariDataSource others = table.pool.open(1)) {
          LoginLimit other =
              JdbcSessionStore.builder(others)
                  .tableName(table.name)
                  .queryTimeout(Table.PATIENCE)
                  .build()
                  .loginLimit()
                  .orElseThrow();
          assertThat(
                  other
                      .admit(Sessions.of("alice").build(), true, 9, WhenFull.EVICT_OLDEST, NOW)
                      .outcome())
              .isEqualTo(Admission.Outcome.STORED);
        }
      }
    }

    @Test
    void find_interruptedWhileWaitingForAConnection_failsAndStaysInterrupted() throws Exception {
      try (Table table = new Table(H2, 1);
          Connection held = table.connections.getConnection()) {
        CountDownLatch waiting = new CountDownLatch(1);
        AtomicReference<Throwable> failure = new AtomicReference<>();
        AtomicBoolean interrupted = new AtomicBoolean();
        Thread thread =
            new Thread(
                () -> {
                  waiting.countDown();
                  failure.set(catchThrowable(() -> table.store.find(Sessions.token().id())));
                  interrupted.set(Thread.currentThread().isInterrupted());
                });
        thread.start();
        assertThat(waiting.await(60, TimeUnit.SECONDS)).isTrue();
        thread.interrupt();
        thread.join(30_000);

        assertThat(thread.isAlive()).isFalse();
        assertThat(failure.get())
            .isInstanceOf(SessionStoreException.class)
            .hasMessageContaining("no connection");
        assertThat(interrupted).isTrue();
        assertThat(held.isClosed()).isFalse();
      }
    }

    @DisplayName("what a data source throws unchecked is a failure of the store")
    @Test
    void dataSourceThrowsUnchecked_isAFailureOfTheStore() {
      try (Table table = new Table(H2)) {
        IllegalStateException closed = new IllegalStateException("Pool not open");
        JdbcSessionStore store =
            JdbcSessionStore.builder(
                    new DelegatingDataSource(table.connections) {
                      @Override
                      public Connection getConnection() {
                        throw closed;
                      }
                    })
                .database(Database.H2)
                .tableName(table.name)
                .queryTimeout(Table.PATIENCE)
                .build();

        assertThatThrownBy(() -> store.find(Sessions.token().id()))
            .isInstanceOf(SessionStoreException.class)
            .hasMessageStartingWith("find of session")
            .hasMessageContaining("no connection")
            .hasRootCause(closed);
        assertThatThrownBy(() -> store.insert(Sessions.anonymous().build()))
            .isInstanceOf(SessionStoreException.class)
            .hasMessageContaining("no connection");
      }
    }

    private static WatchedDataSource.Fault failing(String statement, Throwable failure) {
      return sql -> {
        if (sql.startsWith(statement)
            || (statement.equals("DELETE") && sql.contains("(DELETE FROM"))) {
          if (failure instanceof SQLException exception) {
            throw exception;
          }
          throw (Error) failure;
        }
      };
    }
  }

  @Nested
  class Transactions {

    static Stream<Pool> each() {
      return Pool.each();
    }

    static Stream<Pool> autoCommitting() {
      return Pool.each().filter(Pool::autoCommit);
    }

    @DisplayName(
        "F68: what is stored during a transaction of the application outlives its rollback")
    @ParameterizedTest
    @MethodSource("each")
    void applicationRollsBack_sessionStays(Pool pool) throws SQLException {
      try (Table table = new Table(pool);
          Connection application = table.connections.getConnection()) {
        application.setAutoCommit(false);
        if (pool.server()
            != TestDatabase.SQLITE) { // Its driver cannot change that of a connection.
          application.setReadOnly(true);
        }
        StoredSession session = Sessions.anonymous().build();

        table.store.insert(session);

        application.rollback();
        if (pool.server() != TestDatabase.SQLITE) {
          application.setReadOnly(false);
        }
        application.setAutoCommit(pool.autoCommit());
        assertThat(table.store.find(session.id())).contains(session);
      }
    }

    @DisplayName("A connection in the middle of a transaction is given back untouched")
    @Test
    void transactionAwareDataSource_isRefused() throws SQLException {
      try (Table table = new Table(H2);
          Connection application = table.connections.getConnection()) {
        AtomicBoolean inTransaction = new AtomicBoolean();
        JdbcSessionStore store =
            JdbcSessionStore.builder(new ThreadBound(table.connections, application, inTransaction))
                .tableName(table.name)
                .queryTimeout(Table.PATIENCE)
                .build();
        StoredSession before = Sessions.anonymous().build();
        store.insert(before);

        application.setAutoCommit(false);
        application
            .createStatement()
            .execute("CREATE LOCAL TEMPORARY TABLE mine (n INT) NOT PERSISTENT TRANSACTIONAL");
        application.createStatement().execute("INSERT INTO mine VALUES (1)");
        inTransaction.set(true);

        assertThatThrownBy(() -> store.insert(Sessions.anonymous().build()))
            .isInstanceOf(SessionStoreException.class)
            .hasMessageContaining("in the middle of a transaction");

        inTransaction.set(false);
        assertThat(application.getAutoCommit()).isFalse();
        application.rollback();
        try (var rows = application.createStatement().executeQuery("SELECT COUNT(*) FROM mine")) {
          rows.next();
          assertThat(rows.getInt(1)).as("rolled back by the application, not committed").isZero();
        }
        application.setAutoCommit(true);
        assertThat(store.find(before.id())).isPresent();
      }
    }

    @DisplayName("stores 16: what build saw of the connections holds for the first operation")
    @ParameterizedTest
    @MethodSource("autoCommitting")
    void firstOperationJoins_isRefused(Pool pool) throws SQLException {
      try (Table table = new Table(pool);
          Connection application = table.connections.getConnection()) {
        for (boolean create : new boolean[] {true, false}) {
          AtomicBoolean inTransaction = new AtomicBoolean();
          JdbcSessionStore store =
              JdbcSessionStore.builder(
                      new ThreadBound(table.connections, application, inTransaction))
                  .tableName(table.name)
                  .createSchema(create)
                  .queryTimeout(Table.PATIENCE)
                  .build();
          StoredSession payment = Sessions.anonymous().build();
          table.store.insert(payment);
          application.setAutoCommit(false);
          try (Statement statement = application.createStatement()) {
            assertThat(statement.executeUpdate("UPDATE " + table.name + " SET generation = 7"))
                .isEqualTo(1);
          }
          inTransaction.set(true);

          assertThatThrownBy(() -> store.insert(Sessions.anonymous().build()))
              .isInstanceOf(SessionStoreException.class)
              .hasMessageContaining("in the middle of a transaction");

          inTransaction.set(false);
          application.rollback();
          application.setAutoCommit(true);
          assertThat(store.delete(payment.id()))
              .as("rolled back by the application, not committed")
              .contains(payment);
        }
      }
    }

    @Test
    void knownTransactionAwareClass_isRefusedAtOnce() {
      assertThatThrownBy(
              () ->
                  JdbcSessionStore.builder(
                      new org.apache.commons.dbcp2.managed.BasicManagedDataSource(
                          new DelegatingDataSource(null))))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("dataSource must not join the application's transactions")
          .hasMessageContaining("BasicManagedDataSource");
    }
  }

  @Test
  void build_noDatabaseThere_saysSo() {
    HikariConfig config = new HikariConfig();
    config.setJdbcUrl("jdbc:postgresql://localhost:1/none");
    config.setInitializationFailTimeout(-1);
    config.setConnectionTimeout(300);
    try (HikariDataSource pool = new HikariDataSource(config)) {
      assertThatThrownBy(() -> JdbcSessionStore.builder(pool).build())
          .isInstanceOf(SessionStoreException.class)
          .hasMessageContaining("build failed: no connection");
    }
  }
}
