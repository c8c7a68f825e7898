package io.coatcheck.session;

import static io.coatcheck.session.EngineFixture.sent;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.event.EndReason;
import io.coatcheck.session.event.SessionEvent;
import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.WhenFull;
import io.coatcheck.session.token.SessionId;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class LifecycleTest {

  private final EngineFixture fixture = new EngineFixture();
  private final SessionManager manager = fixture.manager;

  @AfterEach
  void close() {
    fixture.close();
  }

  private void assertEndedOnce(EndReason reason) {
    assertThat(fixture.eventsOf(SessionEvent.Ended.class))
        .extracting(SessionEvent.Ended::reason)
        .containsExactly(reason);
  }

  @Nested
  class Renew {

    @Test
    @DisplayName("I3: same id, new secret, the old one is refused; the deadline does not move")
    void renew_changesTheSecretOnly() {
      String before = fixture.loggedIn("alice");
      fixture.clock.advance(Duration.ofMinutes(10));
      Session session = fixture.live(before);
      Instant deadline = session.absoluteDeadline();
      long generation = session.generation();
      session.setAttribute("a", "1");

      assertThat(manager.renew(session)).isTrue();

      String after = sent(session);
      assertThat(after.substring(0, 36)).isEqualTo(before.substring(0, 36));
      assertThat(fixture.isLive(before)).isFalse();
      Session next = fixture.live(after);
      assertThat(next.absoluteDeadline()).isEqualTo(deadline);
      assertThat(next.attribute("a")).isEqualTo("1");
      assertThat(next.generation()).isEqualTo(generation + 1);
      assertThat(fixture.eventsOf(SessionEvent.Renewed.class)).hasSize(1);
    }

    @Test
    @DisplayName("F28: twice in one request: only the last token is accepted")
    void renew_twice() {
      Session session = fixture.live(fixture.loggedIn("alice"));
      manager.renew(session);
      String first = session.unsentToken().orElseThrow().value();
      manager.renew(session);
      String second = sent(session);

      assertThat(fixture.isLive(first)).isFalse();
      assertThat(fixture.isLive(second)).isTrue();
    }

    @Test
    @DisplayName("F53: two renewals at once: one wins, the other sends no token")
    void renew_twoAtOnce() {
      String before = fixture.loggedIn("alice");
      Session one = fixture.live(before);
      Session other = fixture.live(before);
      assertThat(manager.renew(one)).isTrue();

      assertThat(manager.renew(other)).isFalse();

      assertThat(other.unsentToken()).isEmpty();
      assertThat(other.isEnded()).isTrue();
      assertThat(fixture.isLive(sent(one))).isTrue();
    }

    @Test
    @DisplayName("F12: renew against invalidate: in every order the session is gone")
    void renew_invalidatedMeanwhile() {
      String token = fixture.loggedIn("alice");
      Session renewing = fixture.live(token);
      fixture.store.beforeNext("update", () -> manager.invalidate(fixture.live(token)));

      assertThat(manager.renew(renewing)).isFalse();
      assertThat(fixture.store.find(renewing.id())).isEmpty();

      String second = fixture.loggedIn("alice");
      Session first = fixture.live(second);
      Session logout = fixture.live(second);
      manager.renew(first);
      manager.invalidate(logout);
      assertThat(fixture.isLive(sent(first))).isFalse();
    }

    @Test
    void renew_endedOrEphemeral_isFalse() {
      Session session = fixture.live(fixture.loggedIn("alice"));
      manager.invalidate(session);

      assertThat(manager.renew(session)).isFalse();
    }
  }

  @Nested
  class Invalidate {

    @Test
    @DisplayName("deleted before it returns, reported once, and a second call has no effect")
    void invalidate_twice_isReportedOnce() {
      String token = fixture.loggedIn("alice");
      Session one = fixture.live(token);
      Session other = fixture.live(token);
      manager.invalidate(one);
      manager.invalidate(one);
      manager.invalidate(other);

      assertThat(fixture.isLive(token)).isFalse();
      assertEndedOnce(EndReason.LOGOUT);
    }

    @Test
    @DisplayName("a session without an idle limit can be logged out like any other")
    void invalidate_neverIdle() {
      String token = fixture.loggedIn("alice");
      Session session = fixture.live(token);
      session.setIdleTimeout(null);
      manager.save(session);
      fixture.clock.advance(Duration.ofHours(11));
      assertThat(fixture.isLive(token)).isTrue();

      manager.invalidate(fixture.live(token));

      assertThat(fixture.isLive(token)).isFalse();
    }

    @Test
    @DisplayName("I9: a logout that failed is not reported as done")
    void invalidate_storeFails_throws() {
      String token = fixture.loggedIn("alice");
      Session session = fixture.live(token);
      fixture.store.beforeNext(
          "delete",
          () -> {
            throw new SessionStoreException("delete: down");
          });

      assertThatThrownBy(() -> manager.invalidate(session))
          .isInstanceOf(SessionStoreException.class);
      assertThat(session.isEnded()).isFalse();
    }

    @Test
    @DisplayName("F11: the event Ended carries the attributes")
    void invalidate_eventHasAttributes() {
      String token = fixture.anonymous();
      manager.invalidate(fixture.live(token));

      SessionEvent.Ended ended = fixture.eventsOf(SessionEvent.Ended.class).get(0);
      assertThat(ended.session().attributes().get("cart").object(EngineFixture.CODEC))
          .isEqualTo("a book");
    }
  }

  @Nested
  class Revoke {

    @Test
    void sessionsOf_listsLiveOnes_lastUsedFirst() {
      fixture.loggedIn("alice");
      fixture.clock.advance(Duration.ofMinutes(20));
      String later = fixture.loggedIn("alice");
      fixture.loggedIn("bob");
      assertThat(manager.sessionsOf("alice")).hasSize(2);
      assertThat(manager.sessionsOf("alice").get(0).id()).hasToString(later.substring(0, 36));

      fixture.clock.advance(Duration.ofMinutes(10));

      assertThat(manager.sessionsOf("alice"))
          .singleElement()
          .satisfies(info -> assertThat(info.id()).hasToString(later.substring(0, 36)));
    }

    @Test
    @DisplayName("I16: principals are compared by exact code points")
    void sessionsOf_isExact() {
      for (String name : List.of("alice", "Alice", "alice ", "álice")) {
        fixture.loggedIn(name);
      }
      assertThat(manager.revokeAllOf("alice")).isEqualTo(1);
      assertThat(manager.sessionsOf("Alice")).hasSize(1);
      assertThat(manager.sessionsOf("alice ")).hasSize(1);
      assertThat(manager.sessionsOf("álice")).hasSize(1);
    }

    @Test
    void revoke_anySession() {
      String token = fixture.loggedIn("alice");
      SessionId id = fixture.live(token).id();

      assertThat(manager.revoke(id)).isTrue();
      assertThat(manager.revoke(id)).isFalse();
      assertThat(fixture.isLive(token)).isFalse();
      assertEndedOnce(EndReason.REVOKED);
    }

    @Test
    @DisplayName(
        "I17: a user can end only their own sessions; foreign and absent ids return the same")
    void revokeOwn_foreignOrAbsent_isFalse() {
      String alice = fixture.loggedIn("alice");
      String phone = fixture.loggedIn("alice");
      String bob = fixture.loggedIn("bob");
      String anonymous = fixture.anonymous();
      Session own = fixture.live(alice);

      assertThat(manager.revokeOwn(own, fixture.live(bob).id())).isFalse();
      assertThat(manager.revokeOwn(own, fixture.live(anonymous).id())).isFalse();
      assertThat(manager.revokeOwn(own, SessionId.of(1, 2))).isFalse();
      assertThat(fixture.isLive(bob)).isTrue();
      assertThat(fixture.isLive(anonymous)).isTrue();
      assertThat(manager.revokeOwn(own, fixture.live(phone).id())).isTrue();
      assertThat(fixture.isLive(phone)).isFalse();
    }

    @Test
    @DisplayName("I17: without a login nothing ends, not even other anonymous sessions")
    void revokeOwn_anonymous_isFalse() {
      Session own = fixture.live(fixture.anonymous());
      String other = fixture.anonymous();

      assertThat(manager.revokeOwn(own, fixture.live(other).id())).isFalse();
      assertThat(manager.revokeOthers(own)).isZero();
      assertThat(fixture.isLive(other)).isTrue();
    }

    @Test
    void revokeOwn_itself_isALogout() {
      String token = fixture.loggedIn("alice");
      Session own = fixture.live(token);

      assertThat(manager.revokeOwn(own, own.id())).isTrue();

      assertThat(own.isEnded()).isTrue();
      assertEndedOnce(EndReason.LOGOUT);
    }

    @Test
    @DisplayName("F17: all other sessions end, and this one stays")
    void revokeOthers_keepsThisOne() {
      String laptop = fixture.loggedIn("alice");
      String phone = fixture.loggedIn("alice");
      String bob = fixture.loggedIn("bob");

      assertThat(manager.revokeOthers(fixture.live(laptop))).isEqualTo(1);

      assertThat(fixture.isLive(laptop)).isTrue();
      assertThat(fixture.isLive(phone)).isFalse();
      assertThat(fixture.isLive(bob)).isTrue();
    }
  }

  @Nested
  @DisplayName("all sessions of the principal, including the request's own")
  class Everywhere {

    @Test
    @DisplayName("stores 7: its own session is looked up again first, and its copy is ended too")
    void revokeAllOwn_endsInOneStep() {
      String laptop = fixture.loggedIn("alice");
      String phone = fixture.loggedIn("alice");
      String bob = fixture.loggedIn("bob");
      Session own = fixture.live(laptop);
      fixture.store.calls.clear();

      assertThat(manager.revokeAllOwn(own)).isEqualTo(2);

      assertThat(own.isEnded()).isTrue();
      manager.invalidate(own);
      assertThat(fixture.store.calls).containsExactly("find", "deleteByPrincipal");
      assertThat(fixture.isLive(laptop)).isFalse();
      assertThat(fixture.isLive(phone)).isFalse();
      assertThat(fixture.isLive(bob)).isTrue();
      assertThat(fixture.eventsOf(SessionEvent.Ended.class)).hasSize(2);
    }

    @Test
    void revokeAllOwn_anonymous_endsNothing() {
      String other = fixture.anonymous();

      assertThat(manager.revokeAllOwn(fixture.live(fixture.anonymous()))).isZero();
      assertThat(fixture.isLive(other)).isTrue();
    }
  }

  @Nested
  class CleanUp {

    @Test
    @DisplayName("F57: only expired sessions are deleted, each reported once with its reason")
    void cleanUp_deletesExpiredOnly() {
      String idle = fixture.anonymous();
      String live = fixture.loggedIn("alice");
      fixture.clock.advance(Duration.ofMinutes(15));

      assertThat(manager.cleanUp()).isEqualTo(1);
      assertThat(manager.cleanUp()).isZero();

      assertEndedOnce(EndReason.IDLE);
      assertThat(fixture.isLive(live)).isTrue();
      assertThat(fixture.isLive(idle)).isFalse();
    }

    @Test
    void cleanUp_absoluteDeadline_isTheReason() {
      String token = fixture.loggedIn("alice");
      Session session = fixture.live(token);
      session.setIdleTimeout(null);
      manager.save(session);
      fixture.clock.advance(Duration.ofHours(12));

      manager.cleanUp();

      assertEndedOnce(EndReason.ABSOLUTE);
    }

    @Test
    void cleanUp_manyBatches_deletesAll() {
      for (int i = 0; i < 2_500; i++) {
        fixture.anonymous();
      }
      fixture.clock.advance(Duration.ofMinutes(15));

      assertThat(manager.cleanUp()).isEqualTo(2_500);
    }

    @Test
    @DisplayName("I15: the sweeper is one named daemon thread, which close() ends with the store")
    void sweeper_runsAndEnds() throws InterruptedException {
      HookedStore store = new HookedStore(InMemorySessionStore.builder().build(), Duration.ZERO);
      CountDownLatch swept = new CountDownLatch(3);
      // A failure in between must not end the thread.
      store.beforeNext("deleteExpired", swept::countDown);
      store.beforeNext(
          "deleteExpired",
          () -> {
            swept.countDown();
            throw new SessionStoreException("deleteExpired: down");
          });
      store.beforeNext("deleteExpired", swept::countDown);
      EngineFixture running =
          new EngineFixture(store, builder -> builder.cleanUpInterval(Duration.ofMillis(1)));
      assertThat(swept.await(60, TimeUnit.SECONDS)).isTrue();
      Optional<Thread> thread = sweeperThread();
      assertThat(thread).isPresent();
      assertThat(thread.orElseThrow().isDaemon()).isTrue();

      running.close();
      running.close();

      assertThat(thread.orElseThrow().isAlive()).isFalse();
      assertThat(store.closed).isTrue();
    }

    private Optional<Thread> sweeperThread() {
      return Thread.getAllStackTraces().keySet().stream()
          .filter(thread -> thread.getName().startsWith("coatcheck-sweeper-"))
          .findFirst();
    }
  }

  @Nested
  @DisplayName("F10: a listener that throws breaks nothing")
  class Listeners {

    @Test
    void listener_throwing_stopsNone() {
      HookedStore store =
          new HookedStore(
              InMemorySessionStore.builder().copyOnRead(true).build(), Duration.ofMinutes(1));
      try (EngineFixture loud =
          new EngineFixture(
              store,
              builder ->
                  builder
                      .listener(
                          event -> {
                            throw new AssertionError("an Error of a listener");
                          })
                      .listener(
                          event -> {
                            throw new IllegalStateException("an exception of a listener");
                          }))) {
        String token = loud.loggedIn("alice");
        loud.manager.invalidate(loud.live(token));

        assertThat(loud.isLive(token)).isFalse();
        assertThat(loud.eventsOf(SessionEvent.Ended.class)).hasSize(1);
      }
    }
  }

  @Nested
  @DisplayName("I11: wrong configuration is refused with setting, rule and value")
  class Configuration {

    @Test
    void build_limitWithoutIndex_isRefused() {
      InMemorySessionStore inner = InMemorySessionStore.builder().build();
      HookedStore store = new HookedStore(inner, Duration.ZERO).withoutIndex();

      assertThatThrownBy(
              () ->
                  SessionManager.builder(store)
                      .codec(EngineFixture.CODEC)
                      .sessionsPerPrincipal(3, WhenFull.EVICT_OLDEST)
                      .build())
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("sessionsPerPrincipal needs a store with a PrincipalIndex")
          .hasMessageContaining(HookedStore.class.getName());
    }

    @Test
    void build_limitOnAStoreThatOnlyLists_isRefused() {
      InMemorySessionStore inner = InMemorySessionStore.builder().build();
      HookedStore store = new HookedStore(inner, Duration.ZERO).withoutLimit();
      SessionManagerBuilder builder =
          SessionManager.builder(store)
              .codec(EngineFixture.CODEC)
              .sessionsPerPrincipal(3, WhenFull.REFUSE_NEWCOMER);

      assertThatThrownBy(builder::build)
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("sessionsPerPrincipal needs a store with a LoginLimit")
          .hasMessageContaining(HookedStore.class.getName());
    }

    @Test
    void store_thatOnlyLists_listsAndRevokes() {
      HookedStore store =
          new HookedStore(InMemorySessionStore.builder().build(), Duration.ZERO).withoutLimit();
      try (EngineFixture plain = new EngineFixture(store, builder -> builder)) {
        plain.loggedIn("alice");
        assertThat(plain.manager.sessionsOf("alice")).hasSize(1);
        assertThat(plain.manager.revokeAllOf("alice")).isEqualTo(1);
        assertThat(plain.manager.sessionsOf("alice")).isEmpty();
      }
    }

    @Test
    void sessionsOf_withoutIndex_saysWhatIsMissing() {
      HookedStore store =
          new HookedStore(InMemorySessionStore.builder().build(), Duration.ZERO).withoutIndex();
      try (EngineFixture plain = new EngineFixture(store, builder -> builder)) {
        assertThatThrownBy(() -> plain.manager.sessionsOf("alice"))
            .isInstanceOf(UnsupportedOperationException.class)
            .hasMessageContaining("PrincipalIndex");
      }
    }

    @Test
    void settings_outOfRange_areRefused() {
      SessionManagerBuilder builder =
          SessionManager.builder(InMemorySessionStore.builder().build());

      assertThatThrownBy(() -> builder.sessionsPerPrincipal(0, WhenFull.EVICT_OLDEST))
          .hasMessage("sessionsPerPrincipal must be at least 1: 0");
      assertThatThrownBy(() -> builder.touchInterval(Duration.ofSeconds(-1)))
          .hasMessage("touchInterval must be between PT0S and PT1H: PT-1S");
      assertThatThrownBy(() -> builder.storeTimeout(Duration.ZERO))
          .hasMessage("storeTimeout must be between PT0.01S and PT1M: PT0S");
      assertThatThrownBy(() -> builder.cleanUpInterval(Duration.ofDays(2)))
          .hasMessage("cleanUpInterval must be between PT0S and PT24H: PT48H");
      assertThatThrownBy(() -> builder.touchInterval(Duration.ofMinutes(2)).build())
          .hasMessageContaining("touchInterval must not be more than a tenth");
    }
  }
}
