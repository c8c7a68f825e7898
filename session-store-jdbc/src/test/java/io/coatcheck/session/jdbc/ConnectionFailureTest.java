package io.coatcheck.session.jdbc;

import static io.coatcheck.session.jdbc.WatchedDataSource.failing;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.coatcheck.session.store.Admission;
import io.coatcheck.session.store.LoginLimit;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.WhenFull;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@DisplayName("a connection that fails, or is not to be had")
class ConnectionFailureTest {

  private static final Instant NOW = Sessions.NOW;

  static Stream<Pool> eachDialect() {
    return Pool.eachDialect();
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
    return Pool.each()
        .filter(pool -> pool.database().dialect(new TableName("t")).abortsConnections());
  }

  @DisplayName("a connection that cannot be closed does not make a committed operation fail")
  @ParameterizedTest
  @MethodSource("eachDialect")
  void insert_closeFails_isDone(Pool pool) {
    try (Table table = new Table(pool)) {
      RuntimeException failure = new IllegalStateException("by the pool");
      JdbcSessionStore.Builder builder =
          JdbcSessionStore.builder(
                  new DelegatingDataSource(table.watched) {
                    @Override
                    public Connection getConnection() throws SQLException {
                      return failingToClose(super.getConnection(), failure);
                    }
                  })
              .database(pool.database())
              .tableName(table.name)
              .queryTimeout(Table.PATIENCE);
      StoredSession session = Sessions.anonymous().build();

      assertThat(Warnings.during(() -> builder.build().insert(session)))
          .as("what each operation could repeat, once")
          .filteredOn(warning -> warning.contains("could not be returned"))
          .singleElement()
          .asString()
          .endsWith(
              ": a connection could not be returned to the pool, java.lang.IllegalStateException");
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
    try (Table table = new Table(Pool.h2(), 1);
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

  @DisplayName("a thread that was interrupted stays so, although H2 forgets it at a locked row")
  @Test
  void touch_interruptedBeforeALockedRow_staysInterrupted() throws SQLException {
    try (Table table = new Table(Pool.h2());
        RowHolder holder = new RowHolder(table)) {
      StoredSession session = Sessions.anonymous().build();
      table.store.insert(session);
      holder.hold(session.id());
      Thread.currentThread().interrupt();

      Throwable failure = catchThrowable(() -> table.store.touch(session.id(), NOW, NOW));

      assertThat(Thread.interrupted()).isTrue();
      assertThat(failure).isInstanceOf(SessionStoreException.class);
    }
  }

  @DisplayName("a thread that is interrupted while a connection is returned stays so")
  @Test
  void find_interruptedWhileReturningTheConnection_staysInterrupted() {
    try (Table table = new Table(Pool.h2())) {
      JdbcSessionStore store =
          JdbcSessionStore.builder(
                  new DelegatingDataSource(table.connections) {
                    @Override
                    public Connection getConnection() throws SQLException {
                      return interruptedAtClose(super.getConnection());
                    }
                  })
              .database(Database.H2)
              .tableName(table.name)
              .queryTimeout(Table.PATIENCE)
              .build();
      StoredSession session = Sessions.anonymous().build();
      table.store.insert(session);
      Thread.interrupted();

      assertThat(store.find(session.id())).contains(session);
      assertThat(Thread.interrupted()).isTrue();
    }
  }

  /** Fails to close as in a pool that waits, and clears the interrupt. */
  private static Connection interruptedAtClose(Connection connection) {
    return (Connection)
        Proxy.newProxyInstance(
            ConnectionFailureTest.class.getClassLoader(),
            new Class<?>[] {Connection.class},
            (proxy, method, arguments) -> {
              Object result = method.invoke(connection, arguments);
              if (method.getName().equals("close")) {
                throw new SQLException("interrupted", new InterruptedException());
              }
              return result;
            });
  }

  @DisplayName("an unchecked exception of a data source is a failure of the store")
  @Test
  void dataSourceThrowsUnchecked_isAFailureOfTheStore() {
    try (Table table = new Table(Pool.h2())) {
      IllegalStateException closed = new IllegalStateException("Pool not open");
      JdbcSessionStore store =
          JdbcSessionStore.builder(closedPool(table, closed))
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
      assertThatThrownBy(() -> JdbcSessionStore.builder(closedPool(table, closed)).build())
          .isInstanceOf(SessionStoreException.class)
          .hasMessageContaining("build failed: no connection")
          .hasRootCause(closed);
    }
  }

  private static DataSource closedPool(Table table, RuntimeException failure) {
    return new DelegatingDataSource(table.connections) {
      @Override
      public Connection getConnection() {
        throw failure;
      }
    };
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
