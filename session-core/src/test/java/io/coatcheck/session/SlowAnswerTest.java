package io.coatcheck.session;

import static io.coatcheck.session.EngineFixture.sent;
import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.event.DropReason;
import io.coatcheck.session.event.EndReason;
import io.coatcheck.session.event.SessionEvent;
import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** I2, I6, I21: a deadline that passes while the store is asked. */
class SlowAnswerTest {

  private static final Duration IDLE = Duration.ofMinutes(30);

  private final EngineFixture fixture = new EngineFixture();
  private final SessionManager manager = fixture.manager;

  @AfterEach
  void close() {
    fixture.close();
  }

  private void slow(String operation) {
    fixture.store.beforeNext(operation, () -> fixture.clock.advance(Duration.ofSeconds(4)));
  }

  /** Holds a call up across the deadline; meanwhile another request is refused. */
  private void refuseDuring(String operation, String token) {
    fixture.store.beforeNext(
        operation,
        () -> {
          fixture.clock.advance(Duration.ofSeconds(4));
          assertThat(manager.adapter().resolve(List.of(token)))
              .isInstanceOf(Resolution.Expired.class);
        });
  }

  private void assertEndedByIdleness(SessionId id) {
    assertThat(fixture.store.find(id)).isEmpty();
    assertThat(fixture.eventsOf(SessionEvent.Ended.class))
        .singleElement()
        .extracting(SessionEvent.Ended::reason)
        .isEqualTo(EndReason.IDLE);
  }

  @Nested
  @DisplayName("attack 13, stores 8: a look-up that is delayed past the deadline")
  class LookUp {

    private final String token = fixture.loggedIn("alice");

    @Test
    @DisplayName("attack 13: is refused")
    void resolve_isExpired() {
      fixture.clock.advance(IDLE.minusSeconds(1));
      slow("find");

      assertThat(manager.adapter().resolve(List.of(token))).isInstanceOf(Resolution.Expired.class);
      assertThat(fixture.eventsOf(SessionEvent.TokenRefused.class)).hasSize(1);
    }

    @Test
    @DisplayName("attack 13: even if another token's look-up is delayed")
    void resolve_anotherTokensLookUp_isNotLive() {
      String gone = fixture.loggedIn("bob");
      manager.revokeAllOf("bob");
      fixture.clock.advance(IDLE.minusSeconds(1));
      fixture.store.beforeNext("find", () -> slow("find"));

      assertThat(manager.adapter().resolve(List.of(token, gone)))
          .isNotInstanceOf(Resolution.Live.class);
    }

    /** Has another request use the session in time, and lets the deadline pass. */
    private void useThenPass(Session other) {
      manager.save(other);
      fixture.clock.advance(Duration.ofSeconds(4));
    }

    private Session justInTime() {
      fixture.clock.advance(IDLE.minusSeconds(1));
      return fixture.live(token);
    }

    @Test
    @DisplayName("but not if another request used the session in time after it was read")
    void resolve_usedMeanwhile_isLive() {
      Session other = justInTime();
      fixture.store.afterNext("find", () -> useThenPass(other));

      assertThat(manager.adapter().resolve(List.of(token))).isInstanceOf(Resolution.Live.class);
    }

    @Test
    @DisplayName("nor if that happened during another token's look-up")
    void resolve_usedDuringAnotherTokensLookUp_isLive() {
      String gone = fixture.loggedIn("bob");
      manager.revokeAllOf("bob");
      Session other = justInTime();
      fixture.store.beforeNext(
          "find", () -> fixture.store.afterNext("find", () -> useThenPass(other)));

      assertThat(manager.adapter().resolve(List.of(token, gone)))
          .isInstanceOf(Resolution.Live.class);
    }

    @Test
    @DisplayName("nor does an accessor lose such a session")
    void reopen_usedMeanwhile_isPresent() {
      Session other = justInTime();
      fixture.store.afterNext("find", () -> useThenPass(other));

      assertThat(manager.adapter().reopen(other.id(), other.generation())).isPresent();
    }

    @Test
    @DisplayName("nor does a connection that stays open end with it")
    void isStillLive_usedMeanwhile() {
      Session other = justInTime();
      fixture.store.afterNext("find", () -> useThenPass(other));

      assertThat(manager.isStillLive(other)).isTrue();
    }

    @Test
    @DisplayName("attack 13: also for an accessor and a connection that stays open")
    void reopen_isEmpty() {
      Session session = fixture.live(token);
      fixture.clock.advance(IDLE.minusSeconds(1));
      slow("find");
      assertThat(manager.adapter().reopen(session.id(), session.generation())).isEmpty();
      assertThat(manager.isStillLive(session)).isFalse();
    }
  }

  @Nested
  @DisplayName("attack 13, stores 8: a delayed write does not undo an expiry that was observed")
  class Write {

    private final String token = fixture.loggedIn("alice");

    private Session justInTime() {
      fixture.clock.advance(IDLE.minusMillis(300));
      return fixture.live(token);
    }

    @Test
    @DisplayName("attack 13: a touch")
    void save_touch() {
      Session session = justInTime();
      refuseDuring("touch", token);

      manager.save(session);

      assertThat(fixture.isLive(token)).isFalse();
      assertThat(session.isEnded()).isTrue();
      assertEndedByIdleness(session.id());
    }

    @Test
    @DisplayName("attack 13: an update")
    void save_update() {
      Session session = justInTime();
      session.setAttribute("a", "1");
      refuseDuring("update", token);

      assertThat(manager.save(session)).isFalse();

      assertThat(fixture.isLive(token)).isFalse();
      assertThat(session.isEnded()).isTrue();
      assertEndedByIdleness(session.id());
      assertThat(fixture.eventsOf(SessionEvent.WriteDropped.class)).hasSize(1);
    }

    @Test
    @DisplayName("attack 13: an update that is held up while it first reads the session")
    void save_update_heldUpWhileReading() {
      Session session = justInTime();
      session.setAttribute("a", "1");
      slow("find");
      fixture.store.afterNext("update", () -> assertThat(fixture.isLive(token)).isFalse());

      assertThat(manager.save(session)).isFalse();

      assertThat(fixture.isLive(token)).isFalse();
    }

    @Test
    @DisplayName("attack 13: a renewal")
    void renew() {
      Session session = justInTime();
      refuseDuring("update", token);

      assertThat(manager.renew(session)).isFalse();

      assertEndedByIdleness(session.id());
    }

    @Test
    @DisplayName("attack 13: a login, which gets another session")
    void authenticate() {
      Session session = justInTime();
      SessionId id = session.id();
      refuseDuring("update", token);

      LoginOutcome result = manager.authenticate(session, "alice", LoginOptions.defaults());

      Session now = EngineFixture.granted(result);
      assertThat(now.id()).isNotEqualTo(id);
      assertThat(fixture.isLive(sent(now))).isTrue();
      assertEndedByIdleness(id);
    }

    @Test
    @DisplayName("attack 13: but a session that another request's touch kept alive is accepted")
    void save_touchedInTimeByAnother_goesOn() {
      Session session = justInTime();
      fixture.clock.advance(Duration.ofMillis(100));
      Session other = fixture.live(token);
      fixture.store.beforeNext(
          "touch",
          () -> {
            manager.save(other);
            fixture.clock.advance(Duration.ofSeconds(4));
          });

      manager.save(session);

      assertThat(fixture.isLive(token)).isTrue();
    }

    private Session afterAnother() {
      fixture.clock.advance(Duration.ofMillis(100));
      return fixture.live(token);
    }

    private void saveInTime(Session earlier) {
      fixture.store.beforeNext(
          "touch",
          () -> {
            assertThat(manager.save(earlier)).isTrue();
            fixture.clock.advance(Duration.ofSeconds(4));
          });
    }

    @Test
    @DisplayName("nor is it ended if the other request was the earlier one")
    void save_touchedInTimeByAnEarlierOne_goesOn() {
      Session earlier = justInTime();
      Session late = afterAnother();
      saveInTime(earlier);

      manager.save(late);

      assertThat(late.isEnded()).isFalse();
      assertThat(fixture.isLive(token)).isTrue();
      assertThat(fixture.eventsOf(SessionEvent.Ended.class)).isEmpty();
    }

    @Test
    @DisplayName("and what the earlier one has stored stays")
    void save_storedInTimeByAnEarlierOne_goesOn() {
      Session earlier = justInTime();
      earlier.setAttribute("a", "1");
      Session late = afterAnother();
      saveInTime(earlier);

      manager.save(late);

      assertThat(fixture.live(token).attribute("a")).isEqualTo("1");
      assertThat(fixture.eventsOf(SessionEvent.Ended.class)).isEmpty();
    }

    @Test
    @DisplayName("but if the writes of both are late, it is ended")
    void save_bothLate_isEnded() {
      Session earlier = justInTime();
      Session late = afterAnother();
      fixture.store.beforeNext(
          "touch",
          () -> {
            refuseDuring("touch", token);
            manager.save(earlier);
          });

      manager.save(late);

      assertThat(fixture.isLive(token)).isFalse();
      assertEndedByIdleness(late.id());
    }

    @Test
    @DisplayName("even if the earlier one found it live again because of the later one")
    void save_buildsOnWhatIsLate_isEnded() {
      Session earlier = justInTime();
      Session late = afterAnother();
      refuseDuring("touch", token);
      fixture.store.afterNext("touch", () -> manager.save(earlier));

      manager.save(late);

      assertThat(fixture.isLive(token)).isFalse();
      assertEndedByIdleness(late.id());
    }

    @Test
    @DisplayName("even if the earlier one had stored nothing that made it last longer")
    void save_writtenInTimeByAnOldRequest_isEnded() {
      Session old = fixture.live(token);
      old.setAttribute("a", "1");
      Session late = justInTime();
      fixture.store.beforeNext(
          "touch",
          () -> {
            assertThat(manager.save(old)).isTrue();
            fixture.clock.advance(Duration.ofSeconds(4));
            assertThat(fixture.isLive(token)).isFalse();
          });

      manager.save(late);

      assertThat(fixture.isLive(token)).isFalse();
      assertEndedByIdleness(late.id());
    }

    @Test
    @DisplayName("a request that outlives the idle timeout does not end a session that others use")
    void save_longRequest_endsNothing() {
      Session longRequest = fixture.live(token);
      fixture.clock.advance(Duration.ofMinutes(20));
      manager.save(fixture.live(token));
      fixture.clock.advance(Duration.ofMinutes(20));
      longRequest.setAttribute("a", "1");

      assertThat(manager.save(longRequest)).isTrue();
      assertThat(fixture.live(token).attribute("a")).isEqualTo("1");
    }

    @Test
    @DisplayName("nor if its write is late by the deadline that it began with")
    void renew_longRequest_endsNothing() {
      Session longRequest = fixture.live(token);
      fixture.clock.advance(IDLE.minusMinutes(1));
      manager.save(fixture.live(token));
      fixture.clock.advance(Duration.ofMinutes(1).minusMillis(300));
      slow("update");

      assertThat(manager.renew(longRequest)).isTrue();

      assertThat(fixture.isLive(sent(longRequest))).isTrue();
      assertThat(fixture.eventsOf(SessionEvent.Ended.class)).isEmpty();
    }

    @Test
    @DisplayName("nor if the store may take longer than most, and does")
    void renew_longRequestAndVeryLateWrite_endsNothing() {
      HookedStore store =
          new HookedStore(
              InMemorySessionStore.builder().copyOnRead(true).build(),
              EngineFixture.TOUCH_INTERVAL);
      Duration longest = Duration.ofSeconds(16);
      try (EngineFixture slow =
          new EngineFixture(store.withLongCalls(longest), builder -> builder)) {
        String own = slow.loggedIn("bob");
        Session longRequest = slow.live(own);
        slow.clock.advance(IDLE.minusMinutes(1));
        slow.manager.save(slow.live(own));
        slow.clock.advance(Duration.ofMinutes(1).minusSeconds(12));
        store.beforeNext("update", () -> slow.clock.advance(Duration.ofSeconds(13)));

        assertThat(slow.manager.renew(longRequest)).isTrue();

        assertThat(slow.isLive(sent(longRequest))).isTrue();
        assertThat(slow.eventsOf(SessionEvent.Ended.class)).isEmpty();
      }
    }

    @Test
    @DisplayName(
        "a request that outlives its deadline does not revive what expires while it writes")
    void renew_longRequest_revivesNothing() {
      Session longRequest = fixture.live(token);
      fixture.clock.advance(Duration.ofMinutes(20));
      manager.save(fixture.live(token));
      fixture.clock.advance(IDLE.minusMillis(300));
      refuseDuring("update", token);

      assertThat(manager.renew(longRequest)).isFalse();

      assertEndedByIdleness(longRequest.id());
    }
  }

  @Test
  @DisplayName(
      "attack 13: a compare-and-set that is lost while the deadline passes ends as expired")
  void save_lostAcrossTheDeadline_isExpired() {
    String token = fixture.loggedIn("alice");
    fixture.clock.advance(IDLE.minusMinutes(1));
    Session session = fixture.live(token);
    StoredSession stored = fixture.stored(session);
    session.setAttribute("a", "1");
    fixture.store.beforeNext(
        "update", () -> fixture.store.inner().update(stored, fixture.clock.instant()));
    fixture.store.beforeNext("find", () -> fixture.clock.advance(IDLE));

    assertThat(manager.save(session)).isFalse();
    assertThat(fixture.eventsOf(SessionEvent.WriteDropped.class))
        .singleElement()
        .extracting(SessionEvent.WriteDropped::reason)
        .isEqualTo(DropReason.EXPIRED);
  }

  /** Lets the answer of the next look-up be late, and the session be used in time meanwhile. */
  private void useDuringTheNextFind(Session other) {
    fixture.store.afterNext(
        "find",
        () -> {
          manager.save(other);
          fixture.clock.advance(Duration.ofSeconds(4));
        });
  }

  @Test
  @DisplayName("unless another request used it in time after it was read again")
  void save_lostAndUsedMeanwhile_isStored() {
    String token = fixture.loggedIn("alice");
    Session session = fixture.live(token);
    fixture.clock.advance(IDLE.minusMinutes(3));
    Session other = fixture.live(token);
    StoredSession stored = fixture.stored(session);
    session.setAttribute("a", "1");
    fixture.store.beforeNext(
        "update",
        () -> {
          fixture.store.inner().update(stored, fixture.clock.instant());
          fixture.clock.advance(Duration.ofMinutes(3).minusSeconds(1));
          useDuringTheNextFind(other);
        });

    assertThat(manager.save(session)).isTrue();

    assertThat(fixture.live(token).attribute("a")).isEqualTo("1");
    assertThat(fixture.eventsOf(SessionEvent.WriteDropped.class)).isEmpty();
  }

  @Test
  @DisplayName("nor does a step that changes nothing end such a session")
  void take_nothingAndUsedMeanwhile_goesOn() {
    String token = fixture.loggedIn("alice");
    fixture.clock.advance(IDLE.minusSeconds(1));
    Session session = fixture.live(token);
    Session other = fixture.live(token);
    useDuringTheNextFind(other);

    assertThat(manager.take(session, "none", String.class)).isEmpty();

    assertThat(session.isEnded()).isFalse();
    assertThat(fixture.isLive(token)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4, 5, 6, 7, 8})
  @DisplayName("where requests use sessions in place, what was last written may be older than use")
  void save_inPlace_endsNothingInUse(int readings) {
    AtomicReference<Instant> time = new AtomicReference<>(Instant.parse("2026-03-01T12:00:00Z"));
    AtomicInteger left = new AtomicInteger(Integer.MAX_VALUE);
    InstantSource clock = () -> left.getAndDecrement() > 0 ? time.get() : time.get().plusMillis(20);
    try (SessionManager inPlace =
        SessionManager.builder(InMemorySessionStore.builder().build())
            .clock(clock)
            .cleanUpInterval(Duration.ZERO)
            .build()) {
      String token =
          sent(EngineFixture.granted(inPlace.authenticate(null, "alice", LoginOptions.defaults())));
      time.updateAndGet(now -> now.plus(Duration.ofMinutes(20)));
      inPlace.adapter().resolve(List.of(token));
      time.updateAndGet(now -> now.plus(Duration.ofMinutes(10).minusMillis(10)));
      Session session = ((Resolution.Live) inPlace.adapter().resolve(List.of(token))).session();
      session.setAttribute("a", "1");
      left.set(readings);

      assertThat(inPlace.save(session)).isTrue();

      assertThat(inPlace.adapter().resolve(List.of(token))).isInstanceOf(Resolution.Live.class);
    }
  }

  @ParameterizedTest(name = "used in place: {0}, after reading {1}")
  @CsvSource({"true, 1", "false, 1", "false, 2", "false, 3", "false, 4"})
  @DisplayName(
      "I2: in memory too, a thread that is held up after reading the clock revives nothing")
  void resolve_inMemory_heldUp(boolean isInPlace, int reading) {
    InMemorySessionStore memory = InMemorySessionStore.builder().build();
    AtomicReference<Instant> time = new AtomicReference<>(Instant.parse("2026-03-01T12:00:00Z"));
    AtomicReference<Runnable> heldUp = new AtomicReference<>(() -> {});
    AtomicInteger left = new AtomicInteger();
    InstantSource clock =
        () -> {
          Instant read = time.get();
          if (left.decrementAndGet() == 0) {
            heldUp.get().run();
          }
          return read;
        };
    try (SessionManager held =
        SessionManager.builder(isInPlace ? memory : new HookedStore(memory, Duration.ZERO))
            .clock(clock)
            .cleanUpInterval(Duration.ZERO)
            .build()) {
      String token =
          sent(EngineFixture.granted(held.authenticate(null, "alice", LoginOptions.defaults())));
      time.updateAndGet(now -> now.plus(IDLE.minusMillis(10)));
      AtomicReference<Resolution> meanwhile = new AtomicReference<>();
      heldUp.set(
          () -> {
            time.updateAndGet(now -> now.plusMillis(20));
            meanwhile.set(held.adapter().resolve(List.of(token)));
          });
      left.set(reading);

      assertThat(held.adapter().resolve(List.of(token))).isNotInstanceOf(Resolution.Live.class);

      assertThat(meanwhile.get()).isNotNull().isNotInstanceOf(Resolution.Live.class);
      assertThat(held.adapter().resolve(List.of(token))).isNotInstanceOf(Resolution.Live.class);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  @DisplayName("attack 13: where each request touches before it begins")
  void resolve_exactTouch(boolean copyOnRead) {
    HookedStore store =
        new HookedStore(
            InMemorySessionStore.builder().copyOnRead(copyOnRead).build(), Duration.ZERO);
    try (EngineFixture exact = new EngineFixture(store, builder -> builder)) {
      String token = exact.loggedIn("alice");
      exact.clock.advance(IDLE.minusSeconds(1));
      String operation = copyOnRead ? "touch" : "find";
      store.beforeNext(operation, () -> exact.clock.advance(Duration.ofSeconds(4)));

      assertThat(exact.manager.adapter().resolve(List.of(token)))
          .isNotInstanceOf(Resolution.Live.class);
      assertThat(exact.isLive(token)).isFalse();
    }
  }
}
