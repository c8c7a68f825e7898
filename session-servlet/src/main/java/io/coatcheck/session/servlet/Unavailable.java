package io.coatcheck.session.servlet;

import io.coatcheck.session.store.SessionStoreException;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The answer when the store fails: 503, and nothing of what the application had written. */
final class Unavailable {

  private static final Logger LOG = LoggerFactory.getLogger(SessionFilter.class);
  private static final int DEEPEST_CAUSE = 32;

  private Unavailable() {}

  /** Returns the failure of the store that an exception is, or was caused by. */
  static @Nullable SessionStoreException causeOf(Throwable thrown) {
    Throwable cause = thrown;
    for (int depth = 0; cause != null && depth < DEEPEST_CAUSE; depth++) {
      if (cause instanceof SessionStoreException failure) {
        return failure;
      }
      cause = cause.getCause();
    }
    return null;
  }

  /** Answers, and closes the response, which must not be committed yet. */
  static void answer(HttpServletResponse response) {
    response.reset();
    response.setStatus(HttpServletResponse.SC_SERVICE_UNAVAILABLE);
    response.setHeader("Retry-After", "5");
    response.setHeader("Cache-Control", "no-store");
    response.setContentType("text/plain;charset=UTF-8");
    byte[] body =
        "The service cannot reach its sessions at the moment. Please try again shortly.\n"
            .getBytes(StandardCharsets.UTF_8);
    response.setContentLength(body.length);
    try (OutputStream out = response.getOutputStream()) {
      out.write(body);
    } catch (IOException | IllegalStateException e) {
      // The client is gone, or the response is one of non-blocking writes; the status is set.
      LOG.debug("The answer 503 has no body", e);
    }
  }
}
