package io.coatcheck.session.jdbc;

/**
 * How many rows the next step of a long operation looks at. It begins with few and grows while they
 * prove to be small, so that a step never reads many more than it can take: with large sessions,
 * reading is expensive. Thread-safe; threads share what they learn.
 */
final class Pace {

  private static final int FIRST = 64;
  private static final int GROWTH = 4;

  /** Enough to grow again soon. */
  private static final int LEAST = 8;

  private final int most;
  private volatile int rows;

  Pace(int most) {
    this.most = most;
    rows = Math.min(FIRST, most);
  }

  int rows() {
    return rows;
  }

  /**
   * Adapts to the result of a step.
   *
   * @param looked how many rows it looked at
   * @param taken how many of them it took
   * @param full whether it stopped there because of their bytes
   */
  void learn(int looked, int taken, boolean full) {
    if (full) {
      rows = Math.min(most, Math.max(LEAST, 2 * taken));
    } else if (looked >= rows) {
      rows = Math.min(most, GROWTH * rows);
    }
  }
}
