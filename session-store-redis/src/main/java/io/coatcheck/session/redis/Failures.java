package io.coatcheck.session.redis;

import io.coatcheck.session.store.HandOver;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Collects the failures of several tasks, so that one does not stop the others. The first is thrown
 * at the end, with the others suppressed in it.
 */
final class Failures {

  private Failures() {}

  /**
   * Returns the first failure, in which the next one is suppressed, unless it has {@value
   * HandOver#MAX_SUPPRESSED} already: one step may fail for each of very many sessions.
   */
  static Throwable add(@Nullable Throwable first, Throwable next) {
    if (first == null) {
      return next;
    }
    if (first != next && first.getSuppressed().length < HandOver.MAX_SUPPRESSED) {
      first.addSuppressed(next);
    }
    return first;
  }

  /** Throws a failure, if there is one. It is a {@link RuntimeException} or an {@link Error}. */
  static void throwIfAny(@Nullable Throwable failure) {
    if (failure instanceof Error error) {
      throw error;
    }
    if (failure != null) {
      throw (RuntimeException) failure;
    }
  }

  /** Runs all tasks, each even if the one before fails, and then throws the first failure. */
  static void runEach(List<Runnable> tasks) {
    Throwable first = null;
    for (Runnable task : tasks) {
      try {
        task.run();
      } catch (RuntimeException | Error failure) {
        first = add(first, failure);
      }
    }
    throwIfAny(first);
  }
}
