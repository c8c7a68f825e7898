package io.coatcheck.session.redis;

import static io.coatcheck.session.redis.TestServer.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.history.CopiesHistory;
import io.coatcheck.history.FreezingProxy;
import io.coatcheck.history.HistoryNode;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.nearcache.NearCacheSessionStore;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Three nodes with copies on one address of a primary, whose replica takes over and is behind at
 * that moment, and {@link CopiesHistory the rules}. Changes of attributes may be undone.
 */
@DisplayName("I2, I3: ends of sessions and new secrets, when a replica takes over that lags")
@Timeout(180)
@Tag("wide")
class RedisFailoverHistoryTest {

  private static final Duration BOUND = Duration.ofMillis(600);
  private static final Duration POLL = Duration.ofMillis(50);
  private static final Duration TIMEOUT = Duration.ofMillis(500);
  private static final int NODES = 3;
  private static final int THREADS = 4;

  private final List<TestServer> servers = new ArrayList<>();
  private final List<FreezingProxy> addresses = new ArrayList<>();
  private final List<NearCacheSessionStore> copies = new ArrayList<>();
  private final List<SessionManager> managers = new ArrayList<>();

  /** The way by which the replica is given its data. */
  private FreezingProxy replication;

  @BeforeEach
  void start() throws IOException {
    TestServer primary = server();
    replication = new FreezingProxy(primary.port);
    server("replicaof 127.0.0.1 " + replication.port());
    primary.awaitReplica();
    for (int i = 0; i < NODES; i++) {
      addresses.add(new FreezingProxy(primary.port));
    }
  }

  private TestServer server(String... settings) {
    TestServer server = new TestServer(settings);
    servers.add(server);
    return server;
  }

  @AfterEach
  void stop() throws IOException {
    managers.forEach(SessionManager::close);
    for (FreezingProxy address : addresses) {
      address.close();
    }
    replication.close();
    servers.forEach(TestServer::close);
  }

  private CopiesHistory startNodes(int replicas) {
    for (FreezingProxy address : addresses) {
      RedisSessionStore store =
          TestServer.built(
              RedisSessionStore.builder(TestServer.uri("127.0.0.1", address.port()))
                  .clientResources(TestServer.RESOURCES)
                  .commandTimeout(TIMEOUT)
                  .connectTimeout(TIMEOUT)
                  .changeFeedInterval(POLL)
                  .confirmReplicas(replicas, TIMEOUT));
      NearCacheSessionStore near = NearCacheSessionStore.builder(store).maxStaleness(BOUND).build();
      copies.add(near);
      managers.add(SessionManager.builder(near).cleanUpInterval(Duration.ZERO).build());
    }
    return new CopiesHistory(managers.stream().map(HistoryNode::of).toList(), BOUND, true)
        .mayLoseWrites();
  }

  /** The primary ends, and the replica takes over its address with what it has. */
  private void failOver() {
    TestServer replica = servers.get(1);
    servers.get(0).stop();
    replica.run(commands -> commands.replicaofNoOne());
    addresses.forEach(address -> address.moveTo(replica.port));
  }

  private void addReplica() {
    server("replicaof 127.0.0.1 " + servers.get(1).port);
    servers.get(1).awaitReplica();
  }

  private static void runUntil(CopiesHistory history, String what, BooleanSupplier condition) {
    await(
        what,
        () -> {
          history.run(Duration.ofMillis(100), THREADS);
          return condition.getAsBoolean();
        });
  }

  @Test
  @DisplayName("in the middle of requests: confirmed writes hold on each node, within the bound")
  void confirmed_inTheMiddle() {
    CopiesHistory history = startNodes(1);
    history.run(
        Duration.ZERO,
        THREADS,
        () -> {
          history.await("ends of sessions", () -> history.ends() > 20);
          long failures = history.failures();
          replication.freeze();
          history.await("an end that is not confirmed", () -> history.failures() > failures);
          failOver();
          addReplica();
        });

    history.assertEnded();
    long before = history.ends();
    runUntil(
        history,
        "ends of sessions that the new replica confirms",
        () -> history.ends() > before + 20);
    history.assertEnded();
    assertThat(copies.stream().mapToLong(NearCacheSessionStore::hits).sum())
        .as("of %d", history.reads())
        .isPositive();
  }

  @Test
  @DisplayName("after an outage of the replica: no end that has returned is undone")
  void confirmed() {
    CopiesHistory history = startNodes(1);
    runUntil(history, "ends of sessions", () -> history.ends() > 20);
    replication.freeze();
    long before = history.failures();
    runUntil(history, "ends that are not confirmed", () -> history.failures() > before + 5);

    failOver();

    history.assertEnded();
  }

  @Test
  @DisplayName("without confirmation, ends are undone")
  void unconfirmed() {
    CopiesHistory history = startNodes(0);
    runUntil(history, "ends of sessions", () -> history.ends() > 20);
    replication.freeze();
    for (long before = history.ends(); history.ends() < before + 15; ) {
      history.run(Duration.ofMillis(20), THREADS);
    }

    failOver();

    assertThatThrownBy(history::assertEnded)
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("whose end has returned");
  }
}
