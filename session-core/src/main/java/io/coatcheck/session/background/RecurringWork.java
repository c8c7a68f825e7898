package io.coatcheck.session.background;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * Does the same work again and again, on one daemon thread, until it is ended. Nothing else ends
 * the thread: it survives whatever the work throws, errors included, and every interrupt.
 *
 * <p>Ending it interrupts the pauses and never the work. The work may be a call to a store at that
 * moment, and a database in a file, such as H2, breaks when a thread that reads or writes the file
 * is interrupted.
 */
public final class RecurringWork {

  private static final long LONGEST_JOIN_MILLIS = TimeUnit.SECONDS.toMillis(5);

  private final LongSupplier pauseNanos;
  private final Runnable work;
  private final Consumer<Throwable> onFailure;
  private final Thread thread;
  private final AtomicBoolean woken = new AtomicBoolean();
  private volatile boolean ending;

  /**
   * Prepares the thread, which {@link #start} starts.
   *
   * @param pauseNanos asked before each pause; the first pause comes before the work
   * @param onFailure called on the thread with whatever the work threw, and with an {@link
   *     InterruptedException} after an interrupt that was ignored; logs it. What it throws is
   *     ignored
   */
  public RecurringWork(
      String threadName, LongSupplier pauseNanos, Runnable work, Consumer<Throwable> onFailure) {
    this.pauseNanos = pauseNanos;
    this.work = work;
    this.onFailure = onFailure;
    thread = new Thread(this::run, threadName);
    thread.setDaemon(true);
    // The thread must not keep the class loader of the application that started it alive.
    thread.setContextClassLoader(RecurringWork.class.getClassLoader());
  }

  /** Starts the thread. */
  public void start() {
    thread.start();
  }

  /** Returns the name of the thread. */
  public String threadName() {
    return thread.getName();
  }

  private void run() {
    while (!ending) {
      try {
        if (pause(pauseNanos.getAsLong(), true)) {
          work.run();
        }
      } catch (Throwable failure) {
        report(failure);
      }
    }
  }

  private void report(Throwable failure) {
    try {
      onFailure.accept(failure);
    } catch (Throwable unreportable) {
      // There is no memory left to log it, most likely. The thread goes on all the same.
    }
  }

  /** Ends the pause that the thread is in; if it is at work, the next pause. */
  public void wake() {
    woken.set(true);
    LockSupport.unpark(thread);
  }

  /**
   * Pauses in the middle of the work. Called on the thread only.
   *
   * @return whether to go on; {@code false} as soon as the thread is to end
   */
  public boolean rest(long nanos) {
    return pause(nanos, false);
  }

  private boolean pause(long nanos, boolean mayBeWoken) {
    long begin = System.nanoTime();
    while (!ending && !(mayBeWoken && woken.getAndSet(false))) {
      // An interrupt, by a listener for instance, must make neither this pause end nor the next
      // call to the store fail.
      if (Thread.interrupted()) {
        report(new InterruptedException("an interrupt of " + threadName() + " was ignored"));
      }
      long left = nanos - (System.nanoTime() - begin);
      if (left <= 0) {
        break;
      }
      LockSupport.parkNanos(this, left);
    }
    return !ending;
  }

  /**
   * Ends the thread after the work that it is doing, and waits for that, for 5 seconds at most. If
   * the work itself calls this, it does not wait.
   *
   * @return {@code false} if the thread was still at work after 5 seconds; it ends when the work is
   *     done
   */
  public boolean end() {
    ending = true;
    LockSupport.unpark(thread);
    if (Thread.currentThread() == thread) {
      return true;
    }
    // A caller that is interrupted waits all the same: what it does next may be to close the store.
    boolean interrupted = false;
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(LONGEST_JOIN_MILLIS);
    for (long left = LONGEST_JOIN_MILLIS; left > 0 && thread.isAlive(); ) {
      try {
        thread.join(left);
      } catch (InterruptedException e) {
        interrupted = true;
      }
      left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    return !thread.isAlive();
  }
}
