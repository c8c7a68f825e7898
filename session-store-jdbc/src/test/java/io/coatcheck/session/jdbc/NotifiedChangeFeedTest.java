package io.coatcheck.session.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.coatcheck.history.FreezingProxy;
import io.coatcheck.session.background.RecurringWork;
import io.coatcheck.session.store.Admission;
import io.coatcheck.session.store.ChangeFeed;
import io.coatcheck.session.store.ChangeListeners;
import io.coatcheck.session.store.LoginLimit;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.WhenFull;
import io.coatcheck.session.token.SessionId;
import io.coatcheck.test.log.RecordedLog;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.net.URI;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

@DisplayName("The change feed is notified of ends by PostgreSQL")
class NotifiedChangeFeedTest {

  private static final Instant NOW = Sessions.NOW;

  /** The longest, so that reading after each interval explains few reports. */
  private static final Duration INTERVAL = Duration.ofSeconds(10);

  private static final String MARKER = "marker";

  private final RecordedLog log = RecordedLog.of(JdbcSessionStore.class).at(Level.INFO);
  private final ReportedChanges reported = new ReportedChanges();

  static Stream<Pool> pools() {
    return Pool.each().filter(pool -> pool.server() == TestDatabase.POSTGRESQL);
  }

  private static Pool pool() {
    return new Pool(TestDatabase.POSTGRESQL, Database.POSTGRESQL, true, null);
  }

  @AfterEach
  void stopRecording() {
    log.close();
  }

  private static JdbcSessionStore.Builder notifying(Table table) {
    return table.builder().changeFeedInterval(INTERVAL).changeFeedNotifications(true);
  }

  private static StoredSession insert(JdbcSessionStore store, StoredSession session) {
    store.insert(session);
    return session;
  }

  private static StoredSession renewed(StoredSession session) {
    return session.toBuilder()
        .generation(session.generation() + 1)
        .secretHash(Sessions.token().secretHash())
        .build();
  }

  private static String channel(Table table) {
    return table.query("SELECT " + NotifiedChangeFeed.channel(table.dialect())).get(0).get(0);
  }

  /** Ends the server's processes that listen, as their last statement says; returns how many. */
  private static int terminateListeners(Table table) {
    return table
        .query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
                + " AND (query = 'LISTEN "
                + channel(table)
                + "' OR query LIKE '%''"
                + table.name
                + "''%pg_listening_channels%')")
        .size();
  }

  private static Set<Thread> threads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith("coatcheck-listener-"))
        .collect(Collectors.toSet());
  }

  /** Waits until a node has read the log once, and listens. */
  private void awaitListening() {
    long asked = System.nanoTime();
    Table.await("the log", () -> reported.isCompletePast(asked));
    Table.await(
        "a thread that waits for notifications",
        () ->
            threads().stream()
                .flatMap(thread -> Stream.of(thread.getStackTrace()))
                .anyMatch(frame -> frame.getMethodName().equals("arriveWithin")));
  }

  /** A connection beside the pool that listens too. */
  private static final class Raw implements AutoCloseable {

    private final Connection connection;
    private final String channel;

    Raw(Table table) throws SQLException {
      connection = DriverManager.getConnection(TestDatabase.POSTGRESQL.url());
      channel = channel(table);
      execute("LISTEN " + channel);
    }

    private void execute(String sql) throws SQLException {
      try (Statement statement = connection.createStatement()) {
        statement.execute(sql);
      }
    }

    /** Returns how many notifications have come since the last call. */
    int count() throws SQLException {
      // In the order of commits, so all that were sent before come before.
      execute("SELECT pg_notify('" + channel + "', '" + MARKER + "')");
      int count = 0;
      while (true) {
        for (String payload : payloads()) {
          if (payload.equals(MARKER)) {
            return count;
          }
          assertThat(payload).as("what a notification says").isEmpty();
          count++;
        }
      }
    }

    /**
     * By reflection, since the driver's classes have annotations that are not on the class path.
     */
    private List<String> payloads() {
      try {
        Class<?> type = Class.forName("org.postgresql.PGConnection");
        Method getParameter =
            Class.forName("org.postgresql.PGNotification").getMethod("getParameter");
        List<String> payloads = new ArrayList<>();
        for (Object received :
            (Object[])
                type.getMethod("getNotifications", int.class)
                    .invoke(connection.unwrap(type), 60_000)) {
          payloads.add((String) getParameter.invoke(received));
        }
        return payloads;
      } catch (ReflectiveOperationException | SQLException e) {
        throw new IllegalStateException(e);
      }
    }

    @Override
    public void close() throws SQLException {
      connection.close();
    }
  }

  @DisplayName("each end and each new secret is found without waiting for the interval")
  @ParameterizedTest
  @MethodSource("pools")
  void ends_areFoundAtOnce(Pool pool) {
    try (Table table = Table.withChanges(pool);
        JdbcSessionStore node = notifying(table).build();
        JdbcSessionStore writer = notifying(table).tableName("public." + table.name).build()) {
      node.changeFeed().orElseThrow().subscribe(reported);
      awaitListening();
      StoredSession alice = insert(writer, Sessions.of("alice").build());
      StoredSession bob = insert(writer, Sessions.of("bob").build());
      StoredSession carol = insert(writer, Sessions.of("carol").build());
      StoredSession anonymous = insert(writer, Sessions.anonymous().build());
      StoredSession old = insert(writer, Sessions.of("dave").build());
      StoredSession other = insert(writer, Sessions.of("erin").build());
      LoginLimit limit = writer.loginLimit().orElseThrow();
      StoredSession next = Sessions.of("dave").authenticatedAt(NOW.plusSeconds(1)).build();
      StoredSession login =
          renewed(anonymous).toBuilder()
              .principal("erin")
              .authenticatedAt(NOW.plusSeconds(1))
              .build();
      Map<Callable<?>, SessionId> ends =
          Map.of(
              () -> writer.delete(alice.id()), alice.id(),
              () -> writer.delete(bob.id(), bob.generation()), bob.id(),
              () -> revokeAll(writer, "carol"), carol.id(),
              () -> limit.admit(next, true, 1, WhenFull.EVICT_OLDEST, NOW), old.id(),
              () -> limit.admit(login, false, 1, WhenFull.EVICT_OLDEST, NOW), other.id());
      assertFoundAtOnce(ends);
      StoredSession updated = login.toBuilder().version(1).build();
      assertFoundAtOnce(Map.of(() -> writer.update(renewed(updated), NOW), anonymous.id()));
    }
  }

  private static int revokeAll(JdbcSessionStore store, String principal) {
    return store
        .principalIndex()
        .orElseThrow()
        .deleteByPrincipal(principal, Set.of(), deleted -> {});
  }

  /** Half of what reading after each interval would take, so that stalls of seconds do no harm. */
  private void assertFoundAtOnce(Map<Callable<?>, SessionId> ends) {
    long began = System.nanoTime();
    ends.forEach(
        (end, id) -> {
          reported.takeChanged();
          try {
            end.call();
          } catch (Exception e) {
            throw new IllegalStateException(e);
          }
          Table.await("the report", () -> reported.hasChanged(id));
        });
    assertThat(Duration.ofNanos(System.nanoTime() - began))
        .isLessThan(INTERVAL.multipliedBy(ends.size()).dividedBy(2));
  }

  @DisplayName("no other write notifies, and one that ends several sessions notifies once")
  @ParameterizedTest
  @MethodSource("pools")
  void otherWrites_doNotNotify(Pool pool) throws SQLException {
    try (Table table = Table.withChanges(pool);
        JdbcSessionStore store = notifying(table).build();
        Raw raw = new Raw(table)) {
      StoredSession session = insert(store, Sessions.of("alice").build());
      StoredSession expiring =
          insert(store, Sessions.of("bob").idleTimeout(Duration.ofMinutes(1)).build());
      insert(store, Sessions.of("alice").build());
      insert(store, Sessions.of("alice").build());
      StoredSession changed = session.toBuilder().attribute("a", Sessions.bytes(10)).build();
      assertThat(store.update(changed, NOW)).isTrue();
      assertThat(store.update(renewed(changed), NOW)).as("a lost compare-and-set").isFalse();
      assertThat(store.touch(session.id(), NOW.plusSeconds(1), NOW)).isTrue();
      assertThat(store.delete(session.id(), 7)).as("another generation").isEmpty();
      assertThat(store.delete(Sessions.token().id())).isEmpty();
      assertThat(store.deleteExpired(expiring.expiresAt(), 10, gone -> {}).deleted()).isOne();
      assertThat(raw.count()).isZero();

      StoredSession current = changed.toBuilder().version(1).build();
      assertThat(store.update(renewed(current), NOW)).isTrue();
      assertThat(raw.count()).as("a new secret").isOne();
      StoredSession latest = renewed(current).toBuilder().version(2).build();
      assertThat(store.update(latest, NOW)).isTrue();
      assertThat(raw.count()).as("the same secret").isZero();

      assertThat(revokeAll(store, "alice")).isGreaterThan(1);
      assertThat(raw.count()).as("one revocation of several").isOne();
    }
  }

  @DisplayName("what is rolled back, and a store without the setting, notify nothing")
  @ParameterizedTest
  @MethodSource("pools")
  void rollback_doesNotNotify(Pool pool) throws SQLException {
    try (Table table = Table.withChanges(pool);
        JdbcSessionStore store = notifying(table).build();
        Raw raw = new Raw(table)) {
      StoredSession session = insert(store, Sessions.of("alice").build());
      insert(store, Sessions.of("alice").build());
      StoredSession stale =
          insert(store, Sessions.of("alice").authenticatedAt(NOW.plusSeconds(1)).build());
      assertThat(store.update(stale, NOW)).isTrue();
      assertThat(
              store
                  .loginLimit()
                  .orElseThrow()
                  .admit(renewed(stale), false, 1, WhenFull.EVICT_OLDEST, NOW)
                  .outcome())
          .isEqualTo(Admission.Outcome.CONFLICT);
      if (!pool.autoCommit()) {
        table.watched.failWith(WatchedDataSource.failing(WatchedDataSource.COMMIT, new Error()));
        assertThatThrownBy(() -> store.delete(session.id())).isInstanceOf(Error.class);
        table.watched.failWith(sql -> {});
      }
      assertThat(store.find(session.id())).isPresent();
      assertThat(table.store.delete(session.id())).isPresent();
      assertThat(raw.count()).isZero();
    }
  }

  @DisplayName("I7: no statement more")
  @ParameterizedTest
  @MethodSource("pools")
  void statements_areTheSame(Pool pool) {
    try (Table table = Table.withChanges(pool);
        JdbcSessionStore store = notifying(table).build()) {
      StoredSession session = insert(store, Sessions.of("alice").build());
      insert(store, Sessions.of("alice").build());
      table.watched.takeKinds();
      store.update(renewed(session), NOW);
      assertThat(table.watched.takeKinds()).containsExactly("WITH");
      StoredSession current = renewed(session).toBuilder().version(1).build();
      store.loginLimit().orElseThrow().admit(current, false, 1, WhenFull.EVICT_OLDEST, NOW);
      assertThat(table.watched.takeKinds()).hasSize(4);
      store.delete(session.id());
      assertThat(table.watched.takeKinds()).containsExactly("WITH");
    }
  }

  /** A thread cannot be started twice, just as it cannot be without memory for it. */
  @DisplayName("a subscription for which no thread can be started is not left behind")
  @Test
  void subscribe_listenerThatCannotStart_leavesNoSubscription() throws Exception {
    try (Table table = Table.withChanges(pool());
        JdbcSessionStore node = notifying(table).build()) {
      ChangeFeed feed = node.changeFeed().orElseThrow();
      RecurringWork work =
          (RecurringWork) field(NotifiedChangeFeed.class, "work", RecurringWork.class, feed);
      ChangeListeners listeners =
          (ChangeListeners)
              field(NotifiedChangeFeed.class, "listeners", ChangeListeners.class, feed);
      ((Thread) field(RecurringWork.class, "thread", Thread.class, work)).start();
      try {
        for (int i = 0; i < 2; i++) {
          assertThatThrownBy(() -> feed.subscribe(reported))
              .as("attempt %d", i + 1)
              .isInstanceOf(IllegalThreadStateException.class);
          assertThat(listeners.isEmpty()).isTrue();
        }
      } finally {
        assertThat(work.end()).isTrue();
      }
    }
  }

  private static Object field(Class<?> owner, String name, Class<?> type, Object of)
      throws ReflectiveOperationException {
    return MethodHandles.privateLookupIn(owner, MethodHandles.lookup())
        .findVarHandle(owner, name, type)
        .get(of);
  }

  @DisplayName("I15: it listens again after its connection was lost, and after every failure")
  @Test
  void connectionLost_listensAgain() {
    try (Table table = Table.withChanges(pool());
        JdbcSessionStore node = notifying(table).build()) {
      node.changeFeed().orElseThrow().subscribe(reported);
      awaitListening();
      int[] failed = {0};
      table.watched.failWith(
          sql -> {
            if (sql.startsWith("LISTEN")) {
              failed[0]++;
              if (failed[0] == 1) {
                throw new StackOverflowError("on purpose");
              }
              if (failed[0] == 2) {
                throw new SQLException("down", "08006");
              }
            }
          });
      threads().forEach(Thread::interrupt);
      assertThat(terminateListeners(table)).isOne();
      awaitListeningAgain();
      assertThat(failed[0]).isEqualTo(3);
      StoredSession session = insert(table.store, Sessions.anonymous().build());
      try (JdbcSessionStore writer = notifying(table).build()) {
        assertFoundAtOnce(Map.of(() -> writer.delete(session.id()), session.id()));
      }
      assertThat(log.lines(Level.WARN))
          .filteredOn(line -> line.startsWith("notifications are not received"))
          .singleElement()
          .asString()
          .contains("listen failed: ");
    }
  }

  private void awaitListeningAgain() {
    Table.await("the line", () -> !log.linesBeginning("notifications are received").isEmpty());
  }

  @DisplayName("a connection that no longer listens to the table is found, and replaced")
  @Tag("wide")
  @ParameterizedTest
  @MethodSource("pools")
  void tableCreatedAgain_listensToIt(Pool pool) throws SQLException {
    try (Table table = Table.withChanges(pool);
        JdbcSessionStore node = notifying(table).build()) {
      node.changeFeed().orElseThrow().subscribe(reported);
      awaitListening();
      String before = channel(table);
      table.execute("ALTER TABLE " + table.name + " RENAME TO " + table.name + "_before");
      table.execute(
          "CREATE TABLE " + table.name + " (LIKE " + table.name + "_before INCLUDING ALL)");
      assertThat(channel(table)).isNotEqualTo(before);
      awaitListeningAgain();
      assertThat(log.lines(Level.WARN))
          .filteredOn(line -> line.startsWith("notifications are not received"))
          .singleElement()
          .asString()
          .contains("08003");
      StoredSession session = insert(table.store, Sessions.anonymous().build());
      try (JdbcSessionStore writer = notifying(table).build()) {
        assertFoundAtOnce(Map.of(() -> writer.delete(session.id()), session.id()));
      }
      table.execute("DROP TABLE " + table.name + "_before");
    }
  }

  @DisplayName("a connection that listens is kept by the checks")
  @Tag("wide")
  @ParameterizedTest
  @MethodSource("pools")
  void check_listens_isKept(Pool pool) {
    try (Table table = Table.withChanges(pool);
        JdbcSessionStore node = notifying(table).build()) {
      node.changeFeed().orElseThrow().subscribe(reported);
      List<String> listening = new ArrayList<>();
      Table.await(
          "the second check",
          () -> {
            table.watched.takeStatements().stream()
                .filter(sql -> sql.startsWith("LISTEN") || sql.contains("pg_listening_channels"))
                .forEach(listening::add);
            return listening.size() > 2;
          });
      assertThat(listening).filteredOn(sql -> sql.startsWith("LISTEN")).hasSize(1);
      assertThat(log.linesBeginning("notifications are not received")).isEmpty();
    }
  }

  @DisplayName("it listens although the pool has no connection left for anything else")
  @Test
  void poolOfOne_listens() {
    try (Table table = Table.withChanges(pool())) {
      HikariConfig config = TestDatabase.POSTGRESQL.config(true, 1);
      // Twice as long as the test waits.
      config.setConnectionTimeout(120_000);
      try (HikariDataSource one = new HikariDataSource(config)) {
        JdbcSessionStore node =
            JdbcSessionStore.builder(one)
                .tableName(table.name)
                .changeFeed(true)
                .changeFeedInterval(INTERVAL)
                .changeFeedNotifications(true)
                .build();
        Set<Thread> before = threads();
        node.changeFeed().orElseThrow().subscribe(reported);
        Table.await(
            "a thread that waits for notifications",
            () ->
                threads().stream()
                    .filter(thread -> !before.contains(thread))
                    .flatMap(thread -> Stream.of(thread.getStackTrace()))
                    .anyMatch(frame -> frame.getMethodName().equals("arriveWithin")));
        node.close();
      }
    }
  }

  @DisplayName("I15: a connection that has gone silent does not keep the store from closing")
  @Test
  void connectionGoesSilent_isClosed() throws IOException {
    String url = TestDatabase.POSTGRESQL.url();
    int port = URI.create(url.substring("jdbc:".length())).getPort();
    try (Table table = Table.withChanges(pool());
        FreezingProxy proxy = new FreezingProxy(port)) {
      HikariConfig config = new HikariConfig();
      config.setJdbcUrl(url.replace(":" + port, ":" + proxy.port()));
      config.setConnectionTimeout(1_000);
      config.setValidationTimeout(500);
      try (HikariDataSource connections = new HikariDataSource(config)) {
        JdbcSessionStore node =
            JdbcSessionStore.builder(connections)
                .tableName(table.name)
                .queryTimeout(Duration.ofSeconds(1))
                .changeFeed(true)
                .changeFeedInterval(INTERVAL)
                .changeFeedNotifications(true)
                .build();
        Set<Thread> before = threads();
        node.changeFeed().orElseThrow().subscribe(reported);
        awaitListening();
        Set<Thread> started = threads();
        started.removeAll(before);
        proxy.freeze();
        node.close();
        Table.await("its end", () -> started.stream().noneMatch(Thread::isAlive));
        proxy.thaw();
        assertThat(started).hasSize(1);
        assertThat(log.linesBeginning("notifications are not received")).isEmpty();
        Table.await(
            "the connections", () -> connections.getHikariPoolMXBean().getActiveConnections() == 0);
      }
    }
  }

  @DisplayName("the connection is given back as it was, without listeners and at the end")
  @ParameterizedTest
  @MethodSource("pools")
  void connection_isGivenBack(Pool pool) throws SQLException {
    try (Table table = Table.withChanges(pool)) {
      JdbcSessionStore node = notifying(table).build();
      Set<Thread> before = threads();
      ChangeFeed feed = node.changeFeed().orElseThrow();
      for (int round = 0; round < 2; round++) {
        ChangeFeed.Subscription subscription = feed.subscribe(reported);
        awaitListening();
        assertThat(table.connections.getHikariPoolMXBean().getActiveConnections()).isPositive();
        if (round == 0) {
          subscription.close();
          awaitIdle(table);
        }
      }
      Set<Thread> started = threads();
      started.removeAll(before);
      assertThat(started).hasSize(1);
      node.close();
      assertThat(started).noneMatch(Thread::isAlive);
      awaitIdle(table);
      assertThat(table.connections.getHikariPoolMXBean().getTotalConnections())
          .as("none was discarded")
          .isPositive();
      assertNoneListens(table);
    }
  }

  private static void awaitIdle(Table table) {
    Table.await(
        "the connection",
        () -> table.connections.getHikariPoolMXBean().getActiveConnections() == 0);
  }

  private static void assertNoneListens(Table table) throws SQLException {
    int size = table.connections.getHikariPoolMXBean().getTotalConnections();
    List<Connection> all = new ArrayList<>();
    try {
      for (int i = 0; i < size; i++) {
        Connection connection = table.connections.getConnection();
        all.add(connection);
        try (Statement statement = connection.createStatement();
            var channels = statement.executeQuery("SELECT pg_listening_channels()")) {
          assertThat(channels.next()).isFalse();
        }
      }
    } finally {
      for (Connection connection : all) {
        connection.close();
      }
    }
  }

  @DisplayName("many logouts at once all succeed and are reported")
  @ParameterizedTest
  @MethodSource("pools")
  void logoutsAtOnce(Pool pool) {
    try (Table table = Table.withChanges(pool);
        JdbcSessionStore node = notifying(table).build();
        JdbcSessionStore writer = notifying(table).build()) {
      node.changeFeed().orElseThrow().subscribe(reported);
      awaitListening();
      List<SessionId> ids = new CopyOnWriteArrayList<>();
      List<Callable<Boolean>> tasks = new ArrayList<>();
      for (int i = 0; i < 6; i++) {
        List<StoredSession> own =
            Stream.generate(() -> insert(writer, Sessions.anonymous().build())).limit(30).toList();
        own.forEach(session -> ids.add(session.id()));
        tasks.add(() -> own.stream().map(s -> writer.delete(s.id())).allMatch(Optional::isPresent));
      }
      assertThat(Together.run(tasks)).containsOnly(true);
      Table.await("all reports", () -> ids.stream().allMatch(reported::hasChanged));
    }
  }

  @DisplayName("I11: it needs changeFeed(true)")
  @Test
  void withoutChangeFeed_isRefused() {
    try (Table table = new Table(pool())) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> table.builder().changeFeedNotifications(true).build())
          .withMessage("changeFeedNotifications(true) needs changeFeed(true): false");
      table.builder().changeFeedNotifications(false).build().close();
    }
  }

  @DisplayName("I11: it needs PostgreSQL")
  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "POSTGRESQL")
  void otherDatabase_isRefused(TestDatabase server) {
    try (HikariDataSource connections = server.pool(true, 1)) {
      assertThatIllegalArgumentException()
          .isThrownBy(
              () ->
                  JdbcSessionStore.builder(connections)
                      .changeFeed(true)
                      .changeFeedNotifications(true)
                      .createSchema(true)
                      .build())
          .withMessage("changeFeedNotifications(true) needs PostgreSQL: " + server.database);
    }
  }

  @DisplayName("I11: it needs a pool that unwraps the driver's connections")
  @Test
  void otherDriver_isRefused() {
    try (Table table = Table.withChanges(pool())) {
      assertThatIllegalArgumentException()
          .isThrownBy(
              () ->
                  JdbcSessionStore.builder(wrapping(table.connections))
                      .tableName(table.name)
                      .changeFeed(true)
                      .changeFeedNotifications(true)
                      .build())
          .withMessageStartingWith(
              "changeFeedNotifications(true) needs a dataSource whose connections unwrap to"
                  + " org.postgresql.PGConnection");
    }
  }

  private static DelegatingDataSource wrapping(HikariDataSource connections) {
    return new DelegatingDataSource(connections) {
      @Override
      public Connection getConnection() throws SQLException {
        Connection connection = target.getConnection();
        return (Connection)
            Proxy.newProxyInstance(
                Connection.class.getClassLoader(),
                new Class<?>[] {Connection.class},
                (proxy, method, arguments) -> {
                  if (method.getName().equals("isWrapperFor")) {
                    return false;
                  }
                  try {
                    return method.invoke(connection, arguments);
                  } catch (InvocationTargetException e) {
                    throw e.getCause();
                  }
                });
      }
    };
  }
}
