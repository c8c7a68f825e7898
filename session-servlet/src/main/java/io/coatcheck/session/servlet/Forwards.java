package io.coatcheck.session.servlet;

import jakarta.servlet.RequestDispatcher;
import org.jspecify.annotations.Nullable;

/**
 * Whether a request is within a forward whose end nobody here sees. Tomcat suspends the response
 * when a forward ends; after that no cookie can be sent.
 *
 * <p>Not thread-safe: guarded by the lock of its {@link SessionExchange}, but for the wrapper,
 * which is set before the application runs.
 */
final class Forwards {

  private @Nullable SessionRequest wrapper;
  private int observed;

  /** Takes note of the wrapper in use, which sees the dispatches that the container makes of it. */
  void wrappedBy(SessionRequest request) {
    wrapper = request;
  }

  /** Begins a forward whose end is seen. */
  void begin() {
    observed++;
  }

  /** Ends such a forward. */
  void end() {
    observed--;
  }

  boolean isInUnobserved() {
    SessionRequest current = wrapper;
    return observed == 0
        && current != null
        && current.getAttribute(RequestDispatcher.FORWARD_REQUEST_URI) != null;
  }
}
