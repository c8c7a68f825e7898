package io.coatcheck.session.background;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.slf4j.Logger;

/**
 * Repeats the same work on one daemon thread until it is ended. Nothing else ends the thread: it
 * survives every exception of the work, including errors, and every interrupt.
 *
 * <p>Ending it interrupts the pauses, never the work. The work may be calling a store at that
 * moment, and a database in a file, such as H2, breaks if a thread is interrupted while it reads or
 * writes the file.
 */
public final class RecurringWork {

  private static final long MAX_JOIN_MILLIS = TimeUnit.SECONDS.toMillis(5);

  private final LongSupplier pauseNanos;
  private final Runnable work;
  private final Consumer<Throwable> onFailure;
  private final Thread thread;
  private final AtomicBoolean woken = new AtomicBoolean();
  private final Object state = new Object();
  private boolean started;
  private volatile boolean ending;

  /**
   * Prepares the thread, which {@link #start} starts.
   *
   * @param pauseNanos called before each pause; the first pause comes before the work
   * @param onFailure called on the thread with anything that the work threw, and with an {@link
   *     InterruptedException} after an interrupt that was ignored, for the log. Exceptions that it
   *     throws are ignored
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

  /**
   * Starts the thread, unless it was started or ended before. If it cannot start, the next call
   * tries again.
   */
  public void start() {
    synchronized (state) {
      if (!started && !ending) {
        thread.start();
        started = true;
      }
    }
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
      // Most likely there is no memory left to log it. The thread still continues.
    }
  }

  /** Ends the thread's present pause or, while it works, the next one. */
  public void wake() {
    woken.set(true);
    LockSupport.unpark(thread);
  }

  /**
   * Pauses in the middle of the work. Only to be called on the thread.
   *
   * @return whether to go on; {@code false} as soon as the thread is to end
   */
  public boolean rest(long nanos) {
    return pause(nanos, false);
  }

  private boolean pause(long nanos, boolean mayBeWoken) {
    long begin = System.nanoTime();
    while (!ending && !(mayBeWoken && woken.getAndSet(false))) {
      // An interrupt, by a listener for instance, must neither end this pause nor make the next
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
   * Ends the thread as {@link #end} does, and logs a warning if it is still working.
   *
   * @param waitingFor what the work waits for then, for the message
   */
  public void endOrWarn(Logger log, String waitingFor) {
    if (!end()) {
      log.warn(
          "{} still waits for {} after {} seconds, and ends when that is done",
          threadName(),
          waitingFor,
          TimeUnit.MILLISECONDS.toSeconds(MAX_JOIN_MILLIS));
    }
  }

  /**
   * Ends the thread after its present work, and waits for that, for at most 5 seconds. Does not
   * wait if the work itself calls this, or if the thread was never started.
   *
   * @return {@code false} if the thread was still working after 5 seconds; it ends when the work is
   *     done
   */
  public boolean end() {
    synchronized (state) {
      ending = true;
    }
    LockSupport.unpark(thread);
    if (Thread.currentThread() == thread) {
      return true;
    }
    // An interrupted caller still waits: it may close the store next.
    boolean interrupted = false;
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(MAX_JOIN_MILLIS);
    for (long left = MAX_JOIN_MILLIS; left > 0 && thread.isAlive(); ) {
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
