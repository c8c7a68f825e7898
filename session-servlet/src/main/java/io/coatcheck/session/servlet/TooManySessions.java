package io.coatcheck.session.servlet;

import io.coatcheck.session.store.SessionStoreException;
import java.time.Duration;

/**
 * A new session was not stored, because its client begins too many. To the application that is what
 * any failed save is; the client is answered 429 instead of 503.
 */
final class TooManySessions extends SessionStoreException {

  private static final long serialVersionUID = 1L;

  private final Duration retryAfter;

  TooManySessions(Duration retryAfter) {
    super("the flood guard refused to begin an anonymous session");
    this.retryAfter = retryAfter;
  }

  /** Returns when to try again, in whole seconds, at least one. */
  long retryAfterSeconds() {
    return Math.max(1, retryAfter.plusMillis(999).toSeconds());
  }
}
