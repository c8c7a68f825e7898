package io.coatcheck.session.redis;

import static io.coatcheck.session.redis.TestServer.await;
import static io.coatcheck.session.redis.TestServer.succeeds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.coatcheck.session.SessionBridge;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.codec.AttributeValue;
import io.coatcheck.session.store.Admission;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.WhenFull;
import io.coatcheck.session.testkit.SampleSessions;
import io.coatcheck.session.token.SessionId;
import io.lettuce.core.AclSetuserArgs;
import io.lettuce.core.RedisURI;
import io.lettuce.core.protocol.CommandType;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("confirmReplicas")
@Tag("wide")
class RedisConfirmationTest extends WithReplica {

  private static final Instant NOW = Instant.parse("2026-11-23T12:00:00Z");

  private final StoredSession session = SampleSessions.authenticated("alice", NOW).build();
  private final StoredSession visit = SampleSessions.anonymous(NOW).build();

  private RedisSessionStore confirming(Duration patience) {
    return primary.store("a").confirmReplicas(1, patience).build();
  }

  /** Returns the session as the next version with a new secret. */
  private static StoredSession renewed(StoredSession session) {
    return session.toBuilder()
        .secretHash(SampleSessions.anonymous(NOW).build().secretHash())
        .generation(session.generation() + 1)
        .build();
  }

  @Nested
  @DisplayName("while no replica follows")
  class WithoutReplica {

    private RedisSessionStore store;

    @BeforeEach
    void lose() {
      try (RedisSessionStore before = primary.store("a").build()) {
        before.insert(session);
        before.insert(visit);
      }
      store = confirming(PATIENCE);
      replica.stop();
    }

    @AfterEach
    void close() {
      store.close();
    }

    @Test
    @DisplayName("a login is an exception, and the primary has it")
    void login() {
      StoredSession login = SampleSessions.authenticated("bob", NOW).build();
      assertUnconfirmed(() -> store.insert(login));
      assertThat(store.find(login.id())).contains(login);
    }

    @Test
    @DisplayName("an admission is an exception, and the primary has done it")
    void admission() {
      StoredSession login = SampleSessions.authenticated("alice", NOW.plusSeconds(1)).build();
      assertUnconfirmed(
          () -> store.loginLimit().orElseThrow().admit(login, true, 1, WhenFull.EVICT_OLDEST, NOW));
      assertThat(store.find(login.id())).contains(login);
      assertThat(store.find(session.id())).isEmpty();
    }

    @Test
    @DisplayName("a refused login is refused: there is nothing to confirm")
    void refusal() {
      StoredSession login = SampleSessions.authenticated("alice", NOW.plusSeconds(1)).build();
      assertThat(
              store
                  .loginLimit()
                  .orElseThrow()
                  .admit(login, true, 1, WhenFull.REFUSE_NEWCOMER, NOW)
                  .outcome())
          .isEqualTo(Admission.Outcome.REFUSED);
      assertThatExceptionOfType(SessionStoreException.class)
          .isThrownBy(() -> store.insert(session))
          .withMessageContaining("the id exists already");
      assertThat(store.update(renewed(renewed(session).toBuilder().version(7).build()), NOW))
          .isFalse();
    }

    @Test
    @DisplayName("a new secret is an exception, other changes are not")
    void renewal() {
      StoredSession renewed = renewed(session);
      assertUnconfirmed(() -> store.update(renewed, NOW));
      StoredSession found = store.find(session.id()).orElseThrow();
      assertThat(found.secretHash()).isEqualTo(renewed.secretHash());
      assertThat(found.version()).isEqualTo(session.version() + 1);
      assertThat(store.update(found.toBuilder().idleTimeout(Duration.ofMinutes(9)).build(), NOW))
          .isTrue();
    }

    @Test
    @DisplayName("attributes of anonymous visitors, touches and the clean-up do not wait")
    void ordinary() {
      store.insert(SampleSessions.anonymous(NOW.plusSeconds(1)).build());
      assertThat(store.touch(session.id(), NOW.plusSeconds(2), NOW)).isTrue();
      assertThat(
              store.update(
                  visit.toBuilder()
                      .attributes(Map.of("a", AttributeValue.encoded(new byte[1])))
                      .build(),
                  NOW))
          .isTrue();
      assertThat(store.deleteExpired(session.absoluteDeadline(), 10, gone -> {}).deleted())
          .isEqualTo(3);
    }

    @Test
    @DisplayName("a logout is an exception, although the session has ended, and so is the next one")
    void logout() {
      assertUnconfirmed(() -> store.delete(session.id()));
      assertThat(store.find(session.id())).isEmpty();
      assertUnconfirmed(() -> store.delete(session.id()));
      assertUnconfirmed(() -> store.delete(session.id(), session.generation()));

      replica.start();
      await("a confirmed logout", () -> succeeds(() -> store.delete(session.id())));
    }

    @Test
    @DisplayName("the end of a group is an exception, although it has no members, and the next too")
    void endOfAGroup() {
      try (SessionManager manager =
          SessionManager.builder(store).cleanUpInterval(Duration.ZERO).build()) {
        Instant now = Instant.now();
        Runnable end =
            () -> manager.bridge().endGroup("test:group", now, now.plus(Duration.ofHours(1)));
        assertUnconfirmed(end);
        assertUnconfirmed(end);
        assertThat(manager.bridge().groupEndedAt("test:group")).isPresent();

        replica.start();
        await("a confirmed end", () -> succeeds(end));
      }
    }

    @Test
    @DisplayName("a claim is an exception, and can be made again unless it was for good")
    void claim() {
      try (SessionManager manager =
          SessionManager.builder(store).cleanUpInterval(Duration.ZERO).build()) {
        SessionBridge bridge = manager.bridge();
        Instant until = Instant.now().plus(Duration.ofHours(1));
        assertUnconfirmed(() -> bridge.claim("test:used", until));
        assertUnconfirmed(() -> bridge.claim("test:used", until));
        assertUnconfirmed(() -> bridge.beginClaim("test:tried", until));
        assertThat(bridge.isClaimed("test:tried")).isFalse();

        replica.start();
        List<Boolean> claimed = new ArrayList<>();
        await(
            "a confirmed claim",
            () -> succeeds(() -> claimed.add(bridge.claim("test:used", until))));
        assertThat(claimed).containsExactly(false);
        assertThat(bridge.beginClaim("test:used", until)).isEmpty();
      }
    }

    @Test
    @DisplayName(
        "signing out everywhere is an exception, hands over what ended, and can be repeated")
    void signOutEverywhere() {
      List<StoredSession> ended = new ArrayList<>();
      assertUnconfirmed(() -> UserSessions.signOut(store, "alice", ended));
      assertThat(ended).containsExactly(session);
      assertUnconfirmed(() -> UserSessions.signOut(store, "alice", ended));

      replica.start();
      await(
          "a confirmed revocation",
          () -> succeeds(() -> UserSessions.signOut(store, "alice", ended)));
      assertThat(ended).containsExactly(session);
    }

    @Test
    @DisplayName("the buckets of a principal are confirmed together")
    void signOutEverywhere_ofSeveralBuckets() {
      try (RedisSessionStore spread =
          primary.store("b").buckets(8).confirmReplicas(1, Duration.ofSeconds(4)).build()) {
        long begin = System.nanoTime();
        assertThatExceptionOfType(SessionStoreException.class)
            .isThrownBy(
                () ->
                    spread
                        .principalIndex()
                        .orElseThrow()
                        .deleteByPrincipal("alice", Set.of(), gone -> {}))
            .withMessageContaining("is not confirmed: after 4000 ms, 0 of 1 replicas had it");
        // One after the other, they would take 32 seconds.
        assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(20));
      }
    }

    @Test
    @DisplayName("each of many logouts ends in time, and the connections are used again later")
    void many() throws Exception {
      int count = 5 * ConfirmedWrites.CONNECTIONS;
      ExecutorService threads = Executors.newFixedThreadPool(count);
      try (RedisSessionStore slow =
          TestServer.built(
              primary
                  .store("a")
                  .commandTimeout(Duration.ofSeconds(2))
                  .confirmReplicas(1, Duration.ofSeconds(1)))) {
        long begin = System.nanoTime();
        List<CompletableFuture<?>> calls = new ArrayList<>();
        for (int i = 0; i < count; i++) {
          calls.add(CompletableFuture.runAsync(() -> slow.delete(visit.id()), threads));
        }
        for (CompletableFuture<?> call : calls) {
          assertThat(call)
              .failsWithin(Duration.ofSeconds(60))
              .withThrowableThat()
              .withCauseInstanceOf(SessionStoreException.class);
        }
        // At worst the command timeout for a connection, then for the script and its confirmation,
        // on a busy machine.
        assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(40));

        replica.start();
        await("all connections", () -> succeeds(() -> slow.delete(visit.id())));
        calls.clear();
        for (int i = 0; i < count; i++) {
          calls.add(
              CompletableFuture.runAsync(
                  () -> await("a login", () -> succeeds(() -> slow.insert(carols()))), threads));
        }
        for (CompletableFuture<?> call : calls) {
          assertThatCode(() -> call.get(120, TimeUnit.SECONDS)).doesNotThrowAnyException();
        }
        // More if one was not confirmed in time, on a busy machine, and then repeated.
        assertThat(slow.principalIndex().orElseThrow().findByPrincipal("carol", null, 1_000))
            .hasSizeGreaterThanOrEqualTo(count);
      } finally {
        threads.shutdownNow();
      }
    }

    private static StoredSession carols() {
      return SampleSessions.authenticated("carol", NOW).build();
    }

    @Test
    @DisplayName("I21: a session that expires while its login waits for a connection stays expired")
    void deadlineDuringWait() throws Exception {
      Duration patience = Duration.ofSeconds(60);
      ExecutorService threads = Executors.newFixedThreadPool(ConfirmedWrites.CONNECTIONS);
      try (RedisSessionStore slow =
          primary.store("a").commandTimeout(patience).confirmReplicas(1, patience).build()) {
        for (int i = 0; i < ConfirmedWrites.CONNECTIONS; i++) {
          threads.execute(() -> succeeds(() -> slow.delete(visit.id())));
        }
        await("all connections wait", () -> blocked() == ConfirmedWrites.CONNECTIONS);
        Instant justBefore = session.expiresAt().minusMillis(200);
        CompletableFuture<Boolean> updated = new CompletableFuture<>();
        Thread login =
            new Thread(() -> updated.complete(slow.update(renewed(session), justBefore)));
        login.start();
        await("the login waits for a connection", () -> isWaitingForConnection(login));
        long waiting = System.nanoTime();
        await("the session has expired", () -> System.nanoTime() - waiting > 300_000_000);
        replica.start();
        assertThat(updated.get(120, TimeUnit.SECONDS)).isFalse();
        assertThat(slow.find(session.id())).contains(session);
      } finally {
        threads.shutdownNow();
      }
    }

    private static boolean isWaitingForConnection(Thread thread) {
      return thread.getState() == Thread.State.TIMED_WAITING
          && Arrays.stream(thread.getStackTrace())
              .anyMatch(
                  frame ->
                      frame.getClassName().equals(ConfirmedWrites.class.getName())
                          && frame.getMethodName().equals("take"));
    }
  }

  /** Kills the primary, makes the replica the primary, and returns what it has of a session. */
  private boolean isLiveAfterFailover(StoredSession of) {
    primary.stop();
    replica.run(commands -> commands.replicaofNoOne());
    try (RedisSessionStore store = replica.store("a").build()) {
      return store.find(of.id()).isPresent();
    }
  }

  /** A replica that has stopped for a while counts as connected: each WAIT finds it behind. */
  @Nested
  @DisplayName("while the replica is frozen")
  @DisabledOnOs(value = OS.WINDOWS, disabledReason = "it has no SIGSTOP")
  class WithFrozenReplica {

    private String process;
    private RedisSessionStore store;

    @BeforeEach
    void freeze() throws Exception {
      process =
          TestServer.info(replica.port, "server")
              .lines()
              .filter(line -> line.startsWith("process_id:"))
              .map(line -> line.substring("process_id:".length()).trim())
              .findFirst()
              .orElseThrow();
      try (RedisSessionStore before = primary.store("a").build()) {
        before.insert(session);
      }
      primary.awaitReplica();
      store = confirming(PATIENCE);
      signal("STOP");
    }

    @AfterEach
    void thaw() throws Exception {
      signal("CONT");
      store.close();
    }

    private void signal(String name) throws Exception {
      assertThat(new ProcessBuilder("kill", "-" + name, process).start().waitFor()).isZero();
    }

    private void assertConnected() {
      assertThat(TestServer.info(primary.port, "replication")).contains("state=online");
    }

    @Test
    @DisplayName("each repeated logout is an exception, whichever connection it has")
    void logout() throws Exception {
      assertUnconfirmed(() -> store.delete(session.id()));
      for (int i = 0; i < ConfirmedWrites.CONNECTIONS; i++) {
        assertUnconfirmed(() -> store.delete(session.id()));
      }
      assertUnconfirmed(() -> store.delete(session.id(), -1));
      assertConnected();

      signal("CONT");
      await("a confirmed logout", () -> succeeds(() -> store.delete(session.id())));
      assertThat(isLiveAfterFailover(session)).isFalse();
    }

    /** Old servers wait for the last write of any connection, and need no mark. */
    @Test
    @DisplayName(
        "what finds nothing to end writes the mark, which the WAIT of new servers is about")
    void mark() {
      byte[] mark = "{a}:w".getBytes(StandardCharsets.UTF_8);
      assertThat(primary.<Long>run(commands -> commands.exists(mark))).isZero();
      assertUnconfirmed(() -> store.delete(visit.id()));
      assertThat(primary.<Long>run(commands -> commands.del(mark))).isEqualTo(1);
      assertUnconfirmed(() -> store.delete(session.id(), session.generation() + 1));
      assertThat(primary.<Long>run(commands -> commands.del(mark))).isEqualTo(1);
      assertUnconfirmed(this::revokeOfNone);
      assertThat(primary.<Long>run(commands -> commands.del(mark))).isEqualTo(1);
    }

    private void revokeOfNone() {
      store.principalIndex().orElseThrow().deleteByPrincipal("nobody", Set.of(), gone -> {});
    }

    @Test
    @DisplayName("each repeated revocation is an exception")
    void revocation() throws Exception {
      for (int i = 0; i <= ConfirmedWrites.CONNECTIONS; i++) {
        assertUnconfirmed(this::revoke);
      }
      assertConnected();

      signal("CONT");
      await("a confirmed revocation", () -> succeeds(this::revoke));
    }

    private void revoke() {
      store.principalIndex().orElseThrow().deleteByPrincipal("alice", Set.of(), gone -> {});
    }

    @Test
    @DisplayName("logouts of sessions that never were leave connections to logins")
    void logoutsOfStrangers() throws Exception {
      int most = ConfirmedWrites.CONNECTIONS / ConfirmedWrites.SHARE_OF_UNKNOWN;
      ExecutorService threads = Executors.newFixedThreadPool(4 * most + 1);
      try (RedisSessionStore slow = confirming(Duration.ofSeconds(60))) {
        for (int i = 0; i < 4 * most; i++) {
          SessionId unknown = SampleSessions.anonymous(NOW).build().id();
          threads.execute(() -> succeeds(() -> slow.delete(unknown, -1)));
        }
        await("the ones that wait", () -> blocked() == most);
        CompletableFuture<Boolean> login =
            CompletableFuture.supplyAsync(
                () -> succeeds(() -> slow.insert(SampleSessions.authenticated("bob", NOW).build())),
                threads);
        await("the login waits beside them", () -> blocked() == most + 1);
        signal("CONT");
        assertThat(login.get(60, TimeUnit.SECONDS)).isTrue();
      } finally {
        threads.shutdownNow();
      }
    }
  }

  private void cutOffReplica() {
    proxy.mode = CuttingProxy.Mode.HOLDING;
  }

  @Test
  @DisplayName("without it, a failover undoes a logout that was acknowledged")
  void failover_unconfirmed() {
    try (RedisSessionStore store = primary.store("a").build()) {
      store.insert(session);
      primary.awaitReplica();
      cutOffReplica();
      assertThat(store.delete(session.id())).contains(session);
      assertThat(isLiveAfterFailover(session)).isTrue();
    }
  }

  @Test
  @DisplayName("with it, the logout that a failover would undo was not acknowledged")
  void failover_notAcknowledged() {
    try (RedisSessionStore before = primary.store("a").build();
        RedisSessionStore store = confirming(PATIENCE)) {
      before.insert(session);
      primary.awaitReplica();
      cutOffReplica();
      assertUnconfirmed(() -> store.delete(session.id()));
      assertThat(isLiveAfterFailover(session)).isTrue();
    }
  }

  @Test
  @DisplayName("with confirmation, an acknowledged write survives an immediate failover")
  void failover_confirmed() {
    StoredSession other = SampleSessions.authenticated("bob", NOW).build();
    try (RedisSessionStore store = confirming(Duration.ofSeconds(60))) {
      for (int i = 0; i < 50; i++) {
        StoredSession login = SampleSessions.authenticated("carol", NOW.plusSeconds(i)).build();
        store.insert(login);
        store.delete(login.id());
      }
      store.insert(session);
      store.insert(other);
      store.delete(session.id());
      assertThat(isLiveAfterFailover(session)).isFalse();
      try (RedisSessionStore after = replica.store("a").build()) {
        assertThat(after.find(other.id())).contains(other);
        assertThat(after.principalIndex().orElseThrow().findByPrincipal("carol", null, 10))
            .isEmpty();
      }
    }
  }

  @Test
  @DisplayName("a script that the server has forgotten is confirmed too")
  void forgottenScripts() {
    try (RedisSessionStore before = primary.store("a").build();
        RedisSessionStore store = confirming(PATIENCE)) {
      before.insert(session);
      primary.run(commands -> commands.scriptFlush());
      cutOffReplica();
      assertUnconfirmed(() -> store.delete(session.id()));
    }
  }

  @Test
  @DisplayName("so is one that comes after a logout which still waits on the same connection")
  void forgottenScripts_whileAnEarlierOneWaits() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(ConfirmedWrites.CONNECTIONS);
    try (RedisSessionStore before = primary.store("a").build();
        RedisSessionStore store = confirming(Duration.ofSeconds(5))) {
      before.insert(session);
      cutOffReplica();
      List<CompletableFuture<Boolean>> earlier = new ArrayList<>();
      for (int i = 0; i < ConfirmedWrites.CONNECTIONS; i++) {
        earlier.add(
            CompletableFuture.supplyAsync(() -> succeeds(() -> store.delete(visit.id())), threads));
      }
      for (CompletableFuture<Boolean> call : earlier) {
        assertThat(call.get(60, TimeUnit.SECONDS)).isFalse();
      }
      primary.run(commands -> commands.scriptFlush());
      assertThatExceptionOfType(SessionStoreException.class)
          .isThrownBy(() -> store.delete(session.id()))
          .withMessageContaining("is not confirmed: after 5000 ms, 0 of 1 replicas had it");
    } finally {
      threads.shutdownNow();
    }
  }

  @Test
  @DisplayName("a primary that becomes a replica is neither written nor read, once it has refused")
  void demoted() {
    try (TestServer next = new TestServer();
        RedisSessionStore store = confirming(Duration.ofSeconds(60))) {
      store.insert(session);
      primary.run(commands -> commands.replicaof("127.0.0.1", next.port));
      assertThatExceptionOfType(SessionStoreException.class)
          .isThrownBy(() -> store.delete(session.id()))
          .withMessageContaining("READONLY");
      assertThatExceptionOfType(SessionStoreException.class)
          .isThrownBy(() -> store.find(session.id()));
    }
  }

  @Test
  @DisplayName("a user who may not wait is noticed at the start")
  void notPermitted() {
    primary.run(
        commands ->
            commands.aclSetuser("default", AclSetuserArgs.Builder.removeCommand(CommandType.WAIT)));
    assertThatExceptionOfType(SessionStoreException.class)
        .isThrownBy(() -> confirming(PATIENCE))
        .withMessageContaining("NOPERM");
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, 17})
  void replicas_areChecked(int replicas) {
    assertThatIllegalArgumentException()
        .isThrownBy(
            () -> RedisSessionStore.builder(new RedisURI()).confirmReplicas(replicas, PATIENCE))
        .withMessageContaining("confirmReplicas must be from 0 to 16 replicas: " + replicas);
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 9, 60_001})
  void timeout_isChecked(long millis) {
    assertThatIllegalArgumentException()
        .isThrownBy(
            () ->
                RedisSessionStore.builder(new RedisURI())
                    .confirmReplicas(1, Duration.ofMillis(millis)))
        .withMessageContaining("confirmReplicas timeout must be from 10 milliseconds to 1 minute");
  }
}
