package io.coatcheck.session.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariDataSource;
import io.coatcheck.session.LoginOptions;
import io.coatcheck.session.LoginOutcome;
import io.coatcheck.session.Resolution;
import io.coatcheck.session.Session;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.StoreOperation;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.testkit.FaultyStore;
import io.coatcheck.session.testkit.MutableClock;
import io.coatcheck.session.token.SessionId;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The races that session libraries lose, each brought about on purpose: two nodes on one database,
 * of which one is stopped between what it decided and the statement that it then sends, or between
 * two statements of one transaction.
 */
@DisplayName("Races, on real databases")
class RacesTest {

  private static final Instant NOW = Instant.parse("2026-11-23T12:00:00Z");

  /** A node that can be stopped in the middle, another one, and the table that they share. */
  private static final class Nodes implements AutoCloseable {

    private final Table table;
    private final MutableClock slowClock = MutableClock.at(NOW);
    private final MutableClock otherClock = MutableClock.at(NOW);
    private final FaultyStore steps;
    private final SessionManager slow;
    private final SessionManager other;

    Nodes(TestDatabase database) {
      table = new Table(new Pool(database, database.database, true, null));
      steps = FaultyStore.wrap(table.builder().build());
      slow = node(steps, slowClock);
      other = node(table.builder().build(), otherClock);
    }

    /** Returns the sessions that the slow node has inserted, updated and touched, in order. */
    List<StoreOperation> writes() {
      Set<StoreOperation> writes =
          EnumSet.of(StoreOperation.INSERT, StoreOperation.UPDATE, StoreOperation.TOUCH);
      return steps.history().stream().filter(writes::contains).toList();
    }

    private static SessionManager node(SessionStore store, MutableClock clock) {
      return SessionManager.builder(store)
          .clock(clock)
          .cleanUpInterval(Duration.ZERO)
          .storeTimeout(Duration.ofMinutes(1))
          .build();
    }

    void advance(Duration step) {
      slowClock.advance(step);
      otherClock.advance(step);
    }

    /** Begins a session that holds a cart, and returns its token. */
    String anonymous() {
      Session session = slow.adapter().create(new Resolution.Absent());
      session.setAttribute("cart", "full");
      assertThat(slow.save(session)).isTrue();
      return sent(session);
    }

    String loggedIn(String principal) {
      return sent(granted(other.authenticate(null, principal, LoginOptions.defaults())));
    }

    StoredSession row(SessionId id) {
      return table.store.find(id).orElseThrow();
    }

    @Override
    public void close() {
      slow.close();
      other.close();
      table.close();
    }
  }

  private static String sent(Session session) {
    String token = session.unsentToken().orElseThrow().value();
    session.markTokenSent();
    return token;
  }

  private static Session granted(LoginOutcome authentication) {
    return ((LoginOutcome.Granted) authentication).session();
  }

  private static Session live(SessionManager node, String token) {
    return ((Resolution.Live) node.adapter().resolve(List.of(token))).session();
  }

  private static boolean isLive(SessionManager node, String token) {
    return node.adapter().resolve(List.of(token)) instanceof Resolution.Live;
  }

  @DisplayName("I3, I4: a slow request that started before a login finishes after it")
  @ParameterizedTest
  @EnumSource(TestDatabase.class)
  void slowRequest_finishesAfterLogin(TestDatabase database) {
    try (Nodes nodes = new Nodes(database)) {
      String before = nodes.anonymous();
      Session inTheMiddle = live(nodes.slow, before);
      Session entirely = live(nodes.slow, before);
      inTheMiddle.setAttribute("cart", "late");
      entirely.setAttribute("other", "late");
      List<String> after = new ArrayList<>();
      nodes.steps.runBefore(
          StoreOperation.UPDATE,
          () -> {
            Session login = live(nodes.other, before);
            after.add(
                sent(granted(nodes.other.authenticate(login, "alice", LoginOptions.defaults()))));
          });

      assertThat(nodes.slow.save(inTheMiddle)).as("its changes are dropped").isFalse();
      assertThat(nodes.slow.save(entirely)).as("its changes are dropped").isFalse();

      assertThat(isLive(nodes.slow, before)).as("the secret from before the login").isFalse();
      Session session = live(nodes.slow, after.get(0));
      assertThat(session.principal()).contains("alice");
      assertThat(session.authenticatedAt()).contains(NOW);
      assertThat(session.attributeNames()).containsExactly("cart");
      assertThat(session.attribute("cart")).isEqualTo("full");
    }
  }

  @DisplayName("I2: a slow request finishes after the logout")
  @ParameterizedTest
  @EnumSource(TestDatabase.class)
  void slowRequest_finishesAfterLogout(TestDatabase database) {
    try (Nodes nodes = new Nodes(database)) {
      String token = nodes.loggedIn("alice");
      Session inTheMiddle = live(nodes.slow, token);
      Session entirely = live(nodes.slow, token);
      inTheMiddle.setAttribute("note", "late");
      entirely.setAttribute("note", "later");
      nodes.steps.runBefore(
          StoreOperation.UPDATE, () -> nodes.other.invalidate(live(nodes.other, token)));

      assertThat(nodes.slow.save(inTheMiddle)).as("its changes are dropped").isFalse();
      assertThat(nodes.slow.save(entirely)).as("its changes are dropped").isFalse();

      assertThat(isLive(nodes.slow, token)).isFalse();
      assertThat(nodes.table.count()).isZero();
    }
  }

  @DisplayName("I4: two requests add the same attribute first")
  @ParameterizedTest
  @EnumSource(TestDatabase.class)
  void twoRequests_addTheSameAttribute(TestDatabase database) {
    try (Nodes nodes = new Nodes(database)) {
      String token = nodes.loggedIn("alice");
      Session first = live(nodes.slow, token);
      Session second = live(nodes.other, token);
      first.setAttribute("cart", "of the first");
      first.setAttribute("one", 1);
      second.setAttribute("cart", "of the second");
      second.setAttribute("two", 2);
      nodes.steps.runBefore(
          StoreOperation.UPDATE, () -> assertThat(nodes.other.save(second)).isTrue());

      assertThat(nodes.slow.save(first)).as("neither fails").isTrue();

      Session after = live(nodes.other, token);
      assertThat(after.attribute("cart")).as("the last writer's, whole").isEqualTo("of the first");
      assertThat(after.attribute("one")).isEqualTo(1);
      assertThat(after.attribute("two")).as("what the other wrote").isEqualTo(2);
    }
  }

  @DisplayName("I2: a touch waits for a logout that is being committed, and brings nothing back")
  @ParameterizedTest
  @EnumSource(value = TestDatabase.class, mode = EnumSource.Mode.EXCLUDE, names = "SQLITE")
  void touch_againstDelete(TestDatabase database) throws Exception {
    try (Nodes nodes = new Nodes(database);
        RowHolder logout = new RowHolder(nodes.table)) {
      String token = nodes.loggedIn("alice");
      nodes.advance(Duration.ofMinutes(2));
      Session request = live(nodes.slow, token);
      logout.delete(request.id());
      ExecutorService thread = Executors.newSingleThreadExecutor();
      try {
        Future<Boolean> touched = thread.submit(() -> nodes.slow.save(request));
        logout.awaitWaiter();
        logout.commit();
        touched.get(60, TimeUnit.SECONDS);
      } finally {
        thread.shutdownNow();
      }
      assertThat(nodes.writes()).containsExactly(StoreOperation.TOUCH);
      assertThat(nodes.table.count()).isZero();
      assertThat(isLive(nodes.slow, token)).isFalse();
    }
  }

  @DisplayName("I3, I6: a touch of a request from before the login comes after it")
  @ParameterizedTest
  @EnumSource(TestDatabase.class)
  void touch_afterLogin(TestDatabase database) {
    try (Nodes nodes = new Nodes(database)) {
      String before = nodes.anonymous();
      nodes.advance(Duration.ofMinutes(2));
      Session request = live(nodes.slow, before);
      nodes.otherClock.advance(Duration.ofSeconds(30));
      List<String> after = new ArrayList<>();
      nodes.steps.runBefore(
          StoreOperation.TOUCH,
          () -> {
            Session login = live(nodes.other, before);
            after.add(
                sent(granted(nodes.other.authenticate(login, "alice", LoginOptions.defaults()))));
          });

      nodes.slow.save(request);

      assertThat(nodes.writes()).endsWith(StoreOperation.TOUCH);
      StoredSession row = nodes.row(request.id());
      assertThat(row.lastSeenAt()).as("never goes back").isEqualTo(nodes.otherClock.instant());
      assertThat(row.principal()).contains("alice");
      assertThat(isLive(nodes.other, after.get(0))).isTrue();
      assertThat(isLive(nodes.other, before)).isFalse();
    }
  }

  @DisplayName("I3, I6: a touch comes in the middle of a login, which succeeds at once")
  @ParameterizedTest
  @EnumSource(TestDatabase.class)
  void touch_duringLogin(TestDatabase database) {
    try (Nodes nodes = new Nodes(database)) {
      String before = nodes.anonymous();
      nodes.advance(Duration.ofMinutes(2));
      nodes.otherClock.advance(Duration.ofSeconds(30));
      Session login = live(nodes.slow, before);
      int earlier = nodes.writes().size();
      nodes.steps.runBefore(
          StoreOperation.UPDATE, () -> nodes.other.save(live(nodes.other, before)));

      Session session = granted(nodes.slow.authenticate(login, "alice", LoginOptions.defaults()));

      assertThat(nodes.writes().subList(earlier, nodes.writes().size()))
          .as("no conflict")
          .containsExactly(StoreOperation.UPDATE);
      StoredSession row = nodes.row(login.id());
      assertThat(row.lastSeenAt()).as("never goes back").isEqualTo(nodes.otherClock.instant());
      assertThat(row.principal()).contains("alice");
      assertThat(isLive(nodes.other, sent(session))).isTrue();
    }
  }

  @DisplayName("I2: a session that was touched at the last moment is not cleaned up")
  @ParameterizedTest
  @EnumSource(TestDatabase.class)
  void touch_beforeCleanUp(TestDatabase database) {
    try (Nodes nodes = new Nodes(database)) {
      String token = nodes.loggedIn("alice");
      nodes.advance(Duration.ofMinutes(29));
      nodes.slow.save(live(nodes.slow, token));
      nodes.advance(Duration.ofMinutes(2));

      assertThat(nodes.other.cleanUp()).isZero();

      assertThat(isLive(nodes.slow, token)).isTrue();
    }
  }

  @DisplayName("I2: a touch that is late for the clean-up brings nothing back")
  @ParameterizedTest
  @EnumSource(TestDatabase.class)
  void touch_afterCleanUp(TestDatabase database) {
    try (Nodes nodes = new Nodes(database)) {
      String token = nodes.loggedIn("alice");
      nodes.advance(Duration.ofMinutes(29));
      Session request = live(nodes.slow, token);
      nodes.otherClock.advance(Duration.ofMinutes(1));
      nodes.steps.runBefore(
          StoreOperation.TOUCH, () -> assertThat(nodes.other.cleanUp()).isEqualTo(1));

      nodes.slow.save(request);

      assertThat(nodes.writes()).endsWith(StoreOperation.TOUCH);
      assertThat(nodes.table.count()).isZero();
      assertThat(isLive(nodes.slow, token)).isFalse();
    }
  }

  @DisplayName(
      "I2: a touch between the clean-up's look and its deletion has to wait, and returns false")
  @ParameterizedTest
  @EnumSource(value = TestDatabase.class, mode = EnumSource.Mode.EXCLUDE, names = "SQLITE")
  void touch_duringCleanUp(TestDatabase database) throws Exception {
    try (Table table = new Table(new Pool(database, database.database, true, null))) {
      StoredSession session =
          Sessions.of("alice").lastSeenAt(NOW).absoluteDeadline(NOW.plusSeconds(9_000)).build();
      table.store.insert(session);
      ExecutorService thread = Executors.newSingleThreadExecutor();
      List<Future<Boolean>> touched = new ArrayList<>();
      JdbcSessionStore cleaner =
          JdbcSessionStore.builder(
                  beforeDeletion(
                      table.connections,
                      () -> {
                        touched.add(
                            thread.submit(
                                () ->
                                    table.store.touch(
                                        session.id(), NOW.plusSeconds(60), NOW.plusSeconds(60))));
                        Table.await(
                            "the touch waits or is done",
                            () -> table.hasWaiter() || touched.get(0).isDone());
                      }))
              .database(database.database)
              .tableName(table.name)
              .queryTimeout(Table.PATIENCE)
              .build();
      try {
        List<StoredSession> deleted = new ArrayList<>();
        cleaner.deleteExpired(session.expiresAt(), 10, deleted::add);

        assertThat(deleted).hasSize(1);
        assertThat(touched.get(0).get(60, TimeUnit.SECONDS)).as("its result").isFalse();
        assertThat(table.count()).isZero();
      } finally {
        thread.shutdownNow();
      }
    }
  }

  /** Does something once, before a connection prepares the statement that deletes. */
  private static DelegatingDataSource beforeDeletion(HikariDataSource pool, Runnable action) {
    AtomicBoolean done = new AtomicBoolean();
    return new DelegatingDataSource(pool) {
      @Override
      public Connection getConnection() throws SQLException {
        Connection connection = super.getConnection();
        return (Connection)
            Proxy.newProxyInstance(
                RacesTest.class.getClassLoader(),
                new Class<?>[] {Connection.class},
                (proxy, method, arguments) -> {
                  if (method.getName().equals("prepareStatement")
                      && String.valueOf(arguments[0]).contains("DELETE FROM")
                      && done.compareAndSet(false, true)) {
                    action.run();
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

  @DisplayName("I3: two logins on one anonymous session are two sessions")
  @ParameterizedTest
  @EnumSource(TestDatabase.class)
  void twoLogins_onOneAnonymousSession(TestDatabase database) {
    for (String second : List.of("bob", "alice")) {
      try (Nodes nodes = new Nodes(database)) {
        String before = nodes.anonymous();
        Session slow = live(nodes.slow, before);
        SessionId id = slow.id();
        List<String> first = new ArrayList<>();
        nodes.steps.runBefore(
            StoreOperation.UPDATE,
            () -> {
              Session login = live(nodes.other, before);
              first.add(
                  sent(granted(nodes.other.authenticate(login, "alice", LoginOptions.defaults()))));
            });

        Session session = granted(nodes.slow.authenticate(slow, second, LoginOptions.defaults()));

        assertThat(session.id()).isNotEqualTo(id);
        assertThat(session.principal()).contains(second);
        assertThat(session.attribute("cart")).as("of the anonymous one").isEqualTo("full");
        assertThat(isLive(nodes.other, sent(session))).isTrue();
        Session winner = live(nodes.other, first.get(0));
        assertThat(winner.id()).isEqualTo(id);
        assertThat(winner.principal()).contains("alice");
        assertThat(isLive(nodes.other, before)).isFalse();
      }
    }
  }

  @DisplayName("A login cannot slip past a change of the password that revokes all")
  @ParameterizedTest
  @EnumSource(TestDatabase.class)
  void revokeAllOf_duringLogin(TestDatabase database) {
    for (StoreOperation step : List.of(StoreOperation.INSERT, StoreOperation.UPDATE)) {
      try (Nodes nodes = new Nodes(database)) {
        AtomicBoolean valid = new AtomicBoolean(true);
        Session session =
            step == StoreOperation.UPDATE ? live(nodes.slow, nodes.anonymous()) : null;
        nodes.steps.runBefore(
            step,
            () -> {
              valid.set(false);
              assertThat(nodes.other.revokeAllOf("alice")).isZero();
            });

        LoginOutcome login = nodes.slow.authenticate(session, "alice", validIf(valid::get));

        assertThat(login).isInstanceOf(LoginOutcome.Refused.class);
        assertThat(nodes.other.sessionsOf("alice")).isEmpty();
        assertThat(nodes.table.count()).isZero();
      }
    }
  }

  @DisplayName("A login that was stored before all are revoked is revoked with them")
  @ParameterizedTest
  @EnumSource(TestDatabase.class)
  void revokeAllOf_afterLoginWasStored(TestDatabase database) {
    try (Nodes nodes = new Nodes(database)) {
      LoginOutcome login =
          nodes.slow.authenticate(
              live(nodes.slow, nodes.anonymous()),
              "alice",
              // Asked when the login is stored and not yet answered.
              validIf(() -> nodes.other.revokeAllOf("alice") == 1));

      assertThat(isLive(nodes.slow, sent(granted(login)))).isFalse();
      assertThat(nodes.table.count()).isZero();
    }
  }

  private static LoginOptions validIf(BooleanSupplier condition) {
    return LoginOptions.builder().validIf(condition).build();
  }
}
