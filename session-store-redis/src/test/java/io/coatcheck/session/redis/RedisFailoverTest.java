package io.coatcheck.session.redis;

import static io.coatcheck.session.redis.TestServer.await;
import static io.coatcheck.session.redis.TestServer.succeeds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.coatcheck.session.background.Breaker;
import io.coatcheck.session.background.Operation;
import io.coatcheck.session.store.DeletedSessions;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.WhenFull;
import io.coatcheck.session.testkit.SampleSessions;
import io.lettuce.core.AclSetuserArgs;
import io.lettuce.core.KillArgs;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.protocol.CommandType;
import java.time.Instant;
import java.time.InstantSource;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BiConsumer;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("When another server becomes the primary")
class RedisFailoverTest {

  private static final Instant NOW = Instant.parse("2026-11-23T12:00:00Z");
  private final StoredSession session = SampleSessions.authenticated("alice", NOW).build();
  private final StoredSession later =
      SampleSessions.authenticated("alice", NOW.plusSeconds(1)).build();

  @Test
  @DisplayName("the store finds it by the Sentinels, with all that had reached it")
  void sentinel() {
    try (TestServer primary = new TestServer();
        TestServer replica = new TestServer("replicaof 127.0.0.1 " + primary.port);
        TestSentinel sentinel = new TestSentinel(primary.port);
        RedisSessionStore store = store(sentinel)) {
      store.insert(session);
      await("replicated", () -> holds(replica, session));
      sentinel.awaitReplica();
      primary.stop();
      await("a write on the new primary", () -> succeeds(() -> store.insert(later)));
      assertThat(store.find(session.id())).contains(session);
      assertThat(holds(replica, later)).isTrue();
    }
  }

  private static RedisSessionStore store(TestSentinel sentinel) {
    return RedisSessionStore.builder(sentinel.uri())
        .commandTimeout(TestServer.PATIENCE)
        .connectTimeout(TestServer.PATIENCE)
        .clientResources(TestServer.RESOURCES)
        .build();
  }

  @Test
  @DisplayName(
      "Sentinels close the connections to the old one, so a store that only reads leaves it")
  @Tag("wide")
  void sentinel_whileThePrimaryIsUp() {
    try (TestServer primary = new TestServer();
        TestServer replica = new TestServer("replicaof 127.0.0.1 " + primary.port);
        TestSentinel sentinel = new TestSentinel(primary.port);
        RedisSessionStore store = store(sentinel)) {
      store.insert(session);
      await("replicated", () -> holds(replica, session));
      sentinel.awaitReplica();
      assertThat(clients(primary)).hasSize(1);

      await("a failover", sentinel::failsOver);

      awaitKnown("the replica as the primary", () -> isPrimary(replica) && !isPrimary(primary));
      awaitKnown("no connection to the old one", () -> clients(primary).isEmpty());
      awaitKnown("one to the new one", () -> clients(replica).size() == 1);
      assertThat(store.find(session.id())).contains(session);
    }
  }

  private static void awaitKnown(String what, BooleanSupplier condition) {
    await(what, () -> TestServer.isKnown(condition));
  }

  private static boolean isPrimary(TestServer server) {
    return TestServer.info(server.port, "replication").contains("role:master");
  }

  /** Returns the connections of stores: neither those of servers nor the one that asks. */
  private static List<String> clients(TestServer server) {
    return server
        .run(commands -> commands.clientList())
        .lines()
        .filter(line -> line.contains(" flags=N ") && !line.contains("name=sentinel"))
        .filter(line -> !line.contains(" cmd=client"))
        .toList();
  }

  private static boolean holds(TestServer server, StoredSession session) {
    byte[] key = new Keys("coatcheck").record(session.id());
    long found = server.<Long>run(commands -> commands.exists(key));
    return found == 1;
  }

  /** What says that there is nothing to change, where there is no session. */
  enum Fruitless {
    DELETE((store, session) -> store.delete(session.id())),
    DELETE_OF_A_GENERATION((store, session) -> store.delete(session.id(), 1)),
    DELETE_BY_PRINCIPAL(
        (store, session) ->
            store
                .principalIndex()
                .orElseThrow()
                .deleteByPrincipal("alice", Set.of(), DeletedSessions.of(true, gone -> {}))),
    UPDATE((store, session) -> store.update(session, NOW)),
    ADMIT(
        (store, session) ->
            store.loginLimit().orElseThrow().admit(session, false, 1, WhenFull.EVICT_OLDEST, NOW));

    @SuppressWarnings("ImmutableEnumChecker") // The lambdas have no state.
    final BiConsumer<RedisSessionStore, StoredSession> call;

    Fruitless(BiConsumer<RedisSessionStore, StoredSession> call) {
      this.call = call;
    }
  }

  @Test
  @DisplayName("the old one does not say that there is nothing to end: it may lag")
  void demoted_withoutTheSession() {
    try (TestServer primary = new TestServer();
        TestServer old = new TestServer()) {
      Map<Fruitless, RedisSessionStore> stores = new EnumMap<>(Fruitless.class);
      for (Fruitless call : Fruitless.values()) {
        stores.put(call, old.store("a").build());
      }
      old.run(commands -> commands.replicaof("127.0.0.1", primary.port));
      primary.awaitReplica();
      stores.forEach(
          (call, store) -> {
            try (store) {
              assertThatExceptionOfType(SessionStoreException.class)
                  .as(call.name())
                  .isThrownBy(() -> call.call.accept(store, session))
                  .withMessageContaining("READONLY");
            }
          });
    }
  }

  @Test
  @DisplayName("the old one is left as soon as it refuses to be read, since its primary is down")
  void demoted_withoutItsPrimary() {
    try (ReservedPort nobody = new ReservedPort();
        TestServer old = new TestServer("replica-serve-stale-data no");
        RedisSessionStore store = old.store("a").build()) {
      old.run(commands -> commands.replicaof("127.0.0.1", nobody.number));
      assertThatExceptionOfType(SessionStoreException.class)
          .isThrownBy(() -> store.find(session.id()))
          .withMessageContaining("MASTERDOWN");
      // Its address may lead to the new primary by now.
      assertThatExceptionOfType(SessionStoreException.class)
          .isThrownBy(() -> store.find(session.id()))
          .withMessageContaining("Redis is not connected");

      old.run(commands -> commands.replicaofNoOne());
      awaitWrite(store);
    }
  }

  private void awaitWrite(RedisSessionStore store) {
    await("a write", () -> succeeds(() -> store.insert(later)));
    assertThat(store.find(later.id())).contains(later);
  }

  private static void hideRole(TestServer server) {
    server.run(
        commands ->
            commands.aclSetuser("default", AclSetuserArgs.Builder.removeCommand(CommandType.ROLE)));
  }

  @ParameterizedTest(name = "if the user may see its role: {0}")
  @ValueSource(booleans = {true, false})
  @DisplayName("the old one is not read, once a write has shown that it is a replica")
  void demoted(boolean mayAskForTheRole) {
    try (TestServer primary = new TestServer();
        TestServer old = new TestServer();
        RedisSessionStore store = old.store("a").build()) {
      if (!mayAskForTheRole) {
        hideRole(old);
      }
      store.insert(session);
      old.run(commands -> commands.replicaof("127.0.0.1", primary.port));
      assertThatExceptionOfType(SessionStoreException.class)
          .isThrownBy(() -> store.delete(session.id()))
          .withMessageContaining("READONLY");
      // Its copy of the primary is empty: read there, the session would count as ended.
      for (int i = 0; i < 20; i++) {
        assertThatExceptionOfType(SessionStoreException.class)
            .isThrownBy(() -> store.find(session.id()));
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
      }

      old.run(commands -> commands.replicaofNoOne());
      awaitWrite(store);
    }
  }

  @Test
  @DisplayName("a lost connection is replaced even if the user may not see the role of the server")
  void roleNotPermitted() {
    try (TestServer server = new TestServer();
        RedisSessionStore store = server.store("a").build()) {
      hideRole(server);
      closeConnections(server);

      awaitWrite(store);
    }
  }

  @Test
  @DisplayName("and even if the primary lacks replicas, so that it can only be read")
  void roleNotPermitted_withoutReplicas() {
    try (TestServer server = new TestServer();
        RedisSessionStore store = server.store("a").build()) {
      store.insert(session);
      hideRole(server);
      server.run(commands -> commands.configSet("min-replicas-to-write", "1"));
      closeConnections(server);

      await("a read", () -> succeeds(() -> store.find(session.id())));
      assertThat(store.find(session.id())).contains(session);
    }
  }

  private static void closeConnections(TestServer server) {
    long killed =
        server.<Long>run(
            commands -> commands.clientKill(KillArgs.Builder.typeNormal().skipme(true)));
    assertThat(killed).isPositive();
  }

  private static Connection connection(Client client, Route route) {
    return new Connection(
        Link.open(client, route), TestServer.PATIENCE, new Breaker(InstantSource.system()));
  }

  private static void write(Connection connection) {
    long unused =
        connection.<Long>run(new Operation("writing"), commands -> commands.del(new byte[1]));
  }

  private static StatefulRedisConnection<byte[], byte[]> current(Connection connection) {
    return connection.send(new Operation("reading"), commands -> commands.get(new byte[1])).over();
  }

  @Test
  @DisplayName(
      "idle connections to the old one are replaced at once, and so none is replaced later")
  void demoted_withAnIdleConnection() {
    try (TestServer primary = new TestServer();
        TestServer old = new TestServer();
        Client client = old.client()) {
      AtomicReference<RedisURI> server = new AtomicReference<>(old.uri());
      Route route = new TestRoute(() -> client.connect(server.get()));
      Connection shared = connection(client, route);
      Connection idle = connection(client, route);
      Connection.replaceTogether(List.of(shared, idle));
      old.run(commands -> commands.replicaof("127.0.0.1", primary.port));
      server.set(primary.uri());
      assertThatExceptionOfType(SessionStoreException.class)
          .isThrownBy(() -> write(shared))
          .withMessageContaining("READONLY");
      await("a write on the new primary", () -> succeeds(() -> write(shared)));
      StatefulRedisConnection<byte[], byte[]> healthy = current(shared);

      await("a write over the idle connection", () -> succeeds(() -> write(idle)));

      assertThat(current(shared)).isSameAs(healthy);
      shared.close();
      idle.close();
    }
  }

  @Test
  @DisplayName("a connection is not used that began to be opened before the old one was found")
  void demoted_whileAConnectionIsOpened() throws Exception {
    try (TestServer server = new TestServer();
        Client client = server.client()) {
      CompletableFuture<StatefulRedisConnection<byte[], byte[]>> late = new CompletableFuture<>();
      AtomicInteger attempts = new AtomicInteger();
      Route route =
          new TestRoute(
              () -> attempts.incrementAndGet() == 2 ? late : client.connect(server.uri()));
      Link link = Link.open(client, route);
      link.replace();
      StatefulRedisConnection<byte[], byte[]> opened =
          client.connect(server.uri()).toCompletableFuture().get(60, TimeUnit.SECONDS);

      link.demoted();
      late.complete(opened);

      await("another connection", () -> link.current() != null);
      assertThat(link.current()).isNotSameAs(opened);
    }
  }
}
