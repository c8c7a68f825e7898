package io.coatcheck.session.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.testkit.SampleSessions;
import io.lettuce.core.AclSetuserArgs;
import io.lettuce.core.KillArgs;
import io.lettuce.core.RedisURI;
import io.lettuce.core.protocol.CommandType;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import redis.embedded.RedisSentinel;

@DisplayName("When another server becomes the primary")
class RedisFailoverTest {

  private static final Instant NOW = Instant.parse("2026-11-23T12:00:00Z");
  private final StoredSession session = SampleSessions.authenticated("alice", NOW).build();
  private final StoredSession later =
      SampleSessions.authenticated("alice", NOW.plusSeconds(1)).build();

  private static void await(String what, BooleanSupplier condition) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime() - deadline).as(what).isNegative();
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
    }
  }

  /** Returns whether the operation succeeds by now. */
  private static boolean succeeds(Runnable operation) {
    try {
      operation.run();
      return true;
    } catch (SessionStoreException notYet) {
      return false;
    }
  }

  @Test
  @DisplayName("the store finds it by the Sentinels, with all that had reached it")
  void sentinel() {
    try (TestServer primary = new TestServer();
        TestServer replica = new TestServer("replicaof 127.0.0.1 " + primary.port)) {
      RedisSentinel sentinel =
          RedisSentinel.builder()
              .bind("127.0.0.1")
              .port(TestServer.freePort())
              .masterName("sessions")
              .masterPort(primary.port)
              .quorumSize(1)
              .downAfterMilliseconds(500L)
              .failoverTimeout(5_000L)
              .build();
      sentinel.start();
      try {
        RedisURI address =
            RedisURI.Builder.sentinel("127.0.0.1", sentinel.ports().get(0), "sessions").build();
        try (RedisSessionStore store =
            RedisSessionStore.builder(address)
                .commandTimeout(Duration.ofMillis(500))
                .clientResources(TestServer.RESOURCES)
                .build()) {
          store.insert(session);
          await("replicated", () -> holds(replica, session));
          await("known to the Sentinel", () -> sentinelKnowsReplica(sentinel.ports().get(0)));
          primary.stop();
          await("a write on the new primary", () -> succeeds(() -> store.insert(later)));
          assertThat(store.find(session.id())).contains(session);
          assertThat(holds(replica, later)).isTrue();
        }
      } finally {
        sentinel.stop();
      }
    }
  }

  private static boolean holds(TestServer server, StoredSession session) {
    byte[] key = new Keys("coatcheck").record(session.id());
    long found = server.<Long>run(commands -> commands.exists(key));
    return found == 1;
  }

  private static boolean sentinelKnowsReplica(int port) {
    return TestServer.info(port, "sentinel").contains("slaves=1");
  }

  @Test
  @DisplayName("the old one is not read, once a write has shown that it is a replica")
  void demoted() {
    try (TestServer primary = new TestServer();
        TestServer old = new TestServer();
        RedisSessionStore store = old.store("a").build()) {
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
      await("a write", () -> succeeds(() -> store.insert(later)));
      assertThat(store.find(later.id())).contains(later);
    }
  }

  @Test
  @DisplayName("a lost connection is replaced even if the user may not see the role of the server")
  void roleNotPermitted() {
    try (TestServer server = new TestServer();
        RedisSessionStore store = server.store("a").build()) {
      server.run(
          commands ->
              commands.aclSetuser(
                  "default", AclSetuserArgs.Builder.removeCommand(CommandType.ROLE)));
      long killed =
          server.<Long>run(
              commands -> commands.clientKill(KillArgs.Builder.typeNormal().skipme(true)));
      assertThat(killed).isPositive();

      await("a write", () -> succeeds(() -> store.insert(later)));
      assertThat(store.find(later.id())).contains(later);
    }
  }
}
