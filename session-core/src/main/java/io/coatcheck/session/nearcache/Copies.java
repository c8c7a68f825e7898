package io.coatcheck.session.nearcache;

import io.coatcheck.session.log.LimitedLog;
import io.coatcheck.session.store.NearCopies;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/**
 * The copies of one node, as requests look them up: each session is found in the {@link CopyTable},
 * or loaded once for all requests that wait for it.
 *
 * <p>Unknown ids leave nothing behind, so that a flood of them costs no memory.
 */
final class Copies implements NearCopies, AutoCloseable {

  private final SessionStore store;
  private final long maxStaleness;
  private final long outageGrace;
  private final CopyTable table;
  private final RequestClock clock;
  private final SharedLoads loads = new SharedLoads();

  /** Null if each touch is written to the store at once. */
  private final @Nullable PendingTouches touches;

  private final EndNotices notices;

  private final LookupCounts counts = new LookupCounts();

  private final LimitedLog outage =
      new LimitedLog(LoggerFactory.getLogger(NearCacheSessionStore.class), Duration.ofMinutes(1));

  /**
   * Creates an empty cache.
   *
   * @param touchDelay how long touches may wait; null if {@link #flushTouches} will not be called
   */
  Copies(
      SessionStore store,
      long maxStaleness,
      long outageGrace,
      long maximumBytes,
      LongSupplier nanoTime,
      @Nullable Duration touchDelay) {
    this.store = store;
    this.maxStaleness = maxStaleness;
    this.outageGrace = outageGrace;
    clock = new RequestClock(nanoTime);
    table = new CopyTable(maximumBytes, maxStaleness, nanoTime, clock);
    notices = new EndNotices(maximumBytes / 4);
    touches =
        touchDelay == null || store.batchTouch().isEmpty()
            ? null
            : new PendingTouches(
                store.batchTouch().get(),
                touchDelay,
                store.longestCall(),
                nanoTime,
                clock,
                table::forget,
                table::seen);
  }

  CopyTable table() {
    return table;
  }

  LookupCounts counts() {
    return counts;
  }

  @Override
  public Lookup lookUp(SessionId id, long minimumGeneration, long minimumVersion) {
    Copy copy = usable(id, minimumGeneration, minimumVersion, true);
    if (copy != null) {
      return new Lookup(Optional.of(copy.session()), false);
    }
    counts.miss();
    try {
      return load(id, minimumGeneration, minimumVersion);
    } catch (SessionStoreException e) {
      // Not the copy from above: it may have been discarded while the store was being read.
      Copy left = answeredInOutage(id);
      if (left != null && left.isAtLeast(minimumGeneration, minimumVersion)) {
        outage.warn(
            "", "The store cannot be read, and sessions are served from copies: " + e.getMessage());
        return new Lookup(Optional.of(left.session()), false, true);
      }
      throw e;
    }
  }

  @Override
  public boolean touchInOutage(SessionId id, Instant lastSeenAt) {
    clock.hasPassed(lastSeenAt);
    if (answeredInOutage(id) == null) {
      return false;
    }
    table.show(id, lastSeenAt);
    return true;
  }

  private @Nullable Copy answeredInOutage(SessionId id) {
    long complete = table.completeUpTo();
    Copy copy = outageGrace == 0 ? null : table.use(id);
    return copy != null
            && table.now() - copy.asOf(complete) < maxStaleness + outageGrace
            && table.isUnchanged(copy)
        ? copy
        : null;
  }

  /** Waits for a load in progress and uses its result, or loads. */
  private Lookup load(SessionId id, long minimumGeneration, long minimumVersion) {
    if (maxStaleness == 0) {
      return new Lookup(store.find(id), true);
    }
    Lookup loaded =
        loads.runOrAwait(id, () -> usableOrLoaded(id, minimumGeneration, minimumVersion));
    return loaded != null ? loaded : usableOrLoaded(id, minimumGeneration, minimumVersion);
  }

  /**
   * Returns the copy that another load has left in the meantime, or loads. If the other load found
   * nothing, this request still asks the store itself.
   */
  private Lookup usableOrLoaded(SessionId id, long minimumGeneration, long minimumVersion) {
    Copy copy = usable(id, minimumGeneration, minimumVersion, false);
    return copy != null
        ? new Lookup(Optional.of(copy.session()), false)
        : new Lookup(find(id), true);
  }

  /** Returns a copy that may answer a request, and records the use; null if there is none. */
  private @Nullable Copy usable(
      SessionId id, long minimumGeneration, long minimumVersion, boolean isCounted) {
    if (maxStaleness == 0) {
      return null;
    }
    // In this order: changes that were reported up to this moment have left no copy to be found,
    // however long this thread is paused between the steps.
    long complete = table.completeUpTo();
    Copy copy = table.get(id);
    if (copy == null) {
      return null;
    }
    long now = table.now();
    long age = now - copy.asOf(complete);
    if (age >= maxStaleness
        || !copy.isAtLeast(minimumGeneration, minimumVersion)
        || !table.isUnchanged(copy)) {
      return null;
    }
    if (copy.use(now, maxStaleness / 2)) {
      // The cache evicts the least used.
      Copy unused = table.use(id);
    }
    if (isCounted) {
      counts.hit(age);
    }
    return copy;
  }

  @Override
  public boolean touchSoon(SessionId id, Instant lastSeenAt, Instant now) {
    clock.read(now);
    if (touches == null || !touches.add(id, lastSeenAt)) {
      return false;
    }
    table.show(id, lastSeenAt);
    return true;
  }

  @Override
  public Duration touchDelay() {
    return touches == null ? Duration.ZERO : touches.delay();
  }

  @Override
  public Duration longestAge() {
    return maxStaleness == 0 ? Duration.ZERO : Duration.ofNanos(maxStaleness + outageGrace);
  }

  /** Reads the store, and keeps the result for the next request. */
  Optional<StoredSession> find(SessionId id) {
    LocalEnds.Start start = table.start(id);
    Optional<StoredSession> found = store.find(id);
    if (found.isPresent()) {
      table.keep(found.get(), start);
    } else {
      gone(id, start.moment());
    }
    return found;
  }

  /**
   * Touches a session in the store at once. If this throws, the copy stays: a touch does not change
   * what a copy is trusted for.
   */
  boolean touch(SessionId id, Instant lastSeenAt, Instant now) {
    boolean touched = store.touch(id, lastSeenAt, now);
    if (touched) {
      table.seen(id, lastSeenAt);
      if (touches != null) {
        touches.storedDirectly();
      }
    } else {
      table.forget(id);
    }
    return touched;
  }

  @Override
  public void onEndedElsewhere(Consumer<StoredSession> listener) {
    notices.listener(listener);
  }

  /**
   * Discards the copy of a session that the store no longer has, and reports that once.
   *
   * @param asked a moment before the store was asked
   */
  void gone(SessionId id, long asked) {
    Copy discarded = table.gone(id, asked);
    if (discarded != null) {
      notices.add(discarded);
    }
  }

  /** Stores the pending touches, and returns whether there were any. */
  boolean flushTouches() {
    return touches != null && touches.flush();
  }

  /**
   * Stores the pending touches, discards all copies and loads in progress, and ends the listener's
   * thread.
   */
  @Override
  public void close() {
    if (touches != null) {
      touches.close();
    }
    table.missed();
    notices.close();
  }
}
