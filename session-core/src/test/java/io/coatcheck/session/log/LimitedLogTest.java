package io.coatcheck.session.log;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.spi.ILoggingEvent;
import io.coatcheck.test.log.RecordedLog;
import java.time.Duration;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

@DisplayName("Problems that repeat are logged once in each interval")
class LimitedLogTest {

  private final Logger logger = LoggerFactory.getLogger("limited");
  @AutoClose private final RecordedLog log = RecordedLog.of("limited").hereOnly();

  @Test
  void first_ofEachKind_isLoggedAtOnce() {
    LimitedLog limited = new LimitedLog(logger, Duration.ofDays(1));
    IllegalStateException failure = new IllegalStateException();
    limited.error("a", "first", failure);
    limited.error("a", "second", failure);
    limited.warn("b", "other");

    assertThat(log.lines()).containsExactly("first", "other");
    assertThat(log.events())
        .extracting(ILoggingEvent::getLevel)
        .containsExactly(Level.ERROR, Level.WARN);
    assertThat(log.events().get(0).getThrowableProxy()).isNotNull();
  }

  @Test
  void next_saysHowManyWereLeftOut() throws InterruptedException {
    LimitedLog limited = new LimitedLog(logger, Duration.ofMillis(500));
    int sent = 0;
    long begin = System.nanoTime();
    while (log.events().size() < 2 && System.nanoTime() - begin < 60_000_000_000L) {
      limited.warn("a", "text");
      sent++;
      Thread.sleep(1);
    }

    // A machine that stalls may leave out none.
    String leftOut = sent == 2 ? "" : " (" + (sent - 2) + " more since the last line like this)";
    assertThat(log.lines().get(1)).isEqualTo("text" + leftOut);
  }

  @Test
  void kinds_areBounded() {
    LimitedLog limited = new LimitedLog(logger, Duration.ofDays(1));
    for (int i = 0; i < 1_000; i++) {
      limited.warn("kind " + i, "text");
    }

    assertThat(log.events()).hasSize(LimitedLog.MAX_KINDS + 1);
  }
}
