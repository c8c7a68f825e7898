package io.coatcheck.session.testkit;

import java.time.Duration;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.opentest4j.TestAbortedException;

/**
 * Calls with a moment just before a deadline. A store may add the time for which a call waited to
 * its moment. So if a call is held up, for instance on a busy machine, the deadline has passed for
 * it. Its answer is then right, but proves nothing.
 */
final class JustInTime {

  /** The shortest wait that a store may count: the clocks of nodes differ by as much. */
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

  /** Returns the answer to a call as {@link #answer} does; the wanted answer is {@code true}. */
  static boolean isTrue(Supplier<Boolean> call) {
    return answer(call, isTrue -> isTrue);
  }

  /** Returns whether a call that began at a moment of {@code System.nanoTime()} has taken long. */
  static boolean isLate(long began) {
    return System.nanoTime() - began >= LATE.toNanos();
  }
}
