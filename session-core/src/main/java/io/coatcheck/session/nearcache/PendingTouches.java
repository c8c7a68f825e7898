package io.coatcheck.session.nearcache;

import io.coatcheck.session.store.BatchTouch;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.token.SessionId;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Touches that wait for the next batch. Pending touches are lost if the node dies, so they are
 * accepted early enough that the stored time never lags more than allowed, even then. None are
 * accepted while batches are not being written, for whatever reason: requests then touch directly.
 *
 * <p>A batch is written as of the latest time at which it may reach the store: a session that has
 * expired by then stays expired, whenever the request came. Otherwise a batch that is slow would
 * make sessions live again that were refused in between.
 *
 * <p>A session that a batch leaves out has ended, has expired or soon expires, or another
 * transaction has locked it. Nothing here waits for that. Its copy is discarded, so that the store
 * decides at its next request, and the next few batches try the touch again.
 */
final class PendingTouches {

  /** Beyond this, requests touch directly. */
  private static final int MAX_PENDING = 100_000;

  /** The least number of consecutive batches that must leave a touch out before it is dropped. */
  static final int MIN_ATTEMPTS = 8;

  /** The least time before that: with a short bound, batches follow each other quickly. */
  static final long MIN_PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(2);

  /** How late a batch may be before requests touch directly. */
  private static final long TOLERANCE_NANOS = TimeUnit.SECONDS.toNanos(1);

  private static final String NOT_STORED =
      "The activity of {} sessions was not stored at the end, so that they may expire up to the"
          + " touch interval early";

  private static final Logger LOG = LoggerFactory.getLogger(NearCacheSessionStore.class);

  private final BatchTouch batches;
  private final Duration delay;
  private final Duration longestCall;
  private final LongSupplier nanoTime;
  private final RequestClock clock;
  private final Consumer<SessionId> onLeftOut;
  private final BiConsumer<SessionId, Instant> onStored;
  private final ConcurrentHashMap<SessionId, Waiting> pending = new ConcurrentHashMap<>();

  /** Everything added before this has been stored, except for what batches left out. */
  private volatile long storedUpTo;

  private volatile boolean closed;

  /** How many batches took longer than any should. One thread at a time writes batches. */
  private long lateBatches;

  /**
   * The time to store.
   *
   * @param attempts how many batches have left it out
   * @param since when it was added
   * @param hasFailed whether a batch with it has failed
   */
  private record Waiting(Instant lastSeenAt, int attempts, long since, boolean hasFailed) {

    static Waiting later(Waiting one, Waiting other) {
      if (one.lastSeenAt.isAfter(other.lastSeenAt)) {
        return one;
      }
      return one.hasFailed ? other.failed() : other;
    }

    Waiting failed() {
      return new Waiting(lastSeenAt, attempts, since, true);
    }
  }

  /**
   * Creates an empty queue.
   *
   * @param delay how long a touch may wait here
   * @param longestCall how long a batch takes at most
   * @param onLeftOut called for each session that a batch did not touch
   * @param onStored called with each moment that is in the store now
   */
  PendingTouches(
      BatchTouch batches,
      Duration delay,
      Duration longestCall,
      LongSupplier nanoTime,
      RequestClock clock,
      Consumer<SessionId> onLeftOut,
      BiConsumer<SessionId, Instant> onStored) {
    this.batches = batches;
    this.delay = delay;
    this.longestCall = longestCall;
    this.nanoTime = nanoTime;
    this.clock = clock;
    this.onLeftOut = onLeftOut;
    this.onStored = onStored;
    storedUpTo = nanoTime.getAsLong();
  }

  Duration delay() {
    return delay;
  }

  /**
   * Accepts a touch, unless too many are pending or batches are not being written; returns whether
   * it did. The caller has read the clock for it.
   */
  boolean add(SessionId id, Instant lastSeenAt) {
    long nanos = nanoTime.getAsLong();
    if (closed
        || nanos - storedUpTo > delay.toNanos() + TOLERANCE_NANOS
        || pending.mappingCount() >= MAX_PENDING) {
      return false;
    }
    pending.merge(id, new Waiting(lastSeenAt, 0, nanos, false), Waiting::later);
    // The last batch may have been assembled before that.
    return !closed;
  }

  /**
   * Stores the pending touches, in batches. Ends at the first that fails, since the store may be
   * down, and each further one might wait for a time-out. What was in it comes last the next time:
   * a batch that always fails does not keep the others from being stored.
   *
   * @return whether there were any
   * @throws SessionStoreException if the store failed; what was not stored stays pending
   */
  boolean flush() {
    long began = nanoTime.getAsLong();
    boolean isAny = flush(false);
    isAny |= flush(true);
    storedUpTo = began;
    return isAny;
  }

  /** Stores either the touches that were in a failed batch, or the others. */
  private boolean flush(boolean hasFailed) {
    boolean isAny = false;
    Map<SessionId, Waiting> batch = new HashMap<>();
    for (Map.Entry<SessionId, Waiting> entry : pending.entrySet()) {
      Waiting waiting = entry.getValue();
      if (waiting.hasFailed() == hasFailed) {
        isAny = true;
        batch.put(entry.getKey(), waiting);
        if (batch.size() == BatchTouch.MAX_IDS) {
          store(batch);
          batch.clear();
        }
      }
    }
    if (!batch.isEmpty()) {
      store(batch);
    }
    return isAny;
  }

  private void store(Map<SessionId, Waiting> batch) {
    Map<SessionId, Instant> moments = new HashMap<>();
    batch.forEach((id, waiting) -> moments.put(id, waiting.lastSeenAt()));
    // The clock has been read: every pending touch supplied a reading.
    Instant now = clock.now().orElseThrow();
    Set<SessionId> touched = touchAll(moments, now.plus(longestCall));
    batch.forEach(
        (id, waiting) -> {
          // A later time that was added since stays pending in each case.
          if (touched.contains(id)) {
            pending.remove(id, waiting);
            onStored.accept(id, waiting.lastSeenAt());
          } else {
            leaveOut(id, waiting);
          }
        });
  }

  private Set<SessionId> touchAll(Map<SessionId, Instant> moments, Instant now) {
    long began = nanoTime.getAsLong();
    Set<SessionId> touched;
    try {
      touched = batches.touchAll(moments, now);
    } catch (Throwable e) {
      moments.keySet().forEach(id -> pending.computeIfPresent(id, (key, one) -> one.failed()));
      throw e;
    }
    warnIfLate(nanoTime.getAsLong() - began);
    return touched;
  }

  /** Sessions may have expired meanwhile, and be live again. */
  private void warnIfLate(long nanos) {
    if (nanos > longestCall.toNanos() && Long.bitCount(++lateBatches) == 1) {
      LOG.warn(
          "A batch of touches took {}, {} times so far, longer than the {} that the store allows for:"
              + " sessions that expired meanwhile may be live again",
          Duration.ofNanos(nanos),
          lateBatches,
          longestCall);
    }
  }

  private void leaveOut(SessionId id, Waiting waiting) {
    onLeftOut.accept(id);
    int attempts = waiting.attempts() + 1;
    if (attempts >= MIN_ATTEMPTS && nanoTime.getAsLong() - waiting.since() >= MIN_PATIENCE_NANOS) {
      pending.remove(id, waiting);
    } else {
      pending.replace(
          id, waiting, new Waiting(waiting.lastSeenAt(), attempts, waiting.since(), false));
    }
  }

  /**
   * Stores the pending touches one last time. If a batch fails, the others are tried once: a store
   * that is down costs no more than two calls.
   */
  void close() {
    closed = true;
    try {
      flushLast();
    } catch (SessionStoreException e) {
      LOG.warn(NOT_STORED + ": {}", pending.size(), e.getMessage());
    } catch (Throwable e) {
      LOG.error(NOT_STORED, pending.size(), e);
    }
  }

  private void flushLast() {
    try {
      boolean unused = flush();
    } catch (SessionStoreException e) {
      if (pending.values().stream().allMatch(Waiting::hasFailed)) {
        throw e;
      }
      boolean unused = flush();
    }
  }
}
