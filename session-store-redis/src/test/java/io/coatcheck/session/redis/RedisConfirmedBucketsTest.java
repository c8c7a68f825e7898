package io.coatcheck.session.redis;

import static io.coatcheck.session.redis.TestServer.await;
import static io.coatcheck.session.redis.TestServer.succeeds;
import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.testkit.SampleSessions;
import io.coatcheck.session.token.SessionId;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@DisplayName("confirmReplicas with three buckets")
@Tag("wide")
class RedisConfirmedBucketsTest extends WithReplica {

  private static final Instant NOW = Instant.parse("2026-11-23T12:00:00Z");
  private static final int BUCKETS = 3;

  /** The sessions of one user, one in each bucket. */
  private final List<StoredSession> sessions =
      IntStream.range(0, 1_000)
          .mapToObj(i -> SampleSessions.authenticated("alice", NOW.plusSeconds(i)).build())
          .collect(Collectors.toMap(each -> bucketOf(each.id()), each -> each, (one, other) -> one))
          .values()
          .stream()
          .toList();

  private RedisSessionStore store;

  private static long bucketOf(SessionId id) {
    return Long.remainderUnsigned(id.leastSignificantBits(), BUCKETS);
  }

  @BeforeEach
  void start() {
    assertThat(sessions).hasSize(BUCKETS);
    try (RedisSessionStore before = primary.store("a").buckets(BUCKETS).build()) {
      sessions.forEach(before::insert);
    }
    primary.awaitReplica();
    store = primary.store("a").buckets(BUCKETS).confirmReplicas(1, PATIENCE).build();
  }

  @AfterEach
  void stop() {
    store.close();
  }

  /** Kills the primary, makes the replica the primary, and returns which sessions it has. */
  private List<StoredSession> liveAfterFailover() {
    primary.stop();
    replica.run(commands -> commands.replicaofNoOne());
    try (RedisSessionStore after = replica.store("a").buckets(BUCKETS).build()) {
      return sessions.stream().filter(each -> after.find(each.id()).isPresent()).toList();
    }
  }

  @Test
  @DisplayName("a login, a new secret and a logout in each bucket wait for the replica")
  void eachBucket() {
    replica.stop();
    for (StoredSession session : sessions) {
      StoredSession renewed =
          session.toBuilder()
              .secretHash(SampleSessions.anonymous(NOW).build().secretHash())
              .generation(session.generation() + 1)
              .build();
      assertUnconfirmed(() -> store.update(renewed, NOW));
      assertUnconfirmed(() -> store.delete(session.id()));
      assertUnconfirmed(() -> store.delete(session.id()));
      assertUnconfirmed(() -> store.delete(session.id(), -1));
      assertUnconfirmed(() -> store.insert(session));
      assertThat(store.find(session.id())).as("the primary has it").contains(session);
    }

    replica.start();
    sessions.forEach(
        each -> await("a confirmed logout", () -> succeeds(() -> store.delete(each.id()))));
    assertThat(liveAfterFailover()).isEmpty();
  }

  @Test
  @DisplayName("signing out everywhere ends the sessions of all buckets, and can be repeated")
  void signOutEverywhere() {
    replica.stop();
    List<StoredSession> ended = new ArrayList<>();
    assertUnconfirmed(() -> UserSessions.signOut(store, "alice", ended));
    assertThat(ended).containsExactlyInAnyOrderElementsOf(sessions);
    assertUnconfirmed(() -> UserSessions.signOut(store, "alice", ended));

    replica.start();
    await(
        "a confirmed revocation",
        () -> succeeds(() -> UserSessions.signOut(store, "alice", ended)));
    assertThat(ended).hasSize(BUCKETS);
    assertThat(liveAfterFailover()).isEmpty();
  }

  @Test
  @DisplayName("what was not acknowledged may come back in each bucket, what was may not")
  void failover() {
    try (RedisSessionStore patient =
        primary.store("a").buckets(BUCKETS).confirmReplicas(1, Duration.ofSeconds(60)).build()) {
      patient.delete(sessions.get(0).id());
    }
    proxy.mode = CuttingProxy.Mode.HOLDING;
    assertUnconfirmed(() -> store.delete(sessions.get(1).id()));
    assertUnconfirmed(() -> store.delete(sessions.get(2).id()));

    assertThat(liveAfterFailover()).containsExactly(sessions.get(1), sessions.get(2));
  }

  @Test
  @DisplayName("a bucket whose connections all wait holds up no other")
  void busyBucket() throws Exception {
    replica.stop();
    StoredSession busy = sessions.get(0);
    try (RedisSessionStore slow =
        primary
            .store("a")
            .buckets(BUCKETS)
            .commandTimeout(Duration.ofSeconds(60))
            .confirmReplicas(1, Duration.ofSeconds(60))
            .build()) {
      List<Thread> waiting = new ArrayList<>();
      for (int i = 0; i < ConfirmedWrites.CONNECTIONS_OF_A_BUCKET; i++) {
        waiting.add(new Thread(() -> succeeds(() -> slow.delete(busy.id()))));
      }
      waiting.forEach(Thread::start);
      await("both wait", () -> blocked() == ConfirmedWrites.CONNECTIONS_OF_A_BUCKET);
      Thread other = new Thread(() -> succeeds(() -> slow.delete(sessions.get(1).id())));
      other.start();
      waiting.add(other);

      await("the other waits too", () -> blocked() == waiting.size());

      replica.start();
      for (Thread each : waiting) {
        each.join(Duration.ofMinutes(2).toMillis());
        assertThat(each.isAlive()).isFalse();
      }
    }
  }
}
