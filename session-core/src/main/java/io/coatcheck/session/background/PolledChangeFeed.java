package io.coatcheck.session.background;

import io.coatcheck.session.store.ChangeFeed;
import io.coatcheck.session.store.ChangeListeners;
import io.coatcheck.session.store.SessionStoreException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;

/**
 * Reports the changes of all nodes, which a thread reads from the log of changes: after each
 * interval, and {@linkplain #pollSoon sooner} if the store knows of a change. The thread starts
 * with the first subscription and ends when the store is closed. Without listeners, it reads
 * nothing.
 */
public final class PolledChangeFeed implements ChangeFeed {

  /** Reads the log of changes of a store. Used by one thread. */
  public interface Reader {

    /**
     * Reads some changes, and notifies the listeners.
     *
     * @return whether there may be more
     * @throws SessionStoreException if the log could not be read; the next call continues
     */
    boolean read();

    /** Discards the position, while there are no listeners. */
    void rest();
  }

  /** The maximum number of reasons that are logged in one outage. */
  private static final int MAX_REASONS = 8;

  private static final Duration MIN_INTERVAL = Duration.ofMillis(10);
  private static final Duration MAX_INTERVAL = Duration.ofSeconds(10);

  /** The minimum pause before a requested poll. */
  private static final Duration MIN_PAUSE = Duration.ofMillis(20);

  /** The minimum time between two requested polls, for each log that a poll reads. */
  private static final Duration PAUSE_OF_A_LOG = Duration.ofMillis(5);

  private static final AtomicInteger NUMBER = new AtomicInteger();

  private final ChangeListeners listeners;
  private final Reader reader;
  private final Duration interval;
  private final long spacing;
  private final Logger log;
  private final RecurringWork work;
  private final Object state = new Object();
  private volatile boolean closed;

  /** Whether a poll was requested since the last one began. */
  private final AtomicBoolean asked = new AtomicBoolean();

  /** When the last poll ended, by {@link System#nanoTime}. Used by the thread only. */
  private long lastPoll;

  /**
   * When the last poll that did not wait for the interval began, by {@link System#nanoTime}. Used
   * by the thread only.
   */
  private long lastEarly;

  /** The polls that have failed since the last one that did not. Used by the thread only. */
  private final Outage outage;

  /**
   * Prepares the thread, which the first subscription starts.
   *
   * @param interval between two polls
   * @param log that of the store
   */
  public PolledChangeFeed(ChangeListeners listeners, Reader reader, Duration interval, Logger log) {
    this(listeners, reader, interval, 1, log);
  }

  /**
   * Prepares the thread of a feed with several logs: every poll reads all of them.
   *
   * @param interval between two polls
   * @param logs the number of logs, from 1: requested polls are 5 milliseconds apart for each log,
   *     so that they read at most 200 logs a second
   * @param log that of the store
   */
  public PolledChangeFeed(
      ChangeListeners listeners, Reader reader, Duration interval, int logs, Logger log) {
    this.listeners = listeners;
    this.reader = reader;
    this.interval = interval;
    this.log = log;
    outage = new Outage(log, MAX_REASONS);
    spacing = PAUSE_OF_A_LOG.multipliedBy(logs).toNanos();
    lastPoll = System.nanoTime() - interval.toNanos();
    lastEarly = System.nanoTime() - spacing;
    work =
        new RecurringWork(
            "coatcheck-changes-" + NUMBER.incrementAndGet(),
            interval::toNanos,
            this::poll,
            this::logFailure);
  }

  /**
   * Returns the interval that was given as {@code changeFeedInterval}.
   *
   * @throws IllegalArgumentException if it is out of range
   */
  public static Duration checkedInterval(Duration interval) {
    if (interval.compareTo(MIN_INTERVAL) < 0 || interval.compareTo(MAX_INTERVAL) > 0) {
      throw new IllegalArgumentException(
          "changeFeedInterval must be from 10 milliseconds to 10 seconds: " + interval);
    }
    return interval;
  }

  @Override
  public Subscription subscribe(Listener listener) {
    synchronized (state) {
      if (closed) {
        throw new SessionStoreException("subscribe failed: the store is closed");
      }
      // First: if the thread cannot start, nothing is left, and the next call tries again.
      work.start();
      Subscription subscription = listeners.add(listener);
      work.wake();
      return subscription;
    }
  }

  @Override
  public Duration interval() {
    return interval;
  }

  /**
   * Makes the thread read the log without waiting for the end of the interval, since there is
   * probably a change in it. Calls before the next poll begins lead to that one poll, which comes
   * at least 20 milliseconds after the last one, and 5 milliseconds for each log after the last
   * requested one, but never later than the interval. So any number of calls causes at most 50
   * polls a second in addition to those of the interval, and fewer if there are more than four
   * logs.
   *
   * <p>Does nothing while there are no listeners, and after {@link #close}. For all threads; never
   * blocks.
   */
  public void pollSoon() {
    if (!closed && !listeners.isEmpty() && asked.compareAndSet(false, true)) {
      work.wake();
    }
  }

  private void poll() {
    if (asked.get()) {
      restBeforeEarlyPoll();
    }
    // Before the log is read: a call while it is read may be about a change that is not found.
    asked.set(false);
    if (closed) {
      return;
    }
    if (listeners.isEmpty()) {
      reader.rest();
      return;
    }
    try {
      readAll();
    } finally {
      lastPoll = System.nanoTime();
    }
  }

  private void restBeforeEarlyPoll() {
    long now = System.nanoTime();
    long due = lastPoll + interval.toNanos() - now;
    long early = Math.max(lastPoll + MIN_PAUSE.toNanos() - now, lastEarly + spacing - now);
    work.rest(Math.min(due, early));
    if (early < due) {
      lastEarly = System.nanoTime();
    }
  }

  private void readAll() {
    boolean more = true;
    while (more && !closed) {
      more = reader.read();
    }
    int failures = outage.end();
    if (failures > 0) {
      log.info("the change feed is read again, after {} failed attempts", failures);
    }
  }

  private void logFailure(Throwable failure) {
    if (!outage.add(failure) || closed) {
      return;
    }
    if (failure instanceof SessionStoreException) {
      log.warn(
          "the change feed cannot be read, so that copies of sessions are not kept for longer than"
              + " without it: {}",
          failure.getMessage());
    } else {
      log.error("the change feed failed, and will be retried", failure);
    }
  }

  /** Ends the thread, and all subscriptions. */
  public void close() {
    synchronized (state) {
      closed = true;
    }
    work.endOrWarn(log, "the store's server");
    listeners.close();
  }
}
