package io.coatcheck.session.redis;

import io.coatcheck.session.background.CallAge;
import io.coatcheck.session.store.StoredSession;
import java.time.Duration;
import java.time.Instant;

/**
 * The current time as of the call of an operation. A script that is sent later gets a later time,
 * by the rule of {@link CallAge}.
 */
final class Moment {

  private final Instant called;
  private final long began = System.nanoTime();

  /** Begins to measure an operation that was called at a moment. */
  Moment(Instant now) {
    called = Instant.ofEpochMilli(StoredSession.millisOf(now, "now"));
  }

  /** Returns the current time, in the form that scripts read. */
  byte[] text() {
    Duration waited = Duration.ofNanos(System.nanoTime() - began);
    return SessionRecord.text(CallAge.at(called, waited).toEpochMilli());
  }
}
