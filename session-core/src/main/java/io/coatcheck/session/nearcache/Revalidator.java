package io.coatcheck.session.nearcache;

import io.coatcheck.session.background.RecurringWork;
import io.coatcheck.session.store.BatchLookup;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.token.SessionId;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Compares the copies that requests used since the last run with the store, in batches, and resets
 * the age of those that agree. A copy that differs, or whose session has ended, is discarded: the
 * next request loads it. A copy that is not used is left to age. It also stores the pending
 * touches.
 */
final class Revalidator implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(NearCacheSessionStore.class);
  private static final AtomicInteger NUMBER = new AtomicInteger();

  private final Copies copies;
  private final BatchLookup store;
  private final Duration interval;
  private final RecurringWork thread;
  private long failures;

  Revalidator(Copies copies, BatchLookup store, Duration interval) {
    this.copies = copies;
    this.store = store;
    this.interval = interval;
    thread =
        new RecurringWork(
            "coatcheck-revalidator-" + NUMBER.incrementAndGet(),
            interval::toNanos,
            this::lookOnce,
            failure -> report("The thread", failure));
  }

  void start() {
    thread.start();
  }

  private void lookOnce() {
    attempt("Storing activity", copies::flushTouches);
    attempt("Revalidation", this::revalidate);
  }

  private void attempt(String what, Runnable work) {
    try {
      work.run();
    } catch (SessionStoreException e) {
      // Copies become too old, and requests read the store themselves; they report the failure.
      LOG.debug("{} failed; it is tried again: {}", what, e.getMessage());
    } catch (RuntimeException | Error e) {
      report(what, e);
    }
  }

  private void report(String what, Throwable failure) {
    failures++;
    if (Long.bitCount(failures) == 1) {
      // Logged at 1, 2, 4, 8 and so on: it is retried four times within the bound.
      LOG.error(
          "{} failed unexpectedly, for the {}. time; it is tried again", what, failures, failure);
    }
  }

  /**
   * Checks once all copies that were used since their last check and would become too old before
   * the run after the next. Younger ones can wait: each costs the store a row each time.
   */
  void revalidate() {
    long due = copies.now() - copies.maxStaleness() + 2 * interval.toNanos();
    Map<SessionId, Copy> batch = new HashMap<>();
    for (Map.Entry<SessionId, Copy> entry : copies.all().entrySet()) {
      if (!entry.getValue().isYoungerThan(due) && entry.getValue().takeUsed()) {
        batch.put(entry.getKey(), entry.getValue());
        if (batch.size() == BatchLookup.MAX_IDS) {
          compare(batch);
          batch.clear();
        }
      }
    }
    if (!batch.isEmpty()) {
      compare(batch);
    }
  }

  private void compare(Map<SessionId, Copy> batch) {
    long began = copies.now();
    Map<SessionId, BatchLookup.Stamp> stamps = store.stamps(batch.keySet());
    batch.forEach(
        (id, copy) -> {
          BatchLookup.Stamp stamp = stamps.get(id);
          if (stamp == null) {
            copies.gone(id);
          } else if (stamp.version() > copy.session().version()) {
            copies.forget(id);
          } else if (stamp.version() == copy.session().version()) {
            copy.confirm(began);
            if (stamp.lastSeenAt().isAfter(copy.session().lastSeenAt())) {
              copies.seen(id, stamp.lastSeenAt());
            }
          }
        });
  }

  /** Ends the thread and waits for it, for 5 seconds at most. */
  @Override
  public void close() {
    if (!thread.end()) {
      LOG.warn("{} is still waiting for the store after 5 seconds", thread.threadName());
    }
  }
}
