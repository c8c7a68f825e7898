package io.coatcheck.session.nearcache;

import io.coatcheck.session.store.BatchTouch;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.token.SessionId;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Touches that wait for the next batch. What waits here is lost if the node dies, so touches are
 * handed over early enough for the stored moment to lag no more than it may, even then.
 *
 * <p>A batch is written at the moment that it is written at: a session that has expired by then
 * stays expired, whenever the request came. There is no clock here; the requests bring their own
 * moment, and what has passed since is added.
 */
final class PendingTouches {

  /** Beyond this, requests touch by themselves. */
  private static final int MOST_PENDING = 100_000;

  private static final Logger LOG = LoggerFactory.getLogger(NearCacheSessionStore.class);

  private final SessionStore store;
  private final BatchTouch batches;
  private final Duration delay;
  private final LongSupplier nanoTime;
  private final Consumer<SessionId> onGone;
  private final ConcurrentHashMap<SessionId, Instant> pending = new ConcurrentHashMap<>();

  /** The latest moment that a request brought. */
  private volatile Reading reading = new Reading(Instant.EPOCH, 0);

  private volatile boolean closed;

  /** A moment of the requests' clock, and of the one that only goes forward. */
  private record Reading(Instant now, long nanos) {}

  /**
   * Makes it empty.
   *
   * @param delay how long a touch may wait here
   * @param onGone called for each session that turns out to be gone or expired
   */
  PendingTouches(
      SessionStore store,
      BatchTouch batches,
      Duration delay,
      LongSupplier nanoTime,
      Consumer<SessionId> onGone) {
    this.store = store;
    this.batches = batches;
    this.delay = delay;
    this.nanoTime = nanoTime;
    this.onGone = onGone;
  }

  Duration delay() {
    return delay;
  }

  /** Takes a touch over, unless there are too many already. */
  boolean add(SessionId id, Instant lastSeenAt, Instant now) {
    if (closed || pending.mappingCount() >= MOST_PENDING) {
      return false;
    }
    reading = new Reading(now, nanoTime.getAsLong());
    pending.merge(id, lastSeenAt, (one, other) -> one.isAfter(other) ? one : other);
    return true;
  }

  /**
   * Stores what waits, in batches.
   *
   * @throws SessionStoreException if the store failed; what is not stored goes on waiting
   */
  void flush() {
    Map<SessionId, Instant> batch = new HashMap<>();
    for (Map.Entry<SessionId, Instant> entry : pending.entrySet()) {
      batch.put(entry.getKey(), entry.getValue());
      if (batch.size() == BatchTouch.MAX_IDS) {
        store(batch);
        batch.clear();
      }
    }
    if (!batch.isEmpty()) {
      store(batch);
    }
  }

  private void store(Map<SessionId, Instant> batch) {
    Reading last = reading;
    Instant now = last.now().plusNanos(nanoTime.getAsLong() - last.nanos());
    Set<SessionId> touched = batches.touchAll(batch, now);
    batch.forEach(
        (id, moment) -> {
          if (!touched.contains(id) && !store.touch(id, moment, now)) {
            onGone.accept(id);
          }
          // A later moment that was added meanwhile goes on waiting.
          pending.remove(id, moment);
        });
  }

  /** Stores what waits, one last time. */
  void close() {
    closed = true;
    try {
      flush();
    } catch (SessionStoreException e) {
      LOG.warn(
          "The activity of {} sessions was not stored at the end, so that they may expire up to the"
              + " touch interval early: {}",
          pending.size(),
          e.getMessage());
    }
  }
}
