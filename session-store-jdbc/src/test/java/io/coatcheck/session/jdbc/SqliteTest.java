package io.coatcheck.session.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.coatcheck.session.Resolution;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.store.Admission;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.WhenFull;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicReference;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The specifics of SQLite: one file, one writer, no server. */
class SqliteTest {

  private static final int LIMIT = 3;

  @TempDir Path folder;

  private final List<HikariDataSource> pools = new ArrayList<>();

  @AfterEach
  void closePools() {
    pools.forEach(HikariDataSource::close);
  }

  /** Such a row would stop the clean-up, or be taken for another session. */
  @DisplayName("an id that is not 16 bytes cannot be stored, in neither table")
  @ParameterizedTest
  @ValueSource(strings = {"X'01'", "zeroblob(17)"})
  void idOfAnotherLength_isRefusedByTheDatabase(String id) throws SQLException {
    HikariDataSource pool = pool("", true);
    try (JdbcSessionStore store =
            JdbcSessionStore.builder(pool).createSchema(true).changeFeed(true).build();
        Connection connection = pool.getConnection();
        Statement statement = connection.createStatement()) {
      store.insert(Sessions.of("alice").build());

      assertThatThrownBy(() -> statement.execute("UPDATE http_session SET id = " + id))
          .hasMessageContaining("length(id) = 16");
      assertThatThrownBy(
              () ->
                  statement.execute(
                      "INSERT INTO http_session_change (session_id, changed_at) VALUES ("
                          + id
                          + ", 0)"))
          .hasMessageContaining("length(session_id) = 16");
    }
  }

  @DisplayName("I9: a write that waits for another one too long fails in time, and reads go on")
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void writerIsBusy_writesFail_readsAreAnswered(boolean autoCommit) throws SQLException {
    HikariDataSource pool = pool("?journal_mode=WAL", autoCommit);
    JdbcSessionStore store = store(pool);
    StoredSession session = Sessions.of("alice").build();
    store.insert(session);
    try (Connection other = pool.getConnection()) {
      holdWriter(other);

      Together.run(
          List.of(
              busy("update", () -> store.update(session, Sessions.NOW)),
              busy("touch", () -> store.touch(session.id(), Sessions.NOW, Sessions.NOW)),
              busy("delete", () -> store.delete(session.id())),
              busy("admit", () -> admit(store, Sessions.of("alice").build())),
              busy(
                  "deleteByPrincipal",
                  () ->
                      store
                          .principalIndex()
                          .orElseThrow()
                          .deleteByPrincipal("alice", Set.of(), deleted -> {})),
              busy("deleteExpired", () -> store.deleteExpired(Sessions.NOW, 9, deleted -> {}))));
      assertThat(store.find(session.id())).contains(session);

      other.rollback();
    }
    assertThat(store.update(session, Sessions.NOW)).isTrue();
    assertThat(admit(store, Sessions.of("alice").build()).outcome())
        .isEqualTo(Admission.Outcome.STORED);
  }

  /** Returns a task that asserts that the write waits in vain. */
  private static Callable<Object> busy(String operation, Callable<?> write) {
    return () ->
        assertThatThrownBy(write::call)
            .isInstanceOf(SessionStoreException.class)
            .hasMessageStartingWith(operation)
            .hasMessageContaining("no answer in time")
            .hasMessageContaining("vendor code 5");
  }

  @DisplayName(
      "a write that waits for a short one succeeds, as a transaction that reads first does")
  @ParameterizedTest
  @CsvSource({"?journal_mode=WAL,true", "?journal_mode=WAL,false", "'',true", "'',false"})
  void loginsSavesAndLogoutsAtOnce_allSucceed(String parameters, boolean autoCommit) {
    // The writers are not served in turn, so a wait may be long.
    JdbcSessionStore store =
        JdbcSessionStore.builder(pool(parameters, autoCommit))
            .createSchema(true)
            .queryTimeout(Duration.ofSeconds(30))
            .build();
    List<Callable<Boolean>> tasks = new ArrayList<>();
    for (int thread = 0; thread < 6; thread++) {
      tasks.add(
          () -> {
            for (int round = 0; round < 10; round++) {
              StoredSession session = Sessions.of("alice").build();
              assertThat(admit(store, session).outcome()).isEqualTo(Admission.Outcome.STORED);
              StoredSession other = Sessions.anonymous().build();
              store.insert(other);
              assertThat(store.update(other, Sessions.NOW)).isTrue();
              assertThat(store.touch(other.id(), Sessions.NOW, Sessions.NOW)).isTrue();
              store.deleteExpired(Sessions.NOW, 9, deleted -> {});
              assertThat(store.delete(other.id())).isPresent();
            }
            return true;
          });
    }

    Together.run(tasks);

    assertThat(store.principalIndex().orElseThrow().findByPrincipal("alice", null, 100))
        .hasSize(LIMIT);
  }

  @DisplayName("I5: a process that is killed right after the answer has kept the login")
  @Test
  void killedRightAfterTheAnswer_loginIsThere() throws Exception {
    String url = url("?journal_mode=WAL");
    String last = H2DurabilityTest.killedAfter(url, 2);

    try (SessionManager manager = SessionManager.builder(store(pool(url, true, 2))).build()) {
      assertThat(manager.adapter().resolve(List.of(last))).isInstanceOf(Resolution.Live.class);
    }
  }

  @Test
  void build_inMemory_isRefused() {
    for (String url : new String[] {"jdbc:sqlite::memory:", "jdbc:sqlite:"}) {
      HikariDataSource pool = pool(url, true, 1);
      assertThatThrownBy(() -> store(pool))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("dataSource must lead to a file of SQLite")
          .hasMessageContaining(":memory:");
    }
  }

  @Test
  void build_tableWithSchema_isRefused() {
    HikariDataSource pool = pool("", true);
    assertThatThrownBy(() -> JdbcSessionStore.builder(pool).tableName("main.s").build())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("tableName must be without a schema on SQLite")
        .hasMessageContaining("main.s");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "?journal_mode=DELETE", "?journal_mode=TRUNCATE"})
  void build_withoutWal_warns(String parameters) {
    HikariDataSource pool = pool(parameters, true);
    assertThat(Warnings.during(() -> store(pool)))
        .singleElement()
        .asString()
        .contains("?journal_mode=WAL");
  }

  @Test
  void build_withWal_doesNotWarn() {
    HikariDataSource pool = pool("?journal_mode=WAL", true);
    assertThat(Warnings.during(() -> store(pool))).isEmpty();
  }

  @DisplayName("missing parts are created; if none are missing, only the catalogue is read")
  @ParameterizedTest
  @ValueSource(
      strings = {
        "DROP TABLE http_session",
        "DROP INDEX http_session_principal",
        "DROP INDEX http_session_sweep_at"
      })
  void createSchema_createsWhatIsMissing(String drop) throws SQLException {
    HikariDataSource pool = pool("?journal_mode=WAL", true);
    store(pool);
    try (Connection connection = pool.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(drop);
    }

    store(pool);

    WatchedDataSource watched = new WatchedDataSource(pool);
    JdbcSessionStore.builder(watched).createSchema(true).build();
    assertThat(watched.takeStatements())
        .isNotEmpty()
        .allSatisfy(sql -> assertThat(sql).matches("(?s)(SELECT|PRAGMA) .*"));
    watched.assertClean();
  }

  @Test
  void build_tableMissing_namesTableFileAndSchema() {
    HikariDataSource pool = pool("?journal_mode=WAL", true);
    assertThatThrownBy(() -> JdbcSessionStore.builder(pool).build())
        .isInstanceOf(SessionStoreException.class)
        .hasMessageStartingWith(
            "build failed: table http_session is missing in the SQLITE database \"")
        .hasMessageContaining("sessions.db")
        .hasMessageContaining("schema/sqlite.sql");
  }

  @Test
  void build_columnMissing_saysSo() throws SQLException {
    HikariDataSource pool = pool("?journal_mode=WAL", true);
    store(pool);
    execute(pool, "ALTER TABLE http_session DROP COLUMN user_agent");

    assertThatThrownBy(() -> store(pool))
        .isInstanceOf(SessionStoreException.class)
        .hasMessageContaining("lacks a column that this version needs");
  }

  @Test
  void tableDroppedAtRunTime_saysSo() throws SQLException {
    HikariDataSource pool = pool("?journal_mode=WAL", true);
    JdbcSessionStore store = store(pool);
    execute(pool, "DROP TABLE http_session");

    assertThatThrownBy(() -> store.find(Sessions.token().id()))
        .isInstanceOf(SessionStoreException.class)
        .hasMessageContaining("table http_session is missing, run schema/sqlite.sql");
  }

  @DisplayName("an id that exists already is named in the exception, and no value is")
  @Test
  void insertTwice_saysSo_andQuotesNothing() {
    JdbcSessionStore store = store(pool("?journal_mode=WAL", true));
    StoredSession session = Sessions.of("alice").build();
    store.insert(session);

    assertThatThrownBy(() -> store.insert(session))
        .isInstanceOf(SessionStoreException.class)
        .hasMessageContaining("the id exists already")
        .hasMessageContaining(session.id().toString())
        .hasStackTraceContaining("message left out")
        .hasMessageNotContaining("alice");
  }

  @Test
  void fileBecomesReadOnly_refusesWrites_andReads() {
    HikariDataSource writing = pool("?journal_mode=WAL", true);
    AtomicReference<DataSource> current = new AtomicReference<>(writing);
    JdbcSessionStore store =
        store(
            new DelegatingDataSource(writing) {
              @Override
              public Connection getConnection() throws SQLException {
                return current.get().getConnection();
              }
            });
    StoredSession session = Sessions.of("alice").build();
    store.insert(session);

    current.set(readOnlyPool());

    assertThat(store.find(session.id())).contains(session);
    assertThatThrownBy(() -> store.delete(session.id()))
        .isInstanceOf(SessionStoreException.class)
        .hasMessageContaining("the file takes no writes");
    current.set(writing);
    assertThat(store.find(session.id())).contains(session);
  }

  @Test
  void readOnlyConnections_areRefused() {
    store(pool("?journal_mode=WAL", true));
    for (boolean create : new boolean[] {true, false}) {
      assertThatThrownBy(
              () -> JdbcSessionStore.builder(readOnlyPool()).createSchema(create).build())
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("dataSource must give connections that may write: they are read-only");
    }
  }

  private static void holdWriter(Connection connection) throws SQLException {
    connection.setAutoCommit(false);
    try (Statement statement = connection.createStatement()) {
      statement.executeUpdate("UPDATE http_session SET version = version");
    }
  }

  private static void execute(HikariDataSource pool, String sql) throws SQLException {
    try (Connection connection = pool.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private static Admission admit(JdbcSessionStore store, StoredSession session) {
    return store
        .loginLimit()
        .orElseThrow()
        .admit(session, true, LIMIT, WhenFull.EVICT_OLDEST, Sessions.NOW);
  }

  private static JdbcSessionStore store(DataSource pool) {
    return JdbcSessionStore.builder(pool)
        .createSchema(true)
        .queryTimeout(Duration.ofSeconds(1))
        .build();
  }

  private String url(String parameters) {
    return "jdbc:sqlite:" + folder.resolve("sessions.db") + parameters;
  }

  private HikariDataSource pool(String parameters, boolean autoCommit) {
    return pool(url(parameters), autoCommit, 8);
  }

  private HikariDataSource pool(String url, boolean autoCommit, int size) {
    return pool(config(url, autoCommit, size));
  }

  private HikariDataSource readOnlyPool() {
    HikariConfig config = config(url("?open_mode=1"), true, 2);
    config.setReadOnly(true);
    return pool(config);
  }

  private static HikariConfig config(String url, boolean autoCommit, int size) {
    HikariConfig config = new HikariConfig();
    config.setJdbcUrl(url);
    config.setAutoCommit(autoCommit);
    config.setMaximumPoolSize(size);
    config.setMinimumIdle(0);
    return config;
  }

  private HikariDataSource pool(HikariConfig config) {
    HikariDataSource pool = new HikariDataSource(config);
    pools.add(pool);
    return pool;
  }
}
