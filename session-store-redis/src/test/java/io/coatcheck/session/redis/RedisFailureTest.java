package io.coatcheck.session.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.coatcheck.session.background.Breaker;
import io.coatcheck.session.background.Operation;
import io.coatcheck.session.store.Admission;
import io.coatcheck.session.store.CleanUp;
import io.coatcheck.session.store.LoginLimit;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.WhenFull;
import io.coatcheck.session.testkit.SampleSessions;
import io.coatcheck.session.token.SessionId;
import io.lettuce.core.AclSetuserArgs;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisURI;
import io.lettuce.core.SslOptions;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.protocol.AsyncCommand;
import io.lettuce.core.protocol.Command;
import io.lettuce.core.protocol.CommandType;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the server refuses is an exception that says what to do, and changes nothing. */
class RedisFailureTest {

  private static final Instant NOW = Instant.parse("2026-11-23T12:00:00Z");
  private final StoredSession session = SampleSessions.authenticated("alice", NOW).build();

  private static SessionStoreException failure(Runnable call) {
    return assertThatExceptionOfType(SessionStoreException.class).isThrownBy(call::run).actual();
  }

  @Test
  void wrongType_ofTheRecord() {
    try (TestServer server = new TestServer();
        RedisSessionStore store = server.store("a").build()) {
      server.run(commands -> commands.lpush(new Keys("a").record(session.id()), new byte[1]));
      assertThat(failure(() -> store.find(session.id())))
          .hasMessageContaining("find of session " + session.id())
          .hasMessageContaining("something else writes keys with this prefix");
      assertThat(failure(() -> store.touch(session.id(), NOW, NOW)))
          .hasMessageContaining("WRONGTYPE");
      assertThat(failure(() -> store.delete(session.id()))).hasMessageContaining("WRONGTYPE");
    }
  }

  @Test
  @DisplayName("one record of a wrong type does not stop the clean-up of all others")
  void wrongType_ofARecord_isLeftByTheCleanUp() {
    try (TestServer server = new TestServer();
        RedisSessionStore store = server.store("a").build()) {
      Keys keys = new Keys("a");
      byte[] foreign = keys.record(SessionId.of(0, 1));
      server.run(commands -> commands.lpush(foreign, new byte[1]));
      server.run(commands -> commands.zadd(keys.expiry(), 0, Keys.bytes(SessionId.of(0, 1))));
      store.insert(session);
      List<StoredSession> ended = new ArrayList<>();

      CleanUp done = store.deleteExpired(session.expiresAt(), 100, ended::add);

      assertThat(ended).containsExactly(session);
      assertThat(done.isComplete()).isTrue();
      long left = server.run(commands -> commands.exists(foreign));
      assertThat(left).isEqualTo(1);
    }
  }

  @Test
  void wrongType_ofAnIndex_storesNothing() {
    try (TestServer server = new TestServer();
        RedisSessionStore store = server.store("a").build()) {
      server.run(commands -> commands.set(new Keys("a").expiry(), new byte[1]));
      assertThat(failure(() -> store.insert(session))).hasMessageContaining("WRONGTYPE");
      assertThat(store.find(session.id())).isEmpty();
    }
  }

  @Test
  void layoutOfANewerRelease_isNeitherReadNorOverwritten() {
    try (TestServer server = new TestServer();
        RedisSessionStore store = server.store("a").build()) {
      store.insert(session);
      server.run(
          commands -> commands.setrange(new Keys("a").record(session.id()), 0, new byte[] {2}));
      assertThat(failure(() -> store.find(session.id()))).hasMessageContaining("newer release");
      assertThat(failure(() -> store.update(session, NOW))).hasMessageContaining("newer release");
      assertThat(failure(() -> store.touch(session.id(), NOW, NOW)))
          .hasMessageContaining("newer release");
      assertThat(store.deleteExpired(session.absoluteDeadline(), 10, gone -> {}).deleted())
          .isZero();
      assertThat(store.delete(session.id())).isEmpty();
      assertThat(store.find(session.id())).isEmpty();
    }
  }

  @Test
  void signOutEverywhere_endsWhatCannotBeRead() {
    try (TestServer server = new TestServer();
        RedisSessionStore store = server.store("a").build()) {
      List<StoredSession> sessions = UserSessions.of("alice", 4, NOW);
      sessions.forEach(store::insert);
      byte[] newer = new Keys("a").record(sessions.get(1).id());
      byte[] damaged = new Keys("a").record(sessions.get(2).id());
      server.run(commands -> commands.setrange(newer, 0, new byte[] {2}));
      server.run(commands -> commands.set(damaged, new byte[] {1, 2, 3}));
      List<StoredSession> ended = new ArrayList<>();
      assertThat(
              store.principalIndex().orElseThrow().deleteByPrincipal("alice", Set.of(), ended::add))
          .isEqualTo(4);
      assertThat(ended).containsExactlyInAnyOrder(sessions.get(0), sessions.get(3));
      assertThat(server.keys("a")).containsOnly(new Keys("a").changes());
    }
  }

  @Test
  void damagedRecord_countsAsAbsent_andIsCleanedUp() {
    try (TestServer server = new TestServer();
        RedisSessionStore store = server.store("a").build()) {
      store.insert(session);
      byte[] key = new Keys("a").record(session.id());
      server.run(commands -> commands.set(key, new byte[] {1, 2, 3}));
      assertThat(store.find(session.id())).isEmpty();
      assertThat(store.touch(session.id(), NOW, NOW)).isFalse();
      assertThat(store.update(session, NOW)).isFalse();
      assertThat(store.principalIndex().orElseThrow().findByPrincipal("alice", null, 10)).isEmpty();
      StoredSession other = SampleSessions.authenticated("alice", NOW.plusSeconds(1)).build();
      LoginLimit limit = store.loginLimit().orElseThrow();
      assertThat(limit.admit(other, true, 1, WhenFull.REFUSE_NEWCOMER, NOW).outcome())
          .isEqualTo(Admission.Outcome.STORED);
      store.deleteExpired(session.absoluteDeadline(), 10, gone -> {});
      assertThat(server.keys("a")).doesNotContain(key);
    }
  }

  @Test
  void recordThatTheServerDropped_leavesNothingBehind() {
    try (TestServer server = new TestServer();
        RedisSessionStore store = server.store("a").build()) {
      store.insert(session);
      server.run(commands -> commands.del(new Keys("a").record(session.id())));
      assertThat(store.principalIndex().orElseThrow().findByPrincipal("alice", null, 10)).isEmpty();
      store.deleteExpired(session.absoluteDeadline(), 10, gone -> {});
      assertThat(server.keys("a")).containsOnly(new Keys("a").changes());
    }
  }

  @Test
  @DisplayName("the index of a principal expires with the last of the records, if nothing reads it")
  void recordThatTheServerDropped_leavesAnIndexThatExpires() {
    try (TestServer server = new TestServer();
        RedisSessionStore store = server.store("a").build()) {
      Keys keys = new Keys("a");
      byte[] index = keys.principal("alice");
      List<StoredSession> sessions =
          Stream.of(5, 3, 9)
              .map(
                  days ->
                      SampleSessions.authenticated("alice", NOW.plusSeconds(days))
                          .absoluteDeadline(NOW.plus(Duration.ofDays(days)))
                          .build())
              .toList();
      store.insert(sessions.get(0));
      assertExpiresAfter(Duration.ofDays(5 + 1), server, index);
      store.insert(sessions.get(1));
      assertExpiresAfter(Duration.ofDays(5 + 1), server, index);
      LoginLimit limit = store.loginLimit().orElseThrow();
      assertThat(limit.admit(sessions.get(2), true, 3, WhenFull.EVICT_OLDEST, NOW).outcome())
          .isEqualTo(Admission.Outcome.STORED);
      assertExpiresAfter(Duration.ofDays(9 + 1), server, index);
      StoredSession prolonged =
          sessions.get(1).toBuilder().absoluteDeadline(NOW.plus(Duration.ofDays(20))).build();
      assertThat(store.update(prolonged, NOW)).isTrue();
      assertExpiresAfter(Duration.ofDays(20 + 1), server, index);

      sessions.forEach(each -> server.run(commands -> commands.del(keys.record(each.id()))));
      store.deleteExpired(prolonged.absoluteDeadline(), 10, gone -> {});

      assertThat(server.keys("a")).containsExactlyInAnyOrder(keys.changes(), index);
      assertExpiresAfter(Duration.ofDays(20 + 1), server, index);
    }
  }

  private static void assertExpiresAfter(Duration expected, TestServer server, byte[] key) {
    long left = server.<Long>run(commands -> commands.pttl(key));
    assertThat(Duration.ofMillis(left)).isBetween(expected.minusSeconds(600), expected);
  }

  @Test
  @DisplayName("an index without expiry, which may have ids that stay for longer, is given none")
  void indexWithoutExpiry_isLeftSo() {
    try (TestServer server = new TestServer();
        RedisSessionStore store = server.store("a").build()) {
      byte[] index = new Keys("a").principal("alice");
      store.insert(session);
      server.run(commands -> commands.persist(index));

      store.insert(SampleSessions.authenticated("alice", NOW.plusSeconds(1)).build());

      long left = server.<Long>run(commands -> commands.pttl(index));
      assertThat(left).isEqualTo(-1);
    }
  }

  @Test
  void recordThatTheServerDropped_isForgottenByTheNextLogin() {
    try (TestServer server = new TestServer();
        RedisSessionStore store = server.store("a").build()) {
      store.insert(session);
      server.run(commands -> commands.del(new Keys("a").record(session.id())));
      StoredSession next = SampleSessions.authenticated("alice", NOW.plusSeconds(1)).build();

      assertThat(
              store
                  .loginLimit()
                  .orElseThrow()
                  .admit(next, true, 1, WhenFull.REFUSE_NEWCOMER, NOW)
                  .outcome())
          .isEqualTo(Admission.Outcome.STORED);

      List<byte[]> left =
          server.run(commands -> commands.zrange(new Keys("a").principal("alice"), 0, -1));
      assertThat(left).containsExactly(Keys.bytes(next.id()));
    }
  }

  /** How Redis 6 reports what happened in a script. */
  @ParameterizedTest
  @ValueSource(strings = {"OOM", "READONLY", "NOREPLICAS"})
  void errorsInScripts_ofRedis6_areRecognized(String code) {
    String message =
        "ERR Error running script (call to f_1): @user_script:88: @user_script: 88: -"
            + code
            + " something";
    assertThat(
            RedisFailure.of(new Operation("update"), new RedisCommandExecutionException(message)))
        .hasMessageStartingWith("update failed: " + code + ", ");
  }

  @Test
  void outOfMemory_changesNothing() {
    try (TestServer server = new TestServer("maxmemory-policy noeviction");
        RedisSessionStore store = server.store("a").build()) {
      store.insert(session);
      server.run(commands -> commands.configSet("maxmemory", "1"));
      StoredSession other = SampleSessions.authenticated("alice", NOW.plusSeconds(1)).build();
      assertThat(failure(() -> store.insert(other)))
          .hasMessageContaining("OOM, the server is out of memory");
      assertThat(failure(() -> store.update(session, NOW))).hasMessageContaining("OOM");
      assertThat(
              failure(
                  () ->
                      store
                          .loginLimit()
                          .orElseThrow()
                          .admit(other, true, 1, WhenFull.EVICT_OLDEST, NOW)))
          .hasMessageContaining("OOM");
      server.run(commands -> commands.configSet("maxmemory", "0"));
      assertThat(store.find(session.id())).contains(session);
      assertThat(store.find(other.id())).isEmpty();
    }
  }

  @Test
  void logoutWorksWhileTheServerIsOutOfMemory() {
    try (TestServer server = new TestServer();
        RedisSessionStore store = server.store("a").build()) {
      store.insert(session);
      server.run(commands -> commands.configSet("maxmemory", "1"));
      assertThat(store.delete(session.id())).contains(session);
    }
  }

  @Test
  @DisplayName("the clean-up frees memory while there is none, whatever it looks at first")
  void cleanUpWorksWhileTheServerIsOutOfMemory() {
    try (TestServer server = new TestServer("maxmemory-policy noeviction");
        RedisSessionStore store = server.store("a").build()) {
      StoredSession expired = SampleSessions.authenticated("bob", NOW.plusSeconds(1)).build();
      store.insert(session);
      store.insert(expired);
      Instant cutoff = expired.expiresAt();
      assertThat(store.touch(session.id(), cutoff, NOW)).isTrue();
      server.run(commands -> commands.configSet("maxmemory", "1"));
      List<StoredSession> ended = new ArrayList<>();

      CleanUp done = store.deleteExpired(cutoff, 100, ended::add);

      assertThat(ended).containsExactly(expired);
      assertThat(done.isComplete()).isTrue();
      assertThat(store.find(session.id())).isPresent();
    }
  }

  @Test
  @DisplayName("a request that only reads is answered, and its session stays in use")
  void touchWorksWhileTheServerIsOutOfMemory() {
    try (TestServer server = new TestServer("maxmemory-policy noeviction");
        RedisSessionStore store = server.store("a").build()) {
      store.insert(session);
      server.run(commands -> commands.configSet("maxmemory", "1"));
      Instant seen = NOW.plusSeconds(1);

      assertThat(store.touch(session.id(), seen, NOW)).isTrue();

      assertThat(store.find(session.id())).contains(session.toBuilder().lastSeenAt(seen).build());
    }
  }

  @Test
  void password() {
    try (TestServer server = new TestServer("requirepass correct")) {
      assertThat(failure(() -> server.store("a").build()))
          .hasMessageContaining("NOAUTH, the server requires a password");
      RedisURI wrong = RedisURI.builder(server.uri()).withPassword("wrong".toCharArray()).build();
      RedisSessionStore.Builder refused =
          RedisSessionStore.builder(wrong)
              .commandTimeout(TestServer.PATIENCE)
              .connectTimeout(TestServer.PATIENCE);
      assertThat(failure(refused::build)).hasMessageContaining("WRONGPASS");
    }
  }

  @Test
  void missingPermission_isNamed() {
    try (TestServer server = new TestServer()) {
      try (RedisSessionStore store = server.store("a").build()) {
        server.run(
            commands ->
                commands.aclSetuser(
                    "default", AclSetuserArgs.Builder.removeCommand(CommandType.ZADD)));
        assertThat(failure(() -> store.insert(session)))
            .hasMessageContaining("NOPERM, the user may not run a command");
        assertThat(store.find(session.id())).isEmpty();
      }
    }
  }

  /** How Redis 7.0, and later releases and Valkey, report it of a script. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "ERR The user executing the script can't run this command or subcommand script: 1, on @1.",
        "ERR ACL failure in script: User shop has no permissions to run the 'zadd' command",
        "ERR ACL failure in script: No permissions to access a key script: 1, on @user_script:1."
      })
  void missingPermissionInAScript_isNamed(String message) {
    assertThat(
            RedisFailure.of(new Operation("insert"), new RedisCommandExecutionException(message)))
        .hasMessageStartingWith("insert failed: NOPERM, ");
  }

  @Test
  void replica_isRefused() {
    try (TestServer primary = new TestServer();
        TestServer replica = new TestServer("replicaof 127.0.0.1 " + primary.port)) {
      assertThat(failure(() -> replica.store("a").build()))
          .hasMessageContaining("is a replica, which takes no writes: connect to the primary");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"OOM", "READONLY", "NOREPLICAS"})
  void errorOfAScriptInRedis6_isRecognised(String code) {
    RedisCommandExecutionException error =
        new RedisCommandExecutionException(
            "ERR Error running script (call to f_0): @user_script:9: @user_script: 9: -"
                + code
                + " refused");
    assertThat(RedisFailure.of(new Operation("updating"), error))
        .hasMessageContaining("failed: " + code + ", ");
    assertThat(RedisFailure.isOfReplica(error)).isEqualTo(code.equals("READONLY"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "READONLY You can't write against a read only replica.",
        "UNBLOCKED force unblock from blocking operation, instance state changed",
        "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
        "CLUSTERDOWN The cluster is down"
      })
  void errorThatOnlyAnotherServerCanMend_isOfAReplica(String message) {
    assertThat(RedisFailure.isOfReplica(new RedisCommandExecutionException(message))).isTrue();
  }

  @Test
  void primaryThatBecomesAReplica_takesNoWrites() {
    try (TestServer primary = new TestServer();
        TestServer other = new TestServer();
        RedisSessionStore store = other.store("a").build()) {
      store.insert(session);
      other.run(commands -> commands.replicaof("127.0.0.1", primary.port));
      assertThat(failure(() -> store.delete(session.id())))
          .hasMessageContaining("READONLY, the server is a replica");
    }
  }

  @Test
  @DisplayName(
      "a command that the client cancels, with its connection, fails as others that are lost")
  void cancelledCommand_isAFailureOfTheStore() {
    try (TestServer server = new TestServer();
        Client client = client(server)) {
      Route route = new PrimaryRoute(client, new Keys("a"));
      try (Connection connection =
          new Connection(
              Link.open(client, route), TestServer.PATIENCE, new Breaker(InstantSource.system()))) {
        assertThat(
                failure(
                    () ->
                        connection.run(
                            new Operation("reading"),
                            commands -> {
                              AsyncCommand<byte[], byte[], String> cancelled =
                                  new AsyncCommand<>(new Command<>(CommandType.PING, null));
                              cancelled.cancel();
                              return cancelled;
                            })))
            .hasMessageContaining("reading failed, or its answer was lost");
      }
    }
  }

  private static Client client(TestServer server) {
    return new Client(
        List.of(server.uri()),
        TestServer.PATIENCE,
        Duration.ZERO,
        TestServer.PATIENCE,
        SslOptions.create(),
        TestServer.RESOURCES);
  }

  @Test
  void forgottenScripts_areSentAgain() {
    try (TestServer server = new TestServer();
        RedisSessionStore store = server.store("a").build()) {
      store.insert(session);
      assertThat(store.touch(session.id(), NOW, NOW)).isTrue();
      server.run(commands -> commands.scriptFlush());
      assertThat(store.touch(session.id(), NOW.plusSeconds(1), NOW)).isTrue();
      server.run(commands -> commands.scriptFlush());
      assertThat(
              store
                  .batchTouch()
                  .orElseThrow()
                  .touchAll(Map.of(session.id(), NOW.plusSeconds(2)), NOW))
          .containsExactly(session.id());
      assertThat(store.find(session.id()).orElseThrow().lastSeenAt()).isEqualTo(NOW.plusSeconds(2));
    }
  }

  @Test
  void serverThatIsAway_isNamed() {
    try (TestServer server = new TestServer()) {
      server.stop();
      assertThat(failure(() -> server.store("a").build())).hasMessageContaining("not connected");
    }
  }

  @Test
  void restart_isSurvived() {
    try (TestServer server = new TestServer();
        RedisSessionStore store = server.store("a").build()) {
      server.stop();
      failure(() -> store.insert(session));
      server.start();
      Instant deadline = Instant.now().plusSeconds(60);
      boolean isStored = false;
      while (!isStored) {
        assertThat(Instant.now()).as("connected again").isBefore(deadline);
        try {
          store.insert(session);
          isStored = true;
        } catch (SessionStoreException notYet) {
          Thread.onSpinWait();
        }
      }
      assertThat(store.find(session.id())).contains(session);
    }
  }

  @Test
  void prefixOfAnotherApplication_isNoBucket() {
    try (TestServer server = new TestServer();
        RedisSessionStore store = server.store("shop").buckets(4).build();
        RedisSessionStore other = server.store("shop:1").build()) {
      List<StoredSession> sessions = UserSessions.of("alice", 40, NOW);
      sessions.forEach(store::insert);
      assertThat(other.principalIndex().orElseThrow().deleteByPrincipal("alice", Set.of(), e -> {}))
          .isZero();
      assertThat(other.deleteExpired(sessions.get(39).absoluteDeadline(), 100, e -> {}).deleted())
          .isZero();
      assertThat(sessions).allSatisfy(each -> assertThat(other.find(each.id())).isEmpty());
      assertThat(sessions).allSatisfy(each -> assertThat(store.find(each.id())).isPresent());
    }
  }

  /** Leads to a server, and keeps the names of the threads that have asked it to. */
  private record WatchedRoute(Route route, Set<String> threads) implements Route {

    @Override
    public CompletionStage<StatefulRedisConnection<byte[], byte[]>> connect() {
      threads.add(Thread.currentThread().getName());
      return route.connect();
    }

    @Override
    public boolean follow(String moved) {
      return route.follow(moved);
    }

    @Override
    public @Nullable RedisURI asked(String asked) {
      return route.asked(asked);
    }
  }

  private static boolean isAlive(String thread) {
    return Thread.getAllStackTraces().keySet().stream()
        .anyMatch(each -> each.getName().equals(thread));
  }

  @Test
  void threadThatConnectsAgain_endsWithTheStore() {
    try (TestServer server = new TestServer()) {
      Client client = client(server);
      Set<String> threads = ConcurrentHashMap.newKeySet();
      Link link =
          Link.open(client, new WatchedRoute(new PrimaryRoute(client, new Keys("a")), threads));
      threads.clear();
      server.stop();
      TestServer.await(
          "an attempt on its own thread",
          () -> threads.stream().anyMatch(name -> name.matches("coatcheck-redis-\\d+")));
      assertThat(threads).noneMatch(name -> name.startsWith("ForkJoinPool"));
      String own = threads.stream().filter(name -> name.startsWith("coatcheck-")).findAny().get();
      assertThat(isAlive(own)).isTrue();

      link.close();
      client.close();
      TestServer.await("the end of " + own, () -> !isAlive(own));
    }
  }

  @Test
  @DisplayName("I15: an Error while it connects again does not end that")
  void errorWhileConnecting_isTriedAgain() {
    try (TestServer server = new TestServer()) {
      Client client = client(server);
      Route route = new PrimaryRoute(client, new Keys("a"));
      AtomicInteger attempts = new AtomicInteger();
      Link link =
          Link.open(
              client,
              new Route() {
                @Override
                public CompletionStage<StatefulRedisConnection<byte[], byte[]>> connect() {
                  if (attempts.incrementAndGet() == 2) {
                    throw new LinkageError("on purpose");
                  }
                  return route.connect();
                }

                @Override
                public boolean follow(String moved) {
                  return false;
                }

                @Override
                public @Nullable RedisURI asked(String asked) {
                  return null;
                }
              });
      StatefulRedisConnection<byte[], byte[]> first = link.current();
      link.replace();

      TestServer.await("another connection", () -> link.current() != null);

      assertThat(link.current()).isNotSameAs(first);
      link.close();
      client.close();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "a b", "{a}", "0123456789012345678901234567890123456789x"})
  void keyPrefix_isChecked(String prefix) {
    assertThatExceptionOfType(IllegalArgumentException.class)
        .isThrownBy(() -> RedisSessionStore.builder(new RedisURI()).keyPrefix(prefix))
        .withMessageContaining("keyPrefix must be 1 to 40");
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 9, 60_001})
  void timeouts_areChecked(long millis) {
    Duration timeout = Duration.ofMillis(millis);
    RedisSessionStore.Builder builder = RedisSessionStore.builder(new RedisURI());
    assertThatExceptionOfType(IllegalArgumentException.class)
        .isThrownBy(() -> builder.commandTimeout(timeout))
        .withMessageContaining("commandTimeout must be from 10 milliseconds to 1 minute");
    assertThatExceptionOfType(IllegalArgumentException.class)
        .isThrownBy(() -> builder.connectTimeout(timeout))
        .withMessageContaining("connectTimeout must be from");
    assertThatExceptionOfType(IllegalArgumentException.class)
        .isThrownBy(() -> builder.changeFeedInterval(timeout))
        .withMessageContaining("changeFeedInterval must be from 10 milliseconds to 10 seconds");
  }
}
