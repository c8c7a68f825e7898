package io.coatcheck.session.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.coatcheck.session.store.DeletedSessions;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.WhenFull;
import io.coatcheck.session.testkit.SampleSessions;
import io.lettuce.core.UnblockType;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

@DisplayName("I11: a command whose answer is lost is not sent again")
class RedisLostAnswerTest {

  private static final Instant NOW = Instant.parse("2026-11-23T12:00:00Z");
  private static TestServer server;
  private static int tests;

  /** For those in which the server is silent. */
  private static final Duration SHORT = Duration.ofSeconds(2);

  private final String prefix = "lost-" + tests++;
  private CuttingProxy proxy;
  private RedisSessionStore cut;
  private RedisSessionStore whole;

  @BeforeAll
  static void startServer() {
    server = new TestServer();
    server.loadScripts();
  }

  @AfterAll
  static void stopServer() {
    server.close();
  }

  @BeforeEach
  void connect() {
    proxy = new CuttingProxy(server.port);
    cut = behindProxy().build();
    whole = server.store(prefix).build();
  }

  private RedisSessionStore.Builder behindProxy() {
    return RedisSessionStore.builder(TestServer.uri("127.0.0.1", proxy.port()))
        .keyPrefix(prefix)
        .commandTimeout(TestServer.PATIENCE)
        .connectTimeout(TestServer.PATIENCE)
        .clientResources(TestServer.RESOURCES);
  }

  private void shortenTimeout() {
    cut.close();
    cut = TestServer.built(behindProxy().commandTimeout(SHORT));
  }

  @AfterEach
  void disconnect() throws Exception {
    cut.close();
    whole.close();
    proxy.close();
  }

  enum Write {
    INSERT((store, session) -> store.insert(another(session))),
    UPDATE((store, session) -> store.update(session, NOW)),
    TOUCH((store, session) -> store.touch(session.id(), NOW.plusSeconds(1), NOW)),
    TOUCH_ALL(
        (store, session) ->
            store.batchTouch().orElseThrow().touchAll(Map.of(session.id(), NOW), NOW)),
    DELETE((store, session) -> store.delete(session.id())),
    DELETE_EXPIRED((store, session) -> store.deleteExpired(session.expiresAt(), 10, gone -> {})),
    DELETE_BY_PRINCIPAL(
        (store, session) ->
            store
                .principalIndex()
                .orElseThrow()
                .deleteByPrincipal("alice", Set.of(), DeletedSessions.of(true, gone -> {}))),
    ADMIT(
        (store, session) ->
            store
                .loginLimit()
                .orElseThrow()
                .admit(another(session), true, 1, WhenFull.EVICT_OLDEST, NOW));

    @SuppressWarnings("ImmutableEnumChecker") // The lambdas have no state.
    final BiConsumer<SessionStore, StoredSession> call;

    Write(BiConsumer<SessionStore, StoredSession> call) {
      this.call = call;
    }

    /** The same session each time, so that a second attempt would find the first one's. */
    private static StoredSession another(StoredSession session) {
      return SampleSessions.authenticated("alice", session.createdAt().plusSeconds(1)).build();
    }
  }

  @ParameterizedTest
  @EnumSource(Write.class)
  void cutConnection_throws_andNothingIsDoneTwice(Write write) throws Exception {
    StoredSession session = SampleSessions.authenticated("alice", NOW).build();
    whole.insert(session);
    long before = scriptsRun();

    proxy.mode = CuttingProxy.Mode.CUTTING;
    assertThatExceptionOfType(SessionStoreException.class)
        .isThrownBy(() -> write.call.accept(cut, session));

    awaitConnectedAgain(session);
    // The index of a deletion by principal is read first, and that answer is the one that is lost.
    assertThat(scriptsRun() - before).isEqualTo(write == Write.DELETE_BY_PRINCIPAL ? 0 : 1);
  }

  @Test
  @DisplayName("revoke.lua: the sessions have ended, by one script")
  void revocation_answerOfTheScriptIsLost() {
    StoredSession session = SampleSessions.authenticated("alice", NOW).build();
    whole.insert(session);
    long before = scriptsRun();

    proxy.cutAfter(1);
    assertThatExceptionOfType(SessionStoreException.class)
        .isThrownBy(() -> Write.DELETE_BY_PRINCIPAL.call.accept(cut, session))
        .withMessageContaining("failed, or its answer was lost: Redis is not connected");

    awaitConnectedAgain(session);
    assertThat(scriptsRun() - before).isEqualTo(1);
    assertThat(whole.find(session.id())).isEmpty();
  }

  /** No replica follows, so that the confirmation has no answer until the test makes it end. */
  @ParameterizedTest
  @CsvSource({
    "0, 'failed, or its answer was lost: Redis is not connected'",
    "1, 'is not confirmed; the primary has applied it'"
  })
  @DisplayName("a confirmed logout, whose script or whose confirmation is not answered")
  void confirmedWrite_answerIsLost(int answers, String message) throws Exception {
    StoredSession session = SampleSessions.authenticated("alice", NOW).build();
    whole.insert(session);
    try (RedisSessionStore confirming =
        behindProxy().confirmReplicas(1, Duration.ofSeconds(60)).build()) {
      long before = scriptsRun();

      proxy.cutAfter(answers);
      CompletableFuture<Void> logout =
          CompletableFuture.runAsync(() -> confirming.delete(session.id()));
      if (answers > 0) {
        TestServer.await("the answer to the script", proxy::isNextCut);
        TestServer.await("a confirmation that ends", () -> endConfirmations() > 0);
      }
      assertThat(logout)
          .failsWithin(Duration.ofSeconds(60))
          .withThrowableThat()
          .withCauseInstanceOf(SessionStoreException.class)
          .withMessageContaining(message);

      // One of these has the connection that was replaced.
      for (int i = 0; i < ConfirmedWrites.CONNECTIONS; i++) {
        awaitUnconfirmed(confirming);
      }
      assertThat(whole.find(session.id())).isEmpty();
      assertThat(scriptsRun() - before).isEqualTo(1 + ConfirmedWrites.CONNECTIONS);
    }
  }

  /** Has each WAIT answered by now, as if its time was over, and returns how many there were. */
  private static long endConfirmations() {
    return server.run(
        commands ->
            commands
                .clientList()
                .lines()
                .filter(line -> line.contains(" cmd=wait "))
                .map(line -> Long.valueOf(line.replaceAll("^id=(\\d+) .*$", "$1")))
                .mapToLong(id -> commands.clientUnblock(id, UnblockType.TIMEOUT))
                .sum());
  }

  private static void awaitUnconfirmed(RedisSessionStore store) throws Exception {
    boolean isAnswered = false;
    while (!isAnswered) {
      CompletableFuture<Boolean> logout = CompletableFuture.supplyAsync(() -> isUnconfirmed(store));
      TestServer.await(
          "a logout",
          () -> {
            endConfirmations();
            return logout.isDone();
          });
      isAnswered = logout.get();
    }
  }

  /** Returns whether a logout by a token that names no session was answered. */
  private static boolean isUnconfirmed(RedisSessionStore store) {
    try {
      store.delete(SampleSessions.anonymous(NOW).build().id());
      return true;
    } catch (SessionStoreException failure) {
      return String.valueOf(failure.getMessage()).contains("is not confirmed");
    }
  }

  /** What the client was to send twice, it would have sent by then. */
  private void awaitConnectedAgain(StoredSession session) {
    Instant deadline = Instant.now().plusSeconds(60);
    boolean isConnected = false;
    while (!isConnected) {
      assertThat(Instant.now()).as("connected again").isBefore(deadline);
      try {
        cut.find(session.id());
        isConnected = true;
      } catch (SessionStoreException notYet) {
        Thread.onSpinWait();
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Write.class)
  void silentServer_throwsInTime(Write write) {
    StoredSession session = SampleSessions.authenticated("alice", NOW).build();
    whole.insert(session);
    shortenTimeout();
    proxy.mode = CuttingProxy.Mode.HOLDING;
    assertThatExceptionOfType(SessionStoreException.class)
        .isThrownBy(() -> write.call.accept(cut, session))
        .withMessageContaining("may have happened or not: Redis did not answer in time");
  }

  @Test
  @DisplayName("a lost connection is not an answer: it does not end a series of timeouts")
  void lostConnection_isNoAnswer() {
    StoredSession session = SampleSessions.authenticated("alice", NOW).build();
    whole.insert(session);
    TestServer.await("two timeouts and a lost connection", () -> isLostAfterTimeouts(session));
    TestServer.await("connected again", () -> isTouched(session));
    assertThat(cut.isFailingFast()).isFalse();

    proxy.mode = CuttingProxy.Mode.HOLDING;
    assertFindFails("Redis did not answer in time", session);
    assertThat(cut.isFailingFast()).isTrue();
  }

  /** Returns whether it came to that: on a busy machine, the third one may be late as well. */
  private boolean isLostAfterTimeouts(StoredSession session) {
    shortenTimeout();
    proxy.mode = CuttingProxy.Mode.HOLDING;
    for (int i = 0; i < 2; i++) {
      assertFindFails("Redis did not answer in time", session);
    }
    proxy.mode = CuttingProxy.Mode.CUTTING;
    SessionStoreException third =
        assertThatExceptionOfType(SessionStoreException.class)
            .isThrownBy(() -> cut.find(session.id()))
            .actual();
    proxy.mode = CuttingProxy.Mode.PASSING;
    return String.valueOf(third.getMessage()).contains("Redis is not connected");
  }

  private void assertFindFails(String reason, StoredSession session) {
    assertThatExceptionOfType(SessionStoreException.class)
        .isThrownBy(() -> cut.find(session.id()))
        .withMessageContaining(reason);
  }

  private boolean isTouched(StoredSession session) {
    try {
      return cut.touch(session.id(), NOW, NOW);
    } catch (SessionStoreException notYet) {
      return false;
    }
  }

  private static long scriptsRun() {
    String statistics = server.run(commands -> commands.info("commandstats"));
    return statistics
        .lines()
        .filter(line -> line.startsWith("cmdstat_evalsha:"))
        .mapToLong(
            line ->
                Long.parseLong(
                    line.replaceAll(".*calls=(\\d+),.*rejected.*failed_calls=(\\d+).*", "$1")))
        .sum();
  }
}
