package io.coatcheck.session.redis;

import static io.coatcheck.session.redis.TestServer.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.coatcheck.session.store.ChangeFeed;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.WhenFull;
import io.coatcheck.session.testkit.SampleSessions;
import io.coatcheck.session.token.SessionId;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@DisplayName("A slot that is moved to another node of a Redis Cluster")
@Timeout(180)
@Tag("wide")
class RedisReshardingTest {

  private static final Instant NOW = Instant.parse("2026-11-23T12:00:00Z");

  /** Long enough for a busy machine, where no call may fail. */
  private static final Duration PATIENT = Duration.ofSeconds(30);

  private final StoredSession session = SampleSessions.authenticated("alice", NOW).build();

  /** Each test has its own prefix, and so a slot of its own. */
  private static TestCluster cluster;

  @BeforeAll
  static void start() {
    cluster = new TestCluster();
  }

  @AfterAll
  static void stop() {
    cluster.close();
  }

  @Test
  @DisplayName("meanwhile, sessions are found on both nodes, and no write is half done")
  void moves() throws Exception {
    try (RedisSessionStore store = cluster.store("moves").build();
        RedisSessionStore writing =
            TestServer.built(cluster.store("moves").commandTimeout(Duration.ofSeconds(3)))) {
      List<StoredSession> sessions = UserSessions.of("alice", 150, NOW);
      sessions.forEach(store::insert);
      TestServer to = cluster.beginToMove("moves");
      assertThat(cluster.moveKeys("moves", to)).isTrue();
      assertThat(cluster.owner("moves").matching("{moves}:s:*")).hasSizeBetween(1, 149);
      for (StoredSession each : sessions) {
        assertThat(store.find(each.id())).contains(each);
      }
      assertThat(store.find(session.id())).isEmpty();
      assertThat(
              store
                  .batchLookup()
                  .orElseThrow()
                  .stamps(sessions.stream().map(StoredSession::id).collect(Collectors.toSet())))
          .hasSize(150);
      assertThat(touchAll(store, sessions)).hasSize(150);
      assertWritesAreRefused(writing, sessions);

      while (cluster.moveKeys("moves", to)) {
        // The rest of the keys.
      }
      cluster.endMove("moves", to);
      for (StoredSession each : sessions) {
        assertThat(store.find(each.id())).contains(each);
      }
      assertThat(store.find(session.id())).isEmpty();
      assertThat(touchAll(store, sessions)).hasSize(150);
      assertThat(UserSessions.signOut(store, "alice", new ArrayList<>())).isEqualTo(150);
    }
  }

  private static Set<SessionId> touchAll(RedisSessionStore store, List<StoredSession> sessions) {
    return store
        .batchTouch()
        .orElseThrow()
        .touchAll(sessions.stream().collect(Collectors.toMap(StoredSession::id, each -> NOW)), NOW);
  }

  /** Tries writes at the same time, each of which waits for its timeout. */
  private void assertWritesAreRefused(RedisSessionStore store, List<StoredSession> sessions)
      throws InterruptedException {
    List<Callable<Void>> writes = new ArrayList<>();
    // Some of them are on each node.
    for (int i = 0; i < sessions.size(); i += 15) {
      StoredSession each = sessions.get(i);
      writes.add(refused(() -> store.delete(each.id())));
      writes.add(refused(() -> store.update(each, NOW)));
    }
    writes.add(refused(() -> store.insert(session)));
    writes.add(refused(() -> UserSessions.signOut(store, "alice", new ArrayList<>())));
    writes.add(refused(() -> store.deleteExpired(session.absoluteDeadline(), 9, gone -> {})));
    writes.add(
        refused(
            () ->
                store
                    .loginLimit()
                    .orElseThrow()
                    .admit(session, true, 1, WhenFull.EVICT_OLDEST, NOW)));
    ExecutorService threads = Executors.newFixedThreadPool(writes.size());
    try {
      for (Future<Void> write : threads.invokeAll(writes)) {
        assertThat(write).succeedsWithin(Duration.ofMinutes(2));
      }
    } finally {
      threads.shutdownNow();
    }
  }

  /** Tries a write, again where a busy machine has kept it from an answer. */
  private static Callable<Void> refused(Runnable write) {
    return () -> {
      await("a write that is refused", () -> isRefused(write));
      return null;
    };
  }

  private static boolean isRefused(Runnable write) {
    SessionStoreException refusal =
        assertThatExceptionOfType(SessionStoreException.class).isThrownBy(write::run).actual();
    if (String.valueOf(refusal.getMessage()).contains("in time")) {
      return false;
    }
    assertThat(refusal).hasMessageContaining("the slot is being moved to another node: try again");
    return true;
  }

  @Test
  @DisplayName("each kind of operation follows a slot that has moved")
  void moved() {
    try (RedisSessionStore store = cluster.store("moved").build()) {
      store.insert(session);
      List<Runnable> operations =
          List.of(
              () -> assertThat(store.find(session.id())).isPresent(),
              () -> assertThat(store.touch(session.id(), NOW.plusSeconds(1), NOW)).isTrue(),
              () ->
                  assertThat(store.batchLookup().orElseThrow().stamps(Set.of(session.id())))
                      .hasSize(1),
              () ->
                  assertThat(
                          store.batchTouch().orElseThrow().touchAll(Map.of(session.id(), NOW), NOW))
                      .hasSize(1),
              () -> assertThat(store.update(session, NOW)).isTrue(),
              () ->
                  assertThat(store.principalIndex().orElseThrow().findByPrincipal("alice", null, 9))
                      .hasSize(1),
              () ->
                  assertThat(UserSessions.signOut(store, "alice", new ArrayList<>())).isEqualTo(1),
              () -> store.insert(session),
              () -> assertThat(store.delete(session.id())).isPresent());
      for (Runnable operation : operations) {
        cluster.move("moved");
        operation.run();
      }
    }
  }

  @Test
  @DisplayName(
      "a slot that moves fails no request, also of the threads that do not notice it first")
  void movesUnderLoad() throws Exception {
    int count = 8;
    ExecutorService threads = Executors.newFixedThreadPool(count);
    AtomicBoolean isOver = new AtomicBoolean();
    List<AtomicLong> looks = new ArrayList<>();
    try (RedisSessionStore store = cluster.store("movesUnderLoad").build()) {
      List<CompletableFuture<?>> users = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        AtomicLong own = new AtomicLong();
        looks.add(own);
        users.add(
            CompletableFuture.runAsync(
                () -> {
                  while (!isOver.get()) {
                    assertThat(store.find(session.id())).isEmpty();
                    assertThat(store.touch(session.id(), NOW, NOW)).isFalse();
                    own.incrementAndGet();
                  }
                },
                threads));
      }
      for (int i = 0; i < 10; i++) {
        cluster.moveEmpty("movesUnderLoad");
        // Of each thread: one that sees several moves as one has its request passed on too often.
        List<Long> before = looks.stream().map(AtomicLong::get).toList();
        await("requests after the move", () -> haveAllLooked(before, looks, users));
      }
      isOver.set(true);
      for (CompletableFuture<?> user : users) {
        user.get(60, TimeUnit.SECONDS);
      }
    } finally {
      isOver.set(true);
      threads.shutdownNow();
    }
  }

  /** Returns whether each user has looked some times more, or whether one has failed. */
  private static boolean haveAllLooked(
      List<Long> before, List<AtomicLong> looks, List<CompletableFuture<?>> users) {
    boolean haveAll = true;
    for (int i = 0; i < before.size(); i++) {
      haveAll &= looks.get(i).get() > before.get(i) + 5;
    }
    return haveAll || users.stream().anyMatch(CompletableFuture::isDone);
  }

  @Test
  @DisplayName("a logout whose slot has moved is confirmed by the replica of the node that has it")
  void moved_confirmed() {
    try (TestCluster own = new TestCluster();
        TestServer replica = own.addReplica(own.other("a"));
        RedisSessionStore store =
            own.store("a").confirmReplicas(1, Duration.ofSeconds(20)).build()) {
      try (RedisSessionStore before = own.store("a").build()) {
        before.insert(session);
      }
      own.move("a");
      assertThat(store.delete(session.id())).contains(session);
      assertThat(TestServer.info(replica.port, "replication")).contains("role:slave");
    }
  }

  @Test
  @DisplayName(
      "a logout while its slot moves waits, and is confirmed by the replica of the new node")
  void moving_confirmed() throws Exception {
    try (TestCluster own = new TestCluster();
        TestServer replica = own.addReplica(own.other("a"));
        RedisSessionStore store =
            own.store("a")
                .commandTimeout(Duration.ofSeconds(20))
                .confirmReplicas(1, Duration.ofSeconds(20))
                .build()) {
      try (RedisSessionStore before = own.store("a").build()) {
        before.insert(session);
      }
      TestServer from = own.owner("a");
      TestServer to = own.beginToMove("a");
      CompletableFuture<Optional<StoredSession>> logout =
          CompletableFuture.supplyAsync(() -> store.delete(session.id()));
      await(
          "a script that is refused",
          () ->
              TestServer.info(from.port, "commandstats")
                  .matches("(?s).*cmdstat_evalsha:[^\\n]*rejected_calls=[1-9].*"));
      while (own.moveKeys("a", to)) {
        assertThat(logout).isNotDone();
      }
      own.endMove("a", to);
      assertThat(logout.get(60, TimeUnit.SECONDS)).contains(session);
      assertThat(TestServer.info(replica.port, "replication")).contains("role:slave");
    }
  }

  @Test
  @DisplayName("while sessions are written, read and ended, no request fails and no write is lost")
  void movesWhileInUse() throws Exception {
    String prefix = "inUse";
    ExecutorService threads = Executors.newCachedThreadPool();
    try (RedisSessionStore one = cluster.store(prefix).commandTimeout(PATIENT).build();
        RedisSessionStore other = cluster.store(prefix).commandTimeout(PATIENT).build()) {
      ReshardingLoad load = new ReshardingLoad(one, other);
      for (StoredSession each : UserSessions.of("alice", 150, NOW)) {
        one.insert(each);
        load.live.put(each.id(), each.version());
      }
      ChangeFeed.Subscription unused = other.changeFeed().orElseThrow().subscribe(load);
      List<Future<?>> users = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        int user = i;
        users.add(threads.submit(() -> run(load, () -> load.write(user))));
      }
      for (int i = 0; i < 2; i++) {
        users.add(threads.submit(() -> run(load, load::read)));
      }
      for (int move = 0; move < 4 && !load.isOver.get(); move++) {
        load.awaitWrites();
        TestServer to = cluster.beginToMove(prefix);
        assertThat(cluster.moveKeys(prefix, to)).isTrue();
        load.awaitReads();
        while (cluster.moveKeys(prefix, to)) {
          // The rest of the keys.
        }
        load.awaitReads();
        cluster.endMove(prefix, to);
      }
      load.awaitWrites();
      load.isOver.set(true);
      for (Future<?> user : users) {
        user.get(60, TimeUnit.SECONDS);
      }
      assertThat(load.ended).isNotEmpty();
      load.live.forEach(
          (id, version) -> {
            assertThat(one.find(id).orElseThrow().version()).isEqualTo(version);
            assertThat(other.find(id).orElseThrow().version()).isEqualTo(version);
          });
      load.ended.keySet().forEach(id -> assertThat(other.find(id)).isEmpty());
      load.awaitReportOfAllEnds();
    } finally {
      threads.shutdownNow();
    }
  }

  /** Runs a user's requests, and ends those of the others if one fails. */
  private static void run(ReshardingLoad load, Runnable requests) {
    try {
      requests.run();
    } finally {
      load.isOver.set(true);
    }
  }

  /** Keeps what the feed reports first after a slot has moved. */
  private static final class FirstReport implements ChangeFeed.Listener {
    final CompletableFuture<Boolean> isComplete = new CompletableFuture<>();
    final CompletableFuture<String> report = new CompletableFuture<>();
    final AtomicBoolean isMoving = new AtomicBoolean();
    final AtomicLong movedAt = new AtomicLong();

    @Override
    public void changed(SessionId id) {}

    @Override
    public void missed() {
      if (isMoving.get()) {
        report.complete("missed changes");
      }
    }

    @Override
    public void completeUpTo(long nanoTime) {
      isComplete.complete(true);
      long moved = movedAt.get();
      if (moved != 0 && nanoTime - moved > 0) {
        report.complete("complete");
      }
    }
  }

  /** The node that has the slot by now may lack what this node has copies of. */
  @Test
  @DisplayName("the feed of changes reports that some were missed before it is complete again")
  void moved_feed() throws Exception {
    try (RedisSessionStore store = cluster.store("moved_feed").build()) {
      FirstReport first = new FirstReport();
      ChangeFeed.Subscription unused = store.changeFeed().orElseThrow().subscribe(first);
      assertThat(first.isComplete.get(60, TimeUnit.SECONDS)).isTrue();
      first.isMoving.set(true);
      cluster.move("moved_feed");
      first.movedAt.set(System.nanoTime());
      assertThat(first.report.get(60, TimeUnit.SECONDS)).isEqualTo("missed changes");
    }
  }
}
