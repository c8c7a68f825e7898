package io.coatcheck.session;

import static io.coatcheck.session.EngineFixture.granted;
import static io.coatcheck.session.EngineFixture.sent;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.event.DropReason;
import io.coatcheck.session.event.EndReason;
import io.coatcheck.session.event.SessionEvent;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.WhenFull;
import io.coatcheck.session.token.SessionId;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AuthenticateTest {

  private final EngineFixture fixture = new EngineFixture();
  private final SessionManager manager = fixture.manager;

  @AfterEach
  void close() {
    fixture.close();
  }

  private Session login(Session session, String principal) {
    return granted(manager.authenticate(session, principal, LoginOptions.defaults()));
  }

  @Nested
  @DisplayName("on an anonymous session that exists")
  class OnAnonymous {

    @Test
    @DisplayName("F19: the id stays, the secret changes, the attributes stay, in one write")
    void authenticate_keepsIdAndAttributes() {
      String before = fixture.anonymous();
      Session session = fixture.live(before);
      SessionId id = session.id();
      session.setAttribute("own", "1");
      fixture.store.calls.clear();

      Session loggedIn = login(session, "alice");

      assertThat(fixture.store.calls).containsExactly("update");
      assertThat(loggedIn).isSameAs(session);
      String after = sent(loggedIn);
      assertThat(after).startsWith(id.toString()).isNotEqualTo(before);
      Session next = fixture.live(after);
      assertThat(next.principal()).contains("alice");
      assertThat(next.authenticatedAt()).contains(fixture.clock.instant());
      assertThat(next.attributeNames()).containsExactly("cart", "own");
      assertThat(next.generation()).isEqualTo(1);
    }

    @Test
    @DisplayName("I3: no earlier secret authenticates, whatever the session held (fixation)")
    void authenticate_earlierSecretIsDead() {
      String attacker = fixture.anonymous();
      String victim = sent(login(fixture.live(attacker), "alice"));

      assertThat(fixture.isLive(attacker)).isFalse();
      String again = sent(login(fixture.live(victim), "alice"));
      assertThat(fixture.isLive(victim)).isFalse();
      assertThat(fixture.isLive(attacker)).isFalse();
      assertThat(fixture.isLive(again)).isTrue();
    }

    @Test
    @DisplayName(
        "I3, F25: a request from before the login cannot undo it, and its changes are dropped")
    void save_fromBeforeTheLogin_isDropped() {
      String before = fixture.anonymous();
      Session slow = fixture.live(before);
      slow.setAttribute("cart", "attacker's");
      Session loggedIn = login(fixture.live(before), "alice");

      assertThat(manager.save(slow)).isFalse();

      StoredSession stored = fixture.stored(loggedIn);
      assertThat(stored.principal()).contains("alice");
      Session after = fixture.live(sent(loggedIn));
      assertThat(after.attribute("cart")).isEqualTo("a book");
      assertThat(fixture.eventsOf(SessionEvent.WriteDropped.class))
          .singleElement()
          .extracting(SessionEvent.WriteDropped::reason)
          .isEqualTo(DropReason.REKEYED);
    }

    @Test
    @DisplayName("a plain attribute conflict is merged into the login")
    void authenticate_attributeConflict_isMerged() {
      String before = fixture.anonymous();
      Session slow = fixture.live(before);
      fixture.store.beforeNext(
          "update",
          () -> {
            Session other = fixture.live(before);
            other.setAttribute("other", "2");
            manager.save(other);
          });

      Session loggedIn = login(slow, "alice");

      assertThat(fixture.live(sent(loggedIn)).attributeNames()).containsExactly("cart", "other");
      assertThat(loggedIn.id()).hasToString(before.substring(0, 36));
    }

    @Test
    @DisplayName("two logins at once: one keeps the session, the other gets its own")
    void authenticate_twoLogins_bothSucceed() {
      String before = fixture.anonymous();
      Session one = fixture.live(before);
      Session other = fixture.live(before);
      other.setAttribute("own", "1");

      String first = sent(login(one, "alice"));
      String second = sent(login(other, "bob"));

      assertThat(fixture.live(first).principal()).contains("alice");
      Session bob = fixture.live(second);
      assertThat(bob.principal()).contains("bob");
      assertThat(bob.id()).isNotEqualTo(one.id());
      assertThat(bob.attributeNames()).containsExactly("cart", "own");
      assertThat(fixture.isLive(before)).isFalse();
    }

    @Test
    @DisplayName("I8: ended meanwhile: a new session with the anonymous one's attributes")
    void authenticate_gone_beginsAnew() {
      String before = fixture.anonymous();
      Session session = fixture.live(before);
      SessionId oldId = session.id();
      manager.revoke(oldId);

      Session loggedIn = login(session, "alice");

      assertThat(loggedIn.id()).isNotEqualTo(oldId);
      assertThat(loggedIn.isNew()).isTrue();
      assertThat(fixture.live(sent(loggedIn)).attribute("cart")).isEqualTo("a book");
      assertThat(fixture.store.find(oldId)).isEmpty();
    }

    @Test
    @DisplayName("I2: expired meanwhile: a new session, and the old one stays expired")
    void authenticate_expiredMeanwhile_beginsAnew() {
      String before = fixture.anonymous();
      Session session = fixture.live(before);
      SessionId oldId = session.id();
      fixture.clock.advance(Duration.ofMinutes(15));

      Session loggedIn = login(session, "alice");

      assertThat(loggedIn.id()).isNotEqualTo(oldId);
      assertThat(fixture.isLive(before)).isFalse();
      assertThat(fixture.isLive(sent(loggedIn))).isTrue();
    }
  }

  @Nested
  @DisplayName("on an authenticated session")
  class OnAuthenticated {

    @Test
    @DisplayName("the same principal again: renewed, with a new absolute deadline")
    void authenticate_again_resetsTheAbsoluteDeadline() {
      String token = fixture.loggedIn("alice");
      for (int i = 0; i < 30; i++) {
        fixture.clock.advance(Duration.ofMinutes(20));
        manager.save(fixture.live(token));
      }
      long generation = fixture.live(token).generation();
      Session session = login(fixture.live(token), "alice");

      Instant now = fixture.clock.instant();
      assertThat(session.absoluteDeadline()).isEqualTo(now.plus(Duration.ofHours(12)));
      assertThat(session.authenticatedAt()).contains(now);
      assertThat(session.generation()).isEqualTo(generation + 1);
    }

    @Test
    @DisplayName("I4: requests from before a re-authentication of the same principal merge")
    void save_fromBeforeReauthentication_merges() {
      String token = fixture.loggedIn("alice");
      Session slow = fixture.live(token);
      slow.setAttribute("draft", "text");
      fixture.clock.advance(Duration.ofSeconds(5));
      Session again = login(fixture.live(token), "alice");
      String after = sent(again);

      assertThat(manager.save(slow)).isTrue();

      Session next = fixture.live(after);
      assertThat(next.attribute("draft")).isEqualTo("text");
      assertThat(next.authenticatedAt()).contains(fixture.clock.instant());
      assertThat(fixture.isLive(token)).isFalse();
    }

    @Test
    @DisplayName("I4: but requests from before an earlier renewal do not")
    void save_fromBeforeRenewalAndReauthentication_isDropped() {
      String token = fixture.loggedIn("alice");
      Session slow = fixture.live(token);
      slow.setAttribute("draft", "text");
      Session renewing = fixture.live(token);
      manager.renew(renewing);
      String renewed = sent(renewing);
      login(fixture.live(renewed), "alice");

      assertThat(manager.save(slow)).isFalse();
    }

    @Test
    @DisplayName("another principal: the old session ends first and nothing is carried over")
    void authenticate_another_carriesNothingOver() {
      String token = fixture.loggedIn("alice");
      Session alice = fixture.live(token);
      alice.setAttribute("secret", "alice's");
      manager.save(alice);
      alice.setAttribute("own", "of this request");
      SessionId aliceId = alice.id();

      Session bob = login(alice, "bob");

      assertThat(bob).isNotSameAs(alice);
      assertThat(alice.isEnded()).isTrue();
      assertThat(bob.id()).isNotEqualTo(aliceId);
      assertThat(bob.attributeNames()).isEmpty();
      assertThat(fixture.store.find(aliceId)).isEmpty();
      assertThat(fixture.eventsOf(SessionEvent.Ended.class))
          .singleElement()
          .extracting(SessionEvent.Ended::reason)
          .isEqualTo(EndReason.REPLACED);
    }

    @Test
    @DisplayName("I3: re-keyed meanwhile: a new session with this request's own changes only")
    void authenticate_rekeyedMeanwhile_beginsAnew() {
      String token = fixture.loggedIn("alice");
      Session first = fixture.live(token);
      first.setAttribute("private", "1");
      manager.save(first);
      Session slow = fixture.live(token);
      slow.setAttribute("own", "2");
      Session other = fixture.live(token);
      manager.renew(other);

      Session again = login(slow, "alice");

      assertThat(again.id()).isNotEqualTo(other.id());
      assertThat(fixture.live(sent(again)).attributeNames()).containsExactly("own");
      assertThat(fixture.isLive(sent(other))).isTrue();
    }
  }

  @Nested
  @DisplayName("on no session")
  class OnNone {

    @Test
    void authenticate_null_insertsOnce() {
      String token = fixture.loggedIn("alice");

      assertThat(fixture.store.calls).containsExactly("insert");
      assertThat(fixture.live(token).principal()).contains("alice");
      assertThat(fixture.eventsOf(SessionEvent.Created.class)).hasSize(1);
      assertThat(fixture.eventsOf(SessionEvent.Authenticated.class)).hasSize(1);
    }

    @Test
    @DisplayName("a session begun by this request keeps its id and its changes")
    void authenticate_new_keepsItsId() {
      Session session = manager.adapter().create(manager.adapter().resolve(List.of()));
      session.setAttribute("own", "1");
      SessionId id = session.id();

      Session loggedIn = login(session, "alice");

      assertThat(loggedIn).isSameAs(session);
      assertThat(loggedIn.id()).isEqualTo(id);
      assertThat(fixture.store.calls).containsExactly("insert");
      assertThat(fixture.live(sent(loggedIn)).attribute("own")).isEqualTo("1");
    }

    @Test
    @DisplayName("I8: an ephemeral session becomes a real one by a login, with its changes")
    void authenticate_ephemeral_becomesReal() {
      String before = fixture.anonymous();
      login(fixture.live(before), "alice");
      Session late = manager.adapter().create(manager.adapter().resolve(List.of(before)));
      late.setAttribute("own", "1");
      SessionId shown = late.id();

      Session loggedIn = login(late, "alice");

      assertThat(loggedIn.isEphemeral()).isFalse();
      assertThat(loggedIn.id()).isNotEqualTo(shown);
      assertThat(fixture.live(sent(loggedIn)).attribute("own")).isEqualTo("1");
    }

    @Test
    void authenticate_ended_beginsAnew() {
      Session session = fixture.live(fixture.anonymous());
      manager.invalidate(session);

      Session loggedIn = login(session, "alice");

      assertThat(loggedIn).isNotSameAs(session);
      assertThat(loggedIn.attributeNames()).isEmpty();
    }

    @Test
    @DisplayName("F28: create, renew, renew, log in: one row, one token")
    void authenticate_afterRenewalsOfADraft() {
      Session session = manager.adapter().create(manager.adapter().resolve(List.of()));
      manager.renew(session);
      manager.renew(session);
      assertThat(session.generation()).isEqualTo(2);

      login(session, "alice");

      assertThat(session.generation()).isEqualTo(3);
      assertThat(fixture.store.calls).containsExactly("insert");
      assertThat(fixture.stored(session).previousSecretHash()).isEmpty();
      assertThat(fixture.isLive(sent(session))).isTrue();
    }
  }

  @Nested
  class Options {

    @Test
    @DisplayName("a remembered login has its own limits")
    void authenticate_remembered() {
      Session session = granted(manager.authenticate(null, "alice", LoginOptions.remember()));

      assertThat(session.isRemembered()).isTrue();
      assertThat(session.idleTimeout()).contains(Duration.ofDays(14));
      assertThat(session.absoluteDeadline())
          .isEqualTo(fixture.clock.instant().plus(Duration.ofDays(30)));
    }

    private LoginOptions provenAt(Instant moment) {
      return LoginOptions.builder().authenticatedAt(moment).build();
    }

    @Test
    @DisplayName("who proved it earlier has no fresh login, and all of the time limits")
    void authenticate_provenEarlier_keepsThatMoment() {
      Instant proven = fixture.clock.instant().minus(Duration.ofDays(10));
      Session session = fixture.live(fixture.anonymous());

      String token = sent(granted(manager.authenticate(session, "alice", provenAt(proven))));

      Session next = fixture.live(token);
      assertThat(next.authenticatedAt()).contains(proven);
      assertThat(next.absoluteDeadline())
          .isEqualTo(fixture.clock.instant().plus(Duration.ofHours(12)));
      assertThat(manager.sessionsOf("alice").get(0).authenticatedAt()).contains(proven);
    }

    @Test
    void authenticate_provenEarlier_onANewSession_keepsThatMoment() {
      Session session = granted(manager.authenticate(null, "alice", provenAt(Instant.EPOCH)));

      assertThat(fixture.live(sent(session)).authenticatedAt()).contains(Instant.EPOCH);
      assertThat(manager.revokeAllOf("alice")).isEqualTo(1);
    }

    @Test
    void authenticate_provenLater_isProvenNow() {
      Instant now = fixture.clock.instant();
      Session session = granted(manager.authenticate(null, "alice", provenAt(now.plusSeconds(60))));

      assertThat(session.authenticatedAt()).contains(now);
    }

    @Test
    @DisplayName("a moment of a later login never goes back, and each login has its own")
    void authenticate_provenEarlierThanTheLoginBefore_keepsThat() {
      Session session = fixture.live(fixture.loggedIn("alice"));
      Instant before = session.authenticatedAt().orElseThrow();
      fixture.clock.advance(Duration.ofMinutes(5));

      session = granted(manager.authenticate(session, "alice", provenAt(Instant.EPOCH)));
      assertThat(session.authenticatedAt()).contains(before.plusMillis(1));

      session = login(session, "alice");
      assertThat(session.authenticatedAt()).contains(fixture.clock.instant());
    }

    @ParameterizedTest
    @ValueSource(strings = {"1969-12-31T23:59:59.999Z", "+10000-01-01T00:00:00Z"})
    void authenticatedAt_outOfRange_isRefused(String moment) {
      LoginOptions.Builder options = LoginOptions.builder();

      assertThatThrownBy(() -> options.authenticatedAt(Instant.parse(moment)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("authenticatedAt must lie between 1970 and the end of the year");
    }

    @Test
    @DisplayName("a secret that such a login replaced is late, and no sign of a theft")
    void authenticate_provenEarlier_replacedSecretEndsNothing() {
      try (EngineFixture strict = new EngineFixture(builder -> builder.endOnReuse(true))) {
        String old = strict.anonymous();
        Session session = strict.live(old);
        String token =
            sent(granted(strict.manager.authenticate(session, "alice", provenAt(Instant.EPOCH))));
        strict.clock.advance(Duration.ofMinutes(2));

        assertThat(strict.manager.adapter().resolve(List.of(old)))
            .isInstanceOf(Resolution.Superseded.class);
        assertThat(strict.isLive(token)).isTrue();

        session = strict.live(token);
        strict.manager.renew(session);
        String renewed = sent(session);
        strict.clock.advance(Duration.ofMinutes(2));
        assertThat(strict.manager.adapter().resolve(List.of(token)))
            .isInstanceOf(Resolution.Superseded.class);
        assertThat(strict.isLive(renewed)).as("after a renewal it is one").isFalse();
      }
    }

    @Test
    void authenticate_withClient_recordsIt() {
      LoginOptions options =
          LoginOptions.builder().client("192.0.2.7", "Agent/1.0 \u0000" + "x".repeat(200)).build();
      manager.authenticate(null, "alice", options);

      SessionInfo info = manager.sessionsOf("alice").get(0);
      assertThat(info.clientAddress()).contains("192.0.2.7");
      assertThat(info.userAgent().orElseThrow()).startsWith("Agent/1.0 \uFFFDxxx").hasSize(128);
    }

    @Test
    void authenticate_dropAttributesAtLogin_startsEmpty() {
      try (EngineFixture strict =
          new EngineFixture(builder -> builder.dropAttributesAtLogin(true))) {
        Session session = strict.live(strict.anonymous());
        session.setAttribute("own", "1");
        granted(strict.manager.authenticate(session, "alice", LoginOptions.defaults()));

        assertThat(session.attributeNames()).isEmpty();
        strict.manager.save(session);
        assertThat(strict.live(sent(session)).attributeNames()).isEmpty();
      }
    }

    @Test
    @DisplayName("what a granted login drops is reported as the store had it")
    void authenticate_dropAttributesAtLogin_reportsWhatWasStored() {
      try (EngineFixture strict =
          new EngineFixture(builder -> builder.dropAttributesAtLogin(true))) {
        String token = strict.anonymous();
        Session session = strict.live(token);
        Session other = strict.live(token);
        other.setAttribute("late", "1");
        strict.manager.save(other);
        List<StoredSession> dropped = new ArrayList<>();
        SessionAdapter adapter = strict.manager.adapter();

        granted(adapter.authenticate(session, "alice", LoginOptions.defaults(), dropped::add));

        assertThat(dropped).hasSize(1);
        assertThat(dropped.get(0).attributes()).containsKey("late");
        LoginOptions refused = LoginOptions.builder().validIf(() -> false).build();
        assertThat(adapter.authenticate(session, "alice", refused, dropped::add).result())
            .isEqualTo(LoginResult.NO_LONGER_VALID);
        assertThat(dropped).hasSize(1);
      }
    }

    @Test
    @DisplayName("the idle timeout of an anonymous session does not outlive the login")
    void authenticate_resetsTheIdleTimeout() {
      Session session = fixture.live(fixture.anonymous());
      session.setIdleTimeout(null);

      login(session, "alice");

      assertThat(session.idleTimeout()).contains(Duration.ofMinutes(30));
      assertThat(fixture.stored(session).idleTimeout()).contains(Duration.ofMinutes(30));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a\u0000", "\uD800"})
    @DisplayName("I16: a principal out of range is refused before anything is done")
    void authenticate_badPrincipal_changesNothing(String principal) {
      String token = fixture.loggedIn("alice");
      Session session = fixture.live(token);

      assertThatThrownBy(() -> manager.authenticate(session, principal, LoginOptions.defaults()))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageStartingWith("principal must");
      assertThat(fixture.isLive(token)).isTrue();
    }

    @Test
    @SuppressWarnings("NullAway")
    void authenticate_withoutPrincipal_saysWhatIsMissing() {
      String token = fixture.loggedIn("alice");
      Session session = fixture.live(token);

      for (Session current : new Session[] {null, session}) {
        assertThatThrownBy(() -> manager.authenticate(current, null, LoginOptions.defaults()))
            .isInstanceOf(NullPointerException.class)
            .hasMessage("principal must not be null");
      }
      assertThat(fixture.isLive(token)).isTrue();
    }

    @Test
    @DisplayName("validIf: a login cannot slip past a change of the password that revokes all")
    void authenticate_noLongerValid_leavesNoSession() {
      AtomicBoolean passwordHolds = new AtomicBoolean(true);
      LoginOptions options = LoginOptions.builder().validIf(passwordHolds::get).build();
      // The password is changed and all sessions revoked just before this login is stored.
      fixture.store.beforeNext(
          "insert",
          () -> {
            passwordHolds.set(false);
            manager.revokeAllOf("alice");
          });

      LoginOutcome result = manager.authenticate(null, "alice", options);

      assertThat(result).isEqualTo(new LoginOutcome.Refused(LoginResult.NO_LONGER_VALID));
      assertThat(manager.sessionsOf("alice")).isEmpty();
    }

    @Test
    void authenticate_validIfThrows_leavesNoSession() {
      LoginOptions options =
          LoginOptions.builder()
              .validIf(
                  () -> {
                    throw new IllegalStateException("user table is down");
                  })
              .build();

      assertThatThrownBy(() -> manager.authenticate(null, "alice", options))
          .hasMessage("user table is down");
      assertThat(manager.sessionsOf("alice")).isEmpty();
    }

    @Test
    @DisplayName("I9: a failed login gives no token, and the next one works")
    void authenticate_storeFails_thenWorks() {
      String before = fixture.anonymous();
      Session session = fixture.live(before);
      fixture.store.beforeNext(
          "update",
          () -> {
            throw new SessionStoreException("update: down");
          });

      assertThatThrownBy(() -> login(session, "alice")).isInstanceOf(SessionStoreException.class);
      assertThat(session.unsentToken()).isEmpty();
      assertThat(session.principal()).isEmpty();

      assertThat(fixture.isLive(sent(login(fixture.live(before), "alice")))).isTrue();
    }
  }

  @Nested
  @DisplayName("I13: a limit per principal")
  class Limit {

    @Test
    void authenticate_evictsTheOldest() {
      try (EngineFixture limited =
          new EngineFixture(builder -> builder.sessionsPerPrincipal(2, WhenFull.EVICT_OLDEST))) {
        String first = limited.loggedIn("alice");
        limited.clock.advance(Duration.ofSeconds(1));
        String second = limited.loggedIn("alice");
        limited.clock.advance(Duration.ofSeconds(1));
        String third = limited.loggedIn("alice");

        assertThat(limited.isLive(first)).isFalse();
        assertThat(limited.isLive(second)).isTrue();
        assertThat(limited.isLive(third)).isTrue();
        assertThat(limited.eventsOf(SessionEvent.Ended.class))
            .singleElement()
            .extracting(SessionEvent.Ended::reason)
            .isEqualTo(EndReason.LIMIT);
        assertThat(limited.isLive(limited.loggedIn("bob"))).isTrue();
      }
    }

    @Test
    @DisplayName("a login of long ago is the first that a limit ends, and ends no newer one itself")
    void authenticate_provenEarlier_evictsOthers_andIsEvictedFirst() {
      try (EngineFixture limited =
          new EngineFixture(builder -> builder.sessionsPerPrincipal(2, WhenFull.EVICT_OLDEST))) {
        LoginOptions unknown = LoginOptions.builder().authenticatedAt(Instant.EPOCH).build();
        String first = limited.loggedIn("alice");
        limited.clock.advance(Duration.ofSeconds(1));
        String second = limited.loggedIn("alice");
        String remembered = sent(granted(limited.manager.authenticate(null, "alice", unknown)));

        assertThat(limited.isLive(first)).isFalse();
        assertThat(limited.isLive(second)).isTrue();
        assertThat(limited.isLive(remembered)).isTrue();

        String third = limited.loggedIn("alice");
        assertThat(limited.isLive(remembered)).isFalse();
        assertThat(limited.isLive(second)).isTrue();
        assertThat(limited.isLive(third)).isTrue();
      }
    }

    @Test
    void authenticate_admitFails_isReported() {
      try (EngineFixture limited =
          new EngineFixture(builder -> builder.sessionsPerPrincipal(2, WhenFull.EVICT_OLDEST))) {
        limited.store.beforeNext(
            "admit",
            () -> {
              throw new SessionStoreException("admit: down");
            });

        assertThatThrownBy(() -> limited.loggedIn("alice"))
            .isInstanceOf(SessionStoreException.class);
        assertThat(limited.eventsOf(SessionEvent.StoreFailed.class))
            .singleElement()
            .extracting(SessionEvent.StoreFailed::operation)
            .isEqualTo("admit");
      }
    }

    @Test
    void authenticate_refusesTheNewcomer_andLeavesTheAnonymousSession() {
      try (EngineFixture limited =
          new EngineFixture(builder -> builder.sessionsPerPrincipal(1, WhenFull.REFUSE_NEWCOMER))) {
        String first = limited.loggedIn("alice");
        String anonymous = limited.anonymous();
        Session session = limited.live(anonymous);

        LoginOutcome result =
            limited.manager.authenticate(session, "alice", LoginOptions.defaults());

        assertThat(result).isEqualTo(new LoginOutcome.Refused(LoginResult.LIMIT_REACHED));
        assertThat(limited.isLive(first)).isTrue();
        assertThat(limited.isLive(anonymous)).isTrue();
        assertThat(session.principal()).isEmpty();
        // A second login on a session that already counts is not a newcomer.
        Session again = limited.live(first);
        granted(limited.manager.authenticate(again, "alice", LoginOptions.defaults()));
      }
    }
  }
}
