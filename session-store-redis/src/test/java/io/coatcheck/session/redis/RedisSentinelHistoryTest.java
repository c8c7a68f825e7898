package io.coatcheck.session.redis;

import static io.coatcheck.session.redis.TestServer.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.history.CopiesHistory;
import io.coatcheck.history.FreezingProxy;
import io.coatcheck.history.HistoryNode;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.nearcache.NearCacheSessionStore;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Three nodes with copies that find the primary by a Sentinel, which promotes the replica in the
 * middle of requests, and {@link CopiesHistory the rules}. The old primary comes back without data,
 * and the Sentinel makes it the replica of the new one.
 */
@DisplayName("I2, I3: ends of sessions and new secrets, when a Sentinel promotes the replica")
@Tag("long")
@Timeout(300)
class RedisSentinelHistoryTest {

  private static final Duration BOUND = Duration.ofMillis(600);
  private static final Duration POLL = Duration.ofMillis(50);
  private static final Duration TIMEOUT = Duration.ofMillis(500);
  private static final int NODES = 3;
  private static final int THREADS = 4;

  private final List<NearCacheSessionStore> copies = new ArrayList<>();
  private final List<SessionManager> managers = new ArrayList<>();
  private TestServer primary;
  private TestServer replica;
  private TestSentinel sentinel;

  /** The address of the primary, for the Sentinel, the replica and the nodes. */
  private FreezingProxy address;

  @BeforeEach
  void start() throws IOException {
    primary = new TestServer();
    address = new FreezingProxy(primary.port);
    replica = new TestServer("replicaof 127.0.0.1 " + address.port());
    primary.awaitReplica();
    sentinel = new TestSentinel(address.port());
    sentinel.awaitReplica();
    for (int i = 0; i < NODES; i++) {
      RedisSessionStore store =
          TestServer.built(
              RedisSessionStore.builder(sentinel.uri())
                  .clientResources(TestServer.RESOURCES)
                  .commandTimeout(TIMEOUT)
                  .connectTimeout(TIMEOUT)
                  .changeFeedInterval(POLL)
                  .confirmReplicas(1, TIMEOUT));
      NearCacheSessionStore near = NearCacheSessionStore.builder(store).maxStaleness(BOUND).build();
      copies.add(near);
      managers.add(SessionManager.builder(near).cleanUpInterval(Duration.ZERO).build());
    }
  }

  @AfterEach
  void stop() throws IOException {
    managers.forEach(SessionManager::close);
    sentinel.close();
    address.close();
    replica.close();
    primary.close();
  }

  private boolean isReplicaPromoted() {
    return isSaidOfReplication("role:master");
  }

  private boolean isFollowed() {
    return isSaidOfReplication("state=online");
  }

  /** Returns whether the replica says something of itself that the Sentinel promotes. */
  private boolean isSaidOfReplication(String text) {
    return TestServer.isKnown(() -> TestServer.info(replica.port, "replication").contains(text));
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  @DisplayName("confirmed writes hold on each node, within the bound; the primary hangs or ends")
  void failover(boolean hangs) {
    CopiesHistory history =
        new CopiesHistory(managers.stream().map(HistoryNode::of).toList(), BOUND, true)
            .mayLoseWrites();

    history.run(
        Duration.ZERO,
        THREADS,
        () -> {
          history.await("ends of sessions", () -> history.ends() > 20);
          long failures = history.failures();
          if (hangs) {
            address.freeze();
          } else {
            primary.stop();
          }
          history.await("a request has failed", () -> history.failures() > failures);
          history.await("the replica as the primary", this::isReplicaPromoted);
          primary.stop();
          address.thaw();
          primary.start();
          history.await("the old primary as its replica", this::isFollowed);
        });

    history.assertEnded();
    long before = history.ends();
    await(
        "ends of sessions that the new replica confirms",
        () -> {
          history.run(Duration.ofMillis(100), THREADS);
          return history.ends() > before + 20;
        });
    history.assertEnded();
    assertThat(copies.stream().mapToLong(NearCacheSessionStore::hits).sum())
        .as("of %d", history.reads())
        .isPositive();
  }
}
