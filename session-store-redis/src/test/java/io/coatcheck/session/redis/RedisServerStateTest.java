package io.coatcheck.session.redis;

import static io.coatcheck.session.redis.TestServer.await;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.coatcheck.session.store.DeletedSessions;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.testkit.SampleSessions;
import io.lettuce.core.ScriptOutputType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Refusals of a server in a temporary state: nothing is half done, and everything works afterwards.
 */
@DisplayName("A Redis that is in no state to answer")
class RedisServerStateTest {

  private static final Instant NOW = Instant.parse("2026-11-23T12:00:00Z");
  private final StoredSession session = SampleSessions.authenticated("alice", NOW).build();
  private final StoredSession other =
      SampleSessions.authenticated("alice", NOW.plusSeconds(1)).build();

  @TempDir private Path folder;
  private TestServer server;
  private RedisSessionStore store;

  @BeforeEach
  void start() {
    server = new TestServer("dir " + folder, "enable-debug-command local", "lua-time-limit 50");
    store = server.store("a").build();
    store.insert(session);
  }

  @AfterEach
  void stop() {
    store.close();
    server.close();
  }

  private static boolean isRefused(String code, Runnable call) {
    try {
      call.run();
      return false;
    } catch (SessionStoreException refused) {
      assertThat(refused).hasMessageContaining("failed: " + code + ", ");
      return true;
    }
  }

  private int signOut() {
    return store
        .principalIndex()
        .orElseThrow()
        .deleteByPrincipal("alice", Set.of(), DeletedSessions.of(true, gone -> {}));
  }

  /** Asserts that every write is refused by a code, and leaves the session as it was. */
  private void assertWritesAreRefused(String code) {
    assertThat(isRefused(code, () -> store.insert(other))).isTrue();
    assertThat(isRefused(code, () -> store.update(session, NOW))).isTrue();
    assertThat(isRefused(code, () -> store.touch(session.id(), NOW.plusSeconds(1), NOW))).isTrue();
    assertThat(isRefused(code, () -> store.delete(session.id()))).isTrue();
    assertThat(isRefused(code, () -> store.delete(other.id()))).isTrue();
    assertThat(isRefused(code, this::signOut)).isTrue();
    assertThat(
            isRefused(code, () -> store.deleteExpired(session.absoluteDeadline(), 10, gone -> {})))
        .isTrue();
    assertThat(store.find(session.id())).contains(session);
    assertThat(store.find(other.id())).isEmpty();
    assertThat(store.principalIndex().orElseThrow().findByPrincipal("alice", null, 10))
        .containsExactly(session);
  }

  private void assertWritesWork() {
    store.insert(other);
    assertThat(store.update(session, NOW)).isTrue();
    assertThat(store.delete(other.id())).contains(other);
    assertThat(signOut()).isEqualTo(1);
  }

  @Test
  @DisplayName("MISCONF: while it cannot save to disk, writes are refused and reads work")
  void misconf() throws IOException {
    // The file of a snapshot cannot replace a folder.
    Files.createDirectories(folder.resolve("dump.rdb").resolve("full"));
    server.run(commands -> commands.configSet("save", "900 1000000"));
    server.run(commands -> commands.bgsave());
    await(
        "a failed snapshot",
        () -> TestServer.info(server.port, "persistence").contains("rdb_last_bgsave_status:err"));
    assertWritesAreRefused("MISCONF");
    server.run(commands -> commands.configSet("save", ""));
    assertWritesWork();
  }

  @Test
  @DisplayName("NOREPLICAS: without enough replicas, writes are refused and reads work")
  void noReplicas() {
    server.run(commands -> commands.configSet("min-replicas-to-write", "1"));
    assertWritesAreRefused("NOREPLICAS");
    server.run(commands -> commands.configSet("min-replicas-to-write", "0"));
    assertWritesWork();
  }

  @Test
  @DisplayName("BUSY: while a script of another application runs, all is refused")
  void busy() throws Exception {
    CompletableFuture<Boolean> endless =
        CompletableFuture.supplyAsync(
            () ->
                server.run(
                    commands -> {
                      byte[] script = "while true do end".getBytes(UTF_8);
                      return commands.eval(script, ScriptOutputType.BOOLEAN);
                    }));
    await("a busy server", () -> isRefused("BUSY", () -> store.find(session.id())));
    assertThat(isRefused("BUSY", () -> store.insert(other))).isTrue();
    assertThat(isRefused("BUSY", () -> store.delete(session.id()))).isTrue();
    server.run(commands -> commands.scriptKill());
    assertThat(endless).failsWithin(60, TimeUnit.SECONDS);
    assertThat(store.find(session.id())).contains(session);
    assertThat(store.find(other.id())).isEmpty();
    assertWritesWork();
  }

  @Test
  @DisplayName("LOADING: while it loads its data, all is refused")
  void loading() {
    assumeTrue(
        TestServer.VERSION >= 7, "before, a server answers only after each 2 MB that it loads");
    for (int i = 2; i < 1_000; i++) {
      store.insert(SampleSessions.authenticated("bob", NOW.plusSeconds(i)).build());
    }
    server.run(commands -> commands.configSet("loading-process-events-interval-bytes", "1024"));
    server.run(
        settings -> {
          // It loads for as long as it is looked at, and no longer.
          settings.configSet("key-load-delay", "20000");
          CompletableFuture<Void> reload =
              CompletableFuture.runAsync(
                  () ->
                      server.run(
                          commands -> {
                            commands.debugReload();
                            return true;
                          }));
          await("a loading server", () -> isRefused("LOADING", () -> store.find(session.id())));
          assertThat(isRefused("LOADING", () -> store.insert(other))).isTrue();
          settings.configSet("key-load-delay", "0");
          assertThat(reload).succeedsWithin(Duration.ofSeconds(60));
          return true;
        });
    assertThat(store.find(session.id())).contains(session);
    assertWritesWork();
  }
}
