package io.coatcheck.session.redis;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.store.ChangeFeed;
import io.coatcheck.session.store.DeletedSessions;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.testkit.SampleSessions;
import io.coatcheck.session.token.SessionId;
import io.lettuce.core.AclSetuserArgs;
import io.lettuce.core.KillArgs;
import io.lettuce.core.RedisURI;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.protocol.CommandType;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The change feed when the server loses its log, refuses it, or is unreachable. */
class RedisChangeFeedTest {

  private static final Instant NOW = Instant.parse("2026-11-23T12:00:00Z");
  private static final byte[] LOG = new Keys("a").changes();

  private final StoredSession session = SampleSessions.authenticated("alice", NOW).build();
  private final Calls calls = new Calls();

  private static RedisSessionStore.Builder builder(TestServer server) {
    return server.store("a").changeFeedInterval(Duration.ofMillis(20));
  }

  /** A call of the listener: of a change, of completeness, or, without either, of missed ones. */
  private record Call(@Nullable SessionId changed, @Nullable Long completeUpTo) {
    boolean isMissed() {
      return changed == null && completeUpTo == null;
    }
  }

  private static final class Calls implements ChangeFeed.Listener {
    private final BlockingQueue<Call> queue = new LinkedBlockingQueue<>();

    @Override
    public void changed(SessionId id) {
      queue.add(new Call(id, null));
    }

    @Override
    public void missed() {
      queue.add(new Call(null, null));
    }

    @Override
    public void completeUpTo(long nanoTime) {
      queue.add(new Call(null, nanoTime));
    }

    /** Waits for a call, and returns whether another one of some kind came before it. */
    boolean await(Predicate<Call> wanted, Predicate<Call> before) throws InterruptedException {
      boolean came = false;
      while (true) {
        Call call = queue.poll(60, TimeUnit.SECONDS);
        assertThat(call).as("the call that is waited for").isNotNull();
        if (wanted.test(call)) {
          return came;
        }
        came |= before.test(call);
      }
    }

    /** Waits until the feed is complete up to now. */
    boolean awaitComplete(Predicate<Call> before) throws InterruptedException {
      long now = System.nanoTime();
      return await(call -> call.completeUpTo() != null && call.completeUpTo() - now > 0, before);
    }
  }

  private static long entries(TestServer server) {
    Long entries = server.run(commands -> commands.xlen(LOG));
    return entries;
  }

  /** Subscribes until the store is closed, and waits for the first report. */
  private void subscribe(RedisSessionStore store) throws InterruptedException {
    ChangeFeed.Subscription unused = store.changeFeed().orElseThrow().subscribe(calls);
    calls.awaitComplete(call -> false);
  }

  @Test
  void insertTouchAndExpiry_areNotRecorded() {
    try (TestServer server = new TestServer();
        RedisSessionStore store = builder(server).build()) {
      long before = entries(server);
      store.insert(session);
      store.touch(session.id(), NOW.plusSeconds(1), NOW);
      assertThat(store.deleteExpired(session.absoluteDeadline(), 10, gone -> {}).deleted())
          .isEqualTo(1);
      assertThat(entries(server)).isEqualTo(before);
    }
  }

  @Test
  void manyChanges_areReportedPageByPage() throws InterruptedException {
    try (TestServer server = new TestServer();
        RedisSessionStore store =
            builder(server).changeFeedInterval(Duration.ofSeconds(2)).build()) {
      subscribe(store);
      store.insert(session);
      server.run(
          commands -> {
            for (int i = 0; i < 3_000; i++) {
              commands.xadd(LOG, Map.of("id".getBytes(US_ASCII), new byte[16]));
            }
            return true;
          });
      store.delete(session.id());
      assertThat(calls.awaitComplete(call -> session.id().equals(call.changed()))).isTrue();
    }
  }

  /** If it broke, the log would grow until the server is out of memory. */
  @Test
  void log_keepsABoundedNumberOfChanges() {
    try (TestServer server = new TestServer();
        RedisSessionStore store = builder(server).build()) {
      server.run(
          commands ->
              commands.eval(
                  "for i = 1, 105000 do redis.call('XADD', KEYS[1], '*', 'id', '') end return 1",
                  ScriptOutputType.INTEGER,
                  LOG));
      store.insert(session);
      assertThat(store.update(session, NOW)).isTrue();
      assertThat(entries(server)).isBetween(100_000L, 101_000L);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"flush", "trim", "restart"})
  void lostLog_isMissedChanges(String loss) throws InterruptedException {
    try (TestServer server = new TestServer();
        RedisSessionStore store = builder(server).build()) {
      subscribe(store);
      switch (loss) {
        case "flush" -> server.run(commands -> commands.flushall());
        case "trim" -> server.run(commands -> commands.xtrim(LOG, 0));
        default -> {
          server.stop();
          server.start();
        }
      }
      assertThat(calls.awaitComplete(Call::isMissed)).isTrue();
    }
  }

  /** It may lead to a server that took over, and lacks what this node has written last. */
  @Test
  void anotherConnection_isMissedChanges() throws InterruptedException {
    try (TestServer server = new TestServer();
        RedisSessionStore store = builder(server).build()) {
      subscribe(store);
      server.run(commands -> commands.clientKill(KillArgs.Builder.typeNormal().skipme()));
      assertThat(calls.awaitComplete(Call::isMissed)).isTrue();
    }
  }

  private static boolean isRefused(Runnable operation) {
    try {
      operation.run();
      return false;
    } catch (SessionStoreException refused) {
      return true;
    }
  }

  /** If it broke, a node that only reads would keep copies of sessions that ended elsewhere. */
  @Test
  void demotedPrimary_isNotComplete() throws InterruptedException {
    try (TestServer old = new TestServer();
        ReservedPort nothing = new ReservedPort();
        RedisSessionStore store = builder(old).build()) {
      subscribe(store);
      // It cannot reach its primary, and so goes on answering with what it had.
      old.run(commands -> commands.replicaof("127.0.0.1", nothing.number));
      long demoted = System.nanoTime();
      TestServer.await("reads are refused too", () -> isRefused(() -> store.find(session.id())));
      old.run(commands -> commands.replicaofNoOne());
      assertThat(
              calls.await(
                  Call::isMissed,
                  call -> call.completeUpTo() != null && call.completeUpTo() - demoted > 0))
          .as("complete while the server was a replica")
          .isFalse();
    }
  }

  /** A log of a server that took over may have the same number for another change. */
  @Test
  void otherEntryAtThePosition_isMissedChanges() throws InterruptedException {
    try (TestServer server = new TestServer();
        RedisSessionStore store = builder(server).build()) {
      subscribe(store);
      server.run(
          commands ->
              commands.eval(
                  "local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1][1]"
                      + " redis.call('DEL', KEYS[1])"
                      + " redis.call('XADD', KEYS[1], last, 'id', string.rep('x', 16)) return 1",
                  ScriptOutputType.INTEGER,
                  LOG));
      assertThat(calls.awaitComplete(Call::isMissed)).isTrue();
    }
  }

  /** A change that cannot be recorded must not happen, or another node would never know it. */
  @Test
  void wrongTypeOfTheLog_refusesUpdates_andTheFeedIsNotComplete() throws InterruptedException {
    try (TestServer server = new TestServer();
        RedisSessionStore store = builder(server).build()) {
      subscribe(store);
      store.insert(session);
      server.run(
          commands -> {
            commands.del(LOG);
            return commands.set(LOG, new byte[1]);
          });
      long broken = System.nanoTime();
      assertThatThrownBy(() -> store.update(session, NOW)).hasMessageContaining("WRONGTYPE");
      assertThat(store.find(session.id())).contains(session);
      server.run(commands -> commands.del(LOG));
      assertThat(
              calls.await(
                  Call::isMissed,
                  call -> call.completeUpTo() != null && call.completeUpTo() - broken > 0))
          .as("complete while the log could not be read")
          .isFalse();
    }
  }

  /** A logout that fails partway has ended the session, and other nodes must discard it. */
  @ParameterizedTest
  @ValueSource(strings = {"delete", "deleteByPrincipal"})
  void wrongTypeOfAnIndex_whatWasDeletedIsReported(String operation) throws InterruptedException {
    try (TestServer server = new TestServer();
        RedisSessionStore store = builder(server).build()) {
      subscribe(store);
      store.insert(session);
      byte[] index = new Keys("a").expiry();
      server.run(
          commands -> {
            commands.del(index);
            return commands.set(index, new byte[1]);
          });
      assertThatThrownBy(
              () -> {
                if (operation.equals("delete")) {
                  store.delete(session.id());
                } else {
                  store
                      .principalIndex()
                      .orElseThrow()
                      .deleteByPrincipal("alice", Set.of(), DeletedSessions.of(true, gone -> {}));
                }
              })
          .hasMessageContaining("WRONGTYPE");
      assertThat(store.find(session.id())).isEmpty();
      assertThat(calls.awaitComplete(call -> session.id().equals(call.changed()))).isTrue();
    }
  }

  @Test
  void outOfMemory_logoutsAreStillReported() throws InterruptedException {
    try (TestServer server = new TestServer("maxmemory-policy noeviction");
        RedisSessionStore store = builder(server).build()) {
      subscribe(store);
      store.insert(session);
      server.run(commands -> commands.configSet("maxmemory", "1"));
      assertThatThrownBy(() -> store.update(session, NOW)).hasMessageContaining("OOM");
      assertThat(store.delete(session.id())).isPresent();
      assertThat(calls.awaitComplete(call -> session.id().equals(call.changed()))).isTrue();
    }
  }

  @Test
  void userWithoutXadd_stopsTheStart() {
    try (TestServer server = new TestServer()) {
      server.run(
          commands ->
              commands.aclSetuser(
                  "shop",
                  AclSetuserArgs.Builder.on()
                      .addPassword("secret")
                      .allKeys()
                      .allCommands()
                      .removeCommand(CommandType.XADD)));
      RedisURI login =
          RedisURI.builder(server.uri()).withAuthentication("shop", "secret".toCharArray()).build();
      assertThatExceptionOfType(SessionStoreException.class)
          .isThrownBy(
              () ->
                  RedisSessionStore.builder(login)
                      .commandTimeout(TestServer.PATIENCE)
                      .connectTimeout(TestServer.PATIENCE)
                      .build())
          .withMessageContaining("NOPERM");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"PT0.009S", "PT10.001S", "PT0S"})
  void interval_outOfRange_isRefused(String interval) {
    RedisSessionStore.Builder builder = RedisSessionStore.builder(TestServer.uri("127.0.0.1", 1));
    assertThatThrownBy(() -> builder.changeFeedInterval(Duration.parse(interval)))
        .hasMessage("changeFeedInterval must be from 10 milliseconds to 10 seconds: " + interval);
  }
}
