package io.coatcheck.session.redis;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import ch.qos.logback.core.read.ListAppender;
import io.coatcheck.session.store.Admission;
import io.coatcheck.session.store.ChangeFeed;
import io.coatcheck.session.store.DeletedSessions;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.WhenFull;
import io.coatcheck.session.testkit.SampleSessions;
import io.coatcheck.session.token.SecretHash;
import io.coatcheck.session.token.SessionId;
import io.lettuce.core.AclSetuserArgs;
import io.lettuce.core.KillArgs;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.SslOptions;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.protocol.CommandType;
import io.lettuce.core.pubsub.RedisPubSubAdapter;
import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

@DisplayName("the end of a session, or a new secret, is announced to all nodes")
class RedisAnnouncementsTest {

  private static final Instant NOW = Instant.parse("2026-11-23T12:00:00Z");
  private static final byte[] CHANNEL = new Keys("a").changes();

  /** The longest that there is, so that the log is read because of an announcement. */
  private static final Duration INTERVAL = Duration.ofSeconds(10);

  private final Logger logger = (Logger) LoggerFactory.getLogger(RedisSessionStore.class);
  private final ListAppender<ILoggingEvent> appender = new ListAppender<>();
  private final CountDownLatch failed = new CountDownLatch(1);

  @BeforeEach
  void record() {
    appender.list = new CopyOnWriteArrayList<>();
    appender.start();
    logger.addAppender(appender);
    logger.setLevel(Level.INFO);
  }

  @AfterEach
  void stop() {
    logger.setLevel(null);
    logger.detachAppender(appender);
  }

  private Stream<String> lines() {
    return appender.list.stream().map(ILoggingEvent::getFormattedMessage);
  }

  private static StoredSession inserted(RedisSessionStore store) {
    StoredSession session = SampleSessions.authenticated("alice", NOW).build();
    store.insert(session);
    return session;
  }

  private static StoredSession renewed(StoredSession session) {
    return session.toBuilder()
        .secretHash(SecretHash.of(new byte[32]))
        .generation(session.generation() + 1)
        .build();
  }

  private static Admission admit(
      RedisSessionStore store, StoredSession session, boolean isNew, int limit) {
    return store
        .loginLimit()
        .orElseThrow()
        .admit(session, isNew, limit, WhenFull.EVICT_OLDEST, NOW);
  }

  private static long revoke(RedisSessionStore store) {
    return store
        .principalIndex()
        .orElseThrow()
        .deleteByPrincipal("alice", Set.of(), DeletedSessions.of(true, gone -> {}));
  }

  /** What is published, read by a client of the test's own. */
  private static final class Published implements AutoCloseable {

    private final BlockingQueue<String> messages = new LinkedBlockingQueue<>();
    private final RedisClient client;
    private final StatefulRedisPubSubConnection<byte[], byte[]> connection;
    private final TestServer server;
    private int marks;

    Published(TestServer server) {
      this.server = server;
      client = RedisClient.create(TestServer.RESOURCES, server.uri());
      connection = client.connectPubSub(ByteArrayCodec.INSTANCE);
      connection.addListener(
          new RedisPubSubAdapter<>() {
            @Override
            public void message(byte[] channel, byte[] message) {
              messages.add(new String(message, UTF_8));
            }
          });
      connection.sync().subscribe(CHANNEL);
    }

    /** Returns the messages since the last call, up to one that this method sends. */
    List<String> sinceLast() throws InterruptedException {
      String mark = "mark " + marks++;
      server.run(commands -> commands.publish(CHANNEL, mark.getBytes(UTF_8)));
      List<String> all = new ArrayList<>();
      while (true) {
        String message = messages.poll(60, TimeUnit.SECONDS);
        assertThat(message).as("a message that was sent").isNotNull();
        if (message.equals(mark)) {
          return all;
        }
        all.add(message);
      }
    }

    @Override
    public void close() {
      connection.close();
      client.shutdown(Duration.ZERO, Duration.ofSeconds(5));
    }
  }

  @Test
  @DisplayName("by one empty message for each script, and by none for other changes")
  void messages() throws InterruptedException {
    try (TestServer server = new TestServer();
        RedisSessionStore store = server.store("a").build();
        Published published = new Published(server)) {
      StoredSession session = inserted(store);
      assertThat(store.touch(session.id(), NOW.plusSeconds(1), NOW)).isTrue();
      assertThat(store.update(session, NOW)).isTrue();
      assertThat(store.delete(session.id(), 77)).isEmpty();
      assertThat(store.delete(SampleSessions.anonymous(NOW).build().id())).isEmpty();
      assertThat(store.update(renewed(session), NOW)).as("it has another version").isFalse();
      assertThat(published.sinceLast()).as("changes of other kinds").isEmpty();

      StoredSession second = store.find(session.id()).orElseThrow();
      assertThat(store.update(renewed(second), NOW)).isTrue();
      assertThat(published.sinceLast()).as("a new secret").containsExactly("");

      StoredSession third = renewed(store.find(session.id()).orElseThrow());
      assertThat(admit(store, third, false, 5).outcome()).isEqualTo(Admission.Outcome.STORED);
      assertThat(published.sinceLast()).as("a login with a session").containsExactly("");

      StoredSession other = SampleSessions.authenticated("alice", NOW.plusSeconds(1)).build();
      assertThat(admit(store, other, true, 5).evicted()).isEmpty();
      assertThat(published.sinceLast()).as("a login without one").isEmpty();

      StoredSession last = SampleSessions.authenticated("alice", NOW.plusSeconds(2)).build();
      assertThat(admit(store, last, true, 1).evicted()).hasSize(2);
      assertThat(published.sinceLast()).as("evictions").containsExactly("");

      assertThat(store.delete(last.id())).isPresent();
      assertThat(published.sinceLast()).as("a deletion").containsExactly("");

      inserted(store);
      inserted(store);
      assertThat(revoke(store)).isEqualTo(2);
      assertThat(published.sinceLast()).as("a revocation").containsExactly("");

      StoredSession expired = inserted(store);
      assertThat(store.deleteExpired(expired.absoluteDeadline(), 10, gone -> {}).deleted())
          .isEqualTo(1);
      assertThat(published.sinceLast()).as("expiry").isEmpty();
    }
  }

  /** The changes that a node was notified of. */
  static final class Changes implements ChangeFeed.Listener {

    /** What changed; empty for anything. */
    private final BlockingQueue<Optional<SessionId>> changed = new LinkedBlockingQueue<>();

    private final CompletableFuture<Long> complete = new CompletableFuture<>();

    /** Begins to listen, and waits until the server announces to the node. */
    static Changes of(RedisSessionStore node, TestServer server) {
      Changes changes = new Changes();
      ChangeFeed.Subscription unused = node.changeFeed().orElseThrow().subscribe(changes);
      assertThat(changes.complete.orTimeout(60, TimeUnit.SECONDS).join()).isNotNull();
      server.awaitSubscribers("a", 1);
      changes.changed.clear();
      return changes;
    }

    @Override
    public void changed(SessionId id) {
      changed.add(Optional.of(id));
    }

    @Override
    public void missed() {
      changed.add(Optional.empty());
    }

    @Override
    public void completeUpTo(long nanoTime) {
      complete.complete(nanoTime);
    }

    /** Waits until a session is reported, by itself or, after a reconnection, with all others. */
    void await(SessionId id) throws InterruptedException {
      Optional<SessionId> next;
      do {
        next = changed.poll(60, TimeUnit.SECONDS);
        assertThat(next).as("a change").isNotNull();
      } while (next.isPresent() && !next.get().equals(id));
    }
  }

  /**
   * Ends sessions on one node, each when another node has been notified of the one before. If
   * nothing were announced, that would take an interval each, except for the first one.
   */
  private static void assertAnnounced(RedisSessionStore from, Changes to)
      throws InterruptedException {
    int rounds = 5;
    long began = System.nanoTime();
    for (int i = 0; i < rounds; i++) {
      StoredSession session = inserted(from);
      to.changed.clear();
      assertThat(from.delete(session.id())).isPresent();
      to.await(session.id());
    }
    assertThat(Duration.ofNanos(System.nanoTime() - began))
        .isLessThan(INTERVAL.multipliedBy(rounds - 2));
  }

  private static RedisSessionStore node(TestServer server) {
    return server.store("a").changeFeedInterval(INTERVAL).build();
  }

  @Test
  @DisplayName("so that they are notified long before they would read the log otherwise")
  void announced_isReadAtOnce() throws InterruptedException {
    try (TestServer server = new TestServer();
        RedisSessionStore one = node(server);
        RedisSessionStore two = node(server)) {
      Changes changes = Changes.of(two, server);
      long began = System.nanoTime();

      StoredSession first = inserted(one);
      StoredSession second = renewed(first);
      assertThat(one.update(second, NOW)).isTrue();
      changes.await(first.id());

      StoredSession third = renewed(one.find(first.id()).orElseThrow());
      assertThat(admit(one, third, false, 5).outcome()).isEqualTo(Admission.Outcome.STORED);
      changes.await(first.id());

      StoredSession last = SampleSessions.authenticated("alice", NOW.plusSeconds(2)).build();
      assertThat(admit(one, last, true, 1).evicted()).hasSize(1);
      changes.await(first.id());

      assertThat(revoke(one)).isEqualTo(1);
      changes.await(last.id());

      StoredSession deleted = inserted(one);
      assertThat(one.delete(deleted.id())).isPresent();
      changes.await(deleted.id());

      assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(INTERVAL.multipliedBy(3));
    }
  }

  @Test
  @DisplayName("again after the connection was lost")
  void lostConnection_isReplaced() throws InterruptedException {
    try (TestServer server = new TestServer();
        RedisSessionStore one = node(server);
        RedisSessionStore two = node(server)) {
      Changes changes = Changes.of(two, server);
      server.run(commands -> commands.clientKill(KillArgs.Builder.typePubsub()));
      server.awaitSubscribers("a", 1);
      assertAnnounced(one, changes);
    }
  }

  @Test
  @DisplayName("again after the server was started again, and what ended before is found")
  void restart_isSurvived() throws InterruptedException {
    try (TestServer server = new TestServer();
        RedisSessionStore one = node(server);
        RedisSessionStore two = node(server)) {
      Changes changes = Changes.of(two, server);
      server.stop();
      server.start();
      server.awaitSubscribers("a", 1);
      TestServer.await("connected again", () -> TestServer.succeeds(() -> inserted(one)));
      assertAnnounced(one, changes);
    }
  }

  @Test
  @DisplayName("over a connection that ends with the store")
  void close_endsTheConnection() {
    try (TestServer server = new TestServer()) {
      RedisSessionStore store = node(server);
      assertThat(server.subscribers("a")).as("before there is a listener").isZero();
      Changes.of(store, server);
      store.close();
      server.awaitSubscribers("a", 0);
    }
  }

  @Test
  @DisplayName("without waiting for a server that does not answer")
  void subscribeAndClose_doNotWait() {
    try (TestServer server = new TestServer();
        Client client = server.client()) {
      CompletableFuture<Boolean> isAsked = new CompletableFuture<>();
      Announcements announcements =
          new Announcements(
              client,
              new TestRoute(
                  () -> {
                    isAsked.complete(true);
                    return new CompletableFuture<>();
                  }),
              List.of(CHANNEL),
              INTERVAL);
      announcements.listen(() -> {});
      assertThat(isAsked.orTimeout(60, TimeUnit.SECONDS).join()).isTrue();
    }
  }

  @Test
  @DisplayName("over a connection that is checked on, even after an error on this node")
  void error_doesNotEndTheChecks() {
    AtomicInteger attempts = new AtomicInteger();
    Object connection =
        Proxy.newProxyInstance(
            getClass().getClassLoader(),
            new Class<?>[] {StatefulRedisPubSubConnection.class},
            (proxy, method, arguments) ->
                switch (method.getName()) {
                  case "isOpen" -> true;
                  case "closeAsync" -> CompletableFuture.completedFuture(null);
                  case "async" -> {
                    attempts.incrementAndGet();
                    throw new OutOfMemoryError("a test");
                  }
                  default -> null;
                });
    try (TestServer server = new TestServer();
        Client client = server.client()) {
      @SuppressWarnings("unchecked") // It has the methods of one, whatever is sent over it.
      StatefulRedisPubSubConnection<byte[], byte[]> opened =
          (StatefulRedisPubSubConnection<byte[], byte[]>) connection;
      Announcements announcements =
          new Announcements(
              client,
              new TestRoute(() -> CompletableFuture.completedFuture(opened)),
              List.of(CHANNEL),
              Duration.ofMillis(20));
      announcements.listen(() -> {});
      TestServer.await("attempts", () -> attempts.get() > 5);
    }
  }

  @Test
  @DisplayName("again after the connection was lost, even if that cannot be logged")
  void error_doesNotEndTheAttempts() {
    AppenderBase<ILoggingEvent> failing =
        new AppenderBase<>() {
          @Override
          public synchronized void doAppend(ILoggingEvent event) {
            if (event.getMessage().startsWith("ends of sessions are not announced until")) {
              failed.countDown();
              throw new UnsupportedOperationException("a log that fails");
            }
          }

          @Override
          protected void append(ILoggingEvent event) {}
        };
    try (TestServer server = new TestServer();
        RedisSessionStore store = server.store("a").changeFeedInterval(INTERVAL).build()) {
      store.changeFeed().orElseThrow().subscribe(new Changes());
      server.awaitSubscribers("a", 1);
      logger.addAppender(failing);
      server.stop();
      TestServer.await("an attempt that failed", () -> failed.getCount() == 0);
      server.start();
      server.awaitSubscribers("a", 1);
    } finally {
      logger.detachAppender(failing);
    }
  }

  @Test
  @DisplayName("again after a server has not answered for long")
  void hungConnection_isReplaced() throws Exception {
    try (TestServer server = new TestServer();
        CuttingProxy proxy = new CuttingProxy(server.port);
        Client client =
            new Client(
                List.of(TestServer.uri("127.0.0.1", proxy.port())),
                new Timeouts(Duration.ofMillis(500), TestServer.PATIENCE, Duration.ZERO),
                SslOptions.create(),
                TestServer.RESOURCES)) {
      BlockingQueue<Boolean> heard = new LinkedBlockingQueue<>();
      Announcements announcements =
          new Announcements(
              client,
              new PrimaryRoute(client.subscribing(), new Keys("a")),
              List.of(CHANNEL),
              Duration.ofMillis(20));
      announcements.listen(() -> heard.add(true));
      server.awaitSubscribers("a", 1);
      proxy.mode = CuttingProxy.Mode.HOLDING;
      server.awaitSubscribers("a", 0);
      heard.clear();

      proxy.mode = CuttingProxy.Mode.PASSING;

      assertThat(heard.poll(60, TimeUnit.SECONDS)).as("the poll after a subscription").isTrue();
      server.awaitSubscribers("a", 1);
    }
  }

  @Test
  @Tag("wide")
  @DisplayName("by the new primary, after a failover by a Sentinel")
  void sentinel() {
    try (TestServer primary = new TestServer();
        TestServer replica = new TestServer("replicaof 127.0.0.1 " + primary.port);
        TestSentinel sentinel = new TestSentinel(primary.port);
        RedisSessionStore store =
            RedisSessionStore.builder(sentinel.uri())
                .keyPrefix("a")
                .commandTimeout(TestServer.PATIENCE)
                .connectTimeout(TestServer.PATIENCE)
                .clientResources(TestServer.RESOURCES)
                .build()) {
      ChangeFeed.Subscription unused = store.changeFeed().orElseThrow().subscribe(new Changes());
      primary.awaitSubscribers("a", 1);
      sentinel.awaitReplica();
      TestServer.await("a failover", sentinel::failsOver);
      TestServer.await(
          "one that listens to the new one",
          () -> TestServer.isKnown(() -> replica.subscribers("a") == 1));
    }
  }

  @Nested
  @DisplayName("unless the server refuses that to the user")
  class Refused {

    private RedisURI user(TestServer server, AclSetuserArgs rights) {
      server.run(commands -> commands.aclSetuser("shop", rights.on().addPassword("secret")));
      return RedisURI.builder(server.uri())
          .withAuthentication("shop", "secret".toCharArray())
          .build();
    }

    private RedisSessionStore store(RedisURI login) {
      return RedisSessionStore.builder(login)
          .keyPrefix("a")
          .commandTimeout(TestServer.PATIENCE)
          .connectTimeout(TestServer.PATIENCE)
          .clientResources(TestServer.RESOURCES)
          .changeFeedInterval(Duration.ofMillis(20))
          .build();
    }

    /** All commands, and whatever channels the server gives to new users. */
    private AclSetuserArgs withoutChannels() {
      return AclSetuserArgs.Builder.allKeys().allCommands().resetChannels();
    }

    @ParameterizedTest
    @ValueSource(strings = {"no channel", "no PUBLISH"})
    @DisplayName("which makes no operation fail, and leaves no half of it undone")
    void refusedPublish_failsNothing(String missing) throws InterruptedException {
      try (TestServer server = new TestServer()) {
        AclSetuserArgs rights =
            missing.equals("no channel")
                ? withoutChannels()
                : AclSetuserArgs.Builder.allKeys()
                    .allCommands()
                    .allChannels()
                    .removeCommand(CommandType.PUBLISH);
        try (RedisSessionStore store = store(user(server, rights));
            Published published = new Published(server)) {
          Changes changes = new Changes();
          ChangeFeed.Subscription unused = store.changeFeed().orElseThrow().subscribe(changes);
          assertThat(changes.complete.orTimeout(60, TimeUnit.SECONDS).join()).isNotNull();

          StoredSession session = inserted(store);
          assertThat(store.update(renewed(session), NOW)).isTrue();
          changes.await(session.id());
          StoredSession second = renewed(store.find(session.id()).orElseThrow());
          assertThat(admit(store, second, false, 5).outcome()).isEqualTo(Admission.Outcome.STORED);
          changes.await(session.id());
          StoredSession other = SampleSessions.authenticated("alice", NOW.plusSeconds(2)).build();
          assertThat(admit(store, other, true, 1).evicted()).hasSize(1);
          changes.await(session.id());
          assertThat(store.delete(other.id())).isPresent();
          changes.await(other.id());
          inserted(store);
          inserted(store);
          assertThat(revoke(store)).isEqualTo(2);
          assertThat(server.keys("a"))
              .as("records and indexes")
              .extracting(key -> new String(key, UTF_8))
              .containsExactly("{a}:c");
          assertThat(published.sinceLast()).isEmpty();
        }
      }
    }

    @Test
    @DisplayName("which is logged once, with what is missing, until it is permitted")
    void refusedSubscribe_isLoggedOnce() {
      try (TestServer server = new TestServer();
          Client client = client(server, user(server, withoutChannels()))) {
        Announcements announcements =
            new Announcements(
                client,
                new PrimaryRoute(client.subscribing(), new Keys("a")),
                List.of(CHANNEL),
                Duration.ofMillis(20));
        announcements.listen(() -> {});
        TestServer.await("attempts", () -> refusals(server) > 3);
        assertThat(warnings())
            .singleElement()
            .asString()
            .contains("not announced to this node")
            .contains("&{a}:c")
            .contains("NOPERM");

        user(server, AclSetuserArgs.Builder.allChannels());
        server.awaitSubscribers("a", 1);
        TestServer.await("a line", () -> lines().anyMatch(line -> line.contains("node again")));
        assertThat(warnings()).hasSize(1);
      }
    }

    private Client client(TestServer server, RedisURI login) {
      Timeouts timeouts = new Timeouts(TestServer.PATIENCE, TestServer.PATIENCE, Duration.ZERO);
      assertThat(login.getPort()).isEqualTo(server.port);
      return new Client(List.of(login), timeouts, SslOptions.create(), TestServer.RESOURCES);
    }

    private long refusals(TestServer server) {
      return TestServer.info(server.port, "commandstats")
          .lines()
          .filter(line -> line.startsWith("cmdstat_subscribe:"))
          .mapToLong(line -> Long.parseLong(line.replaceAll(".*rejected_calls=(\\d+).*", "$1")))
          .sum();
    }

    private List<String> warnings() {
      return lines().filter(line -> line.contains("not announced")).toList();
    }
  }

  @Test
  @Tag("wide")
  @DisplayName("of a cluster, also after the node that is listened to has gone")
  void cluster() throws InterruptedException {
    try (TestCluster cluster = new TestCluster(Duration.ofSeconds(2));
        RedisSessionStore one = cluster.store("a").buckets(3).changeFeedInterval(INTERVAL).build();
        RedisSessionStore two =
            cluster.store("a").buckets(3).changeFeedInterval(INTERVAL).build()) {
      String first = Keys.prefixOfBucket("a", 0);
      TestServer owner = cluster.owner(first);
      TestServer replica = cluster.addReplica(first);
      Changes changes = new Changes();
      ChangeFeed.Subscription unused = two.changeFeed().orElseThrow().subscribe(changes);
      assertThat(changes.complete.orTimeout(60, TimeUnit.SECONDS).join()).isNotNull();
      for (int i = 0; i < 3; i++) {
        owner.awaitSubscribers(Keys.prefixOfBucket("a", i), 1);
      }
      assertAnnounced(one, changes);

      owner.stop();
      replica.awaitSubscribers(first, 1);
      TestServer.await(
          "all buckets",
          () ->
              TestServer.succeeds(
                  () -> {
                    for (int i = 0; i < 20; i++) {
                      inserted(one);
                    }
                  }));
      assertAnnounced(one, changes);
    }
  }
}
