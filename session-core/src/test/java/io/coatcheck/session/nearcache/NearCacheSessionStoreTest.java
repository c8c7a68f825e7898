package io.coatcheck.session.nearcache;

import static io.coatcheck.session.nearcache.NodeFixture.NOW;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.store.NearCopies;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class NearCacheSessionStoreTest {

  private static final SecureRandom RANDOM = new SecureRandom();

  private final NodeFixture fixture = new NodeFixture();
  private final RemoteStore remote = fixture.remote;
  private final NearCacheSessionStore node = fixture.node;
  private final NearCopies copies = fixture.copies;

  @AfterEach
  void close() {
    fixture.close();
  }

  @Nested
  @DisplayName("within the bound")
  class Staleness {

    @Test
    void near_again_asksNoStore() {
      StoredSession session = remote.stored("alice");
      assertThat(fixture.look(session).isConfirmed()).isTrue();
      fixture.pass(Duration.ofSeconds(1).minusNanos(1));

      NearCopies.Lookup near = fixture.look(session);

      assertThat(near.session()).contains(session);
      assertThat(near.isConfirmed()).isFalse();
      assertThat(remote.finds).hasValue(1);
      assertThat(node.hits()).isEqualTo(1);
      assertThat(node.misses()).isEqualTo(1);
    }

    @Test
    void totalAge_isThatOfTheCopiesThatAnswered() {
      StoredSession session = remote.stored("alice");
      fixture.look(session);
      assertThat(node.totalAge()).isZero();

      fixture.pass(Duration.ofMillis(300));
      fixture.look(session);
      fixture.pass(Duration.ofMillis(200));
      fixture.look(session);
      assertThat(node.hits()).isEqualTo(2);
      assertThat(node.totalAge()).isEqualTo(Duration.ofMillis(800));

      fixture.pass(Duration.ofSeconds(1));
      fixture.look(session);
      assertThat(node.totalAge()).as("a miss has no age").isEqualTo(Duration.ofMillis(800));
    }

    @Test
    void near_atTheBound_asksTheStore() {
      StoredSession session = remote.stored("alice");
      fixture.look(session);
      remote.delete(session.id());
      fixture.pass(Duration.ofSeconds(1));

      assertThat(fixture.look(session).session()).isEmpty();
      assertThat(remote.finds).hasValue(2);
    }

    @Test
    @DisplayName("a copy's age counts from before its load began")
    void near_slowLoad_isOldWhenItArrives() {
      StoredSession session = remote.stored("alice");
      remote.beforeFindAnswers = () -> fixture.pass(Duration.ofMillis(600));
      fixture.look(session);
      fixture.pass(Duration.ofMillis(400));

      fixture.look(session);

      assertThat(remote.finds).hasValue(2);
    }

    @Test
    void find_alwaysAsksTheStore() {
      StoredSession session = remote.stored("alice");
      fixture.look(session);
      remote.delete(session.id());

      assertThat(node.find(session.id())).isEmpty();
      assertThat(fixture.look(session).session()).isEmpty();
    }

    @Test
    void near_zeroBound_keepsNoCopies() {
      StoredSession session = remote.stored("alice");
      NearCacheSessionStore off =
          NearCacheSessionStore.builder(remote).maxStaleness(Duration.ZERO).build();

      off.nearCopies().orElseThrow().lookUp(session.id(), 0, 0);
      off.nearCopies().orElseThrow().lookUp(session.id(), 0, 0);

      assertThat(remote.finds).hasValue(2);
      off.close();
    }

    @Test
    @DisplayName("a store that lost its last writes is believed when the copy is too old")
    void near_lowerVersionAfterAFailover_isKept() {
      StoredSession session = remote.stored("alice");
      node.update(session, NOW);
      assertThat(fixture.look(session).session().orElseThrow().version()).isEqualTo(1);
      remote.delete(session.id());
      remote.insert(session);
      fixture.pass(Duration.ofSeconds(1));

      assertThat(fixture.look(session).session().orElseThrow().version()).isZero();
      assertThat(fixture.look(session).isConfirmed()).as("from a copy").isFalse();
    }

    @Test
    @DisplayName("what the client has seen makes an older copy look again")
    void near_minimumVersion_looksAgain() {
      StoredSession session = remote.stored("alice");
      fixture.look(session);
      remote.update(session, NOW);

      assertThat(copies.lookUp(session.id(), 0, 1).session().orElseThrow().version()).isEqualTo(1);
      assertThat(remote.finds).hasValue(2);
      copies.lookUp(session.id(), 0, 1);
      assertThat(remote.finds).hasValue(2);
      // A false hint causes a look each time, and nothing else.
      assertThat(copies.lookUp(session.id(), 0, 99).session().orElseThrow().version()).isEqualTo(1);
      assertThat(remote.finds).hasValue(3);
    }

    @Test
    @DisplayName("unknown ids leave nothing behind")
    void near_unknownIds_areNotKept() {
      for (int i = 0; i < 10_000; i++) {
        assertThat(copies.lookUp(SessionId.generate(NOW, RANDOM), 0, 0).session()).isEmpty();
      }
      fixture.assertNothingIsKept();
      assertThat(remote.finds).hasValue(10_000);
    }
  }

  @Nested
  @DisplayName("I2, I3, I5: what this node does takes effect on its copies before the call returns")
  class OwnWrites {

    @Test
    void update_isSeenAtOnce() {
      StoredSession session = remote.stored("alice");
      fixture.look(session);

      node.update(session.toBuilder().userAgent("changed").build(), NOW);

      assertThat(fixture.look(session).session().orElseThrow().userAgent()).contains("changed");
      assertThat(fixture.look(session).session().orElseThrow().version()).isEqualTo(1);
      assertThat(remote.finds).hasValue(1);
    }

    @Test
    void update_lost_looksAgain() {
      StoredSession session = remote.stored("alice");
      fixture.look(session);
      remote.update(session, NOW);

      assertThat(node.update(session, NOW)).isFalse();

      assertThat(fixture.look(session).session().orElseThrow().version()).isEqualTo(1);
    }

    @Test
    void touch_isSeenAtOnce() {
      StoredSession session = remote.stored("alice");
      fixture.look(session);

      node.touch(session.id(), NOW.plusSeconds(5), NOW.plusSeconds(5));

      assertThat(fixture.look(session).session().orElseThrow().lastSeenAt())
          .isEqualTo(NOW.plusSeconds(5));
    }

    @Test
    void delete_isSeenAtOnce() {
      StoredSession session = remote.stored("alice");
      fixture.look(session);
      node.delete(session.id());
      assertThat(fixture.look(session).session()).isEmpty();
    }

    @Test
    void delete_unreachable_forgetsTheCopy() {
      StoredSession session = remote.stored("alice");
      fixture.look(session);
      remote.down = true;

      assertThatThrownBy(() -> node.delete(session.id())).isInstanceOf(SessionStoreException.class);
      assertThatThrownBy(() -> fixture.look(session)).isInstanceOf(SessionStoreException.class);
    }

    @Test
    void deleteByPrincipal_isSeenAtOnce_andBeforeTheListener() {
      StoredSession one = remote.stored("alice");
      StoredSession other = remote.stored("alice");
      fixture.look(one);
      fixture.look(other);
      List<Boolean> live = new ArrayList<>();

      node.principalIndex()
          .orElseThrow()
          .deleteByPrincipal(
              "alice",
              Set.of(),
              ended -> {
                live.add(fixture.look(one).session().isPresent());
                live.add(fixture.look(other).session().isPresent());
              });

      assertThat(live).containsOnly(false).hasSize(4);
    }

    @Test
    void deleteExpired_isSeenAtOnce() {
      StoredSession session = remote.stored("alice");
      fixture.look(session);

      node.deleteExpired(session.absoluteDeadline(), 10, ended -> {});

      assertThat(fixture.look(session).session()).isEmpty();
    }
  }

  @Nested
  @DisplayName("what is under way when a session ends is discarded")
  class UnderWay {

    @Test
    void load_overtakenByDelete_isNotKept() {
      StoredSession session = remote.stored("alice");
      remote.beforeFindAnswers = () -> node.delete(session.id());
      fixture.look(session);

      // If the load were kept, the session would be admitted for another second.
      assertThat(fixture.look(session).session()).isEmpty();
    }

    @Test
    void load_overtakenByRevocation_isNotKept() {
      StoredSession session = remote.stored("alice");
      remote.beforeFindAnswers =
          () ->
              node.principalIndex().orElseThrow().deleteByPrincipal("alice", Set.of(), ended -> {});
      fixture.look(session);

      assertThat(fixture.look(session).session()).isEmpty();
    }

    @Test
    void write_overtakenByRevocation_isNotKept() {
      StoredSession session = remote.stored("alice");
      remote.beforeUpdateAnswers =
          () ->
              node.principalIndex().orElseThrow().deleteByPrincipal("alice", Set.of(), ended -> {});
      node.update(session, NOW);

      assertThat(fixture.look(session).session()).isEmpty();
    }

    @Test
    void load_overtakenByWrite_doesNotHideIt() {
      StoredSession session = remote.stored("alice");
      remote.beforeFindAnswers =
          () -> node.update(session.toBuilder().userAgent("new").build(), NOW);
      fixture.look(session);

      assertThat(fixture.look(session).session().orElseThrow().userAgent()).contains("new");
    }

    @Test
    @DisplayName("concurrent misses of one session share one load")
    void near_concurrentMisses_loadOnce() throws Exception {
      StoredSession session = remote.stored("alice");
      CountDownLatch loading = new CountDownLatch(1);
      CountDownLatch release = new CountDownLatch(1);
      remote.beforeFindAnswers =
          () -> {
            loading.countDown();
            await(release);
          };
      ExecutorService threads = Executors.newCachedThreadPool();
      try {
        Future<NearCopies.Lookup> first = threads.submit(() -> fixture.look(session));
        await(loading);
        List<Future<NearCopies.Lookup>> others = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
          others.add(threads.submit(() -> fixture.look(session)));
        }
        release.countDown();
        assertThat(first.get(60, TimeUnit.SECONDS).session()).isPresent();
        for (Future<NearCopies.Lookup> one : others) {
          assertThat(one.get(60, TimeUnit.SECONDS).session()).contains(session);
        }
        assertThat(remote.finds).hasValue(1);
      } finally {
        threads.shutdownNow();
      }
    }

    @Test
    @DisplayName("a request whose thread is interrupted fails alone, not those that share its load")
    void near_interruptedLoad_othersLoadThemselves() throws Exception {
      StoredSession session = remote.stored("alice");
      CountDownLatch loading = new CountDownLatch(1);
      CountDownLatch release = new CountDownLatch(1);
      remote.beforeFindAnswers =
          () -> {
            loading.countDown();
            await(release);
            Thread.currentThread().interrupt();
            throw new SessionStoreException("find failed: the thread was interrupted");
          };
      Thread[] other = new Thread[1];
      ExecutorService first = Executors.newSingleThreadExecutor();
      ExecutorService second =
          Executors.newSingleThreadExecutor(work -> other[0] = new Thread(work));
      try {
        Future<NearCopies.Lookup> interrupted = first.submit(() -> fixture.look(session));
        await(loading);
        Future<NearCopies.Lookup> sharing = second.submit(() -> fixture.look(session));
        Await.until(() -> other[0] != null && other[0].getState() == Thread.State.WAITING);
        release.countDown();

        assertThatThrownBy(() -> interrupted.get(60, TimeUnit.SECONDS))
            .hasCauseInstanceOf(SessionStoreException.class);
        assertThat(sharing.get(60, TimeUnit.SECONDS).session()).contains(session);
      } finally {
        first.shutdownNow();
        second.shutdownNow();
      }
    }

    private void await(CountDownLatch latch) {
      try {
        assertThat(latch.await(60, TimeUnit.SECONDS)).isTrue();
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    }
  }

  @Nested
  class Outage {

    @Test
    @DisplayName("I9: past the bound it fails closed")
    void near_pastTheBound_fails() {
      StoredSession session = remote.stored("alice");
      fixture.look(session);
      remote.down = true;
      fixture.pass(Duration.ofMillis(999));
      assertThat(fixture.look(session).session()).isPresent();
      fixture.pass(Duration.ofMillis(1));

      assertThatThrownBy(() -> fixture.look(session)).isInstanceOf(SessionStoreException.class);
    }

    @Test
    void near_serveStaleOnOutage_admitsForThatMuchLonger() {
      NearCacheSessionStore lenient = fixture.near(Duration.ofSeconds(10));
      NearCopies lenientCopies = lenient.nearCopies().orElseThrow();
      StoredSession session = remote.stored("alice");
      lenientCopies.lookUp(session.id(), 0, 0);
      remote.down = true;
      fixture.pass(Duration.ofSeconds(11).minusNanos(1));

      assertThat(lenientCopies.lookUp(session.id(), 0, 0).session()).contains(session);

      fixture.pass(Duration.ofNanos(1));
      assertThatThrownBy(() -> lenientCopies.lookUp(session.id(), 0, 0))
          .isInstanceOf(SessionStoreException.class);
    }

    @Test
    @DisplayName("a client that has seen more is not served an older copy, not even in an outage")
    void near_serveStaleOnOutage_notWhatIsKnownToBeOld() {
      NearCopies lenientCopies = fixture.near(Duration.ofSeconds(10)).nearCopies().orElseThrow();
      StoredSession session = remote.stored("alice");
      lenientCopies.lookUp(session.id(), 0, 0);
      remote.down = true;

      assertThatThrownBy(() -> lenientCopies.lookUp(session.id(), 0, 1))
          .isInstanceOf(SessionStoreException.class);
      assertThat(lenientCopies.lookUp(session.id(), 0, 0).session()).contains(session);
    }

    @Test
    void longestAge_isTheBoundAndTheOutage() {
      assertThat(fixture.near(Duration.ofSeconds(10)).nearCopies().orElseThrow().longestAge())
          .isEqualTo(Duration.ofSeconds(11));
      assertThat(copies.longestAge()).isEqualTo(Duration.ofSeconds(1));
    }
  }

  @Test
  @DisplayName("I11: wrong settings are refused with setting, rule and value")
  void build_wrongSettings_areRefused() {
    NearCacheSessionStore.Builder builder = NearCacheSessionStore.builder(remote);
    assertThatThrownBy(() -> builder.maxStaleness(Duration.ofMinutes(2)))
        .hasMessage("maxStaleness must be between PT0S and PT1M: PT2M");
    assertThatThrownBy(() -> builder.maxStaleness(Duration.ofNanos(3)))
        .as("stores 24")
        .hasMessage("maxStaleness must be PT0S or at least PT0.01S: PT0.000000003S");
    assertThatThrownBy(() -> builder.maxStaleness(Duration.ofMillis(10).minusNanos(1)))
        .hasMessageStartingWith("maxStaleness must be PT0S or at least PT0.01S: ");
    builder.maxStaleness(Duration.ofMillis(10));
    builder.maxStaleness(Duration.ZERO);
    assertThatThrownBy(() -> builder.serveStaleOnOutage(Duration.ofHours(2)))
        .hasMessage("serveStaleOnOutage must be between PT0S and PT1H: PT2H");
    assertThatThrownBy(() -> builder.maximumBytes(1))
        .hasMessage("maximumBytes must be at least 65536: 1");
    assertThatThrownBy(() -> NearCacheSessionStore.wrap(InMemorySessionStore.builder().build()))
        .hasMessageContaining("a near cache needs a store that does not keep live values");
  }
}
