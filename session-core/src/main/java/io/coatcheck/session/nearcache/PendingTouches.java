package io.coatcheck.session.nearcache;

import io.coatcheck.session.log.LimitedLog;
import io.coatcheck.session.store.BatchTouch;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.token.SessionId;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
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

  /** How many sessions are known whose touches make each batch fail. */
  private static final int MAX_UNSTORABLE = 1_000;

  private static final String NOT_STORED =
      "The activity of {} sessions was not stored at the end, so that they may expire up to the"
          + " touch interval early";

  private static final Logger LOG = LoggerFactory.getLogger(NearCacheSessionStore.class);

  private final LimitedLog dropped = new LimitedLog(LOG, Duration.ofMinutes(1));
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

  /**
   * Whether the store has stored another touch since a batch of a single one failed. That it is
   * read proves nothing: its disk may be full, or it may be a replica by now.
   */
  private volatile boolean hasStored;

  /** The last sessions whose touches made each batch fail: requests touch them directly. */
  private final Set<SessionId> unstorable = ConcurrentHashMap.newKeySet();

  /** How many touches of failed batches the next batch has at most: less after each that fails. */
  private int retried = BatchTouch.MAX_IDS;

  /** How many batches took longer than any should. One thread at a time writes batches. */
  private long lateBatches;

  /**
   * The time to store.
   *
   * @param attempts how many batches have left it out
   * @param since when it was added
   * @param failures how many batches with it have failed
   * @param alone how many of them had nothing else, while the store stored others
   */
  private record Waiting(Instant lastSeenAt, int attempts, long since, int failures, int alone) {

    static Waiting later(Waiting one, Waiting other) {
      return one.lastSeenAt.isAfter(other.lastSeenAt)
          ? one
          : new Waiting(other.lastSeenAt, 0, other.since, one.failures, one.alone);
    }

    Waiting failed(boolean isBlamed) {
      return new Waiting(lastSeenAt, attempts, since, failures + 1, isBlamed ? alone + 1 : alone);
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
        || pending.mappingCount() >= MAX_PENDING
        || unstorable.contains(id)) {
      return false;
    }
    pending.merge(id, new Waiting(lastSeenAt, 0, nanos, 0, 0), Waiting::later);
    // The last batch may have been assembled before that.
    return !closed;
  }

  /** Records that a request has stored its touch itself. */
  void storedDirectly() {
    if (!hasStored) {
      hasStored = true;
    }
  }

  /**
   * Stores the pending touches, in batches. Ends at the first that fails, since the store may be
   * down, and each further one might wait for a time-out. What was in it comes last the next time,
   * in smaller batches: so a touch that always fails ends up alone, the others are stored, and it
   * is dropped.
   *
   * @return whether there were any
   * @throws SessionStoreException if the store failed; what was not stored stays pending
   */
  boolean flush() {
    long began = nanoTime.getAsLong();
    boolean isAny = !pending.isEmpty();
    flush(pending, false);
    NavigableMap<Integer, Map<SessionId, Waiting>> failed = new TreeMap<>();
    pending.forEach(
        (id, waiting) -> {
          if (waiting.failures() > 0) {
            failed.computeIfAbsent(waiting.failures(), any -> new HashMap<>()).put(id, waiting);
          }
        });
    failed.values().forEach(touches -> flush(touches, true));
    storedUpTo = began;
    return isAny;
  }

  /** Stores either those that were in a failed batch, or the others. */
  private void flush(Map<SessionId, Waiting> touches, boolean haveFailed) {
    Map<SessionId, Waiting> batch = new HashMap<>();
    for (Map.Entry<SessionId, Waiting> entry : touches.entrySet()) {
      if (entry.getValue().failures() > 0 != haveFailed) {
        continue;
      }
      batch.put(entry.getKey(), entry.getValue());
      if (batch.size() >= (haveFailed ? retried : BatchTouch.MAX_IDS)) {
        store(batch, haveFailed);
        batch.clear();
      }
    }
    if (!batch.isEmpty()) {
      store(batch, haveFailed);
    }
  }

  private void store(Map<SessionId, Waiting> batch, boolean haveFailed) {
    Map<SessionId, Instant> moments = new HashMap<>();
    batch.forEach((id, waiting) -> moments.put(id, waiting.lastSeenAt()));
    // The clock has been read: every pending touch supplied a reading.
    Instant now = clock.now().orElseThrow();
    Set<SessionId> touched;
    try {
      touched = touchAll(moments, now.plus(longestCall));
    } catch (Throwable e) {
      fail(batch.keySet(), haveFailed, e);
      throw e;
    }
    hasStored = true;
    if (haveFailed) {
      retried = Math.min(2 * retried, BatchTouch.MAX_IDS);
    }
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
    Set<SessionId> touched = batches.touchAll(moments, now);
    warnIfLate(nanoTime.getAsLong() - began);
    return touched;
  }

  private void fail(Set<SessionId> batch, boolean haveFailed, Throwable failure) {
    boolean isAlone = batch.size() == 1;
    boolean isBlamed = isAlone && hasStored;
    if (isAlone) {
      hasStored = false;
    }
    if (haveFailed) {
      retried = Math.max(1, batch.size() / 2);
    }
    for (SessionId id : batch) {
      Waiting failed = pending.computeIfPresent(id, (key, one) -> one.failed(isBlamed));
      if (failed != null && failed.alone() >= MIN_ATTEMPTS && pending.remove(id, failed)) {
        drop(id, failure);
      }
    }
  }

  private void drop(SessionId id, Throwable failure) {
    if (unstorable.size() >= MAX_UNSTORABLE) {
      unstorable.clear();
    }
    unstorable.add(id);
    onLeftOut.accept(id);
    dropped.warn(
        "",
        "The activity of session "
            + id
            + " cannot be stored, unlike that of others, so that it may expire up to the touch"
            + " interval early; its requests store it themselves from now on: "
            + failure.getMessage());
  }

  /** Sessions may have expired meanwhile, and be live again. */
  private void warnIfLate(long nanos) {
    if (nanos > longestCall.toNanos() && Long.bitCount(++lateBatches) == 1) {
      LOG.warn(
          "A batch of touches took {}, {} times so far, longer than the {} that the store allows"
              + " for: sessions that expired meanwhile may be live again",
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
          id, waiting, new Waiting(waiting.lastSeenAt(), attempts, waiting.since(), 0, 0));
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
      if (pending.values().stream().allMatch(waiting -> waiting.failures() > 0)) {
        throw e;
      }
      boolean unused = flush();
    }
  }
}
