package io.coatcheck.session;

import static io.coatcheck.session.EngineFixture.granted;
import static io.coatcheck.session.EngineFixture.sent;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.event.EndReason;
import io.coatcheck.session.event.SessionEvent;
import io.coatcheck.session.memory.InMemorySessionStore;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class PeriodicRenewalTest {

  private final EngineFixture fixture =
      new EngineFixture(builder -> builder.renewInterval(Duration.ofMinutes(5)).endOnReuse(true));
  private final SessionManager manager = fixture.manager;

  @AfterEach
  void close() {
    fixture.close();
  }

  private void pass(Duration time) {
    fixture.clock.advance(time);
  }

  @Test
  void renewIfDue_beforeTheInterval_costsNothing() {
    String token = fixture.loggedIn("alice");
    pass(Duration.ofMinutes(5).minusMillis(1));
    Session session = fixture.live(token);
    fixture.store.calls.clear();

    assertThat(manager.adapter().renewIfDue(session)).isFalse();
    assertThat(fixture.store.calls).isEmpty();
  }

  @Test
  @DisplayName("the old secret reads until the new one was presented, and 10 seconds more")
  void renewIfDue_oldSecretReadsForTheGrace() {
    String old = fixture.loggedIn("alice");
    pass(Duration.ofMinutes(5));
    String fresh = fixture.serve(old);
    assertThat(fresh).isNotEqualTo(old);
    assertThat(fixture.isLive(old)).isTrue();

    assertThat(fixture.serve(fresh)).isEqualTo(fresh);
    pass(TokenJudge.RENEWAL_GRACE.minusMillis(1));
    assertThat(fixture.isLive(old)).isTrue();

    pass(Duration.ofMillis(1));
    assertThat(fixture.isLive(old)).isFalse();
    assertThat(fixture.isLive(fresh)).isTrue();
  }

  @Test
  @DisplayName("a lost response does not log the user out: the old secret gets another new one")
  void renewIfDue_responseLost_renewsAgain() {
    String old = fixture.loggedIn("alice");
    pass(Duration.ofMinutes(5));
    String lost = fixture.serve(old);
    pass(Duration.ofSeconds(59));
    assertThat(fixture.serve(old)).as("the answer may still be under way").isEqualTo(old);
    pass(Duration.ofSeconds(1));

    String second = fixture.serve(old);

    assertThat(second).isNotIn(old, lost);
    assertThat(fixture.isLive(old)).as("this answer may be lost too").isTrue();
    assertThat(fixture.isLive(lost)).isFalse();
    fixture.serve(second);
    pass(TokenJudge.RENEWAL_GRACE);
    assertThat(fixture.isLive(old)).isFalse();
    assertThat(fixture.isLive(second)).isTrue();
  }

  @Test
  @DisplayName("F53: of parallel requests when renewal is due, one renews and all succeed")
  void renewIfDue_parallel_oneWins() {
    String old = fixture.loggedIn("alice");
    pass(Duration.ofMinutes(5));
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
    pass(Duration.ofMinutes(5));
    String fresh = fixture.serve(old);

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
      pass(Duration.ofMinutes(5));
      token = fixture.serve(token);
    }
    pass(Duration.ofMinutes(5));
    assertThat(fixture.isLive(token)).isFalse();
  }

  @Nested
  @DisplayName("a superseded secret that is presented again")
  class Reuse {

    @Test
    void resolve_afterTheMinute_endsTheSession() {
      String old = fixture.loggedIn("alice");
      pass(Duration.ofMinutes(5));
      String fresh = fixture.serve(old);
      fixture.serve(fresh);
      pass(Duration.ofMinutes(1));

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
      pass(Duration.ofMinutes(5));
      String fresh = fixture.serve(old);
      fixture.serve(fresh);
      pass(Duration.ofSeconds(30));

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
      pass(Duration.ofMinutes(2));

      assertThat(fixture.isLive(planted)).isFalse();
      assertThat(fixture.isLive(victim)).isTrue();
    }

    @Test
    @DisplayName("a forged secret ends nothing")
    void resolve_mismatched_endsNothing() {
      String token = fixture.loggedIn("alice");
      String other = fixture.loggedIn("bob");
      pass(Duration.ofMinutes(2));

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
    pass(Duration.ofMinutes(30));
    assertThat(manager.isStillLive(expiring)).isFalse();

    String anonymous = fixture.anonymous();
    Session watching = fixture.live(anonymous);
    manager.authenticate(fixture.live(anonymous), "alice", LoginOptions.defaults());
    assertThat(manager.isStillLive(watching)).isFalse();
  }

  @Nested
  @DisplayName("F55: what a session may hold")
  class Limits {

    private final EngineFixture small =
        new EngineFixture(
            new HookedStore(InMemorySessionStore.builder().copyOnRead(true).build(), Duration.ZERO),
            builder -> builder.maxAttributeBytes(1_000).maxSessionBytes(1_500).maxAttributes(5));

    @AfterEach
    void closeSmall() {
      small.close();
    }

    @Test
    void attribute_overTheLimits_isRefusedAndChangesNothing() {
      Session session = small.manager.adapter().create(small.manager.adapter().resolve(List.of()));
      session.setAttribute("a", "x".repeat(800));

      assertThatThrownBy(() -> session.setAttribute("b", "x".repeat(1_000)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("maxAttributeBytes = 1000");
      assertThatThrownBy(() -> session.setAttribute("b", "x".repeat(800)))
          .hasMessageContaining("maxSessionBytes = 1500");
      session.setAttribute("a", "y".repeat(900));
      for (int i = 0; i < 4; i++) {
        session.setAttribute("n" + i, i);
      }
      assertThatThrownBy(() -> session.setAttribute("n4", 4))
          .hasMessageContaining("maxAttributes = 5");
      session.removeAttribute("n0");
      session.setAttribute("n4", 4);

      small.manager.save(session);
      assertThat(small.live(sent(session)).attributeNames())
          .containsExactly("a", "n1", "n2", "n3", "n4");
    }

    @Test
    void attribute_overTheLimits_isNamedWithoutItsControlCharacters() {
      Session session = small.manager.adapter().create(small.manager.adapter().resolve(List.of()));

      assertThatThrownBy(() -> session.setAttribute("a\r\nWARN b", "x".repeat(1_000)))
          .hasMessage(
              "an attribute must have at most maxAttributeBytes = 1000 bytes:"
                  + " \"a\\u000d\\u000aWARN b\" has 1002");
      assertThatThrownBy(() -> session.setAttribute("n".repeat(255), "x".repeat(1_000)))
          .hasMessageContaining("\"" + "n".repeat(255) + "\" has 1002");
    }

    @Test
    void settings_outOfRange_areRefused() {
      SessionManagerBuilder builder =
          SessionManager.builder(InMemorySessionStore.builder().build());

      assertThatThrownBy(() -> builder.maxAttributes(0))
          .hasMessage("maxAttributes must be at least 1: 0");
      assertThatThrownBy(() -> builder.maxAttributeBytes(1))
          .hasMessage("maxAttributeBytes must be at least 64: 1");
      assertThatThrownBy(() -> builder.maxSessionBytes(1))
          .hasMessage("maxSessionBytes must be at least 64: 1");
      assertThatThrownBy(() -> builder.renewInterval(Duration.ofSeconds(1)))
          .hasMessage("renewInterval must be between PT2M and PT720H: PT1S");
    }
  }
}
