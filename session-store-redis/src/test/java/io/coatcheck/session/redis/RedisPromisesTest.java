package io.coatcheck.session.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import ch.qos.logback.classic.Level;
import io.coatcheck.session.nearcache.NearCacheSessionStore;
import io.coatcheck.session.store.Admission;
import io.coatcheck.session.store.ChangeFeed;
import io.coatcheck.session.store.DeletedSessions;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.WhenFull;
import io.coatcheck.session.testkit.SampleSessions;
import io.coatcheck.session.token.SessionId;
import io.coatcheck.test.log.RecordedLog;
import io.lettuce.core.AclSetuserArgs;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.protocol.CommandType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("The promises of docs/REDIS.md about commands, keys and warnings")
class RedisPromisesTest {

  private static final Instant NOW = Instant.parse("2026-11-23T12:00:00Z");
  private static TestServer server;

  @BeforeAll
  static void startServer() {
    server = new TestServer("maxmemory-policy noeviction");
    server.loadScripts();
  }

  @AfterAll
  static void stopServer() {
    server.close();
  }

  /** An operation on a store that has one session of alice, and what it sends. */
  enum Operation {
    FIND("get", (store, session) -> store.find(session.id())),
    INSERT("evalsha", (store, session) -> store.insert(another(session))),
    UPDATE("evalsha", (store, session) -> store.update(session, NOW)),
    TOUCH("evalsha", (store, session) -> store.touch(session.id(), NOW, NOW)),
    DELETE("evalsha", (store, session) -> store.delete(session.id())),
    ADMIT(
        "evalsha",
        (store, session) ->
            store
                .loginLimit()
                .orElseThrow()
                .admit(another(session), true, 1, WhenFull.EVICT_OLDEST, NOW)),
    FIND_BY_PRINCIPAL(
        "evalsha",
        (store, session) -> store.principalIndex().orElseThrow().findByPrincipal("alice", null, 9)),
    DELETE_BY_PRINCIPAL(
        "zrangebylex evalsha",
        (store, session) ->
            store
                .principalIndex()
                .orElseThrow()
                .deleteByPrincipal("alice", Set.of(), DeletedSessions.of(true, gone -> {}))),
    DELETE_EXPIRED(
        "evalsha",
        (store, session) -> store.deleteExpired(session.absoluteDeadline(), 200, gone -> {}));

    final String sent;

    @SuppressWarnings("ImmutableEnumChecker") // The lambdas have no state.
    final BiConsumer<RedisSessionStore, StoredSession> call;

    Operation(String sent, BiConsumer<RedisSessionStore, StoredSession> call) {
      this.sent = sent;
      this.call = call;
    }

    private static StoredSession another(StoredSession session) {
      return SampleSessions.authenticated("alice", session.createdAt().plusSeconds(1)).build();
    }
  }

  @Test
  @DisplayName("I2: the longest call grows with the timeouts")
  void longestCall_hasTheTimeouts() {
    try (RedisSessionStore usual = server.store("l").build();
        RedisSessionStore patient =
            server.store("l").commandTimeout(Duration.ofSeconds(30)).build()) {
      assertThat(usual.longestCall()).isGreaterThanOrEqualTo(Duration.ofSeconds(10));
      assertThat(patient.longestCall()).isGreaterThanOrEqualTo(Duration.ofMinutes(1));
    }
  }

  @ParameterizedTest
  @EnumSource(Operation.class)
  @DisplayName("one command for each operation, and for signing out everywhere one more")
  void commands(Operation operation) throws IOException {
    StoredSession session = SampleSessions.authenticated("alice", NOW).build();
    try (RedisSessionStore store = server.store("c-" + operation).build();
        MonitoredCommands commands = new MonitoredCommands(server.port)) {
      store.insert(session);
      assertThat(commands.sent()).containsExactly("evalsha");

      operation.call.accept(store, session);

      assertThat(String.join(" ", commands.sent())).isEqualTo(operation.sent);
    }
  }

  @Test
  @DisplayName("one command for each 200 sessions that the clean-up deletes")
  void commands_ofTheCleanUp() throws IOException {
    try (RedisSessionStore store = server.store("clean-up").build();
        MonitoredCommands commands = new MonitoredCommands(server.port)) {
      for (int i = 0; i < 450; i++) {
        store.insert(SampleSessions.anonymous(NOW).build());
      }
      assertThat(commands.sent()).hasSize(450);

      assertThat(store.deleteExpired(NOW.plus(Duration.ofDays(999)), 1_000, gone -> {}).deleted())
          .isEqualTo(450);

      assertThat(commands.sent()).isEqualTo(Collections.nCopies(3, "evalsha"));
    }
  }

  @Test
  @DisplayName("the key of a record expires a day after the absolute deadline, also once changed")
  void backstop() {
    StoredSession session = SampleSessions.authenticated("alice", NOW).build();
    Duration left = Duration.between(NOW, session.absoluteDeadline()).plusDays(1);
    try (RedisSessionStore store = server.store("backstop").build()) {
      store.insert(session);
      assertExpiresIn(left, session);

      store.touch(session.id(), NOW.plusSeconds(60), NOW.plusSeconds(60));
      assertExpiresIn(left, session);

      Instant later = NOW.plusSeconds(600);
      assertThat(
              store.update(
                  store.find(session.id()).orElseThrow().toBuilder().lastSeenAt(later).build(),
                  later))
          .isTrue();
      assertExpiresIn(left.minusSeconds(600), session);
    }
  }

  @ParameterizedTest
  @EnumSource(WhenFull.class)
  @DisplayName("I20: a login under a limit removes ids without records, even if it is not stored")
  void login_notStored_removesDroppedIds(WhenFull whenFull) {
    Keys keys = new Keys("dropped-" + whenFull);
    try (RedisSessionStore store = server.store("dropped-" + whenFull).build()) {
      for (int i = 0; i < 12; i++) {
        StoredSession session = SampleSessions.authenticated("alice", NOW.plusSeconds(i)).build();
        store.insert(session);
        if (i % 4 == 0) {
          server.run(commands -> commands.del(keys.record(session.id())));
        }
      }
      StoredSession newcomer = SampleSessions.authenticated("alice", NOW.plusSeconds(99)).build();

      // Nine are live, and no login ends more than eight.
      assertThat(
              store
                  .loginLimit()
                  .orElseThrow()
                  .admit(newcomer, true, 1, whenFull, NOW.plusSeconds(99))
                  .outcome())
          .isNotEqualTo(Admission.Outcome.STORED);

      long ids = server.<Long>run(commands -> commands.zcard(keys.principal("alice")));
      assertThat(ids).isEqualTo(9);
    }
  }

  private static void assertExpiresIn(Duration expected, StoredSession session) {
    byte[] key = new Keys("backstop").record(session.id());
    long left = server.<Long>run(commands -> commands.pttl(key));
    assertThat(Duration.ofMillis(left)).isBetween(expected.minusSeconds(120), expected);
  }

  @Test
  @DisplayName("the change feed: two commands in a round trip, at most ten times a second")
  void commands_ofTheChangeFeed() throws Exception {
    try (RedisSessionStore store = server.store("feed").build()) {
      CountDownLatch isComplete = new CountDownLatch(1);
      ChangeFeed.Subscription unused =
          store.changeFeed().orElseThrow().subscribe(new FirstCompletion(isComplete));
      assertThat(isComplete.await(60, TimeUnit.SECONDS)).isTrue();
      server.awaitSubscribers("feed", 1);
      long began = System.nanoTime();
      List<String> sent = new ArrayList<>();
      try (MonitoredCommands commands = new MonitoredCommands(server.port)) {
        TestServer.await(
            "ten rounds",
            () -> {
              sent.addAll(sentSince(commands));
              return sent.size() >= 21;
            });
      }
      long rounds = sent.stream().filter("xrange"::equals).count();
      long tenths = Duration.ofNanos(System.nanoTime() - began).toMillis() / 100;
      // The first and the last one, and the one after the subscription.
      assertThat(rounds).isLessThanOrEqualTo(tenths + 3);
      // The monitoring may begin or end between the two.
      assertThat(String.join(" ", sent)).matches("(del )?(xrange del ?)+(xrange)?");
    }
  }

  private static List<String> sentSince(MonitoredCommands commands) {
    try {
      return commands.sent();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private record FirstCompletion(CountDownLatch isComplete) implements ChangeFeed.Listener {
    @Override
    public void changed(SessionId id) {}

    @Override
    public void missed() {}

    @Override
    public void completeUpTo(long nanoTime) {
      isComplete.countDown();
    }
  }

  @Test
  @DisplayName("a server that is away is tried at most ten times a second, without end")
  void attempts() {
    try (TestServer own = new TestServer()) {
      Client client = own.client();
      AtomicInteger attempted = new AtomicInteger();
      Route primary = new PrimaryRoute(client, new Keys("a"));
      Link link =
          Link.open(
              client,
              new TestRoute(
                  () -> {
                    attempted.incrementAndGet();
                    return primary.connect();
                  }));
      attempted.set(0);
      long began = System.nanoTime();
      own.stop();
      TestServer.await("ten attempts", () -> attempted.get() >= 10);
      long attempts = attempted.get();
      long tenths = Duration.ofNanos(System.nanoTime() - began).toMillis() / 100;
      // The first one is at once, and again when the lost connection is noticed.
      assertThat(attempts).isLessThanOrEqualTo(tenths + 3);
      own.start();
      TestServer.await("a connection", () -> link.current() != null);
      client.close();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"no", "everysec", "always"})
  @DisplayName(
      "a restart of the server loses everything without an append-only file, otherwise nothing")
  void restart(String append, @TempDir Path folder) {
    StoredSession session = SampleSessions.authenticated("alice", NOW).build();
    StoredSession ended = SampleSessions.authenticated("bob", NOW).build();
    boolean isKept = !append.equals("no");
    try (TestServer own =
            new TestServer(
                "dir " + folder,
                "appendonly " + (isKept ? "yes" : "no"),
                "appendfsync " + (isKept ? append : "no"));
        RedisSessionStore store = own.store("restart").build()) {
      store.insert(session);
      store.insert(ended);
      assertThat(store.delete(ended.id())).isPresent();

      own.stop();
      own.start();

      AtomicReference<Optional<StoredSession>> found = new AtomicReference<>();
      TestServer.await(
          "an answer",
          () -> {
            try {
              found.set(store.find(session.id()));
              return true;
            } catch (SessionStoreException notYet) {
              return false;
            }
          });
      assertThat(found.get()).isEqualTo(isKept ? Optional.of(session) : Optional.empty());
      assertThat(store.find(ended.id())).isEmpty();
    }
  }

  @Test
  @DisplayName("another number of buckets is refused")
  void buckets() {
    server.store("numbers").buckets(2).build().close();
    server.store("numbers").buckets(2).build().close();
    for (int other : new int[] {1, 3}) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> server.store("numbers").buckets(other).build())
          .withMessage(
              "buckets must be 2, as the sessions under this key prefix were stored: " + other);
    }
  }

  @Test
  @DisplayName("several buckets are refused if there are sessions in one")
  void buckets_fromOne() {
    StoredSession session = SampleSessions.authenticated("alice", NOW).build();
    try (RedisSessionStore one = server.store("one").build()) {
      one.insert(session);
      assertThatIllegalArgumentException()
          .isThrownBy(() -> server.store("one").buckets(2).build())
          .withMessage("buckets must be 1, as the sessions under this key prefix were stored: 2");
      server.store("one").build().close();
      one.delete(session.id());
    }
    server.store("one").buckets(2).build().close();
  }

  @Test
  @DisplayName("the checks at the start are skipped if the user may not see the role and settings")
  void checks_notPermitted() {
    try (TestServer own = new TestServer()) {
      own.run(
          commands ->
              commands.aclSetuser(
                  "default",
                  AclSetuserArgs.Builder.removeCommand(CommandType.ROLE)
                      .removeCommand(CommandType.INFO)));
      assertThat(logged(own, Level.INFO))
          .anyMatch(line -> line.startsWith("Redis does not show its role"))
          .anyMatch(line -> line.startsWith("Redis does not show its settings"));
    }
  }

  @Test
  @DisplayName("I11: build() refuses a server before Redis 6, as far as it tells its version")
  void version() {
    String info = "# Server\r\nredis_version:%s\r\nos:Linux\r\n";
    for (String old : List.of("5.0.14", "2.8.4")) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> ServerCheck.requireVersion(String.format(info, old)))
          .withMessage("server must be Redis 6 or later: " + old);
    }
    for (String known : List.of("6.0.0", "6.2.14", "7.0.15", "10.1", "", "unstable")) {
      ServerCheck.requireVersion(String.format(info, known));
    }
    ServerCheck.requireVersion("");
  }

  @Test
  @DisplayName("build() warns of a policy that evicts sessions")
  void warning_policy(@TempDir Path folder) {
    try (TestServer evicting =
        new TestServer("maxmemory-policy allkeys-lru", "dir " + folder, "appendonly yes")) {
      assertThat(warnings(evicting))
          .singleElement()
          .asString()
          .contains("maxmemory-policy is allkeys-lru, set it to noeviction");
    }
  }

  @Test
  @DisplayName("build() warns of a server with neither a replica nor an append-only file")
  void warning_durability() {
    assertThat(warnings(server))
        .singleElement()
        .asString()
        .contains("neither a replica nor an append-only file");
    try (TestServer replica = new TestServer("replicaof 127.0.0.1 " + server.port)) {
      server.awaitOnlineReplica();
      assertThat(replica.isRunning()).isTrue();
      assertThat(warnings(server)).isEmpty();
    }
  }

  @Test
  @DisplayName("build() that is refused reports no outage: its connections were closed by itself")
  void refusedBuild_logsNothing() {
    try (TestServer own = new TestServer("maxmemory-policy noeviction")) {
      own.store("numbers").buckets(2).build().close();
      try (RecordedLog log = RecordedLog.of(RedisSessionStore.class)) {
        for (int i = 0; i < 20; i++) {
          assertThatIllegalArgumentException()
              .isThrownBy(() -> own.store("numbers").buckets(3).build());
        }
        TestServer.await("closed connections", () -> clients(own) == 1);
        assertThat(log.lines()).noneMatch(line -> line.contains("operations fail until it is"));
      }
    }
  }

  @Test
  @DisplayName("close() ends all connections, and the driver has nothing to warn about")
  void close_endsAllConnections_withoutAWarning() {
    try (TestServer own = new TestServer("maxmemory-policy noeviction")) {
      for (int i = 0; i < 5; i++) {
        try (RecordedLog log = RecordedLog.of("io.lettuce").at(Level.WARN).hereOnly()) {
          try (SessionStore store =
              NearCacheSessionStore.wrap(own.store("closing").buckets(2).build())) {
            assertThat(store.touchInterval()).isPositive();
            TestServer.await("connections", () -> clients(own) == 4);
          }
          TestServer.await("closed connections", () -> clients(own) == 1);
          assertThat(log.lines(Level.WARN)).isEmpty();
        }
      }
    }
  }

  @Test
  @DisplayName("close() during the check of a connection makes the driver warn of nothing")
  void close_duringACheck_logsNoWarning() {
    try (RecordedLog log = RecordedLog.of("io.lettuce").at(Level.WARN).hereOnly()) {
      Connector first = new ClosedWhenOpen(server.client());
      Connector second = new ClosedWhenOpen(server.client());
      for (Route route :
          List.of(new PrimaryRoute(first, new Keys("a")), new SlotRoute(second, 0))) {
        assertThat(route.connect().toCompletableFuture()).failsWithin(TestServer.PATIENCE);
      }
      assertThat(log.lines(Level.WARN)).isEmpty();
    }
  }

  @Test
  @DisplayName("the connections of a link that is closed are closed, also that for a moving slot")
  void closedLink_keepsNoConnection() {
    try (TestServer own = new TestServer();
        Client client = own.client()) {
      Connector servers = client;
      Route route =
          new Route() {
            @Override
            public CompletionStage<StatefulRedisConnection<byte[], byte[]>> connect() {
              return servers.connect(own.uri());
            }

            @Override
            public boolean follow(String moved) {
              return true;
            }

            @Override
            public RedisURI asked(String asked) {
              return own.uri();
            }
          };
      Link link = Link.open(client, route);
      assertThat(link.detour("ASK 1 there")).succeedsWithin(TestServer.PATIENCE);
      assertThat(clients(own)).isEqualTo(3);

      link.close();

      TestServer.await("closed connections", () -> clients(own) == 1);
    }
  }

  /** A client that is closed when its first connection has just been opened. */
  private record ClosedWhenOpen(Client client) implements Connector {

    @Override
    public List<RedisURI> nodes() {
      return client.nodes();
    }

    @Override
    public CompletionStage<StatefulRedisConnection<byte[], byte[]>> connect(RedisURI server) {
      return client
          .connect(server)
          .thenApply(
              opened -> {
                client.close();
                return opened;
              });
    }

    @Override
    public void abandon(StatefulRedisConnection<byte[], byte[]> connection) {
      client.abandon(connection);
    }
  }

  /** Returns how many clients are connected, of which one asks. */
  private static long clients(TestServer server) {
    return server.run(commands -> commands.clientList()).lines().count();
  }

  private static List<String> warnings(TestServer server) {
    return logged(server, Level.WARN);
  }

  private static List<String> logged(TestServer server, Level level) {
    try (RecordedLog log = RecordedLog.of(RedisSessionStore.class).at(level);
        RedisSessionStore store = server.store("warnings").build()) {
      assertThat(store.isFailingFast()).isFalse();
      return log.lines(level);
    }
  }
}
