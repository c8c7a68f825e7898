package io.coatcheck.session.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.coatcheck.session.background.Operation;
import io.coatcheck.session.store.CleanUp;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.WhenFull;
import io.coatcheck.session.testkit.SampleSessions;
import io.lettuce.core.AclSetuserArgs;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisURI;
import io.lettuce.core.protocol.CommandType;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A refusal of the server is an exception that says what to do, and changes nothing. */
class RedisFailureTest {

  private static final Instant NOW = Instant.parse("2026-11-23T12:00:00Z");
  private final StoredSession session = SampleSessions.authenticated("alice", NOW).build();

  private static SessionStoreException failure(Runnable call) {
    return assertThatExceptionOfType(SessionStoreException.class).isThrownBy(call::run).actual();
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
  void missingOrWrongPassword_isNamed() {
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

  /** What Redis 6, Redis 7 or Valkey say, and what the exception says of it. */
  static Stream<Arguments> errorsWithoutCode() {
    return Stream.of(
        arguments("ERR max number of clients reached", "raise maxclients"),
        arguments("ERR This instance has cluster support disabled", "build the store with builder"),
        arguments(
            "ERR Error running script (call to f_1): @user_script:110: @user_script: 110: Write commands not allowed after non deterministic commands. Call redis.replicate_commands() at the start of your script in order to switch to single commands replication mode.",
            "set lua-replicate-commands to yes"),
        arguments("ERR SELECT is not allowed in cluster mode", "leave the number out"),
        arguments("ERR DB index is out of range", "has no database of that number"),
        arguments("ERR unknown command `XADD`, with args beginning with: `k`", "not to a Sentinel"),
        arguments(
            "ERR unknown command 'XADD', with args beginning with: 'k' ", "not to a Sentinel"),
        arguments(
            "ERR Error running script (call to f_1): @user_script:1: @user_script: 1: Unknown Redis command called from Lua script ",
            "not to a Sentinel"),
        arguments(
            "ERR Unknown Redis command called from script script: 1, on @user_script:1.",
            "not to a Sentinel"),
        arguments(
            "ERR Unknown command called from script script: 1, on @user_script:1.",
            "not to a Sentinel"),
        arguments(
            "DENIED Redis is running in protected mode because protected mode is enabled",
            "DENIED, the server is in protected mode"));
  }

  @ParameterizedTest
  @MethodSource("errorsWithoutCode")
  @DisplayName(
      "an error without a code is recognized by its message, of which no argument is repeated")
  void errorWithoutCode_isNamed(String message, String advice) {
    assertThat(
            RedisFailure.of(new Operation("insert"), new RedisCommandExecutionException(message)))
        .hasMessageStartingWith("insert failed: ")
        .hasMessageContaining(advice)
        .message()
        .doesNotContain("XADD", "'k'", "`k`");
  }

  @Test
  @DisplayName("what is wrong with the address is named when the store is built")
  void wrongAddress_isNamed() {
    try (TestServer server = new TestServer()) {
      RedisURI database = RedisURI.builder(server.uri()).withDatabase(99).build();
      assertThat(failure(() -> RedisSessionStore.builder(database).build()))
          .hasMessageContaining("DB index is out of range, the server has no database");
      List<RedisURI> nodes = List.of(server.uri());
      assertThat(failure(() -> RedisSessionStore.clusterBuilder(nodes).build()))
          .hasMessageContaining("cluster support disabled, the server is not part of a cluster");
    }
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
