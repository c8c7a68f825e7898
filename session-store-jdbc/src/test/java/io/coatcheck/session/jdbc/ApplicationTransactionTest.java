package io.coatcheck.session.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@DisplayName("transactions of the application")
class ApplicationTransactionTest {

  static Stream<Pool> each() {
    return Pool.each();
  }

  static Stream<Pool> autoCommitting() {
    return Pool.each().filter(Pool::autoCommit);
  }

  @DisplayName(
      "F68: a session that is stored during a transaction of the application outlives its rollback")
  @ParameterizedTest
  @MethodSource("each")
  void applicationRollsBack_sessionStays(Pool pool) throws SQLException {
    try (Table table = new Table(pool);
        Connection application = table.connections.getConnection()) {
      application.setAutoCommit(false);
      if (pool.server() != TestDatabase.SQLITE) { // Its driver cannot change that of a connection.
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
    try (Table table = new Table(Pool.h2());
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

  @DisplayName(
      "stores 16: the mode of connections that build has seen holds for the first operation")
  @ParameterizedTest
  @MethodSource("autoCommitting")
  void firstOperationJoins_isRefused(Pool pool) throws SQLException {
    try (Table table = new Table(pool);
        Connection application = table.connections.getConnection()) {
      for (boolean create : new boolean[] {true, false}) {
        AtomicBoolean inTransaction = new AtomicBoolean();
        JdbcSessionStore store =
            JdbcSessionStore.builder(new ThreadBound(table.connections, application, inTransaction))
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
