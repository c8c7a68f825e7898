package io.coatcheck.session.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class MovableClockTest {

  private static final Instant START = Instant.parse("2026-11-23T12:00:00Z");

  private final MutableClock clock = MutableClock.at(START);

  @Test
  void instant_untilItIsMoved_standsStill() {
    assertThat(clock.instant()).isEqualTo(START).isEqualTo(clock.instant());
  }

  @Test
  void advance_movesByTheStep() {
    assertThat(clock.advance(Duration.ofSeconds(5))).isEqualTo(START.plusSeconds(5));
    assertThat(clock.advance(Duration.ofSeconds(-7))).isEqualTo(clock.instant());
    assertThat(clock.instant()).isEqualTo(START.minusSeconds(2));
  }

  @Test
  void moveTo_showsThatMoment() {
    clock.moveTo(Instant.EPOCH);
    assertThat(clock.instant()).isEqualTo(Instant.EPOCH);
  }
}
