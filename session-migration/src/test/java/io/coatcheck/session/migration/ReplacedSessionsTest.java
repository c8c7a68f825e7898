package io.coatcheck.session.migration;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.testkit.MutableClock;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class ReplacedSessionsTest {

  private final MutableClock clock = MutableClock.at(Instant.parse("2026-01-01T00:00:00Z"));
  private final ReplacedSessions replaced = new ReplacedSessions(clock);
  private int calls;

  private void succeed() {
    calls++;
  }

  private void fail() {
    calls++;
    throw new IllegalStateException("the old database is down");
  }

  /** A program that keeps only its old cookie sends it with every request. */
  @Test
  void ended_isNotEndedAgain_forAMinute() {
    for (int request = 0; request < 100; request++) {
      replaced.endOnce("one", this::succeed);
    }
    assertThat(calls).isEqualTo(1);
    replaced.endOnce("other", this::succeed);
    assertThat(calls).as("another session").isEqualTo(2);
    clock.advance(Duration.ofSeconds(59));
    replaced.endOnce("one", this::succeed);
    assertThat(calls).isEqualTo(2);
    clock.advance(Duration.ofSeconds(1));
    replaced.endOnce("one", this::succeed);
    assertThat(calls).as("stored again by the old application").isEqualTo(3);
  }

  @Test
  void clockThatGoesBack_doesNotKeepASession() {
    replaced.endOnce("one", this::succeed);
    clock.advance(Duration.ofHours(-1));
    replaced.endOnce("one", this::succeed);
    assertThat(calls).isEqualTo(2);
  }

  @Test
  void logout_endsIt_whateverWasBefore() {
    replaced.end("one", this::succeed);
    replaced.endNow("one", this::succeed);
    assertThat(calls).isEqualTo(2);
    replaced.endNow("one", this::fail);
    replaced.endNow("one", this::succeed);
    assertThat(calls).isEqualTo(4);
  }

  @Test
  void failureAfterAnEnd_isRetried() {
    replaced.endOnce("one", this::succeed);
    replaced.endNow("one", this::fail);
    clock.advance(Duration.ofSeconds(10));
    replaced.endOnce("one", this::succeed);
    assertThat(calls).isEqualTo(3);
  }

  /** The caller has seen that it is live. */
  @Test
  void liveSession_isEnded_soonAfterAnotherEnd() {
    replaced.end("one", this::succeed);
    replaced.end("one", this::succeed);
    assertThat(calls).isEqualTo(2);
  }

  @Test
  void failure_isRetried_tenSecondsLater() {
    replaced.end("one", this::fail);
    assertThat(replaced.isLeft("one")).isTrue();
    replaced.end("one", this::succeed);
    assertThat(calls).isEqualTo(1);
    clock.advance(Duration.ofSeconds(10));
    replaced.end("one", this::succeed);
    assertThat(calls).isEqualTo(2);
    assertThat(replaced.isLeft("one")).isFalse();
  }
}
