package io.coatcheck.session.redis;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.testkit.SampleSessions;
import io.lettuce.core.ScriptOutputType;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@DisplayName("A million sessions that have expired")
@Tag("long")
class RedisManySessionsTest {

  private static final Instant NOW = Instant.parse("2026-11-23T12:00:00Z");
  private static final int SESSIONS = 1_000_000;
  private static final int EACH = 100_000;
  private static final int LIMIT = 10_000;

  @Test
  @DisplayName("are deleted in a few minutes, by scripts of 200, while requests are answered")
  void cleanUp() throws Exception {
    StoredSession pattern = SampleSessions.anonymous(NOW).build();
    Instant cutoff = pattern.absoluteDeadline().plusSeconds(1);
    StoredSession live = SampleSessions.anonymous(cutoff).build();
    AtomicBoolean isOver = new AtomicBoolean();
    AtomicInteger reads = new AtomicInteger();
    try (TestServer server = new TestServer();
        RedisSessionStore store = server.store("a").build()) {
      store.insert(pattern);
      fill(server, pattern);
      assertThat(store.delete(pattern.id())).isPresent();
      store.insert(live);
      CompletableFuture<Void> reading =
          CompletableFuture.runAsync(
              () -> {
                while (!isOver.get()) {
                  assertThat(store.find(live.id())).contains(live);
                  reads.incrementAndGet();
                }
              });
      long scripts = scripts(server);
      long began = System.nanoTime();

      int deleted = 0;
      int last = LIMIT;
      while (last == LIMIT) {
        int before = reads.get();
        last = store.deleteExpired(cutoff, LIMIT, gone -> {}).deleted();
        deleted += last;
        TestServer.await("a request", () -> reads.get() > before || reading.isDone());
      }

      assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofMinutes(4));
      isOver.set(true);
      reading.get(60, TimeUnit.SECONDS);
      assertThat(deleted).isEqualTo(SESSIONS);
      assertThat(scripts(server) - scripts)
          .as("each looks at no more than 200")
          .isBetween(SESSIONS / 200L, SESSIONS / 200L + 1);
      assertThat(store.find(live.id())).contains(live);
    }
  }

  /** Has the server copy a record under a million ids, as the store would have written them. */
  private static void fill(TestServer server, StoredSession pattern) {
    Keys keys = new Keys("a");
    for (int first = 0; first < SESSIONS; first += EACH) {
      byte[] from = String.valueOf(first).getBytes(US_ASCII);
      server.run(
          commands ->
              commands.eval(
                  "local record = redis.call('GET', KEYS[1]) for i = ARGV[1], ARGV[1] + "
                      + (EACH - 1)
                      + " do local id = struct.pack('>I8I8', 7, i)"
                      + " redis.call('SET', KEYS[2] .. id, record)"
                      + " redis.call('ZADD', KEYS[3], ARGV[2], id) end return 1",
                  ScriptOutputType.INTEGER,
                  new byte[][] {keys.record(pattern.id()), keys.records(), keys.expiry()},
                  from,
                  String.valueOf(pattern.expiresAt().toEpochMilli()).getBytes(US_ASCII)));
    }
  }

  private static long scripts(TestServer server) {
    return server
        .run(commands -> commands.info("commandstats"))
        .lines()
        .filter(line -> line.startsWith("cmdstat_evalsha:"))
        .mapToLong(line -> Long.parseLong(line.replaceAll(".*calls=(\\d+),usec=.*", "$1")))
        .sum();
  }
}
