package io.coatcheck.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class LoginOptionsTest {

  private final EngineFixture fixture = new EngineFixture();

  @AfterEach
  void close() {
    fixture.close();
  }

  private LoginOutcome logIn(LoginOptions.Builder options) {
    return fixture.manager.authenticate(null, "alice", options.build());
  }

  @Test
  void outOfRange_isRefused() {
    assertThatThrownBy(() -> LoginOptions.builder().idleTimeout(Duration.ofMillis(1)))
        .hasMessage("idleTimeout must be between PT1S and PT87600H: PT0.001S");
    assertThatThrownBy(() -> LoginOptions.builder().absoluteTimeout(Duration.ofDays(9999)))
        .hasMessageStartingWith("absoluteTimeout must be between");
  }

  @Test
  @DisplayName("I11: an idle timeout above the absolute timeout is refused")
  void build_idleAboveAbsolute_isRefused() {
    LoginOptions.Builder options =
        LoginOptions.builder()
            .idleTimeout(Duration.ofHours(2))
            .absoluteTimeout(Duration.ofHours(1));

    assertThatThrownBy(options::build)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("idleTimeout must not be longer than absoluteTimeout: PT2H > PT1H");

    options.absoluteTimeout(Duration.ofHours(2)).build();
  }

  @Test
  @DisplayName("I11: a conflict with the policy is refused at the login, before it has any effect")
  void authenticate_idleAboveThePolicysAbsolute_isRefused() {
    String token = fixture.loggedIn("bob");
    Session bobs = fixture.live(token);
    LoginOptions options = LoginOptions.builder().idleTimeout(Duration.ofHours(13)).build();

    assertThatThrownBy(() -> fixture.manager.authenticate(bobs, "alice", options))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "idleTimeout must not be longer than absoluteTimeout:"
                + " PT13H > PT12H (absoluteTimeout of the policy)");

    assertThat(fixture.isLive(token)).as("not ended for the login that was refused").isTrue();
  }

  @Test
  @DisplayName("I11: an absolute timeout below the policy's idle timeout is refused at the login")
  void authenticate_absoluteBelowThePolicysIdle_isRefused() {
    assertThatThrownBy(() -> logIn(LoginOptions.builder().absoluteTimeout(Duration.ofMinutes(10))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "idleTimeout must not be longer than absoluteTimeout:"
                + " PT30M (idleTimeout of the policy) > PT10M");
  }

  @Test
  @DisplayName("I11: a remembered login is checked against the policy's limits for it")
  void authenticate_remembered_isHeldAgainstItsOwnLimits() {
    assertThat(logIn(LoginOptions.builder().remembered(true).idleTimeout(Duration.ofHours(13))))
        .isInstanceOf(LoginOutcome.Granted.class);
    assertThatThrownBy(
            () -> logIn(LoginOptions.builder().remembered(true).idleTimeout(Duration.ofDays(31))))
        .hasMessageEndingWith("PT744H > PT720H (rememberedAbsoluteTimeout of the policy)");
    assertThatThrownBy(
            () ->
                logIn(LoginOptions.builder().remembered(true).absoluteTimeout(Duration.ofDays(1))))
        .hasMessageEndingWith("PT336H (rememberedIdleTimeout of the policy) > PT24H");
  }
}
