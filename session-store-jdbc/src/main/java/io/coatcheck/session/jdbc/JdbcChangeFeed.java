package io.coatcheck.session.jdbc;

import io.coatcheck.session.background.RecurringWork;
import io.coatcheck.session.store.ChangeFeed;
import io.coatcheck.session.store.ChangeListeners;
import io.coatcheck.session.store.SessionStoreException;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reports the changes of all nodes, which a thread reads from the log of changes. The thread starts
 * with the first subscription and ends when the store is closed. Without listeners, it reads
 * nothing.
 */
final class JdbcChangeFeed implements ChangeFeed {

  private static final Logger LOG = LoggerFactory.getLogger(JdbcSessionStore.class);

  private static final AtomicInteger NUMBER = new AtomicInteger();

  private final ChangeListeners listeners;
  private final ChangeReader reader;
  private final RecurringWork work;
  private final Object state = new Object();
  private boolean started;
  private volatile boolean closed;

  /** How many polls have failed since the last one that did not. Used by the thread only. */
  private int failures;

  /** The kinds of those failures, each of which is logged once. Used by the thread only. */
  private final Set<Class<?>> logged = new HashSet<>();

  JdbcChangeFeed(ChangeListeners listeners, ChangeReader reader, Duration interval) {
    this.listeners = listeners;
    this.reader = reader;
    work =
        new RecurringWork(
            "coatcheck-changes-" + NUMBER.incrementAndGet(),
            interval::toNanos,
            this::poll,
            this::logFailure);
  }

  @Override
  public Subscription subscribe(Listener listener) {
    synchronized (state) {
      if (closed) {
        throw new SessionStoreException("subscribe failed: the store is closed");
      }
      Subscription subscription = listeners.add(listener);
      if (!started) {
        started = true;
        work.start();
      }
      work.wake();
      return subscription;
    }
  }

  private void poll() {
    if (listeners.isEmpty()) {
      reader.rest();
      return;
    }
    boolean more = true;
    while (more && !closed) {
      more = reader.read();
    }
    if (failures > 0) {
      LOG.info("the change feed is read again, after {} attempts that failed", failures);
      failures = 0;
      logged.clear();
    }
  }

  private void logFailure(Throwable failure) {
    if (failure instanceof InterruptedException) {
      LOG.debug("{}", failure.getMessage());
      return;
    }
    failures++;
    if (closed || !logged.add(failure.getClass())) {
      return;
    }
    if (failure instanceof SessionStoreException) {
      LOG.warn(
          "the change feed cannot be read, so that copies of sessions are not kept for longer than"
              + " without it: {}",
          failure.getMessage());
    } else {
      LOG.error("the change feed failed, and is tried again", failure);
    }
  }

  /** Ends the thread, and all subscriptions. */
  void close() {
    synchronized (state) {
      closed = true;
    }
    if (started && !work.end()) {
      LOG.warn("{} still waits for the database; it ends afterwards", work.threadName());
    }
    listeners.close();
  }
}
