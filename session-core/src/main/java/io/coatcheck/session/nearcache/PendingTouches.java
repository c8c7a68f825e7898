package io.coatcheck.session.nearcache;

import io.coatcheck.session.store.BatchTouch;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.token.SessionId;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Touches that wait for the next batch. What waits here is lost if the node dies, so touches are
 * taken over early enough for the stored moment to lag no more than it may, even then. None are
 * taken over while batches are not written, whatever the reason: requests then touch by themselves.
 *
 * <p>A batch is written with the moment at which it is written: a session that has expired by then
 * stays expired, whenever the request came. There is no clock here: each request brings a reading
 * of its clock, and the time that has passed since is added.
 *
 * <p>A session that a batch leaves out is gone or expired, or another transaction holds it. Nothing
 * waits for it here. Its copy is forgotten, so that the store decides at its next request, and the
 * touch is part of the next batches, some times over.
 */
final class PendingTouches {

  /** Beyond this, requests touch by themselves. */
  private static final int MOST_PENDING = 100_000;

  /** At least how many batches in a row must leave a touch out before it is dropped. */
  static final int FEWEST_ATTEMPTS = 8;

  /** And for at least how long: with a short bound, the batches follow each other quickly. */
  static final long LEAST_PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(2);

  /** How much later than promised a batch may be before requests touch by themselves. */
  private static final long TOLERANCE_NANOS = TimeUnit.SECONDS.toNanos(1);

  /** For how long a reading of the clock is trusted against those that contradict it. */
  private static final long READING_NANOS = TimeUnit.MINUTES.toNanos(1);

  private static final String NOT_STORED =
      "The activity of {} sessions was not stored at the end, so that they may expire up to the"
          + " touch interval early";

  private static final Logger LOG = LoggerFactory.getLogger(NearCacheSessionStore.class);

  private final BatchTouch batches;
  private final Duration delay;
  private final LongSupplier nanoTime;
  private final Consumer<SessionId> onLeftOut;
  private final ConcurrentHashMap<SessionId, Waiting> pending = new ConcurrentHashMap<>();

  /** The latest reading, as far as is known. */
  private volatile @Nullable Reading reading;

  /** All that was added before this has been stored, but for what batches left out. */
  private volatile long storedUpTo;

  private volatile boolean closed;

  /** A moment of the requests' clock, and of the one that only goes forward. */
  private record Reading(Instant now, long nanos) {

    Instant at(long moment) {
      return now.plusNanos(moment - nanos);
    }
  }

  /**
   * The moment to store.
   *
   * @param attempts how many batches have left it out
   * @param since when it was added
   */
  private record Waiting(Instant lastSeenAt, int attempts, long since) {

    static Waiting later(Waiting one, Waiting other) {
      return one.lastSeenAt.isAfter(other.lastSeenAt) ? one : other;
    }
  }

  /**
   * Makes it empty.
   *
   * @param delay how long a touch may wait here
   * @param onLeftOut called for each session that a batch did not touch
   */
  PendingTouches(
      BatchTouch batches, Duration delay, LongSupplier nanoTime, Consumer<SessionId> onLeftOut) {
    this.batches = batches;
    this.delay = delay;
    this.nanoTime = nanoTime;
    this.onLeftOut = onLeftOut;
    storedUpTo = nanoTime.getAsLong();
  }

  Duration delay() {
    return delay;
  }

  /** Takes a touch over, unless there are too many already or nothing writes them. */
  boolean add(SessionId id, Instant lastSeenAt, Instant now) {
    long nanos = nanoTime.getAsLong();
    if (closed
        || nanos - storedUpTo > delay.toNanos() + TOLERANCE_NANOS
        || pending.mappingCount() >= MOST_PENDING) {
      return false;
    }
    read(now, nanos);
    pending.merge(id, new Waiting(lastSeenAt, 0, nanos), Waiting::later);
    // The last batch may have been put together before that.
    return !closed;
  }

  /**
   * Takes over a reading of the clock, unless it is earlier than what is known. Then the request
   * was held up after it read the clock, or the clock was set back, which shows in all readings.
   */
  private synchronized void read(Instant now, long nanos) {
    Reading last = reading;
    if (last == null || !now.isBefore(last.at(nanos)) || nanos - last.nanos() > READING_NANOS) {
      reading = new Reading(now, nanos);
    }
  }

  /**
   * Stores what waits, in batches.
   *
   * @throws SessionStoreException if the store failed; what is not stored goes on waiting
   */
  void flush() {
    long began = nanoTime.getAsLong();
    Map<SessionId, Waiting> batch = new HashMap<>();
    for (Map.Entry<SessionId, Waiting> entry : pending.entrySet()) {
      batch.put(entry.getKey(), entry.getValue());
      if (batch.size() == BatchTouch.MAX_IDS) {
        store(batch);
        batch.clear();
      }
    }
    if (!batch.isEmpty()) {
      store(batch);
    }
    storedUpTo = began;
  }

  private void store(Map<SessionId, Waiting> batch) {
    Map<SessionId, Instant> moments = new HashMap<>();
    batch.forEach((id, waiting) -> moments.put(id, waiting.lastSeenAt()));
    // There is a reading: each touch that waits brought one.
    Instant now = Objects.requireNonNull(reading).at(nanoTime.getAsLong());
    Set<SessionId> touched = batches.touchAll(moments, now);
    batch.forEach(
        (id, waiting) -> {
          // A later moment that was added meanwhile goes on waiting, in each case.
          if (touched.contains(id)) {
            pending.remove(id, waiting);
          } else {
            leaveOut(id, waiting);
          }
        });
  }

  private void leaveOut(SessionId id, Waiting waiting) {
    onLeftOut.accept(id);
    int attempts = waiting.attempts() + 1;
    if (attempts >= FEWEST_ATTEMPTS
        && nanoTime.getAsLong() - waiting.since() >= LEAST_PATIENCE_NANOS) {
      pending.remove(id, waiting);
    } else {
      pending.replace(id, waiting, new Waiting(waiting.lastSeenAt(), attempts, waiting.since()));
    }
  }

  /** Stores what waits, one last time. */
  void close() {
    closed = true;
    try {
      flush();
    } catch (SessionStoreException e) {
      LOG.warn(NOT_STORED + ": {}", pending.size(), e.getMessage());
    } catch (RuntimeException | Error e) {
      LOG.error(NOT_STORED, pending.size(), e);
    }
  }
}
