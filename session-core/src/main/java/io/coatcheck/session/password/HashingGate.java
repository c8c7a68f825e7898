package io.coatcheck.session.password;

import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * Lets a few threads hash at a time, a few more wait for them, in order of arrival, and turns the
 * others away at once. Without the last, a flood of logins would hold every thread of the server in
 * this queue, and nobody could see any other page.
 */
final class HashingGate {

  private static final int WAITING_PER_HASHING = 8;

  private final int concurrent;
  private final Duration maxWait;
  private final Semaphore hashing;
  private final Semaphore present;

  HashingGate(int concurrent, Duration maxWait) {
    this.concurrent = concurrent;
    this.maxWait = maxWait;
    this.hashing = new Semaphore(concurrent, true);
    this.present = new Semaphore(concurrent * (1 + WAITING_PER_HASHING));
  }

  /**
   * Runs the work in this thread.
   *
   * @throws PasswordHasherBusyException if too many wait already, if the turn did not come in time,
   *     or if the thread is interrupted and has to wait, and it still is then; the work was not run
   */
  <T> T run(Supplier<T> work) {
    if (!present.tryAcquire()) {
      throw new PasswordHasherBusyException(
          concurrent + " passwords are being hashed and as many wait as may");
    }
    try {
      // A wait with a bound fails in a thread that is interrupted, even if there is nothing to wait
      // for.
      boolean isFree = !hashing.hasQueuedThreads() && hashing.tryAcquire();
      if (!isFree && !hashing.tryAcquire(maxWait.toNanos(), TimeUnit.NANOSECONDS)) {
        throw new PasswordHasherBusyException(
            concurrent + " passwords were being hashed for all of " + maxWait);
      }
      try {
        return work.get();
      } finally {
        hashing.release();
      }
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new PasswordHasherBusyException("interrupted while waiting to hash a password");
    } finally {
      present.release();
    }
  }

  /** An estimate, for tests. */
  int waiting() {
    return hashing.getQueueLength();
  }
}
