package io.coatcheck.session.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.test.log.RecordedLog;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

@DisplayName("a store behind PgBouncer, of which the machine has to have a program")
@Tag("wide")
class PgBouncerTest {

  private static final String TABLE = "bounced";

  @TempDir(cleanup = CleanupMode.ON_SUCCESS)
  private Path directory;

  private final RecordedLog log = RecordedLog.of(JdbcSessionStore.class).at(Level.INFO);
  private final ReportedChanges reported = new ReportedChanges();

  @AfterEach
  void dropTables() throws SQLException {
    log.close();
    try (Connection connection = DriverManager.getConnection(TestDatabase.POSTGRESQL.url());
        Statement statement = connection.createStatement()) {
      for (String table : new String[] {TABLE, TABLE + 0, TABLE + 1, TABLE + 2, TABLE + 3}) {
        statement.execute("DROP TABLE IF EXISTS " + table + ", " + table + "_change");
      }
    }
  }

  private static HikariDataSource pool(PgBouncer bouncer, String setting, boolean autoCommit) {
    HikariConfig config = new HikariConfig();
    config.setJdbcUrl(bouncer.url() + setting);
    config.setAutoCommit(autoCommit);
    config.setMaximumPoolSize(8);
    config.setConnectionTimeout(60_000);
    return new HikariDataSource(config);
  }

  private static JdbcSessionStore.Builder store(HikariDataSource pool) {
    return JdbcSessionStore.builder(pool)
        .tableName(TABLE)
        .createSchema(true)
        .changeFeed(true)
        .queryTimeout(Duration.ofSeconds(10));
  }

  static Stream<Arguments> settings() {
    return Stream.of(true, false)
        .flatMap(
            autoCommit ->
                Stream.of(
                    Arguments.of("session", "", autoCommit),
                    Arguments.of("session", "&preferQueryMode=simple", autoCommit),
                    Arguments.of("transaction", "&prepareThreshold=0", autoCommit),
                    Arguments.of("transaction", "&preferQueryMode=simple", autoCommit)));
  }

  @DisplayName("every statement works, of several threads on fewer connections to the server")
  @ParameterizedTest
  @MethodSource("settings")
  void everyStatement(String mode, String setting, boolean autoCommit) throws Exception {
    int servers = mode.equals("session") ? 10 : 3;
    try (PgBouncer bouncer = PgBouncer.start(directory, mode, servers);
        HikariDataSource pool = pool(bouncer, setting, autoCommit);
        JdbcSessionStore store = store(pool).build()) {
      store.changeFeed().orElseThrow().subscribe(reported);
      Together.run(
          IntStream.range(0, 4)
              .<Callable<Boolean>>mapToObj(thread -> () -> lives(pool, TABLE + thread))
              .toList());
      StoredSession session = Sessions.of("alice").build();
      store.insert(session);
      store.delete(session.id());
      Table.await("the report", () -> reported.hasChanged(session.id()));
    }
  }

  private static boolean lives(HikariDataSource pool, String table) {
    try (JdbcSessionStore store = store(pool).tableName(table).build()) {
      for (int round = 0; round < 8; round++) {
        H2ModesTest.life(store, "älice", Sessions.bytes(300));
      }
      return true;
    }
  }

  @DisplayName("in transaction mode, statements that the driver prepares are lost, and calls fail")
  @Test
  void transactionMode_preparedStatements_fail() throws Exception {
    try (PgBouncer bouncer = PgBouncer.start(directory, "transaction", 1);
        HikariDataSource pool = pool(bouncer, "", true);
        HikariDataSource other = pool(bouncer, "", true);
        JdbcSessionStore first = store(pool).build();
        JdbcSessionStore second = store(other).build()) {
      assertThatThrownBy(
              () -> {
                // Each of eight connections prepares it at the fifth use.
                for (int i = 0; i < 40; i++) {
                  first.find(Sessions.token().id());
                  second.find(Sessions.token().id());
                }
              })
          .isInstanceOf(SessionStoreException.class)
          .hasMessageContainingAll("prepareThreshold=0", "SQLState 42P05");
    }
  }

  @DisplayName("in session mode, an end is notified")
  @Test
  void sessionMode_notifies() throws Exception {
    try (PgBouncer bouncer = PgBouncer.start(directory, "session", 10);
        HikariDataSource pool = pool(bouncer, "", true);
        JdbcSessionStore store =
            store(pool)
                .changeFeedInterval(Duration.ofSeconds(10))
                .changeFeedNotifications(true)
                .build()) {
      store.changeFeed().orElseThrow().subscribe(reported);
      long now = System.nanoTime();
      Table.await("complete", () -> reported.isCompletePast(now));
      long began = System.nanoTime();
      for (int i = 0; i < 6; i++) {
        StoredSession session = Sessions.of("alice").build();
        store.insert(session);
        store.principalIndex().orElseThrow().deleteByPrincipal("alice", Set.of(), gone -> {});
        Table.await("the report", () -> reported.hasChanged(session.id()));
      }
      assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(30));
      assertThat(log.linesBeginning("notifications are not received")).isEmpty();
    }
  }

  @DisplayName("in transaction mode, notifications go astray: a warning, and the interval")
  @ParameterizedTest
  @MethodSource("transactionMode")
  void transactionMode_isNamed(String setting, boolean autoCommit) throws Exception {
    try (PgBouncer bouncer = PgBouncer.start(directory, "transaction", 3);
        HikariDataSource pool = pool(bouncer, setting, autoCommit);
        JdbcSessionStore store = store(pool).changeFeedNotifications(true).build()) {
      store.changeFeed().orElseThrow().subscribe(reported);
      Table.await(
          "the warning", () -> !log.linesBeginning("notifications are not received").isEmpty());
      assertThat(log.linesBeginning("notifications are not received").get(0))
          .contains("a pooler must give this store session pooling");
      StoredSession session = Sessions.of("alice").build();
      store.insert(session);
      store.delete(session.id());
      Table.await("the report", () -> reported.hasChanged(session.id()));
    }
  }

  static Stream<Arguments> transactionMode() {
    return settings()
        .filter(arguments -> arguments.get()[0].equals("transaction"))
        .map(arguments -> Arguments.of(arguments.get()[1], arguments.get()[2]));
  }
}
