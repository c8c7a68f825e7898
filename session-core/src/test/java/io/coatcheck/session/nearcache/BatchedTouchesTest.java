package io.coatcheck.session.nearcache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.LoginOptions;
import io.coatcheck.session.LoginOutcome;
import io.coatcheck.session.Resolution;
import io.coatcheck.session.Session;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SecretHash;
import io.coatcheck.session.token.SessionId;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

@DisplayName("touches are written together, by the thread that revalidates")
class BatchedTouchesTest {

  private static final Instant NOW = Instant.parse("2026-03-01T12:00:00Z");
  private static final Duration IDLE = Duration.ofMinutes(30);
  private static final Duration DELAY = Duration.ofMillis(500);
  private static final SecureRandom RANDOM = new SecureRandom();

  private final AtomicLong nanos = new AtomicLong(Long.MAX_VALUE - 1_000);
  private final RemoteStore remote = new RemoteStore();
  private final Copies copies =
      new Copies(remote, Duration.ofSeconds(1).toNanos(), 0, 1 << 24, nanos::get, DELAY);

  private StoredSession stored() {
    StoredSession session =
        StoredSession.builder(SessionId.generate(NOW, RANDOM))
            .secretHash(SecretHash.of(new byte[32]))
            .createdAt(NOW)
            .idleTimeout(IDLE)
            .absoluteDeadline(NOW.plus(Duration.ofHours(12)))
            .build();
    remote.insert(session);
    return session;
  }

  private Instant storedMoment(StoredSession session) {
    return remote.find(session.id()).orElseThrow().lastSeenAt();
  }

  @Test
  void manySessions_areFewStatements() {
    for (int i = 0; i < 2_500; i++) {
      assertThat(copies.touchSoon(stored().id(), NOW.plusSeconds(60), NOW)).isTrue();
    }
    assertThat(remote.touchBatches).hasValue(0);

    copies.flushTouches();

    assertThat(remote.touchBatches).hasValue(3);
    assertThat(remote.touches).hasValue(0);
    copies.flushTouches();
    assertThat(remote.touchBatches).as("nothing waits any more").hasValue(3);
  }

  @Test
  void copy_showsItAtOnce_andTheStoreSoon() {
    StoredSession session = stored();
    copies.lookUp(session.id(), 0, 0);
    Instant later = NOW.plusSeconds(60);

    copies.touchSoon(session.id(), later, later);

    assertThat(copies.lookUp(session.id(), 0, 0).session().orElseThrow().lastSeenAt())
        .isEqualTo(later);
    assertThat(storedMoment(session)).isEqualTo(NOW);
    copies.flushTouches();
    assertThat(storedMoment(session)).isEqualTo(later);
  }

  @Test
  @DisplayName("I6: the last-seen moment only moves forward")
  void earlierMoment_isIgnored() {
    StoredSession session = stored();
    copies.touchSoon(session.id(), NOW.plusSeconds(60), NOW);
    copies.touchSoon(session.id(), NOW.plusSeconds(20), NOW);
    copies.flushTouches();
    assertThat(storedMoment(session)).isEqualTo(NOW.plusSeconds(60));

    copies.touchSoon(session.id(), NOW.plusSeconds(30), NOW);
    copies.flushTouches();
    assertThat(storedMoment(session)).isEqualTo(NOW.plusSeconds(60));
  }

  @Test
  @DisplayName("I2: what has expired by the time of the batch stays so, whenever the request came")
  void expiredMeanwhile_isNotRevived() {
    StoredSession session = stored();
    copies.lookUp(session.id(), 0, 0);
    Instant justBefore = session.expiresAt().minusMillis(200);
    copies.touchSoon(session.id(), justBefore, justBefore);
    nanos.addAndGet(Duration.ofMillis(200).toNanos());

    copies.flushTouches();

    assertThat(storedMoment(session)).isEqualTo(NOW);
    assertThat(copies.table().all()).doesNotContainKey(session.id());
  }

  @Test
  @DisplayName("I2, I6: what expires while a batch is on its way stays so, and its copy goes")
  void expiredOnTheWay_isNotRevived() {
    StoredSession session = stored();
    copies.lookUp(session.id(), 0, 0);
    Instant justBefore = session.expiresAt().minusSeconds(4);
    copies.touchSoon(session.id(), justBefore, justBefore);
    // Another node refuses the session meanwhile.
    remote.beforeTouchAllAnswers = () -> nanos.addAndGet(Duration.ofSeconds(5).toNanos());

    copies.flushTouches();

    assertThat(storedMoment(session)).isEqualTo(NOW);
    assertThat(copies.table().all()).doesNotContainKey(session.id());
  }

  @Test
  @DisplayName("I2, I6: also if its calls may take longer than those of most stores")
  void expiredOnALongWay_isNotRevived() {
    StoredSession session = stored();
    remote.longestCall = Duration.ofSeconds(16);
    Copies patient =
        new Copies(remote, Duration.ofSeconds(1).toNanos(), 0, 1 << 24, nanos::get, DELAY);
    Instant before = session.expiresAt().minusSeconds(12);
    patient.touchSoon(session.id(), before, before);
    remote.beforeTouchAllAnswers = () -> nanos.addAndGet(Duration.ofSeconds(13).toNanos());

    patient.flushTouches();

    assertThat(storedMoment(session)).isEqualTo(NOW);
  }

  @Test
  @DisplayName("I2: what has ended by the time of the batch stays so, and its copy goes")
  void endedMeanwhile_isNotRevived() {
    StoredSession session = stored();
    copies.lookUp(session.id(), 0, 0);
    copies.touchSoon(session.id(), NOW.plusSeconds(60), NOW);
    remote.delete(session.id());

    copies.flushTouches();

    assertThat(remote.find(session.id())).isEmpty();
    assertThat(copies.table().all()).doesNotContainKey(session.id());
    for (int i = 0; i < 2 * PendingTouches.MIN_ATTEMPTS; i++) {
      copies.flushTouches();
    }
    assertThat(remote.touchBatches)
        .as("in no time at all, it is tried on")
        .hasValue(1 + 2 * PendingTouches.MIN_ATTEMPTS);
    nanos.addAndGet(PendingTouches.MIN_PATIENCE_NANOS);
    copies.flushTouches();
    int batches = remote.touchBatches.get();
    copies.flushTouches();
    assertThat(remote.touchBatches).as("it is not tried for ever").hasValue(batches);
  }

  @Nested
  @DisplayName(
      "stores 14: a row that a batch leaves out, since another transaction holds it, is waited for"
          + " nowhere")
  class HeldRows {

    private final StoredSession held = stored();

    private void hold() {
      remote.heldByOthers.add(held.id());
      remote.beforeTouch =
          () -> {
            throw new AssertionError("this would wait for whoever holds the row");
          };
    }

    @Test
    void leftOut_othersAreStored_andItIsInTheNextBatch() {
      StoredSession other = stored();
      hold();
      copies.touchSoon(held.id(), NOW.plusSeconds(60), NOW);
      copies.touchSoon(other.id(), NOW.plusSeconds(60), NOW);

      copies.flushTouches();

      assertThat(storedMoment(other)).isEqualTo(NOW.plusSeconds(60));
      assertThat(storedMoment(held)).isEqualTo(NOW);
      remote.heldByOthers.clear();
      copies.flushTouches();
      assertThat(storedMoment(held)).isEqualTo(NOW.plusSeconds(60));
      assertThat(remote.touches).hasValue(0);
    }

    @Test
    @DisplayName("the store decides about it at its next request")
    void leftOut_copyGoes() {
      hold();
      copies.lookUp(held.id(), 0, 0);
      copies.touchSoon(held.id(), NOW.plusSeconds(60), NOW);

      copies.flushTouches();

      assertThat(copies.lookUp(held.id(), 0, 0).isConfirmed()).isTrue();
    }

    @Test
    @DisplayName("others go on being taken over and stored while it is held")
    void heldForLong_othersAreStored() {
      hold();
      copies.touchSoon(held.id(), NOW.plusSeconds(60), NOW);
      for (int i = 0; i < 100; i++) {
        StoredSession other = stored();
        nanos.addAndGet(Duration.ofMillis(250).toNanos());
        assertThat(copies.touchSoon(other.id(), NOW.plusSeconds(i), NOW)).isTrue();
        copies.flushTouches();
        assertThat(storedMoment(other)).isEqualTo(NOW.plusSeconds(i));
      }
    }
  }

  @Nested
  @DisplayName("stores 2: none are taken over that nothing writes")
  class NothingWrites {

    private final StoredSession session = stored();

    @Test
    void noFlush_noneAreTakenOver() {
      assertThat(copies.touchSoon(session.id(), NOW, NOW)).isTrue();
      nanos.addAndGet(DELAY.plusSeconds(1).toNanos() + 1);

      assertThat(copies.touchSoon(session.id(), NOW, NOW)).isFalse();

      copies.flushTouches();
      assertThat(copies.touchSoon(session.id(), NOW, NOW)).as("written again").isTrue();
    }

    @Test
    @DisplayName("each batch fails, by whatever it throws")
    void failingFlush_noneAreTakenOver() {
      List<Throwable> failures =
          List.of(
              new SessionStoreException("down"),
              new IllegalStateException("bug"),
              new OutOfMemoryError("passing"));
      for (Throwable failure : failures) {
        copies.touchSoon(session.id(), NOW, NOW);
        remote.touchAllFailure = failure;
        nanos.addAndGet(DELAY.plusSeconds(1).toNanos() + 1);
        assertThatThrownBy(copies::flushTouches).isSameAs(failure);
        assertThat(copies.touchSoon(session.id(), NOW, NOW)).isFalse();

        remote.touchAllFailure = null;
        copies.flushTouches();
        assertThat(copies.touchSoon(session.id(), NOW, NOW)).isTrue();
      }
    }

    @Test
    @DisplayName("a touch that comes while it is being closed is not lost")
    void addDuringClose_isTouchedByTheRequest() {
      copies.touchSoon(session.id(), NOW.plusSeconds(1), NOW);
      List<Boolean> taken = new ArrayList<>();
      remote.beforeTouchAllAnswers =
          () -> taken.add(copies.touchSoon(session.id(), NOW.plusSeconds(2), NOW));
      copies.close();
      assertThat(taken).containsExactly(false);
    }
  }

  @Nested
  @DisplayName("stores 8: the moment of a batch never goes back")
  class MomentOfABatch {

    private final StoredSession session = stored();
    private final Instant deadline = session.expiresAt();

    private void pass(Duration time) {
      nanos.addAndGet(time.toNanos());
    }

    @Test
    @DisplayName("I2: by a request that was held up after it read the clock")
    void staleReading_revivesNothing() {
      Instant before = deadline.minusSeconds(1);
      copies.touchSoon(session.id(), before, before);
      // Another request read the clock now, too, and comes here only after the deadline.
      pass(Duration.ofMillis(1_200));
      StoredSession other = stored();
      assertThat(copies.touchSoon(other.id(), before, before)).isTrue();

      copies.flushTouches();

      assertThat(storedMoment(session)).isEqualTo(NOW);
      assertThat(storedMoment(other)).isEqualTo(NOW);
    }

    @Test
    @DisplayName("a later reading is believed at once")
    void laterReading_counts() {
      copies.touchSoon(session.id(), NOW.plusSeconds(1), NOW.plusSeconds(1));
      copies.touchSoon(stored().id(), deadline, deadline);

      copies.flushTouches();

      assertThat(storedMoment(session)).isEqualTo(NOW);
    }

    @Test
    @DisplayName("a clock that was ahead and was set back does not stop touches for ever")
    void clockSetBack_isBelievedAfterAWhile() {
      copies.touchSoon(session.id(), NOW, NOW.plus(Duration.ofDays(1)));
      copies.flushTouches();
      for (int i = 0; i < 300; i++) {
        pass(Duration.ofMillis(250));
        copies.touchSoon(session.id(), NOW.plusSeconds(i), NOW.plusSeconds(i));
        copies.flushTouches();
      }
      assertThat(storedMoment(session)).isEqualTo(NOW.plusSeconds(299));
    }
  }

  @Test
  void storeDown_touchesGoOnWaiting() {
    StoredSession session = stored();
    copies.touchSoon(session.id(), NOW.plusSeconds(60), NOW);
    remote.down = true;
    assertThatThrownBy(copies::flushTouches).isInstanceOf(SessionStoreException.class);
    remote.down = false;

    copies.flushTouches();

    assertThat(storedMoment(session)).isEqualTo(NOW.plusSeconds(60));
  }

  @Nested
  @DisplayName("a batch that fails each time does not keep the others from being stored")
  class FailingBatch {

    private final List<StoredSession> sessions = new ArrayList<>();
    private final Set<SessionId> unstorable = new HashSet<>();

    /** Touches so many sessions; a session in each of the first batches is one that fails it. */
    private void touchMany(int number, int failing) {
      for (int i = 0; i < number; i++) {
        StoredSession session = stored();
        sessions.add(session);
        copies.touchSoon(session.id(), NOW.plusSeconds(60), NOW);
      }
      remote.beforeTouchAll =
          batch -> {
            if (unstorable.size() < failing && Collections.disjoint(unstorable, batch)) {
              unstorable.add(batch.iterator().next());
            }
            if (!Collections.disjoint(unstorable, batch)) {
              throw new SessionStoreException("cannot be stored");
            }
          };
    }

    private void flushFailing() {
      assertThatThrownBy(copies::flushTouches).hasMessage("cannot be stored");
    }

    private long storedAt(Instant moment) {
      return sessions.stream().filter(one -> storedMoment(one).equals(moment)).count();
    }

    @Test
    void one_theOthersAreInTheNextFlush() {
      touchMany(2_500, 1);
      flushFailing();
      flushFailing();
      assertThat(storedAt(NOW.plusSeconds(60))).isEqualTo(1_500);
    }

    @Test
    void several_theOthersAreStoredAfterAsManyFlushes() {
      touchMany(4_500, 3);
      flushFailing();
      flushFailing();
      flushFailing();
      flushFailing();
      assertThat(storedAt(NOW.plusSeconds(60))).isEqualTo(1_500);
    }

    @Test
    @DisplayName("even if its sessions are touched again")
    void touchedAgain_theOthersAreStored() {
      touchMany(2_500, 1);
      flushFailing();
      sessions.forEach(one -> copies.touchSoon(one.id(), NOW.plusSeconds(61), NOW));
      flushFailing();
      assertThat(storedAt(NOW.plusSeconds(61))).isEqualTo(1_500);
    }

    @Test
    void passing_allAreStored() {
      touchMany(2_500, 1);
      flushFailing();
      unstorable.clear();
      remote.beforeTouchAll = batch -> {};
      copies.flushTouches();
      assertThat(storedAt(NOW.plusSeconds(60))).isEqualTo(2_500);
    }

    @Test
    @DisplayName("a store that is down is asked once a flush: each time may be a time-out")
    void storeDown_isAskedOnce() {
      touchMany(2_500, 0);
      remote.down = true;
      for (int i = 1; i <= 4; i++) {
        assertThatThrownBy(copies::flushTouches).hasMessage("unreachable");
        assertThat(remote.touchBatches).hasValue(i);
      }
    }

    @Test
    @DisplayName("in the end, all others are stored, and what always fails is dropped")
    void always_isDropped() {
      touchMany(2_500, 1);
      StoredSession direct = stored();
      int flushes = 0;
      while (fails()) {
        flushes++;
        assertThat(flushes).as("failed flushes").isLessThan(60);
        // While no batch is stored, the other requests touch directly.
        copies.touch(direct.id(), NOW.plusSeconds(flushes), NOW);
      }

      assertThat(storedAt(NOW.plusSeconds(60))).isEqualTo(2_499);
      SessionId dropped = unstorable.iterator().next();
      assertThat(copies.table().all()).doesNotContainKey(dropped);
      assertThat(copies.touchSoon(dropped, NOW.plusSeconds(61), NOW))
          .as("by its request")
          .isFalse();
      assertThat(copies.touchSoon(stored().id(), NOW.plusSeconds(61), NOW)).isTrue();
    }

    @Test
    @DisplayName("a touch is not blamed for a store that is down")
    void storeDownForLong_nothingIsDropped() {
      touchMany(3, 0);
      copies.find(sessions.get(0).id());
      remote.down = true;
      for (int i = 0; i < 100; i++) {
        assertThatThrownBy(copies::flushTouches).hasMessage("unreachable");
      }
      remote.down = false;

      copies.flushTouches();

      assertThat(storedAt(NOW.plusSeconds(60))).isEqualTo(3);
    }

    @Test
    @DisplayName("nor for one that is read and stores nothing, as with a full disk")
    void storeOnlyReadForLong_nothingIsDropped() {
      touchMany(1, 0);
      remote.beforeTouchAll =
          batch -> {
            throw new SessionStoreException("the disk is full");
          };
      for (int i = 0; i < 100; i++) {
        assertThat(fails()).isTrue();
        copies.find(sessions.get(0).id());
      }
      remote.beforeTouchAll = batch -> {};

      copies.flushTouches();

      assertThat(storedAt(NOW.plusSeconds(60))).isEqualTo(1);
    }

    private boolean fails() {
      try {
        copies.flushTouches();
        return false;
      } catch (SessionStoreException e) {
        return true;
      }
    }

    @Test
    void close_theOthersAreStored() {
      touchMany(2_500, 1);
      copies.close();
      assertThat(storedAt(NOW.plusSeconds(60))).isEqualTo(1_500);
    }

    @Test
    void close_storeDown_isAskedTwice() {
      touchMany(4_500, 0);
      remote.down = true;
      copies.close();
      assertThat(remote.touchBatches).hasValue(2);
    }
  }

  @Test
  @DisplayName("a touch that comes while a batch is written is in the next one")
  void touchDuringABatch_isNotLost() {
    StoredSession session = stored();
    copies.touchSoon(session.id(), NOW.plusSeconds(60), NOW);
    remote.beforeTouchAllAnswers = () -> copies.touchSoon(session.id(), NOW.plusSeconds(61), NOW);
    copies.flushTouches();

    copies.flushTouches();

    assertThat(storedMoment(session)).isEqualTo(NOW.plusSeconds(61));
  }

  @Nested
  class Closing {

    @Test
    void close_storesWhatWaits() {
      StoredSession session = stored();
      copies.touchSoon(session.id(), NOW.plusSeconds(60), NOW);

      copies.close();

      assertThat(storedMoment(session)).isEqualTo(NOW.plusSeconds(60));
      assertThat(copies.touchSoon(session.id(), NOW.plusSeconds(90), NOW)).isFalse();
    }

    @Test
    void close_storeDown_endsAllTheSame() {
      copies.touchSoon(stored().id(), NOW.plusSeconds(60), NOW);
      remote.down = true;
      copies.close();
      assertThat(remote.touchBatches).hasValue(1);
    }

    @Test
    @DisplayName("without a thread that writes them, none are taken over")
    void noThread_takesNoneOver() {
      NearCacheSessionStore store = NearCacheSessionStore.builder(remote).revalidate(false).build();
      assertThat(store.nearCopies().orElseThrow().touchDelay()).isZero();
      assertThat(store.nearCopies().orElseThrow().touchSoon(stored().id(), NOW, NOW)).isFalse();
      store.close();
    }
  }

  @Nested
  @DisplayName("I6: the stored moment lags no more than the touch interval, even if the node dies")
  class Engine {

    private final AtomicReference<Instant> time = new AtomicReference<>(NOW);
    private final SessionManager manager =
        SessionManager.builder(NearCacheSessionStore.wrap(remote))
            .clock(time::get)
            .cleanUpInterval(Duration.ZERO)
            .build();

    private Session login(LoginOptions options) {
      return ((LoginOutcome.Granted) manager.authenticate(null, "alice", options)).session();
    }

    private void pass(Duration more) {
      time.updateAndGet(now -> now.plus(more));
    }

    private void request(String token) {
      manager.save(((Resolution.Live) manager.adapter().resolve(List.of(token))).session());
    }

    @Test
    void request_isDueSoMuchEarlierThatABatchMayBeLost() {
      Session session = login(LoginOptions.defaults());
      String token = session.unsentToken().orElseThrow().value();
      Duration interval = remote.touchInterval();
      // The touch that is due now is written within the delay, or lost with the node.
      pass(interval.minus(DELAY).minusMillis(1));
      request(token);
      pass(Duration.ofMillis(1));
      request(token);

      Await.until(() -> remote.touchBatches.get() > 0);
      Await.until(() -> remote.find(session.id()).orElseThrow().lastSeenAt().equals(time.get()));
      assertThat(remote.touches).as("touches that a request waited for").hasValue(0);
      manager.close();
    }

    @Test
    @DisplayName("close to the deadline, the request touches, since a batch leaves that out")
    void nearDeadline_isNotBatched() {
      Session session = login(LoginOptions.defaults());
      Instant deadline = remote.find(session.id()).orElseThrow().expiresAt();
      // A batch may be written a second and a half later, and take ten seconds.
      pass(Duration.between(NOW, deadline).minusMillis(11_500));

      request(session.unsentToken().orElseThrow().value());

      assertThat(remote.touches).hasValue(1);
      assertThat(remote.touchBatches).hasValue(0);
      assertThat(remote.find(session.id()).orElseThrow().lastSeenAt()).isEqualTo(time.get());
      manager.close();
    }

    @Test
    @DisplayName("and earlier before it, if the calls of the store may take longer")
    void nearDeadline_ofAStoreOfLongCalls_isNotBatched() {
      remote.longestCall = Duration.ofSeconds(16);
      SessionManager patient =
          SessionManager.builder(NearCacheSessionStore.wrap(remote))
              .clock(time::get)
              .cleanUpInterval(Duration.ZERO)
              .build();
      Session session = login(LoginOptions.defaults());
      Instant deadline = remote.find(session.id()).orElseThrow().expiresAt();
      pass(Duration.between(NOW, deadline).minusMillis(17_500));
      String token = session.unsentToken().orElseThrow().value();

      patient.save(((Resolution.Live) patient.adapter().resolve(List.of(token))).session());

      assertThat(remote.touches).hasValue(1);
      assertThat(remote.touchBatches).hasValue(0);
      patient.close();
      manager.close();
    }

    @Test
    @DisplayName("a session of a short idle timeout, which cannot wait, touches with the request")
    void shortTimeout_isNotBatched() {
      LoginOptions options = LoginOptions.builder().idleTimeout(Duration.ofSeconds(9)).build();
      Session session = login(options);
      pass(Duration.ofMillis(900));

      request(session.unsentToken().orElseThrow().value());

      assertThat(remote.touches).hasValue(1);
      assertThat(remote.touchBatches).hasValue(0);
      manager.close();
    }
  }
}
