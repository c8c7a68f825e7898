package io.coatcheck.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.event.EndReason;
import io.coatcheck.session.event.SessionEvent;
import io.coatcheck.session.memory.InMemorySessionStore;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("I11: build() refuses settings that contradict each other")
class SessionManagerBuilderTest {

  private static SessionManagerBuilder builder() {
    return SessionManager.builder(InMemorySessionStore.builder().build())
        .cleanUpInterval(Duration.ZERO);
  }

  private static void assertRefused(SessionManagerBuilder builder, String message) {
    assertThatThrownBy(builder::build)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(message);
  }

  @Test
  void maxAttributeBytes_aboveMaxSessionBytes_isRefused() {
    assertRefused(
        builder().maxAttributeBytes(2_001).maxSessionBytes(2_000),
        "maxAttributeBytes must not be above maxSessionBytes: 2001 > 2000");
    assertRefused(
        builder().maxSessionBytes(2_000),
        "maxAttributeBytes must not be above maxSessionBytes: 1048576 (default) > 2000");
    assertRefused(
        builder().maxAttributeBytes(5_000_000),
        "maxAttributeBytes must not be above maxSessionBytes: 5000000 > 4194304 (default)");
    builder().maxAttributeBytes(2_000).maxSessionBytes(2_000).build().close();
  }

  @Test
  void renewInterval_thatNoSessionReaches_isRefused() {
    SessionPolicy policy = SessionPolicy.aal2();
    assertRefused(
        builder().policy(policy).renewInterval(Duration.ofHours(24)),
        "renewInterval must be shorter than the longest absolute timeout of the policy:"
            + " PT24H >= PT24H");
    builder().policy(policy).renewInterval(Duration.ofHours(23)).build().close();
  }

  @Test
  void renewInterval_thatOnlyRememberedLoginsReach_isFine() {
    builder().renewInterval(Duration.ofDays(7)).build().close();
    assertRefused(
        builder().renewInterval(Duration.ofDays(30)),
        "renewInterval must be shorter than the longest absolute timeout of the policy:"
            + " PT720H >= PT720H");
  }

  @Test
  @DisplayName("endOnReuse works for explicit renewals, so it may be set alone")
  void endOnReuse_withoutRenewInterval_endsAfterAnExplicitRenewal() {
    try (EngineFixture fixture = new EngineFixture(builder -> builder.endOnReuse(true))) {
      String old = fixture.loggedIn("alice");
      fixture.clock.advance(Duration.ofMinutes(2));
      Session session = fixture.live(old);
      fixture.manager.renew(session);
      String renewed = EngineFixture.sent(session);
      fixture.clock.advance(Duration.ofMinutes(2));

      assertThat(fixture.manager.adapter().resolve(List.of(old)))
          .isInstanceOf(Resolution.Superseded.class);

      assertThat(fixture.eventsOf(SessionEvent.Ended.class))
          .extracting(SessionEvent.Ended::reason)
          .containsExactly(EndReason.REUSE);
      assertThat(fixture.isLive(renewed)).isFalse();
    }
  }
}
