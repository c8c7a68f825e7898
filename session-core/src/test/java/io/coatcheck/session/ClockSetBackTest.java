package io.coatcheck.session;

import static io.coatcheck.session.EngineFixture.granted;
import static io.coatcheck.session.EngineFixture.sent;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("After the clock was set back, nothing counts as recent that was recorded before")
class ClockSetBackTest {

  private static final Duration STEP = Duration.ofHours(1);

  @AutoClose private final EngineFixture fixture = EngineFixture.renewing();

  private boolean isFresh(Session session) {
    return fixture.manager.adapter().isAuthenticatedWithin(Duration.ofMinutes(10), session);
  }

  @Test
  void anotherLogin_isFresh_andItsTimeDiffers() {
    String token = fixture.loggedIn("alice");
    assertThat(isFresh(fixture.live(token))).isTrue();

    fixture.pass(STEP.negated());
    assertThat(isFresh(fixture.live(token))).isFalse();

    String again = loginAgain(token);
    assertThat(isFresh(fixture.live(again))).isTrue();
    fixture.pass(Duration.ofMinutes(10));
    assertThat(isFresh(fixture.live(again))).isFalse();
  }

  private String loginAgain(String token) {
    Session session = fixture.live(token);
    Optional<Instant> before = session.authenticatedAt();
    Session loggedIn =
        granted(fixture.manager.authenticate(session, "alice", LoginOptions.defaults()));
    assertThat(loggedIn.authenticatedAt()).isNotEqualTo(before);
    return sent(loggedIn);
  }

  @Test
  @DisplayName("and a clock that is a little behind changes nothing")
  void loginOnANodeThatIsAhead() {
    String token = fixture.loggedIn("alice");

    fixture.pass(Moments.CLOCK_SKEW.negated());
    assertThat(isFresh(fixture.live(token))).isTrue();
    Instant later = fixture.live(token).authenticatedAt().orElseThrow().plusMillis(1);
    String again = loginAgain(token);
    assertThat(fixture.live(again).authenticatedAt()).contains(later);
  }

  @Test
  @DisplayName("a login whose user proved who they are earlier")
  void earlierProof() {
    String token = fixture.loggedIn("alice");
    fixture.pass(STEP.negated());
    Instant proven = fixture.clock.instant().minusSeconds(30);

    Session loggedIn =
        granted(
            fixture.manager.authenticate(
                fixture.live(token),
                "alice",
                LoginOptions.builder().authenticatedAt(proven).build()));

    assertThat(loggedIn.authenticatedAt()).contains(proven);
  }

  @Test
  @DisplayName("a replaced secret is not taken for that of a request that was under way")
  void replacedSecret() {
    String old = fixture.loggedIn("alice");
    String renewed = fixture.renewed(old);
    fixture.serve(renewed);
    fixture.pass(STEP.negated());

    assertThat(fixture.manager.adapter().resolve(List.of(old)))
        .isInstanceOfSatisfying(
            Resolution.Superseded.class,
            refused -> assertThat(refused.guardsNewerToken()).isFalse());
    assertThat(fixture.isLive(renewed)).as("ended, since the old secret was used").isFalse();
  }

  @Test
  @DisplayName("and it does not end the session by a logout either")
  void logoutWithAReplacedSecret() {
    String old = fixture.loggedIn("alice");
    String renewed = fixture.renewed(old);
    fixture.serve(renewed);
    fixture.pass(STEP.negated());

    assertThat(fixture.manager.adapter().invalidatePresented(List.of(old))).isZero();
    assertThat(fixture.isLive(renewed)).isTrue();
  }

  @Test
  @DisplayName("a secret: it is renewed, and the next time after the interval")
  void periodicRenewal() {
    String old = fixture.loggedIn("alice");
    fixture.pass(Moments.CLOCK_SKEW.negated());
    assertThat(fixture.serve(old)).as("a clock that is a little behind").isEqualTo(old);
    fixture.pass(Duration.ofMillis(1).negated());

    String renewed = fixture.serve(old);
    assertThat(renewed).isNotEqualTo(old);
    assertThat(fixture.serve(renewed)).isEqualTo(renewed);
    fixture.pass(Duration.ofMinutes(5).minusMillis(1));
    assertThat(fixture.serve(renewed)).isEqualTo(renewed);
    fixture.pass(Duration.ofMillis(1));
    assertThat(fixture.serve(renewed)).isNotEqualTo(renewed);
  }

  @Test
  @DisplayName("a renewed secret that the client never got: the old one still opens the session")
  void lostAnswer() {
    String old = fixture.loggedIn("alice");
    fixture.renewed(old);
    fixture.pass(STEP.negated());

    String again = fixture.serve(old);

    assertThat(again).isNotEqualTo(old);
    assertThat(fixture.isLive(again)).isTrue();
  }
}
