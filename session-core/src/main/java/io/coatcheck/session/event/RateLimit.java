package io.coatcheck.session.event;

import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Admits a number of each kind in each window of time, and counts the rest. The kinds are few and
 * fixed, and never come from untrusted input. Thread-safe.
 */
final class RateLimit {

  private final int most;
  private final Duration window;
  private final Map<Object, Window> windows = new HashMap<>();

  RateLimit(int most, Duration window) {
    this.most = most;
    this.window = window;
  }

  private static final class Window {
    private Instant end = Instant.MIN;
    private int passed;
    private long leftOut;
  }

  /**
   * Requests to admit one.
   *
   * @return how many of this kind were left out since the last one that was admitted; empty if this
   *     one is left out too
   */
  synchronized Optional<Long> take(Object kind, Instant now) {
    Window current = windows.computeIfAbsent(kind, key -> new Window());
    // A clock that stepped back by more than a window must not silence a kind forever.
    if (!now.isBefore(current.end) || now.plus(window).isBefore(current.end)) {
      current.end = now.plus(window);
      current.passed = 0;
    }
    if (current.passed >= most) {
      current.leftOut++;
      return Optional.empty();
    }
    current.passed++;
    long leftOut = current.leftOut;
    current.leftOut = 0;
    return Optional.of(leftOut);
  }
}
