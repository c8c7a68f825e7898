package io.coatcheck.session.servlet;

import io.coatcheck.session.store.SessionStoreException;
import java.time.Duration;

/**
 * A new session was not stored, because its client begins too many. To the application it looks
 * like any failed save; the client gets 429 instead of 503.
 */
final class TooManySessions extends SessionStoreException {

  private static final long serialVersionUID = 1L;

  private final Duration retryAfter;

  TooManySessions(Duration retryAfter) {
    super("the flood guard refused to begin an anonymous session");
    this.retryAfter = retryAfter;
  }

  /** Returns after how many seconds to try again, at least one. */
  long retryAfterSeconds() {
    return Math.max(1, retryAfter.plusMillis(999).toSeconds());
  }
}
