package io.coatcheck.session.testkit;

import java.time.Duration;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.opentest4j.TestAbortedException;

/**
 * Calls that are given a moment just before a deadline. A store may add the time for which a call
 * waited to the moment that it was given, so that a call which is held up, on a busy machine for
 * instance, finds the deadline passed. Its answer is then right, and says nothing.
 */
final class JustInTime {

  /** A wait that a store counts is not shorter: the clocks of nodes differ by as much. */
  private static final Duration LATE = Duration.ofMillis(50);

  private static final int ATTEMPTS = 20;

  private JustInTime() {}

  /**
   * Returns the answer to a call, which is repeated if the answer is not the wanted one and the
   * call took long. If all calls took long, the test is reported as skipped.
   *
   * @param call has no effect unless its answer is the wanted one
   */
  static <T> T answer(Supplier<T> call, Predicate<T> wanted) {
    for (int attempt = 1; ; attempt++) {
      long began = System.nanoTime();
      T answer = call.get();
      if (wanted.test(answer) || !isLate(began)) {
        return answer;
      }
      if (attempt == ATTEMPTS) {
        throw new TestAbortedException(
            "Not tested: each of " + ATTEMPTS + " calls shortly before a deadline took " + LATE);
      }
    }
  }

  /** As {@link #answer}, where the wanted answer is {@code true}. */
  static boolean isTrue(Supplier<Boolean> call) {
    return answer(call, isTrue -> isTrue);
  }

  /** Returns whether what began at a moment of {@code System.nanoTime()} has taken long. */
  static boolean isLate(long began) {
    return System.nanoTime() - began >= LATE.toNanos();
  }
}
