package io.coatcheck.session.servlet;

import static io.coatcheck.session.servlet.FilterLog.LOG;

import io.coatcheck.session.UndecidedException;
import io.coatcheck.session.log.LogThrottle;
import io.coatcheck.session.store.SessionStoreException;
import jakarta.servlet.http.HttpServletResponse;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The response when a session cannot be found or stored: 503, or 429 if its client begins too many,
 * without anything that the application had written.
 */
final class ErrorResponse {

  private static final long RETRY_AFTER_SECONDS = 5;
  private static final int MAX_CAUSE_DEPTH = 32;
  private static final String BODY =
      "The service is temporarily unavailable. Please try again shortly.\n";
  private static final int TOO_MANY_REQUESTS = 429;
  private static final String BODY_OF_TOO_MANY =
      "Too many new sessions from this address. Please try again shortly.\n";
  private static final LogThrottle THROTTLE = new LogThrottle(Duration.ofSeconds(1));

  private ErrorResponse() {}

  /** Returns the store's failure that an exception is, or was caused by; null if there is none. */
  static @Nullable SessionStoreException causeOf(Throwable thrown) {
    Throwable cause = thrown;
    for (int depth = 0; cause != null && depth < MAX_CAUSE_DEPTH; depth++) {
      if (cause instanceof SessionStoreException failure) {
        return failure;
      }
      cause = cause.getCause();
    }
    return null;
  }

  /**
   * Answers, and closes the response, which must be uncommitted and without any of the
   * application's content.
   */
  static void answer(HttpServletResponse response, SessionStoreException failure) {
    if (failure instanceof FloodGuard.TooManySessions shed) {
      // The guard itself logs clients that begin too many, at a limited rate.
      answer(response, TOO_MANY_REQUESTS, shed.retryAfterSeconds(), BODY_OF_TOO_MANY);
    } else {
      if (!(failure instanceof UndecidedException)) {
        log(failure);
      }
      answer(response, HttpServletResponse.SC_SERVICE_UNAVAILABLE, RETRY_AFTER_SECONDS, BODY);
    }
  }

  private static void answer(
      HttpServletResponse response, int status, long retryAfterSeconds, String body) {
    response.setHeader("Retry-After", Long.toString(retryAfterSeconds));
    PlainAnswer.send(response, status, body);
  }

  /** The exception is not rethrown, so it is logged here; during an outage once a second. */
  private static void log(SessionStoreException failure) {
    if (THROTTLE.admits()) {
      LOG.error("The session store failed, and the answer is 503", failure);
    } else {
      LOG.debug("The session store failed, and the answer is 503", failure);
    }
  }
}
