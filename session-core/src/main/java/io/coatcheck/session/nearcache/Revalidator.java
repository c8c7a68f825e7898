package io.coatcheck.session.nearcache;

import io.coatcheck.session.background.RecurringWork;
import io.coatcheck.session.log.Milestones;
import io.coatcheck.session.store.BatchLookup;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.token.SessionId;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Compares the copies that requests used since the last run with the store, in batches, and resets
 * the age of those that agree. A copy that differs, or whose session has ended, is discarded: the
 * next request loads it. A copy that is not used is left to age. It also stores the pending
 * touches.
 *
 * <p>While a change feed reports in time, only what it reported is compared; and, as a second line,
 * each copy in use every few minutes.
 */
final class Revalidator implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(NearCacheSessionStore.class);
  private static final long SWEEP_NANOS = TimeUnit.MINUTES.toNanos(1);
  private static final AtomicInteger NUMBER = new AtomicInteger();

  private final Copies copies;
  private final CopyTable table;
  private final BatchLookup store;
  private final Duration interval;
  private final @Nullable ReportedChanges changes;
  private final RecurringWork thread;
  private final Task storing = new Task("Storing activity");
  private final Task comparing = new Task("Revalidation");
  private long failures;

  /** Whether the store has answered since this was last reset. Used by the thread only. */
  private boolean hasCompared;

  private long lastSweep;
  private volatile long comparedUpTo;

  /**
   * Prepares the thread.
   *
   * @param changes what the change feed reports; null if there is none
   */
  Revalidator(
      Copies copies, BatchLookup store, Duration interval, @Nullable ReportedChanges changes) {
    this.copies = copies;
    table = copies.table();
    this.store =
        ids -> {
          Map<SessionId, BatchLookup.Stamp> stamps = store.stamps(ids);
          hasCompared = true;
          return stamps;
        };
    this.interval = interval;
    this.changes = changes;
    lastSweep = table.now();
    comparedUpTo = lastSweep;
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

  /** Returns how long ago the last comparison began that finished. */
  Duration lag() {
    return Duration.ofNanos(table.now() - comparedUpTo);
  }

  /** Does what the thread does after each pause. */
  void lookOnce() {
    storing.attempt(copies::flushTouches);
    comparing.attempt(
        () -> {
          hasCompared = false;
          revalidate();
          return hasCompared;
        });
  }

  /** One of the tasks of the thread. */
  private final class Task {

    private final String name;

    /** How often it failed since the store last did what the task asked of it. */
    private long storeFailures;

    Task(String name) {
      this.name = name;
    }

    /**
     * Does the work, and logs its failure.
     *
     * @param work returns whether there was anything to ask of the store
     */
    void attempt(BooleanSupplier work) {
      try {
        if (work.getAsBoolean()) {
          storeFailures = 0;
        }
      } catch (SessionStoreException e) {
        // Requests then ask the store themselves. If only this fails, they report nothing.
        storeFailures++;
        if (Milestones.include(storeFailures)) {
          LOG.warn(
              "{} failed, {} times in a row; it will be retried: {}",
              name,
              storeFailures,
              e.getMessage());
        }
      } catch (Throwable e) {
        report(name, e);
      }
    }
  }

  private void report(String what, Throwable failure) {
    failures++;
    if (Milestones.include(failures)) {
      // It is retried four times within the bound.
      LOG.error(
          "{} failed unexpectedly, {} times so far; it will be retried", what, failures, failure);
    }
  }

  /**
   * Checks once all copies that were used since their last check and would become too old before
   * the run after the next. Younger ones can wait: each costs the store a row each time.
   */
  void revalidate() {
    long now = table.now();
    long due = now - table.maxStaleness() + 2 * interval.toNanos();
    if (changes != null) {
      changes.settle(store);
      if (table.completeUpTo() - due > 0) {
        if (now - lastSweep >= SWEEP_NANOS) {
          lastSweep = now;
          compareAll(now - Copy.MAX_TRUST_NANOS / 2, now - Copy.MAX_TRUST_NANOS / 2, false);
        }
        return;
      }
    }
    compareAll(due, now - 2 * table.maxStaleness(), true);
    comparedUpTo = now;
  }

  /**
   * Compares copies with the store.
   *
   * @param due those that were last known to be current at this moment or before
   * @param usedSince and were used after this moment
   * @param byFeed whether what the change feed said counts
   */
  private void compareAll(long due, long usedSince, boolean byFeed) {
    long complete = table.completeUpTo();
    Map<SessionId, Copy> batch = new HashMap<>();
    for (Map.Entry<SessionId, Copy> entry : table.all().entrySet()) {
      Copy copy = entry.getValue();
      long asOf = byFeed ? copy.asOf(complete) : copy.asOf();
      if (due - asOf >= 0 && copy.isUsedSince(usedSince) && !copy.isChanged()) {
        batch.put(entry.getKey(), copy);
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
    long began = table.now();
    Map<SessionId, BatchLookup.Stamp> stamps = store.stamps(batch.keySet());
    batch.forEach(
        (id, copy) -> {
          BatchLookup.Stamp stamp = stamps.get(id);
          if (stamp == null) {
            copies.gone(id, began);
          } else if (!table.agrees(copy, stamp)) {
            table.forget(id);
          } else {
            copy.confirm(began);
            if (stamp.lastSeenAt().isAfter(copy.session().lastSeenAt())) {
              table.seen(id, stamp.lastSeenAt());
            }
          }
        });
  }

  /** Ends the thread and waits for it, for 5 seconds at most. */
  @Override
  public void close() {
    thread.endOrWarn(LOG, "the store");
  }
}
