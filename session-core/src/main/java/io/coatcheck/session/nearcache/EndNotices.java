package io.coatcheck.session.nearcache;

import io.coatcheck.session.background.RecurringWork;
import io.coatcheck.session.log.Milestones;
import io.coatcheck.session.store.StoredSession;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Notifies the listener of ended sessions, on a separate thread. Ends are found during other work:
 * while a request looks its session up, perhaps in the save queue, or while the copies are compared
 * with the store. None of that may wait for the application.
 *
 * <p>If the listener is too slow, notices are dropped, and that is logged: a notice is only
 * information, and the copy has already been discarded.
 */
final class EndNotices {

  private static final Logger LOG = LoggerFactory.getLogger(NearCacheSessionStore.class);
  private static final AtomicInteger NUMBER = new AtomicInteger();

  private final long maximumBytes;
  private final Queue<Copy> queue = new ConcurrentLinkedQueue<>();
  private final AtomicLong queuedBytes = new AtomicLong();
  private final AtomicLong dropped = new AtomicLong();
  private volatile @Nullable Consumer<StoredSession> listener;
  private volatile @Nullable RecurringWork thread;
  private boolean closed;

  /**
   * Creates an empty queue without a thread.
   *
   * @param maximumBytes the approximate memory that the sessions in the queue may take
   */
  EndNotices(long maximumBytes) {
    this.maximumBytes = maximumBytes;
  }

  /** Sets the listener, and starts the thread if there is none yet. Does nothing when closed. */
  synchronized void listener(Consumer<StoredSession> consumer) {
    if (closed) {
      return;
    }
    if (thread == null) {
      RecurringWork started =
          new RecurringWork(
              "coatcheck-notifier-" + NUMBER.incrementAndGet(),
              () -> TimeUnit.DAYS.toNanos(1),
              this::notifyAllQueued,
              failure -> LOG.error("The listener of ended sessions failed", failure));
      started.start();
      thread = started;
    }
    // Only now: if the thread cannot start, nothing is queued for it.
    listener = consumer;
  }

  /**
   * Adds a notice to the queue, if there is room or the queue is empty: a session alone may be
   * larger than the queue. Never blocks.
   */
  void add(Copy gone) {
    if (listener == null) {
      return;
    }
    long queued = queuedBytes.getAndAdd(gone.weight());
    if (queued > 0 && queued + gone.weight() > maximumBytes) {
      queuedBytes.addAndGet(-gone.weight());
      long droppedSoFar = dropped.incrementAndGet();
      if (Milestones.include(droppedSoFar)) {
        LOG.warn(
            "A session listener is too slow: it was not notified of {} sessions that ended elsewhere,"
                + " so far",
            droppedSoFar);
      }
      return;
    }
    queue.add(gone);
    RecurringWork running = thread;
    if (running != null) {
      running.wake();
    }
  }

  private void notifyAllQueued() {
    for (Copy next = queue.poll(); next != null; next = queue.poll()) {
      queuedBytes.addAndGet(-next.weight());
      Consumer<StoredSession> consumer = listener;
      if (consumer != null) {
        try {
          consumer.accept(next.session());
        } catch (Throwable failure) {
          LOG.error("The listener of ended sessions failed", failure);
        }
      }
    }
  }

  /** Drops the queued notices, and ends the thread. */
  void close() {
    RecurringWork ending;
    synchronized (this) {
      closed = true;
      ending = thread;
    }
    listener = null;
    queue.clear();
    if (ending != null) {
      ending.endOrWarn(LOG, "a session listener");
    }
  }
}
