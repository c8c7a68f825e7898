package io.coatcheck.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class SessionPolicyTest {

  @Test
  void defaults_areThoseOfTheDocumentation() {
    SessionPolicy policy = SessionPolicy.defaults();

    assertThat(policy.idleTimeout()).isEqualTo(Duration.ofMinutes(30));
    assertThat(policy.absoluteTimeout()).isEqualTo(Duration.ofHours(12));
    assertThat(policy.anonymousIdleTimeout()).isEqualTo(Duration.ofMinutes(15));
    assertThat(policy.rememberedIdleTimeout()).isEqualTo(Duration.ofDays(14));
    assertThat(policy.rememberedAbsoluteTimeout()).isEqualTo(Duration.ofDays(30));
  }

  @Test
  @DisplayName("NIST SP 800-63B-4: the presets, which a remembered login cannot bypass")
  void presets_areTheLimitsOfTheLevels() {
    assertThat(SessionPolicy.aal1().absoluteTimeout()).isEqualTo(Duration.ofDays(30));
    assertThat(SessionPolicy.aal2().idleTimeout()).isEqualTo(Duration.ofHours(1));
    assertThat(SessionPolicy.aal2().absoluteTimeout()).isEqualTo(Duration.ofHours(24));
    assertThat(SessionPolicy.aal3().idleTimeout()).isEqualTo(Duration.ofMinutes(15));
    assertThat(SessionPolicy.aal3().absoluteTimeout()).isEqualTo(Duration.ofHours(12));
    assertThat(SessionPolicy.aal3().rememberedIdleTimeout()).isEqualTo(Duration.ofMinutes(15));
    assertThat(SessionPolicy.aal3().rememberedAbsoluteTimeout()).isEqualTo(Duration.ofHours(12));
  }

  @Test
  void anonymousIdleTimeout_followsAShorterIdleTimeout() {
    SessionPolicy policy = SessionPolicy.builder().idleTimeout(Duration.ofMinutes(5)).build();

    assertThat(policy.anonymousIdleTimeout()).isEqualTo(Duration.ofMinutes(5));
  }

  @Test
  @DisplayName("I11: idle above absolute is refused, with both values")
  void build_contradictions_areRefused() {
    assertThatThrownBy(() -> SessionPolicy.builder().idleTimeout(Duration.ofHours(13)).build())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("idleTimeout must not be longer than absoluteTimeout: PT13H > PT12H (default)");
    assertThatThrownBy(() -> SessionPolicy.builder().idleTimeout(Duration.ZERO).build())
        .hasMessage("idleTimeout must be between PT1S and PT87600H: PT0S");
    assertThatThrownBy(
            () -> SessionPolicy.builder().anonymousIdleTimeout(Duration.ofHours(1)).build())
        .hasMessage(
            "anonymousIdleTimeout must not be longer than idleTimeout: PT1H > PT30M (default)");
    assertThatThrownBy(
            () -> SessionPolicy.builder().rememberedIdleTimeout(Duration.ofDays(31)).build())
        .hasMessage(
            "rememberedIdleTimeout must not be longer than rememberedAbsoluteTimeout:"
                + " PT744H > PT720H (default)");
  }

  @Test
  @DisplayName("I11: the message says which value is a default")
  void build_contradictions_tellDefaults() {
    SessionPolicy.Builder builder = SessionPolicy.builder().absoluteTimeout(Duration.ofMinutes(10));
    assertThatThrownBy(builder::build)
        .hasMessage("idleTimeout must not be longer than absoluteTimeout: PT30M (default) > PT10M");
    builder.idleTimeout(Duration.ofMinutes(30));
    assertThatThrownBy(builder::build)
        .hasMessage("idleTimeout must not be longer than absoluteTimeout: PT30M > PT10M");
    assertThatThrownBy(
            () ->
                new SessionPolicy(
                    Duration.ofHours(2),
                    Duration.ofHours(1),
                    Duration.ofMinutes(1),
                    Duration.ofMinutes(1),
                    Duration.ofMinutes(1)))
        .hasMessage("idleTimeout must not be longer than absoluteTimeout: PT2H > PT1H");
  }
}
