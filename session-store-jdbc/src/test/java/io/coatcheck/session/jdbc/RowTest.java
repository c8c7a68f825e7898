package io.coatcheck.session.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.coatcheck.session.LoginOptions;
import io.coatcheck.session.LoginOutcome;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.codec.AttributeCodecException;
import io.coatcheck.session.codec.AttributeFrames;
import io.coatcheck.session.store.PrincipalIndex;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import io.coatcheck.session.token.SessionToken;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The contents of rows, and the treatment of rows with other contents. */
class RowTest {

  private static final Instant NOW = Sessions.NOW;

  static Stream<Pool> eachDialect() {
    return Pool.eachDialect();
  }

  @DisplayName("I1, F1: no column of any row holds the secret, in whatever form")
  @ParameterizedTest
  @MethodSource("eachDialect")
  void noColumnHoldsTheSecret(Pool pool) throws SQLException {
    try (Table table = new Table(pool)) {
      SessionToken first = Sessions.token();
      SessionToken second = Sessions.token();
      table.store.insert(
          StoredSession.builder(first.id())
              .secretHash(second.secretHash())
              .previousSecretHash(first.secretHash())
              .previousReadableUntil(NOW)
              .createdAt(NOW)
              .absoluteDeadline(NOW.plusSeconds(60))
              .attribute("a", Sessions.bytes(99))
              .build());

      String dump = dump(table);

      assertThat(dump).contains(HexFormat.of().formatHex(first.secretHash().toBytes()));
      for (SessionToken token : List.of(first, second)) {
        String secret = token.value().substring(token.value().indexOf('.') + 1);
        assertThat(dump)
            .doesNotContain(secret)
            .doesNotContain(HexFormat.of().formatHex(Base64.getUrlDecoder().decode(secret)))
            .doesNotContain(HexFormat.of().formatHex(secret.getBytes(StandardCharsets.US_ASCII)));
      }
    }
  }

  @DisplayName("I14: whatever a client calls itself, its user can log in")
  @ParameterizedTest
  @MethodSource("eachDialect")
  void hostileClient_logsIn(Pool pool) {
    try (Table table = new Table(pool);
        SessionManager manager =
            SessionManager.builder(table.store).cleanUpInterval(Duration.ZERO).build()) {
      LoginOptions options =
          LoginOptions.builder()
              .client("\0\uD800", "\uDC00\0\u0080'\"\\\uFFFF" + "\uD83D\uDE00".repeat(80))
              .build();

      LoginOutcome login = manager.authenticate(null, "alice", options);

      assertThat(login).isInstanceOf(LoginOutcome.Granted.class);
      List<StoredSession> stored =
          table.store.principalIndex().orElseThrow().findByPrincipal("alice", null, 1_000);
      assertThat(stored).hasSize(1);
      assertThat(stored.get(0).clientAddress()).contains("\uFFFD\uFFFD");
      assertThat(stored.get(0).userAgent().orElseThrow())
          .startsWith("\uFFFD\uFFFD\uFFFD'\"\\\uFFFF\uD83D\uDE00")
          .hasSizeBetween(127, 128);
    }
  }

  private static String dump(Table table) throws SQLException {
    StringBuilder dump = new StringBuilder();
    try (Connection connection = table.connections.getConnection();
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery("SELECT * FROM " + table.name)) {
      while (rows.next()) {
        for (int i = 1; i <= rows.getMetaData().getColumnCount(); i++) {
          String type = rows.getMetaData().getColumnTypeName(i).toUpperCase(Locale.ROOT);
          boolean binary = type.contains("BYTEA") || type.contains("BIN") || type.contains("BLOB");
          Object value = binary ? rows.getBytes(i) : rows.getString(i);
          dump.append(value instanceof byte[] bytes ? HexFormat.of().formatHex(bytes) : value);
          dump.append('\n');
        }
      }
    }
    return dump.toString();
  }

  @DisplayName(
      "F61: attributes that are not frames: the session counts as absent, and can be deleted")
  @ParameterizedTest
  @MethodSource("eachDialect")
  void unreadableAttributes(Pool pool) {
    try (Table table = new Table(pool)) {
      PrincipalIndex index = table.store.principalIndex().orElseThrow();
      StoredSession session = Sessions.of("alice").attribute("a", Sessions.bytes(9)).build();
      table.store.insert(session);
      table.execute("UPDATE " + table.name + " SET attributes = secret_hash");

      assertThat(table.store.find(session.id())).isEmpty();
      // A list reads no attributes, and so lets its owner end it.
      StoredSession without = session.toBuilder().attributes(Map.of()).build();
      assertThat(index.findByPrincipal("alice", null, 1_000)).containsExactly(without);

      List<StoredSession> deleted = new ArrayList<>();
      assertThat(index.deleteByPrincipal("alice", Set.of(), deleted::add)).isEqualTo(1);
      assertThat(deleted).containsExactly(without);
    }
  }

  @DisplayName("A row whose reading fails unexpectedly loses the end of no other session")
  @ParameterizedTest
  @MethodSource("eachDialect")
  void deleted_unexpectedFailure(Pool pool) throws SQLException {
    try (Table table = new Table(pool)) {
      List<StoredSession> sessions = twoStored(table);
      SessionRow.Deleted deleted =
          readDeleted(
              table,
              new FirstCall("getBoolean") {
                @Override
                Object answer() {
                  throw new IllegalStateException("a driver that fails");
                }
              });

      assertThat(deleted.ids()).containsExactlyInAnyOrder(ids(sessions));
      assertThat(deleted.sessions()).hasSize(1);
      assertThat(sessions).containsAll(deleted.sessions());
    }
  }

  @DisplayName("A deleted session whose attributes are missing is handed over without them")
  @ParameterizedTest
  @MethodSource("eachDialect")
  void deleted_missingAttributes(Pool pool) throws SQLException {
    try (Table table = new Table(pool)) {
      List<StoredSession> sessions = twoStored(table);
      SessionRow.Deleted deleted =
          readDeleted(
              table,
              new FirstCall("getBytes") {
                @Override
                Object answer() {
                  return null;
                }
              });

      assertThat(deleted.sessions())
          .extracting(StoredSession::id)
          .containsExactlyInAnyOrder(ids(sessions));
      assertThat(deleted.sessions().get(0).attributes()).isEmpty();
      assertThat(deleted.sessions().get(1).attributes()).hasSize(1);
    }
  }

  private static SessionId[] ids(List<StoredSession> sessions) {
    return sessions.stream().map(StoredSession::id).toArray(SessionId[]::new);
  }

  private static List<StoredSession> twoStored(Table table) {
    List<StoredSession> sessions =
        Stream.of("alice", "bob")
            .map(name -> Sessions.of(name).attribute("a", Sessions.bytes(9)).build())
            .toList();
    sessions.forEach(table.store::insert);
    return sessions;
  }

  @DisplayName("An Error of the driver is passed on: it may have come in the middle of an answer")
  @ParameterizedTest
  @MethodSource("eachDialect")
  void deleted_errorOfTheDriver(Pool pool) {
    try (Table table = new Table(pool)) {
      List<StoredSession> unused = twoStored(table);
      OutOfMemoryError error = new OutOfMemoryError("a driver that fails");
      FirstCall failing =
          new FirstCall("getBytes") {
            @Override
            Object answer() {
              throw error;
            }
          };

      assertThatThrownBy(() -> readDeleted(table, failing)).isSameAs(error);
    }
  }

  /** Changes the answer to the first call of a method whose argument is the attributes, or any. */
  private abstract static class FirstCall {
    private final String method;
    private boolean isOver;

    FirstCall(String method) {
      this.method = method;
    }

    abstract Object answer();

    Object call(ResultSet rows, Method called, Object[] arguments) throws Throwable {
      boolean isOfAttributes =
          arguments != null && arguments[0].equals(Column.ATTRIBUTES.position());
      if (!isOver
          && called.getName().equals(method)
          && (isOfAttributes || !method.equals("getBytes"))) {
        isOver = true;
        return answer();
      }
      try {
        return called.invoke(rows, arguments);
      } catch (InvocationTargetException failed) {
        throw failed.getCause();
      }
    }
  }

  private static SessionRow.Deleted readDeleted(Table table, FirstCall first) throws SQLException {
    Dialect dialect = table.dialect();
    try (Connection connection = table.connections.getConnection();
        Statement statement = connection.createStatement();
        ResultSet rows =
            statement.executeQuery(dialect.select(Column.list(Column.SESSION), "1 = 1"))) {
      ResultSet changed =
          (ResultSet)
              Proxy.newProxyInstance(
                  RowTest.class.getClassLoader(),
                  new Class<?>[] {ResultSet.class},
                  (proxy, called, arguments) -> first.call(rows, called, arguments));
      return SessionRow.readDeleted(changed, dialect, Column.SESSION);
    }
  }

  @DisplayName("Rows that hold no session do not stop the clean-up")
  @ParameterizedTest
  @MethodSource("eachDialect")
  void unreadableRow(Pool pool) {
    try (Table table = new Table(pool)) {
      StoredSession broken = Sessions.of("alice").build();
      StoredSession sound = Sessions.anonymous().build();
      table.store.insert(broken);
      table.store.insert(sound);
      table.execute(
          "UPDATE " + table.name + " SET authenticated_at = NULL WHERE principal IS NOT NULL");

      assertThat(table.store.find(broken.id())).isEmpty();
      List<StoredSession> deleted = new ArrayList<>();
      assertThat(table.store.deleteExpired(broken.expiresAt(), 9, deleted::add).deleted())
          .isEqualTo(2);
      assertThat(deleted).containsExactly(sound);
      assertThat(table.count()).isZero();
    }
  }

  @DisplayName("A value that no session has costs the others of the same delete nothing")
  @ParameterizedTest
  @MethodSource("damages")
  void damagedRow_othersAreHandedOver(Pool pool, String allow, String damage) {
    try (Table table = new Table(pool)) {
      StoredSession sound = Sessions.of("alice").build();
      table.store.insert(sound);
      table.store.insert(Sessions.of("alice").userAgent("odd").build());
      StoredSession alone = Sessions.anonymous().userAgent("odd").build();
      table.store.insert(alone);
      table.execute("ALTER TABLE " + table.name + " " + allow);
      table.execute("UPDATE " + table.name + " SET " + damage + " WHERE user_agent = 'odd'");

      assertThat(table.store.find(alone.id())).isEmpty();
      List<StoredSession> deleted = new ArrayList<>();
      PrincipalIndex index = table.store.principalIndex().orElseThrow();
      assertThat(index.deleteByPrincipal("alice", Set.of(), deleted::add)).isEqualTo(2);
      assertThat(deleted).containsExactly(sound);
      assertThat(table.store.delete(alone.id())).isEmpty();
      assertThat(table.count()).isZero();
    }
  }

  static Stream<Arguments> damages() {
    return Pool.eachAndMySql()
        .flatMap(
            pool ->
                switch (pool.server()) {
                  case POSTGRESQL ->
                      Stream.of(
                          Arguments.of(
                              pool, "ALTER secret_hash DROP NOT NULL", "secret_hash = NULL"),
                          Arguments.of(
                              pool, "ALTER rotated_at TYPE numeric(30)", "rotated_at = 1e25"));
                  case H2 ->
                      Stream.of(
                          Arguments.of(
                              pool,
                              "ALTER COLUMN secret_hash DROP NOT NULL",
                              "secret_hash = NULL"));
                  case MARIADB ->
                      Stream.of(
                          Arguments.of(
                              pool, "MODIFY secret_hash BINARY(32)", "secret_hash = NULL"));
                  // Its columns cannot be altered.
                  case SQLITE -> Stream.of();
                });
  }

  @DisplayName(
      "A row of a newer format does not count as absent: the session is live on other nodes")
  @ParameterizedTest
  @MethodSource("eachDialect")
  void newerFormat(Pool pool) {
    try (Table table = new Table(pool)) {
      StoredSession session = Sessions.of("alice").build();
      table.store.insert(session);
      table.execute("UPDATE " + table.name + " SET format = 2");

      assertThatThrownBy(() -> table.store.find(session.id()))
          .isInstanceOf(SessionStoreException.class)
          .hasMessageContaining("format 2, known up to 1");
      assertThat(table.store.delete(session.id())).contains(session);
    }
  }

  @DisplayName("F55: attributes up to the limit are stored, one byte more is refused at once")
  @ParameterizedTest
  @MethodSource("eachDialect")
  void attributesAtTheLimit(Pool pool) {
    try (Table table = new Table(pool)) {
      int overhead =
          AttributeFrames.write(Map.of("a", Sessions.bytes(5_000_000))).length - 5_000_000;
      int most = AttributeFrames.MAX_BYTES - overhead;
      StoredSession session = Sessions.of("alice").attribute("a", Sessions.bytes(most)).build();
      table.store.insert(session);
      assertThat(table.store.update(session, NOW)).isTrue();
      assertThat(table.store.delete(session.id())).contains(session.toBuilder().version(1).build());
      table.watched.takeKinds();

      StoredSession larger = session.toBuilder().attribute("a", Sessions.bytes(most + 1)).build();
      assertThatThrownBy(() -> table.store.insert(larger))
          .isInstanceOf(AttributeCodecException.class)
          .hasMessageContaining("at most " + AttributeFrames.MAX_BYTES);
      assertThat(table.watched.takeKinds()).isEmpty();
    }
  }

  @DisplayName("The clean-up ends a transaction for bytes, and goes on with the next one")
  @ParameterizedTest
  @MethodSource("eachDialect")
  void cleanUpBytes(Pool pool) {
    try (Table table = new Table(pool)) {
      JdbcSessionStore store = table.builder().cleanUpBytes(250_000).build();
      for (int i = 0; i < 7; i++) {
        store.insert(Sessions.anonymous().attribute("a", Sessions.bytes(100_000)).build());
      }
      Instant cutoff = NOW.plus(Sessions.IDLE);
      List<StoredSession> deleted = new ArrayList<>();
      List<Integer> gone = new ArrayList<>();
      table.watched.takeKinds();

      int number =
          store
              .deleteExpired(
                  cutoff,
                  100,
                  session -> {
                    deleted.add(session);
                    gone.add(7 - table.count());
                  })
              .deleted();

      assertThat(number).isEqualTo(7);
      assertThat(deleted).hasSize(7);
      assertThat(gone).as("deleted when handed over").containsExactly(3, 3, 3, 6, 6, 6, 7);
    }
  }

  @DisplayName("Many sessions in use that are due do not hide the expired one behind them")
  @ParameterizedTest
  @MethodSource("eachDialect")
  void cleanUpBehindLiveSessions(Pool pool) {
    try (Table table = new Table(pool)) {
      JdbcSessionStore store = table.builder().cleanUpRows(10).build();
      for (int i = 0; i < 25; i++) {
        StoredSession used = Sessions.anonymous().build();
        store.insert(used);
        store.touch(used.id(), NOW.plusSeconds(600), NOW);
      }
      StoredSession expired = Sessions.anonymous().lastSeenAt(NOW.plusSeconds(1)).build();
      store.insert(expired);

      List<StoredSession> deleted = new ArrayList<>();
      assertThat(store.deleteExpired(expired.expiresAt(), 1_000, deleted::add).deleted())
          .isEqualTo(1);
      assertThat(deleted).containsExactly(expired);
    }
  }

  @DisplayName("An update that shortens a session brings its clean-up forward")
  @ParameterizedTest
  @MethodSource("eachDialect")
  void shortenedSession(Pool pool) {
    try (Table table = new Table(pool)) {
      StoredSession session = Sessions.anonymous().build();
      table.store.insert(session);
      Instant deadline = NOW.plusSeconds(5);
      assertThat(table.store.update(session.toBuilder().absoluteDeadline(deadline).build(), NOW))
          .isTrue();

      assertThat(table.store.deleteExpired(deadline.minusMillis(1), 9, deleted -> {}).deleted())
          .isZero();
      assertThat(table.store.deleteExpired(deadline, 9, deleted -> {}).deleted()).isEqualTo(1);
    }
  }

  @DisplayName("A count of changed rows, not of found ones, is not mistaken for an absent session")
  @Test
  void useAffectedRows() {
    TestDatabase server = TestDatabase.MARIADB;
    try (Table table = new Table(new Pool(server, Database.MARIADB, true, null))) {
      HikariConfig config = server.config(true, 2);
      config.setJdbcUrl(server.url() + "&useAffectedRows=true");
      try (HikariDataSource connections = new HikariDataSource(config)) {
        JdbcSessionStore store =
            JdbcSessionStore.builder(connections)
                .tableName(table.name)
                .queryTimeout(Table.PATIENCE)
                .build();
        StoredSession session = Sessions.anonymous().build();
        store.insert(session);

        assertThat(store.touch(session.id(), NOW, NOW)).as("nothing to change").isTrue();
        assertThat(store.touch(session.id(), NOW, session.expiresAt())).isFalse();
        assertThat(store.update(session, NOW)).isTrue();
        assertThat(store.touch(Sessions.token().id(), NOW, NOW)).isFalse();
      }
    }
  }

  @DisplayName("A principal of 255 characters outside the basic plane fits, with its neighbours")
  @ParameterizedTest
  @MethodSource("eachDialect")
  void longPrincipal(Pool pool) {
    try (Table table = new Table(pool)) {
      String principal = "\uD83E\uDDE5".repeat(255);
      StoredSession session = Sessions.of(principal).build();
      StoredSession other = Sessions.of("\uD83E\uDDE5".repeat(254) + "\uD83E\uDDE4").build();
      table.store.insert(session);
      table.store.insert(other);

      assertThat(table.store.principalIndex().orElseThrow().findByPrincipal(principal, null, 1_000))
          .containsExactly(session);
    }
  }
}
