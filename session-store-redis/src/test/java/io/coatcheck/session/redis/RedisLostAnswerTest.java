package io.coatcheck.session.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.coatcheck.session.store.DeletedSessions;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.WhenFull;
import io.coatcheck.session.testkit.SampleSessions;
import io.lettuce.core.RedisURI;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@DisplayName("I11: a command whose answer is lost is not sent again")
class RedisLostAnswerTest {

  private static final Instant NOW = Instant.parse("2026-11-23T12:00:00Z");
  private static TestServer server;
  private static int tests;

  private final String prefix = "lost-" + tests++;
  private CuttingProxy proxy;
  private RedisSessionStore cut;
  private RedisSessionStore whole;

  @BeforeAll
  static void startServer() {
    server = new TestServer();
  }

  @AfterAll
  static void stopServer() {
    server.close();
  }

  @BeforeEach
  void connect() {
    proxy = new CuttingProxy(server.port);
    cut =
        RedisSessionStore.builder(
                RedisURI.builder().withHost("127.0.0.1").withPort(proxy.port()).build())
            .keyPrefix(prefix)
            .commandTimeout(Duration.ofMillis(500))
            .clientResources(TestServer.RESOURCES)
            .build();
    whole = server.store(prefix).build();
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

    // The client has connected again: what it was to send twice, it would have sent by now.
    Instant deadline = Instant.now().plusSeconds(20);
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
    // The index of a deletion by principal is read first, and that answer is the one that is lost.
    assertThat(scriptsRun() - before).isEqualTo(write == Write.DELETE_BY_PRINCIPAL ? 0 : 1);
  }

  @ParameterizedTest
  @EnumSource(Write.class)
  void silentServer_throwsInTime(Write write) {
    StoredSession session = SampleSessions.authenticated("alice", NOW).build();
    whole.insert(session);
    proxy.mode = CuttingProxy.Mode.HOLDING;
    assertThatExceptionOfType(SessionStoreException.class)
        .isThrownBy(() -> write.call.accept(cut, session))
        .withMessageContaining("may have happened or not: Redis did not answer in time");
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
