package io.coatcheck.session.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class BreakerTest {

  private final AtomicReference<Instant> now = new AtomicReference<>(Sessions.NOW);
  private final Breaker breaker = new Breaker(now::get);

  @Test
  void twoTimeouts_changeNothing() {
    timeOut(2);

    assertThat(breaker.permits()).isTrue();
    assertThat(breaker.permits()).isTrue();
  }

  @Test
  void threeTimeouts_pauseForASecond() {
    timeOut(3);

    assertThat(breaker.permits()).isFalse();
    pass(Duration.ofMillis(999));
    assertThat(breaker.permits()).isFalse();
    pass(Duration.ofMillis(1));
    assertThat(breaker.permits()).as("the probe").isTrue();
  }

  @Test
  void answerBetweenTimeouts_startsTheCountAnew() {
    timeOut(2);
    breaker.answered();
    timeOut(2);

    assertThat(breaker.permits()).isTrue();
  }

  @Test
  void whileTheProbeIsUnderWay_nobodyElseIsLetThrough() {
    timeOut(3);
    pass(Breaker.PAUSE);

    assertThat(breaker.permits()).isTrue();
    assertThat(breaker.permits()).isFalse();
  }

  @Test
  void probeThatTimesOut_pausesAgain() {
    timeOut(3);
    pass(Breaker.PAUSE);
    assertThat(breaker.permits()).isTrue();
    pass(Duration.ofSeconds(5));
    timeOut(1);

    assertThat(breaker.permits()).isFalse();
    pass(Breaker.PAUSE);
    assertThat(breaker.permits()).isTrue();
  }

  @Test
  void probeThatIsAnswered_letsAllThrough() {
    timeOut(3);
    pass(Breaker.PAUSE);
    assertThat(breaker.permits()).isTrue();
    breaker.answered();

    assertThat(breaker.permits()).isTrue();
    assertThat(breaker.permits()).isTrue();
  }

  @Test
  void probeThatNeverReturns_isFollowedByAnotherASecondLater() {
    timeOut(3);
    pass(Breaker.PAUSE);
    assertThat(breaker.permits()).isTrue();
    pass(Breaker.PAUSE);

    assertThat(breaker.permits()).isTrue();
    assertThat(breaker.permits()).isFalse();
  }

  @Test
  void clockThatIsSetBack_doesNotProlongThePause() {
    timeOut(3);
    pass(Duration.ofHours(-1));

    assertThat(breaker.permits()).isTrue();
  }

  private void timeOut(int times) {
    for (int i = 0; i < times; i++) {
      breaker.timedOut();
    }
  }

  private void pass(Duration duration) {
    now.set(now.get().plus(duration));
  }
}
