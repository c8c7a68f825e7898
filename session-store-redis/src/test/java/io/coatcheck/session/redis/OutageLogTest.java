package io.coatcheck.session.redis;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import io.coatcheck.test.log.RecordedLog;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

@DisplayName("The log of an outage")
class OutageLogTest {

  private final RecordedLog log = RecordedLog.of(OutageLogTest.class).at(Level.INFO).hereOnly();
  private long now = Long.MAX_VALUE - 1;
  private final OutageLog outage =
      new OutageLog(LoggerFactory.getLogger(OutageLogTest.class), () -> now);

  @AfterEach
  void leave() {
    log.close();
  }

  private void pass(Duration time) {
    now += time.toNanos();
  }

  private List<String> logged() {
    List<String> all = log.lines();
    log.clear();
    return all;
  }

  @Test
  @DisplayName("has its reason once, however long it lasts, and its end")
  void sameReason() {
    outage.failed("hangs");
    assertThat(logged())
        .containsExactly("Redis is not connected, and operations fail until it is: hangs");
    for (int i = 0; i < 100; i++) {
      pass(OutageLog.PAUSE);
      outage.failed("hangs");
    }
    assertThat(logged()).isEmpty();
    outage.ended();
    outage.ended();
    assertThat(logged()).containsExactly("Redis is connected again");
  }

  @Test
  @DisplayName("has another reason when that is there after the pause")
  void otherReason() {
    outage.failed("hangs");
    pass(OutageLog.PAUSE.minusNanos(1));
    outage.failed("password");
    assertThat(logged()).hasSize(1);
    pass(Duration.ofNanos(1));
    outage.failed("password");
    assertThat(logged())
        .containsExactly("Redis is still not connected, now for another reason: password");
    pass(OutageLog.PAUSE);
    outage.failed("password");
    assertThat(logged()).isEmpty();
  }

  @Test
  @DisplayName("has no more than a line for each pause, although reasons alternate")
  void alternatingReasons() {
    for (int i = 0; i < 1_000; i++) {
      outage.failed("reason " + i % 2);
      pass(OutageLog.PAUSE.dividedBy(10));
    }
    // Those that come at the end of a pause are by chance the ones that were not logged last.
    assertThat(logged()).hasSizeBetween(2, 100);
  }

  @Test
  @DisplayName("begins anew with the next outage")
  void nextOutage() {
    outage.failed("hangs");
    outage.ended();
    outage.failed("hangs");
    assertThat(logged())
        .containsExactly(
            "Redis is not connected, and operations fail until it is: hangs",
            "Redis is connected again",
            "Redis is not connected, and operations fail until it is: hangs");
  }
}
