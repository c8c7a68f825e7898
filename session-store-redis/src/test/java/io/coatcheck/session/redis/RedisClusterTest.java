package io.coatcheck.session.redis;

import static io.coatcheck.session.redis.TestServer.await;
import static io.coatcheck.session.redis.TestServer.succeeds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.store.Admission;
import io.coatcheck.session.store.DeletedSessions;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.WhenFull;
import io.coatcheck.session.testkit.SampleSessions;
import io.lettuce.core.RedisURI;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("A Redis Cluster of three")
class RedisClusterTest {

  private static final Instant NOW = Instant.parse("2026-11-23T12:00:00Z");
  private static final int BUCKETS = 9;

  /** Of clusters that lose a node; longer than a busy machine stalls, most of the time. */
  private static final Duration NODE_TIMEOUT = Duration.ofSeconds(4);

  private final StoredSession session = SampleSessions.authenticated("alice", NOW).build();

  /** That of the tests in which no node goes away; each has its own prefix. */
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
  @DisplayName("all sessions are on the node that has the slot, which any node names")
  void oneSlot() {
    try (RedisSessionStore store =
        TestCluster.store("oneSlot", List.of(cluster.other("oneSlot"))).build()) {
      List<StoredSession> sessions = UserSessions.of("alice", 20, NOW);
      sessions.forEach(store::insert);
      assertThat(cluster.owner("oneSlot").keys("oneSlot")).hasSizeGreaterThan(20);
      assertThat(cluster.keys("{oneSlot}*"))
          .hasSameSizeAs(cluster.owner("oneSlot").keys("oneSlot"));
      assertThat(store.principalIndex().orElseThrow().findByPrincipal("alice", null, 100))
          .isEqualTo(sessions);
      Admission admission =
          store.loginLimit().orElseThrow().admit(session, true, 15, WhenFull.EVICT_OLDEST, NOW);
      assertThat(admission.evicted()).hasSize(6);
      assertThat(UserSessions.signOut(store, "alice", new ArrayList<>())).isEqualTo(15);
    }
  }

  @Test
  @DisplayName("build() keeps one connection: that of its check for several buckets is closed")
  void connections() {
    List<RedisURI> nodes =
        cluster.nodes.stream()
            .map(node -> RedisURI.builder(node.uri()).withClientName("counted").build())
            .toList();
    try (RedisSessionStore store =
        TestServer.built(
            RedisSessionStore.clusterBuilder(nodes)
                .keyPrefix("connections")
                .clientResources(TestServer.RESOURCES))) {
      assertThat(store.find(session.id())).isEmpty();
      TestServer.await("one connection", () -> connections("counted") == 1);
    }
  }

  private static long connections(String name) {
    return cluster.nodes.stream()
        .flatMap(node -> node.run(commands -> commands.clientList()).lines())
        .filter(line -> line.contains(" name=" + name + " "))
        .count();
  }

  @Test
  @DisplayName("a replica that takes over is followed, and has the writes that it confirmed")
  @Tag("wide")
  void failover() {
    try (TestCluster own = new TestCluster(NODE_TIMEOUT);
        TestServer replica = own.addReplica("a");
        RedisSessionStore store =
            own.store("a").confirmReplicas(1, Duration.ofSeconds(20)).build()) {
      StoredSession ended = UserSessions.of("bob", 1, NOW).get(0);
      store.insert(session);
      store.insert(ended);
      store.delete(ended.id());
      own.owner("a").stop();
      await("a new primary", () -> succeeds(() -> store.touch(session.id(), NOW, NOW)));
      assertThat(TestServer.info(replica.port, "replication")).contains("role:master");
      assertThat(store.find(session.id())).contains(session);
      assertThat(store.find(ended.id())).isEmpty();
    }
  }

  @Test
  @DisplayName("CLUSTERDOWN: a node without the majority refuses all, and is used again later")
  @Tag("wide")
  void clusterDown() {
    try (TestCluster own = new TestCluster(NODE_TIMEOUT);
        RedisSessionStore store = own.store("a").build()) {
      store.insert(session);
      TestServer owner = own.owner("a");
      List<TestServer> others = own.nodes.stream().filter(node -> node != owner).toList();
      others.forEach(TestServer::stop);
      own.awaitState("fail");
      assertThatExceptionOfType(SessionStoreException.class)
          .isThrownBy(() -> store.delete(session.id()))
          .withMessageContaining("CLUSTERDOWN, the cluster does not serve the slot");
      others.forEach(TestServer::start);
      await("a cluster that works", () -> succeeds(() -> store.find(session.id())));
      assertThat(store.find(session.id())).contains(session);
    }
  }

  @Test
  @DisplayName("a store on one server is not built on a node that does not have the slot")
  void notBuiltForACluster() {
    RedisSessionStore.Builder builder =
        cluster.other("notBuiltForACluster").store("notBuiltForACluster");
    assertThatExceptionOfType(SessionStoreException.class)
        .isThrownBy(builder::build)
        .withMessageContaining("MOVED, the key is on another node")
        .withMessageContaining("clusterBuilder");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> RedisSessionStore.clusterBuilder(List.of()))
        .withMessage("nodes must be at least 1: 0");
  }

  @Test
  @DisplayName("buckets spread sessions over all nodes, and a principal's are found in all of them")
  void buckets() {
    try (RedisSessionStore store = cluster.store("buckets").buckets(BUCKETS).build()) {
      List<StoredSession> sessions = UserSessions.of("alice", 200, NOW);
      sessions.forEach(store::insert);
      for (TestServer node : cluster.nodes) {
        assertThat(node.matching("{buckets/*}:s:*")).hasSizeBetween(1, 199);
      }
      List<StoredSession> listed = new ArrayList<>();
      while (listed.size() < 200) {
        listed.addAll(
            store
                .principalIndex()
                .orElseThrow()
                .findByPrincipal(
                    "alice", listed.isEmpty() ? null : listed.get(listed.size() - 1).id(), 7));
      }
      assertThat(listed).isEqualTo(sessions);
      assertThat(
              store
                  .principalIndex()
                  .orElseThrow()
                  .deleteOldest("alice", 12, NOW, DeletedSessions.of(false, gone -> {})))
          .isEqualTo(188);
      assertThat(store.principalIndex().orElseThrow().findByPrincipal("alice", null, 100))
          .isEqualTo(sessions.subList(188, 200));
      assertThat(store.deleteExpired(sessions.get(0).absoluteDeadline(), 5, gone -> {}).deleted())
          .isEqualTo(5);
      assertThat(UserSessions.signOut(store, "alice", new ArrayList<>())).isEqualTo(7);
    }
  }

  @Test
  @DisplayName(
      "signing out everywhere ends sessions on the other nodes, and reports that one was unreachable")
  void bucketOfANodeThatIsAway() {
    try (TestCluster own = new TestCluster();
        RedisSessionStore store = own.store("a").buckets(BUCKETS).build()) {
      for (TestServer node : own.nodes) {
        // Otherwise no node answers while one is away.
        node.run(commands -> commands.configSet("cluster-require-full-coverage", "no"));
      }
      List<StoredSession> sessions = UserSessions.of("alice", 100, NOW);
      sessions.forEach(store::insert);
      TestServer away = own.nodes.get(2);
      int lost = away.matching("{a/*}:s:*").size();
      away.stop();
      List<StoredSession> ended = new ArrayList<>();
      assertThatExceptionOfType(SessionStoreException.class)
          .isThrownBy(() -> UserSessions.signOut(store, "alice", ended));
      assertThat(ended).hasSize(100 - lost);
    }
  }

  @Test
  @DisplayName("nodes that hang are waited for together, and the others' sessions end meanwhile")
  @Tag("wide")
  void bucketsOfNodesThatHang() {
    Duration timeout = Duration.ofSeconds(4);
    try (TestCluster own = new TestCluster();
        RedisSessionStore patient = own.store("a").buckets(BUCKETS).build();
        RedisSessionStore store =
            TestServer.built(own.store("a").buckets(BUCKETS).commandTimeout(timeout))) {
      List<StoredSession> sessions = UserSessions.of("alice", 100, NOW);
      sessions.forEach(patient::insert);
      int reachable = own.nodes.get(0).matching("{a/*}:s:*").size();
      own.nodes.subList(1, 3).forEach(node -> node.run(commands -> commands.clientPause(60_000)));
      List<StoredSession> ended = new ArrayList<>();
      long begin = System.nanoTime();
      assertThatExceptionOfType(SessionStoreException.class)
          .isThrownBy(() -> UserSessions.signOut(store, "alice", ended))
          .withMessageContaining("Redis did not answer in time");
      assertThat(ended).hasSize(reachable);
      assertThatExceptionOfType(SessionStoreException.class)
          .isThrownBy(
              () -> store.deleteExpired(session.absoluteDeadline().plusSeconds(99), 100, e -> {}))
          .withMessageContaining("Redis did not answer in time");
      // Six buckets are on nodes that hang: one after the other, they would take 24 seconds twice.
      assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(timeout.multipliedBy(5));
    }
  }

  @Test
  @DisplayName("a limit of sessions is refused at the start, and so is another number of buckets")
  void refusals() {
    try (RedisSessionStore store = cluster.store("refusals").buckets(2).build()) {
      assertThat(store.loginLimit()).isEmpty();
      assertThatIllegalArgumentException()
          .isThrownBy(
              () ->
                  SessionManager.builder(store)
                      .sessionsPerPrincipal(3, WhenFull.EVICT_OLDEST)
                      .build())
          .withMessageContaining("LoginLimit");
    }
    RedisSessionStore.Builder other = cluster.store("refusals").buckets(3);
    assertThatIllegalArgumentException()
        .isThrownBy(other::build)
        .withMessage("buckets must be 2, as the sessions under this key prefix were stored: 3");
    assertThatIllegalArgumentException()
        .isThrownBy(cluster.store("refusals")::build)
        .withMessage("buckets must be 2, as the sessions under this key prefix were stored: 1");
    try (RedisSessionStore one = cluster.store("one").build()) {
      one.insert(SampleSessions.authenticated("alice", NOW).build());
      assertThatIllegalArgumentException()
          .isThrownBy(cluster.store("one").buckets(2)::build)
          .withMessage("buckets must be 1, as the sessions under this key prefix were stored: 2");
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 65})
  void buckets_areChecked(int number) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> RedisSessionStore.builder(new RedisURI()).buckets(number))
        .withMessage("buckets must be from 1 to 64: " + number);
  }
}
