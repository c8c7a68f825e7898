package io.coatcheck.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.event.SessionEvent;
import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.nearcache.NearCacheSessionStore;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.WhenFull;
import io.coatcheck.session.token.SessionId;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("I21: whether a session ends is decided in the store, not on an earlier copy")
class EndingsTest {

  private final EngineFixture fixture =
      new EngineFixture(builder -> builder.renewInterval(Duration.ofMinutes(5)));
  private final SessionManager manager = fixture.manager;

  @AfterEach
  void close() {
    fixture.close();
  }

  private static void logIn(SessionManager manager, Session session) {
    EngineFixture.granted(manager.authenticate(session, "alice", LoginOptions.defaults()));
  }

  @Test
  @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  @DisplayName(
      "if the store finds a session but does not delete it, the logout fails instead of looping")
  void invalidate_storeContradictsItself_fails() {
    String token = fixture.loggedIn("alice");
    Session session = fixture.live(token);
    fixture.store.contradictsItself = true;

    assertThatThrownBy(() -> manager.invalidate(session))
        .isInstanceOf(SessionStoreException.class)
        .hasMessageContaining("found and not deleted");
    assertThatThrownBy(() -> manager.adapter().invalidatePresented(List.of(token)))
        .isInstanceOf(SessionStoreException.class);

    assertThat(fixture.isLive(token)).isTrue();
  }

  @Nested
  @DisplayName("a request of which another thread does something meanwhile")
  class OfTwoThreads {

    private final Session session = fixture.live(fixture.loggedIn("alice"));

    @Test
    @DisplayName("is still live if that thread logs in again")
    void stillLive_loggedInMeanwhile() {
      fixture.store.afterNext("find", () -> logIn(manager, session));

      assertThat(manager.isStillLive(session)).isTrue();
    }

    @Test
    @DisplayName("is still live if that thread renews the session")
    void stillLive_renewedMeanwhile() {
      fixture.store.afterNext("find", () -> manager.renew(session));

      assertThat(manager.isStillLive(session)).isTrue();
    }

    @Test
    @DisplayName(
        "is still live if that thread continues with another session, as its own had ended")
    void stillLive_continuedWithAnother() {
      manager.revoke(session.id());
      fixture.store.afterNext("find", () -> logIn(manager, session));

      assertThat(manager.isStillLive(session)).isTrue();
    }

    @Test
    @DisplayName("still ends the user's other sessions if that thread logs in again")
    void revokeOthers_loggedInMeanwhile() {
      String other = fixture.loggedIn("alice");
      fixture.store.afterNext("find", () -> logIn(manager, session));

      assertThat(manager.revokeOthers(session)).isEqualTo(1);

      assertThat(session.isEnded()).isFalse();
      assertThat(fixture.isLive(other)).isFalse();
    }
  }

  @Nested
  @DisplayName("a request that began before a login")
  class FromBefore {

    @ParameterizedTest
    @ValueSource(longs = {0, 999, 60_000})
    @DisplayName("attack 14: does not end a new login of the same principal, early or late")
    void invalidate_afterANewLogin_leavesIt(long millis) {
      String token = fixture.loggedIn("alice");
      Session before = fixture.live(token);
      Session owner = fixture.live(token);
      logIn(manager, owner);
      String current = EngineFixture.sent(owner);
      fixture.clock.advance(Duration.ofMillis(millis));

      assertThat(manager.isStillLive(before)).isFalse();
      assertThat(manager.isStillLive(owner)).isTrue();
      assertThat(manager.invalidate(before)).isFalse();

      assertThat(before.isEnded()).isTrue();
      assertThat(fixture.isLive(current)).isTrue();
      assertThat(fixture.eventsOf(SessionEvent.Ended.class)).isEmpty();
    }

    @Test
    @DisplayName(
        "attack 14: a connection from before an explicit renewal is no longer live; F12: a logout still works")
    void stillLive_afterARenewal_isFalse() {
      String token = fixture.loggedIn("alice");
      Session before = fixture.live(token);
      Session owner = fixture.live(token);
      manager.renew(owner);

      assertThat(manager.isStillLive(before)).isFalse();
      assertThat(manager.isStillLive(owner)).isTrue();
      assertThat(manager.invalidate(before)).isTrue();
      assertThat(manager.isStillLive(owner)).isFalse();
    }

    @Test
    @DisplayName("C2: nor a login into the anonymous session, however recent the request is")
    void invalidate_afterALogin_leavesIt() {
      String token = fixture.anonymous();
      Session before = fixture.live(token);
      Session owner = fixture.live(token);
      logIn(manager, owner);

      assertThat(manager.invalidate(before)).isFalse();
      assertThat(fixture.isLive(EngineFixture.sent(owner))).isTrue();
    }

    @Test
    @DisplayName("C2: nor one that is stored between the decision and the deletion")
    void invalidate_loginMeanwhile_leavesIt() {
      String token = fixture.anonymous();
      Session before = fixture.live(token);
      Session owner = fixture.live(token);
      fixture.store.beforeNext("delete", () -> logIn(manager, owner));

      assertThat(manager.invalidate(before)).isFalse();
      assertThat(fixture.isLive(EngineFixture.sent(owner))).isTrue();
    }

    @Nested
    @DisplayName(
        "and has stored something since, which is merged with the new login of its principal")
    class AndSinceMerged {

      private final String token = fixture.loggedIn("alice");
      private final Session before = fixture.live(token);
      private final Optional<Instant> loginOfBefore = before.authenticatedAt();
      private String current;

      @BeforeEach
      void logInAnewAndMerge() {
        Session owner = fixture.live(token);
        fixture.clock.advance(Duration.ofMinutes(1));
        logIn(manager, owner);
        current = EngineFixture.sent(owner);
        before.setAttribute("a", "1");
        assertThat(manager.save(before)).isTrue();
        assertThat(fixture.stored(before).attributes()).containsKey("a");
      }

      @Test
      @DisplayName("attack 14: is no longer live, and its login is as old as it was")
      void isOfTheEarlierLogin() {
        assertThat(before.authenticatedAt()).isEqualTo(loginOfBefore);
        assertThat(manager.isStillLive(before)).isFalse();
      }

      @Test
      @DisplayName("I3: gets no new secret of the session, and the owner keeps hers")
      void renew_isRefused() {
        assertThat(manager.renew(before)).isFalse();

        assertThat(before.unsentToken()).isEmpty();
        assertThat(fixture.isLive(current)).isTrue();
      }

      @Test
      @DisplayName("attack 14: ends no new login by a logout")
      void invalidate_leavesIt() {
        assertThat(manager.invalidate(before)).isFalse();

        assertThat(fixture.isLive(current)).isTrue();
      }

      @Test
      @DisplayName("attack 14: ends no sessions of the principal")
      void revokeAllOwn_endsNothing() {
        String other = fixture.loggedIn("alice");

        assertThat(manager.revokeAllOwn(before)).isZero();

        assertThat(fixture.isLive(current)).isTrue();
        assertThat(fixture.isLive(other)).isTrue();
      }

      @Test
      @DisplayName("ends the new login by a logout that follows its own login")
      void invalidate_afterAnOwnLogin_endsIt() {
        logIn(manager, before);
        String own = EngineFixture.sent(before);

        assertThat(manager.isStillLive(before)).isTrue();
        assertThat(manager.invalidate(before)).isTrue();
        assertThat(fixture.isLive(own)).isFalse();
      }
    }

    @Test
    @DisplayName("attack 14: a login as another principal does not end a new login either")
    void loginOfAnother_afterANewLogin_leavesIt() {
      String token = fixture.loggedIn("alice");
      Session before = fixture.live(token);
      Session owner = fixture.live(token);
      logIn(manager, owner);

      EngineFixture.granted(manager.authenticate(before, "mallory", LoginOptions.defaults()));

      assertThat(fixture.isLive(EngineFixture.sent(owner))).isTrue();
    }

    @Test
    @DisplayName("a periodic renewal makes no difference: the logout ends it")
    void invalidate_afterARenewalInPassing_endsIt() {
      String token = fixture.loggedIn("alice");
      Session before = fixture.live(token);
      fixture.clock.advance(Duration.ofMinutes(5));
      Session renewing = fixture.live(token);
      assertThat(manager.adapter().renewIfDue(renewing)).isTrue();
      assertThat(manager.isStillLive(before)).isTrue();

      assertThat(manager.invalidate(before)).isTrue();

      assertThat(fixture.isLive(EngineFixture.sent(renewing))).isFalse();
    }

    @Test
    @DisplayName("stores 7: revokes no session that its owner began after ending all")
    void revoke_afterTheEnd_endsNothing() {
      Session before = fixture.live(fixture.loggedIn("alice"));
      Session others = fixture.live(fixture.loggedIn("alice"));
      Session all = fixture.live(fixture.loggedIn("alice"));
      manager.revokeAllOf("alice");
      String current = fixture.loggedIn("alice");

      assertThat(manager.revokeOwn(before, SessionId.parse(current.substring(0, 36)).orElseThrow()))
          .isFalse();
      assertThat(manager.revokeOthers(others)).isZero();
      assertThat(manager.revokeAllOwn(all)).isZero();

      assertThat(fixture.isLive(current)).isTrue();
    }

    @Test
    @DisplayName("attack 14: and none after a new login into the same session")
    void revoke_afterANewLogin_endsNothing() {
      String token = fixture.loggedIn("alice");
      Session before = fixture.live(token);
      Session owner = fixture.live(token);
      logIn(manager, owner);
      String current = EngineFixture.sent(owner);
      String second = fixture.loggedIn("alice");

      assertThat(manager.revokeOwn(before, before.id())).isFalse();
      assertThat(manager.revokeAllOwn(fixture.live(current))).isEqualTo(2);
      assertThat(fixture.isLive(second)).isFalse();
    }
  }

  @Nested
  @DisplayName("on a node with copies")
  class WithCopies {

    private final SessionStore shared = InMemorySessionStore.builder().copyOnRead(true).build();
    private final SessionManager one = node();
    private final SessionManager other = node();

    private SessionManager node() {
      return SessionManager.builder(
              NearCacheSessionStore.builder(shared).maxStaleness(Duration.ofMinutes(1)).build())
          .clock(fixture.clock)
          .codec(EngineFixture.CODEC)
          .cleanUpInterval(Duration.ZERO)
          .build();
    }

    @AfterEach
    void close() {
      one.close();
      other.close();
    }

    private Session live(SessionManager manager, String token) {
      return ((Resolution.Live) manager.adapter().resolve(List.of(token))).session();
    }

    private String loggedIn() {
      Session session =
          EngineFixture.granted(one.authenticate(null, "alice", LoginOptions.defaults()));
      return EngineFixture.sent(session);
    }

    @Test
    @DisplayName("C2: a copy from before the login does not end the login")
    void invalidate_onAnOldCopy_leavesTheLogin() {
      Session begun = one.adapter().create(one.adapter().resolve(List.of()));
      begun.setAttribute("cart", "a book");
      one.save(begun);
      String planted = EngineFixture.sent(begun);
      live(other, planted);
      Session owner = live(one, planted);
      logIn(one, owner);

      assertThat(other.invalidate(live(other, planted))).isFalse();

      assertThat(one.adapter().resolve(List.of(EngineFixture.sent(owner))))
          .isInstanceOf(Resolution.Live.class);
    }

    @Test
    @DisplayName("stores 7: a copy of an ended session ends no later session")
    void revoke_onAnOldCopy_endsNothing() {
      String stolen = loggedIn();
      live(other, stolen);
      one.revokeAllOf("alice");
      String current = loggedIn();
      SessionId id = SessionId.parse(current.substring(0, 36)).orElseThrow();

      assertThat(other.revokeOwn(live(other, stolen), id)).isFalse();
      assertThat(other.adapter().resolve(List.of(current))).isInstanceOf(Resolution.Live.class);
      assertThat(other.revokeOthers(staleCopy(stolen))).isZero();
      assertThat(other.revokeAllOwn(staleCopy(stolen))).isZero();

      assertThat(one.adapter().resolve(List.of(current))).isInstanceOf(Resolution.Live.class);
    }

    /** The copy is gone from the node by then; a request that began before still has its own. */
    private Session staleCopy(String stolen) {
      String another = loggedIn();
      Session copy = live(other, another);
      one.revoke(copy.id());
      assertThat(stolen).isNotEqualTo(another);
      return copy;
    }
  }

  @Nested
  @DisplayName("a presented token")
  class Presented {

    @Test
    @DisplayName("attack 7: ends its session by a replaced secret that still authenticates")
    void invalidatePresented_inGrace_endsIt() {
      String token = fixture.loggedIn("alice");
      fixture.clock.advance(Duration.ofMinutes(5));
      assertThat(manager.adapter().renewIfDue(fixture.live(token))).isTrue();
      assertThat(fixture.isLive(token)).isTrue();

      assertThat(manager.adapter().invalidatePresented(List.of(token))).isEqualTo(1);
      assertThat(fixture.isLive(token)).isFalse();
    }

    @Test
    @DisplayName("attack 7: ends its session at any position, with one look-up")
    void invalidatePresented_many_endsAll() {
      List<String> texts = new ArrayList<>();
      Set<String> tokens = Set.of(fixture.loggedIn("alice"), fixture.loggedIn("bob"));
      for (int i = 0; i < 40; i++) {
        texts.add(tokens.iterator().next().substring(0, 37) + String.format("%042dA", i));
      }
      texts.addAll(tokens);
      texts.addAll(tokens);
      fixture.store.calls.clear();

      assertThat(manager.adapter().invalidatePresented(texts)).isEqualTo(2);
      assertThat(fixture.store.calls).containsExactlyInAnyOrder("find", "find", "delete", "delete");
      assertThat(tokens).noneMatch(fixture::isLive);
    }

    @Test
    @DisplayName("attack 14: a login between look-up and deletion stays")
    void invalidatePresented_loginMeanwhile_leavesIt() {
      String token = fixture.anonymous();
      Session owner = fixture.live(token);
      fixture.store.beforeNext("delete", () -> logIn(manager, owner));

      assertThat(manager.adapter().invalidatePresented(List.of(token))).isZero();
      assertThat(fixture.isLive(EngineFixture.sent(owner))).isTrue();
    }
  }

  @Test
  @DisplayName("a reused secret does not end a login that is stored meanwhile")
  void resolve_reusedSecret_loginMeanwhile() {
    EngineFixture strict =
        new EngineFixture(builder -> builder.renewInterval(Duration.ofMinutes(5)).endOnReuse(true));
    try (strict) {
      String token = strict.loggedIn("alice");
      strict.clock.advance(Duration.ofMinutes(5));
      Session renewing = strict.live(token);
      strict.manager.adapter().renewIfDue(renewing);
      String renewed = EngineFixture.sent(renewing);
      strict.manager.save(strict.live(renewed));
      strict.clock.advance(Duration.ofMinutes(2));
      Session owner = strict.live(renewed);
      strict.store.beforeNext("delete", () -> logIn(strict.manager, owner));

      assertThat(strict.isLive(token)).isFalse();

      assertThat(strict.isLive(EngineFixture.sent(owner))).isTrue();
    }
  }

  @Nested
  @DisplayName("attack 18: a login that validIf refuses")
  class Refused {

    private final EngineFixture limited =
        new EngineFixture(builder -> builder.sessionsPerPrincipal(1, WhenFull.EVICT_OLDEST));

    @AfterEach
    void closeLimited() {
      limited.close();
    }

    private final LoginOptions refused = LoginOptions.builder().validIf(() -> false).build();

    @Test
    @DisplayName("evicts no session")
    void authenticate_refused_evictsNone() {
      String owner = limited.loggedIn("alice");

      assertThat(limited.manager.authenticate(null, "alice", refused))
          .isEqualTo(new LoginOutcome.Refused(LoginResult.NO_LONGER_VALID));

      assertThat(limited.isLive(owner)).isTrue();
    }

    @Test
    @DisplayName("does not end the session of another principal")
    void authenticate_refused_replacesNone() {
      String bob = fixture.loggedIn("bob");

      assertThat(manager.authenticate(fixture.live(bob), "alice", refused))
          .isInstanceOf(LoginOutcome.Refused.class);

      assertThat(fixture.isLive(bob)).isTrue();
    }

    @Test
    @DisplayName("is checked again after the write")
    void authenticate_noLongerValidAfterTheWrite_isEnded() {
      AtomicInteger asked = new AtomicInteger();
      LoginOptions options =
          LoginOptions.builder().validIf(() -> asked.incrementAndGet() == 1).build();

      assertThat(limited.manager.authenticate(null, "alice", options))
          .isInstanceOf(LoginOutcome.Refused.class);

      assertThat(limited.manager.sessionsOf("alice")).isEmpty();
    }
  }

  @Test
  @DisplayName("stores 7: the store in memory compares the generation and deletes in one step")
  void delete_ofAGeneration_isAtomic() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(2);
    try {
      for (int round = 0; round < 1_000; round++) {
        StoredSession stored = fixture.stored(fixture.live(fixture.anonymous()));
        StoredSession rekeyed = stored.toBuilder().generation(stored.generation() + 1).build();
        CyclicBarrier barrier = new CyclicBarrier(2);
        Future<Boolean> update =
            threads.submit(
                () -> {
                  barrier.await(60, TimeUnit.SECONDS);
                  return fixture.store.update(rekeyed, fixture.clock.instant());
                });
        Future<Boolean> deletion =
            threads.submit(
                () -> {
                  barrier.await(60, TimeUnit.SECONDS);
                  return fixture.store.delete(stored.id(), stored.generation()).isPresent();
                });

        // If both succeeded, the deletion would have ended what the update had just stored.
        assertThat(update.get(60, TimeUnit.SECONDS)).isNotEqualTo(deletion.get());
        assertThat(fixture.store.find(stored.id()).isPresent()).isEqualTo(update.get());
      }
    } finally {
      threads.shutdownNow();
    }
  }
}
