package io.coatcheck.session.spring;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;

/** Waits for conditions, with a deadline. */
final class Waiting {

  private Waiting() {}

  static void until(Duration atMost, Callable<Boolean> condition) throws Exception {
    long deadline = System.nanoTime() + atMost.toNanos();
    while (!condition.call()) {
      if (System.nanoTime() > deadline) {
        throw new AssertionError("the condition was not met within " + atMost);
      }
      LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
    }
  }
}
