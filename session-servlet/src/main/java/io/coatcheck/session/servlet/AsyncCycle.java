package io.coatcheck.session.servlet;

import jakarta.servlet.AsyncListener;
import org.jspecify.annotations.Nullable;

/**
 * The latest asynchronous cycle of a request, from {@code startAsync} to {@code complete} or {@code
 * dispatch}.
 *
 * @param context returned to the application when it began the cycle; null if the cycle was begun
 *     on a request below the {@link SessionRequest}, until that is watched
 * @param last the last listener that the filter added. It ends the request, since the listeners
 *     before it may still use the session
 */
record AsyncCycle(@Nullable SessionAsyncContext context, AsyncListener last) {

  /** Shows nothing: the context leads to the secret. */
  @Override
  public String toString() {
    return "AsyncCycle";
  }
}
