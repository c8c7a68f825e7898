package io.coatcheck.session.spring;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import org.springframework.boot.test.context.TestConfiguration;
import org.springframework.context.annotation.Bean;

/** The sessions of an application go by a clock that a test moves. */
@TestConfiguration(proxyBeanMethods = false)
class MovedClock {

  /** Is ahead of the time of the machine by as much as it was moved. */
  static final class Clock implements InstantSource {

    private volatile Duration ahead = Duration.ZERO;

    @Override
    public Instant instant() {
      return InstantSource.system().instant().plus(ahead);
    }

    void advance(Duration by) {
      ahead = ahead.plus(by);
    }
  }

  @Bean
  Clock sessionClock() {
    return new Clock();
  }

  @Bean
  SessionManagerCustomizer byMovedClock(Clock clock) {
    return manager -> manager.clock(clock);
  }
}
