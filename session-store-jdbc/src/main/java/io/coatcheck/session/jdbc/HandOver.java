package io.coatcheck.session.jdbc;

import io.coatcheck.session.store.StoredSession;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Gives deleted sessions to the one who asked, each once, whatever the others' turns throw. */
final class HandOver {

  private HandOver() {}

  /** Throws what the first turn threw, once all had theirs, with the others' suppressed in it. */
  static void each(List<StoredSession> deleted, Consumer<StoredSession> taker) {
    Throwable first = null;
    for (StoredSession session : deleted) {
      try {
        taker.accept(session);
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
