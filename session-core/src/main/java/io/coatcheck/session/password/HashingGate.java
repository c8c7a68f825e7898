package io.coatcheck.session.password;

import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * Lets a few threads hash at a time and a few more wait, in order of arrival, and rejects the
 * others at once. Without the last, a flood of logins would hold every thread of the server in this
 * queue, and no other request could be served.
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
   * @throws PasswordHasherBusyException if too many threads already wait, if this thread's turn did
   *     not come in time, or if it has to wait and is interrupted, which it then stays; the work
   *     was not run
   */
  <T> T run(Supplier<T> work) {
    if (!present.tryAcquire()) {
      throw new PasswordHasherBusyException(
          concurrent + " passwords are being hashed and as many wait as may");
    }
    try {
      // A timed wait fails in an interrupted thread even if there is nothing to wait for.
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

  /** Returns an estimate of the waiting threads, for tests. */
  int waiting() {
    return hashing.getQueueLength();
  }
}
