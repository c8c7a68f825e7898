package io.coatcheck.session.redis;

import static io.coatcheck.session.redis.TestServer.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.store.ChangeFeed;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.testkit.SampleSessions;
import io.coatcheck.session.token.SessionId;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/** The requests of two nodes while the slot of their sessions is moved. */
final class ReshardingLoad implements ChangeFeed.Listener {
  private static final Instant NOW = Instant.parse("2026-11-23T12:00:00Z");

  private final RedisSessionStore one;
  private final RedisSessionStore other;
  final AtomicBoolean isOver = new AtomicBoolean();
  private final AtomicLong reads = new AtomicLong();
  private final AtomicLong writes = new AtomicLong();

  /** The acknowledged version of each session that has not ended. */
  final Map<SessionId, Long> live = new ConcurrentHashMap<>();

  /** When the end of a session began. */
  final Map<SessionId, Long> ended = new ConcurrentHashMap<>();

  private final Set<SessionId> reported = ConcurrentHashMap.newKeySet();
  private volatile long missedAt = System.nanoTime();
  private volatile long completeUpTo = missedAt;

  ReshardingLoad(RedisSessionStore one, RedisSessionStore other) {
    this.one = one;
    this.other = other;
  }

  @Override
  public void changed(SessionId id) {
    reported.add(id);
  }

  @Override
  public void missed() {
    missedAt = System.nanoTime();
  }

  @Override
  public void completeUpTo(long nanoTime) {
    completeUpTo = nanoTime;
  }

  /** Logs in, changes the session on both nodes, and logs out every second time. */
  void write(int user) {
    for (int i = 0; !isOver.get(); i++) {
      StoredSession login = SampleSessions.authenticated("user" + user, NOW.plusSeconds(i)).build();
      SessionId id = login.id();
      one.insert(login);
      live.put(id, login.version());
      for (int change = 1; change <= 3; change++) {
        StoredSession found = other.find(id).orElseThrow();
        assertThat(found.version()).isEqualTo(live.get(id));
        assertThat((change % 2 == 0 ? one : other).update(found, NOW)).isTrue();
        live.put(id, found.version() + 1);
        writes.incrementAndGet();
      }
      if (i % 2 == 0) {
        live.remove(id);
        long began = System.nanoTime();
        assertThat(one.delete(id)).isPresent();
        ended.put(id, began);
        assertThat(other.find(id)).isEmpty();
      }
    }
  }

  /** Reads sessions of all users, on whichever node of the cluster they are. */
  void read() {
    while (!isOver.get()) {
      for (SessionId id : live.keySet()) {
        Long version = live.get(id);
        RedisSessionStore store = ThreadLocalRandom.current().nextBoolean() ? one : other;
        Optional<StoredSession> found = store.find(id);
        boolean isTouched = store.touch(id, NOW.plusSeconds(60), NOW);
        if (version != null && live.containsKey(id)) {
          assertThat(isTouched).isTrue();
          assertThat(found.orElseThrow().version()).isGreaterThanOrEqualTo(version);
        }
        reads.incrementAndGet();
      }
    }
  }

  /** Waits until more requests have read, or one has failed. */
  void awaitReads() {
    long before = reads.get();
    await("requests that read", () -> isOver.get() || reads.get() > before + 50);
  }

  /** Waits until more requests have written, or one has failed. */
  void awaitWrites() {
    long before = writes.get();
    await("requests that write", () -> isOver.get() || writes.get() > before + 50);
  }

  /** Waits for the change feed, and asserts that it leaves out no end of a session. */
  void awaitReportOfAllEnds() {
    long now = System.nanoTime();
    await("the changes", () -> completeUpTo - now > 0);
    ended.forEach(
        (id, began) ->
            assertThat(reported.contains(id) || missedAt - began > 0)
                .as("the end of %s is reported, or changes were missed", id)
                .isTrue());
  }
}
