package io.coatcheck.session.log;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("What limits how often the same problem is logged")
class LogThrottleTest {

  @Test
  void admits_theFirstOfAnInterval_only() {
    LogThrottle throttle = new LogThrottle(Duration.ofDays(1));

    assertThat(throttle.admits()).isTrue();
    assertThat(throttle.admits()).isFalse();
  }

  @Test
  void takeRefused_isTheNumberSinceTheLastCall() {
    LogThrottle throttle = new LogThrottle(Duration.ofDays(1));
    throttle.admits();
    throttle.admits();
    throttle.admits();

    assertThat(throttle.takeRefused()).isEqualTo(2);
    assertThat(throttle.takeRefused()).isZero();
  }

  @Test
  void admits_afterTheInterval() {
    LogThrottle throttle = new LogThrottle(Duration.ZERO);

    assertThat(throttle.admits()).isTrue();
    assertThat(throttle.admits()).isTrue();
  }

  @Test
  void milestones_arePowersOfTwo() {
    assertThat(List.of(1L, 2L, 4L, 8L, 1L << 40)).allMatch(Milestones::include);
    assertThat(List.of(0L, 3L, 5L, 6L, 7L, 9L, 12L)).noneMatch(Milestones::include);
  }
}
