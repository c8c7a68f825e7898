package io.coatcheck.session.background;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class BreakerTest {

  private final AtomicReference<Instant> now =
      new AtomicReference<>(Instant.parse("2026-01-01T12:00:00Z"));
  private final Breaker breaker = new Breaker(now::get);
  private final Breaker.Call[] latest = new Breaker.Call[1];

  @Test
  void twoTimeouts_changeNothing() {
    timeOut(2);

    assertThat(permits()).isTrue();
    assertThat(permits()).isTrue();
  }

  @Test
  void threeTimeouts_pauseForASecond() {
    timeOut(3);

    assertThat(permits()).isFalse();
    pass(Duration.ofMillis(999));
    assertThat(permits()).isFalse();
    pass(Duration.ofMillis(1));
    assertThat(permits()).as("the probe").isTrue();
  }

  @Test
  void answerBetweenTimeouts_startsTheCountAnew() {
    timeOut(2);
    call().answered();
    timeOut(2);

    assertThat(permits()).isTrue();
  }

  @Test
  void whileTheProbeIsUnderWay_noOtherCallGetsThrough() {
    timeOut(3);
    pass(Breaker.PAUSE);

    assertThat(permits()).isTrue();
    assertThat(permits()).isFalse();
  }

  @Test
  void probeThatTimesOut_pausesAgain() {
    timeOut(3);
    pass(Breaker.PAUSE);
    assertThat(permits()).isTrue();
    pass(Duration.ofSeconds(5));
    timeOut(1);

    assertThat(permits()).isFalse();
    pass(Breaker.PAUSE);
    assertThat(permits()).isTrue();
  }

  @DisplayName("stores 4: calls from before, which time out late, do not postpone the probe")
  @Test
  void earlierCallsThatTimeOut_doNotPostponeTheProbe() {
    Breaker.Call early = breaker.admit();
    timeOut(3);

    for (int i = 0; i < 9; i++) {
      pass(Duration.ofMillis(111));
      early.timedOut();
      assertThat(permits()).isFalse();
    }
    pass(Duration.ofMillis(1));
    assertThat(permits()).as("the probe").isTrue();
  }

  @DisplayName("stores 4: probes that each hang for long do not postpone each other")
  @Test
  void probesThatHangForFiveSeconds_oneASecondAllTheSame() {
    timeOut(3);
    Deque<Breaker.Call> underWay = new ArrayDeque<>();
    for (int second = 0; second < 60; second++) {
      pass(Breaker.PAUSE);
      if (underWay.size() == 5) {
        underWay.remove().timedOut();
      }
      Breaker.Call probe = breaker.admit();
      assertThat(probe).as("in second %s", second).isNotNull();
      underWay.add(probe);
    }
  }

  @Test
  void probeThatIsAnswered_admitsAll() {
    timeOut(3);
    pass(Breaker.PAUSE);
    assertThat(permits()).isTrue();
    call().answered();

    assertThat(permits()).isTrue();
    assertThat(permits()).isTrue();
  }

  @Test
  void probeThatNeverReturns_isFollowedByAnotherASecondLater() {
    timeOut(3);
    pass(Breaker.PAUSE);
    assertThat(permits()).isTrue();
    pass(Breaker.PAUSE);

    assertThat(permits()).isTrue();
    assertThat(permits()).isFalse();
  }

  @Test
  void clockThatIsSetBack_doesNotProlongThePause() {
    timeOut(3);
    pass(Duration.ofHours(-1));

    assertThat(permits()).isTrue();
  }

  private boolean permits() {
    Breaker.Call call = breaker.admit();
    if (call != null) {
      latest[0] = call;
    }
    return call != null;
  }

  /** Returns the call that was admitted last, or the first. */
  private Breaker.Call call() {
    if (latest[0] == null) {
      permits();
    }
    return latest[0];
  }

  private void timeOut(int times) {
    for (int i = 0; i < times; i++) {
      call().timedOut();
    }
  }

  private void pass(Duration duration) {
    now.set(now.get().plus(duration));
  }
}
