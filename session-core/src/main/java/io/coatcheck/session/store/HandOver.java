package io.coatcheck.session.store;

import java.util.Collection;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * How a store hands over the sessions that it has deleted: each once, whatever the consumer throws
 * for the others, as {@link SessionStore#deleteExpired} and {@link
 * PrincipalIndex#deleteByPrincipal} promise.
 *
 * @since 0.1.0
 */
public final class HandOver {

  private HandOver() {}

  /**
   * Calls the consumer once for each session, on this thread. What it throws, an {@link Error} too,
   * is thrown when all have been handed over: the first failure, with the others suppressed in it.
   */
  public static void each(Collection<StoredSession> sessions, Consumer<StoredSession> consumer) {
    Throwable first = null;
    for (StoredSession session : sessions) {
      try {
        consumer.accept(session);
      } catch (RuntimeException | Error failure) {
        first = together(first, failure);
      }
    }
    if (first instanceof Error error) {
      throw error;
    }
    if (first instanceof RuntimeException exception) {
      throw exception;
    }
  }

  private static Throwable together(@Nullable Throwable first, Throwable next) {
    if (first == null) {
      return next;
    }
    if (first != next) {
      first.addSuppressed(next);
    }
    return first;
  }
}
