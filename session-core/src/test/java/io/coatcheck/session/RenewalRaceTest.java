package io.coatcheck.session;

import static io.coatcheck.session.EngineFixture.granted;
import static io.coatcheck.session.EngineFixture.sent;
import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.event.EndReason;
import io.coatcheck.session.event.SessionEvent;
import io.coatcheck.session.store.StoredSession;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** A renewal in passing, and what else happens to the session at that time. */
class RenewalRaceTest {

  @AutoClose private final EngineFixture fixture = EngineFixture.renewing();
  private final SessionManager manager = fixture.manager;

  private void pass(int seconds) {
    fixture.pass(Duration.ofSeconds(seconds));
  }

  private static Session login(SessionManager manager, Session session) {
    return granted(manager.authenticate(session, "alice", LoginOptions.defaults()));
  }

  @Nested
  @DisplayName("attack 3: a client with the old secret after the owner has presented the new one")
  class AfterTheConfirmation {

    private final String old = fixture.loggedIn("alice");

    @Test
    @DisplayName("attack 3: is accepted for the grace period, and gets no new secret")
    void resolve_withinTheGrace_isNotRenewed() {
      String owners = fixture.renewed(old);
      pass(55);
      assertThat(fixture.serve(owners)).isEqualTo(owners);
      pass(6);

      assertThat(fixture.serve(old)).as("61 seconds after the renewal").isEqualTo(old);

      assertThat(fixture.isLive(owners)).isTrue();
      pass(4);
      assertThat(fixture.isLive(old)).as("after the grace").isFalse();
      assertThat(fixture.eventsOf(SessionEvent.Ended.class))
          .extracting(SessionEvent.Ended::reason)
          .containsExactly(EndReason.REUSE);
    }

    @Test
    @DisplayName("attack 3: nor if both arrive together, in either order: the new one counts")
    void resolve_bothTogether_isConfirmed() {
      for (boolean newFirst : List.of(true, false)) {
        String before = fixture.loggedIn("alice");
        String owners = fixture.renewed(before);
        pass(61);
        List<String> both = newFirst ? List.of(owners, before) : List.of(before, owners);
        Session session = ((Resolution.Live) manager.adapter().resolve(both)).session();

        assertThat(manager.adapter().renewIfDue(session)).as("new first: " + newFirst).isFalse();
        assertThat(manager.save(session)).isTrue();

        assertThat(Drafts.isUnconfirmed(fixture.stored(session))).isFalse();
      }
    }

    @Test
    @DisplayName("attack 3: nor if the owner presents the new one while the request is under way")
    void renewIfDue_confirmedMeanwhile_isNotRenewed() {
      String owners = fixture.renewed(old);
      pass(61);
      Session thief = fixture.live(old);
      assertThat(thief.renewal()).isEqualTo(Renewal.LOST);
      fixture.serve(owners);

      assertThat(manager.adapter().renewIfDue(thief)).isFalse();
      assertThat(manager.save(thief)).isTrue();

      assertThat(thief.unsentToken()).isEmpty();
      assertThat(fixture.isLive(owners)).isTrue();
    }

    @Test
    @DisplayName("attack 3: nor on a node whose clock lags behind that of the confirmation")
    void resolve_onALaggingNode_isNotRenewed() {
      String owners = fixture.renewed(old);
      pass(70);
      fixture.serve(owners);
      pass(-8);

      assertThat(fixture.serve(old)).isEqualTo(old);
      assertThat(fixture.isLive(owners)).isTrue();
    }

    @Test
    @DisplayName("attack 3: a confirmation just before the absolute deadline counts")
    void resolve_confirmedJustBeforeTheDeadline_isNotRenewed() {
      fixture.pass(Duration.ofMinutes(20).minusSeconds(65));
      String first = fixture.serve(old);
      assertThat(fixture.serve(first)).isEqualTo(first);
      for (int i = 0; i < 34; i++) {
        fixture.pass(Duration.ofMinutes(20));
        first = fixture.serve(first);
        assertThat(fixture.serve(first)).isEqualTo(first);
      }
      fixture.pass(Duration.ofMinutes(20));
      String current = fixture.serve(first);
      pass(60);
      fixture.serve(current);

      StoredSession stored = fixture.stored(fixture.live(current));
      assertThat(stored.previousReadableUntil())
          .hasValueSatisfying(until -> assertThat(until).isBefore(stored.absoluteDeadline()));
    }
  }

  @Test
  @DisplayName("stores 17: a late confirmation does not shorten the grace of a later renewal")
  void save_confirmationOfAnEarlierSecret_keepsTheGrace() {
    String old = fixture.loggedIn("alice");
    String first = fixture.renewed(old);
    Session slow = fixture.live(first);
    assertThat(slow.renewal()).isEqualTo(Renewal.CONFIRM);
    fixture.serve(first);
    fixture.pass(EngineFixture.RENEWAL);
    Session losesItsAnswer = fixture.live(first);
    assertThat(manager.adapter().renewIfDue(losesItsAnswer)).isTrue();

    slow.setAttribute("late", "1");
    assertThat(manager.save(slow)).isTrue();
    pass(61);

    String again = fixture.serve(first);
    assertThat(again).isNotEqualTo(first);
    assertThat(fixture.live(again).attribute("late")).isEqualTo("1");
    assertThat(fixture.eventsOf(SessionEvent.Ended.class)).isEmpty();
  }

  @Nested
  @DisplayName("C4: costs no attribute and leaves no second session")
  class Meanwhile {

    @Test
    @DisplayName("C4: a login of the same user")
    void authenticate_sameUser_keepsTheSession() {
      String old = fixture.loggedIn("alice");
      Session filling = fixture.live(old);
      filling.setAttribute("basket", "full");
      manager.save(filling);
      fixture.pass(EngineFixture.RENEWAL);
      Session login = fixture.live(old);
      login.setAttribute("own", "1");
      Session parallel = fixture.live(old);
      parallel.setAttribute("parallel", "2");
      assertThat(manager.adapter().renewIfDue(parallel)).isTrue();

      Session now = login(manager, login);

      assertThat(now.id()).isEqualTo(parallel.id());
      String token = sent(now);
      assertThat(fixture.live(token).attributeNames()).containsExactly("basket", "own", "parallel");
      assertThat(manager.sessionsOf("alice")).hasSize(1);
      assertThat(fixture.isLive(sent(parallel))).isFalse();
      assertThat(fixture.isLive(old)).isFalse();
    }

    @Test
    @DisplayName("C4: the login of an anonymous session")
    void authenticate_anonymous_keepsTheSession() {
      String old = fixture.anonymous();
      fixture.pass(EngineFixture.RENEWAL);
      Session login = fixture.live(old);
      Session parallel = fixture.live(old);
      assertThat(manager.adapter().renewIfDue(parallel)).isTrue();

      Session now = login(manager, login);

      assertThat(now.id()).isEqualTo(parallel.id());
      assertThat(fixture.live(sent(now)).attribute("cart")).isEqualTo("a book");
      assertThat(fixture.isLive(old)).isFalse();
      assertThat(fixture.isLive(sent(parallel))).isFalse();
    }

    @Test
    @DisplayName("C4: changeSessionId")
    void renew_keepsTheSession() {
      String old = fixture.loggedIn("alice");
      fixture.pass(EngineFixture.RENEWAL);
      Session changing = fixture.live(old);
      Session parallel = fixture.live(old);
      parallel.setAttribute("parallel", "2");
      assertThat(manager.adapter().renewIfDue(parallel)).isTrue();

      assertThat(manager.renew(changing)).isTrue();

      assertThat(fixture.live(sent(changing)).attribute("parallel")).isEqualTo("2");
      assertThat(fixture.isLive(sent(parallel))).isFalse();
      assertThat(fixture.isLive(old)).isFalse();
    }

    @Test
    @DisplayName("C4: a renewal that finds a new login does nothing, and its changes are kept")
    void renewIfDue_afterALogin_isNone() {
      String old = fixture.loggedIn("alice");
      fixture.pass(EngineFixture.RENEWAL);
      Session late = fixture.live(old);
      late.setAttribute("late", "1");
      Session now = login(manager, fixture.live(old));

      assertThat(manager.adapter().renewIfDue(late)).isFalse();
      assertThat(manager.save(late)).isTrue();

      assertThat(fixture.live(sent(now)).attribute("late")).isEqualTo("1");
    }
  }

  @Nested
  @DisplayName("I3: but a login is not a periodic renewal, even within the same millisecond")
  class AfterALogin {

    private final String old = fixture.loggedIn("alice");
    private final Session slow = fixture.live(old);
    private final String owners = sent(login(manager, fixture.live(old)));

    @Test
    void renew_fromBefore_isRefused() {
      assertThat(manager.renew(slow)).isFalse();
      assertThat(fixture.isLive(owners)).isTrue();
    }

    @Test
    void authenticate_fromBefore_getsItsOwnSession() {
      Session other = login(manager, slow);

      assertThat(fixture.isLive(owners)).isTrue();
      assertThat(other.id()).isNotEqualTo(fixture.live(owners).id());
    }
  }
}
