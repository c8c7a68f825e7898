package io.coatcheck.session;

import static io.coatcheck.session.EngineFixture.granted;
import static io.coatcheck.session.EngineFixture.sent;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.event.EndReason;
import io.coatcheck.session.event.SessionEvent;
import java.time.Duration;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class PeriodicRenewalTest {

  @AutoClose private final EngineFixture fixture = EngineFixture.renewing();
  private final SessionManager manager = fixture.manager;

  @Test
  void renewIfDue_beforeTheInterval_costsNothing() {
    String token = fixture.loggedIn("alice");
    fixture.pass(EngineFixture.RENEWAL.minusMillis(1));
    Session session = fixture.live(token);
    fixture.store.calls.clear();

    assertThat(manager.adapter().renewIfDue(session)).isFalse();
    assertThat(fixture.store.calls).isEmpty();
  }

  @Test
  @DisplayName("the old secret reads until the new one was presented, and 10 seconds more")
  void renewIfDue_oldSecretReadsForTheGrace() {
    String old = fixture.loggedIn("alice");
    String fresh = fixture.renewed(old);
    assertThat(fresh).isNotEqualTo(old);
    assertThat(fixture.isLive(old)).isTrue();

    assertThat(fixture.serve(fresh)).isEqualTo(fresh);
    fixture.pass(TokenJudge.RENEWAL_GRACE.minusMillis(1));
    assertThat(fixture.isLive(old)).isTrue();

    fixture.pass(Duration.ofMillis(1));
    assertThat(fixture.isLive(old)).isFalse();
    assertThat(fixture.isLive(fresh)).isTrue();
  }

  @Test
  @DisplayName("a lost response does not log the user out: the old secret gets another new one")
  void renewIfDue_responseLost_renewsAgain() {
    String old = fixture.loggedIn("alice");
    String lost = fixture.renewed(old);
    fixture.pass(Duration.ofSeconds(59));
    assertThat(fixture.serve(old)).as("the answer may still be under way").isEqualTo(old);
    fixture.pass(Duration.ofSeconds(1));

    String second = fixture.serve(old);

    assertThat(second).isNotIn(old, lost);
    assertThat(fixture.isLive(old)).as("this answer may be lost too").isTrue();
    assertThat(fixture.isLive(lost)).isFalse();
    fixture.serve(second);
    fixture.pass(TokenJudge.RENEWAL_GRACE);
    assertThat(fixture.isLive(old)).isFalse();
    assertThat(fixture.isLive(second)).isTrue();
  }

  @Test
  @DisplayName("F53: of parallel requests when renewal is due, one renews and all succeed")
  void renewIfDue_parallel_oneWins() {
    String old = fixture.loggedIn("alice");
    fixture.pass(EngineFixture.RENEWAL);
    Session one = fixture.live(old);
    Session other = fixture.live(old);
    other.setAttribute("other", "1");
    one.setAttribute("one", "1");

    assertThat(manager.adapter().renewIfDue(one)).isTrue();
    assertThat(manager.adapter().renewIfDue(other)).isFalse();
    assertThat(manager.save(other)).isTrue();

    assertThat(other.unsentToken()).isEmpty();
    assertThat(fixture.live(sent(one)).attributeNames()).containsExactly("one", "other");
  }

  @Test
  @DisplayName("I3: a login closes every grace at once")
  void authenticate_closesTheGrace() {
    String old = fixture.loggedIn("alice");
    String fresh = fixture.renewed(old);

    String after =
        sent(granted(manager.authenticate(fixture.live(fresh), "alice", LoginOptions.defaults())));

    assertThat(fixture.isLive(old)).isFalse();
    assertThat(fixture.isLive(fresh)).isFalse();
    assertThat(fixture.isLive(after)).isTrue();
  }

  @Test
  @DisplayName("renewal does not extend the absolute deadline")
  void renewIfDue_keepsTheDeadline() {
    String token = fixture.loggedIn("alice");
    for (int i = 0; i < 143; i++) {
      token = fixture.renewed(token);
    }
    fixture.pass(EngineFixture.RENEWAL);
    assertThat(fixture.isLive(token)).isFalse();
  }

  @Nested
  @DisplayName("a superseded secret that is presented again")
  class Reuse {

    @Test
    void resolve_afterTheMinute_endsTheSession() {
      String old = fixture.loggedIn("alice");
      String fresh = fixture.renewed(old);
      fixture.serve(fresh);
      fixture.pass(Duration.ofMinutes(1));

      assertThat(fixture.isLive(old)).isFalse();

      assertThat(fixture.isLive(fresh)).isFalse();
      assertThat(fixture.eventsOf(SessionEvent.Ended.class))
          .extracting(SessionEvent.Ended::reason)
          .containsExactly(EndReason.REUSE);
    }

    @Test
    @DisplayName("within the minute it is a late request, and ends nothing")
    void resolve_withinTheMinute_endsNothing() {
      String old = fixture.loggedIn("alice");
      String fresh = fixture.renewed(old);
      fixture.serve(fresh);
      fixture.pass(Duration.ofSeconds(30));

      assertThat(fixture.isLive(old)).isFalse();
      assertThat(fixture.isLive(fresh)).isTrue();
    }

    @Test
    @DisplayName("superseded by a login: an attacker who planted it cannot log the victim out")
    void resolve_supersededByLogin_endsNothing() {
      String planted = fixture.anonymous();
      String victim =
          sent(
              granted(
                  manager.authenticate(fixture.live(planted), "alice", LoginOptions.defaults())));
      fixture.pass(Duration.ofMinutes(2));

      assertThat(fixture.isLive(planted)).isFalse();
      assertThat(fixture.isLive(victim)).isTrue();
    }

    @Test
    @DisplayName("a forged secret ends nothing")
    void resolve_mismatched_endsNothing() {
      String token = fixture.loggedIn("alice");
      String other = fixture.loggedIn("bob");
      fixture.pass(Duration.ofMinutes(2));

      assertThat(fixture.isLive(token.substring(0, 37) + other.substring(37))).isFalse();
      assertThat(fixture.isLive(token)).isTrue();
    }
  }

  @Test
  void isStillLive_isFalseAfterEndExpiryAndTakeover() {
    String token = fixture.loggedIn("alice");
    Session session = fixture.live(token);
    assertThat(manager.isStillLive(session)).isTrue();
    manager.revokeAllOf("alice");
    assertThat(manager.isStillLive(session)).isFalse();

    Session expiring = fixture.live(fixture.loggedIn("alice"));
    fixture.pass(Duration.ofMinutes(30));
    assertThat(manager.isStillLive(expiring)).isFalse();

    String anonymous = fixture.anonymous();
    Session watching = fixture.live(anonymous);
    manager.authenticate(fixture.live(anonymous), "alice", LoginOptions.defaults());
    assertThat(manager.isStillLive(watching)).isFalse();
  }

  @Test
  void renewInterval_outOfRange_isRefused() {
    SessionManagerBuilder builder = SessionManager.builder(fixture.store);

    assertThatThrownBy(() -> builder.renewInterval(Duration.ofSeconds(1)))
        .hasMessage("renewInterval must be between PT2M and PT720H: PT1S");
  }
}
