package io.coatcheck.session.nearcache;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Policy;
import io.coatcheck.session.store.BatchLookup;
import io.coatcheck.session.store.NearCopies;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The copies of one node.
 *
 * <p>A copy's age counts from before the load, or the write, that it came from; with a change feed,
 * from the moment up to which the feed has reported all changes, if that is later. Ending or
 * changing a session here, or a report that it changed, also discards the loads and writes of it
 * that are under way, since they may predate the change ({@link LocalEnds}). Discarding a write
 * also discards the older copy.
 *
 * <p>Unknown ids leave nothing behind, so that a flood of them costs no memory.
 */
final class Copies implements NearCopies {

  private final SessionStore store;
  private final long maxStaleness;
  private final long outageGrace;
  private final LongSupplier nanoTime;
  private final RequestClock clock;
  private final Cache<SessionId, Copy> cache;

  /** Reads the cache without recording the use, which costs more than the reading. */
  private final Policy<SessionId, Copy> copies;

  private final SharedLoads loads = new SharedLoads();
  private final LocalEnds ends = new LocalEnds();

  /** Null if each touch is written to the store at once. */
  private final @Nullable PendingTouches touches;

  private final EndNotices notices;

  /** See {@link Copy#asOf(long)}. Without a feed, the moment when this object was made. */
  private volatile long completeUpTo;

  private final LookupCounts counts = new LookupCounts();

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
    this.nanoTime = nanoTime;
    clock = new RequestClock(nanoTime);
    notices = new EndNotices(maximumBytes / 4);
    touches =
        touchDelay == null || store.batchTouch().isEmpty()
            ? null
            : new PendingTouches(
                store.batchTouch().get(), touchDelay, nanoTime, clock, this::forget, this::seen);
    completeUpTo = nanoTime.getAsLong();
    cache =
        Caffeine.newBuilder()
            .maximumWeight(maximumBytes)
            .<SessionId, Copy>weigher((id, copy) -> copy.weight())
            .executor(Runnable::run)
            .build();
    copies = cache.policy();
  }

  LocalEnds.Start start(SessionId id) {
    return ends.start(id, nanoTime.getAsLong());
  }

  long now() {
    return nanoTime.getAsLong();
  }

  long maxStaleness() {
    return maxStaleness;
  }

  /** Returns up to when the change feed has reported all changes. */
  long completeUpTo() {
    return completeUpTo;
  }

  /** Returns about how many copies there are. */
  long size() {
    return cache.estimatedSize();
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
    show(id, lastSeenAt);
    return true;
  }

  private @Nullable Copy answeredInOutage(SessionId id) {
    long complete = completeUpTo;
    Copy copy = outageGrace == 0 ? null : cache.getIfPresent(id);
    return copy != null
            && now() - copy.asOf(complete) < maxStaleness + outageGrace
            && isUnchanged(copy)
        ? copy
        : null;
  }

  /** Waits for a load that is under way and uses its result, or loads. */
  private Lookup load(SessionId id, long minimumGeneration, long minimumVersion) {
    if (maxStaleness == 0) {
      return new Lookup(store.find(id), true);
    }
    Lookup loaded =
        loads.runOrAwait(id, () -> usableOrLoaded(id, minimumGeneration, minimumVersion));
    return loaded != null ? loaded : usableOrLoaded(id, minimumGeneration, minimumVersion);
  }

  /**
   * Returns the copy that another load has left meanwhile, or loads. That the other load found
   * nothing does not settle it for this request.
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
    long complete = completeUpTo;
    Copy copy = copies.getIfPresentQuietly(id);
    if (copy == null) {
      return null;
    }
    long now = now();
    long age = now - copy.asOf(complete);
    if (age >= maxStaleness
        || !copy.isAtLeast(minimumGeneration, minimumVersion)
        || !isUnchanged(copy)) {
      return null;
    }
    if (copy.use(now, maxStaleness / 2)) {
      // The cache evicts the least used.
      Copy unused = cache.getIfPresent(id);
    }
    if (isCounted) {
      counts.hit(age);
    }
    return copy;
  }

  private boolean isUnchanged(Copy copy) {
    return !copy.isChanged() && !ends.isRevoked(copy);
  }

  @Override
  public boolean touchSoon(SessionId id, Instant lastSeenAt, Instant now) {
    clock.read(now);
    if (touches == null || !touches.add(id, lastSeenAt)) {
      return false;
    }
    show(id, lastSeenAt);
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
    LocalEnds.Start start = start(id);
    Optional<StoredSession> found = store.find(id);
    if (found.isPresent()) {
      keep(found.get(), start);
    } else {
      gone(id, start.moment());
    }
    return found;
  }

  @Override
  public void onEndedElsewhere(Consumer<StoredSession> listener) {
    notices.listener(listener);
  }

  /**
   * Discards the copy of a session that the store no longer has, and reports that once. A newer
   * copy is of a session that was stored since, as by an import: the next request finds out.
   *
   * @param asked a moment before the store was asked
   */
  void gone(SessionId id, long asked) {
    ends.ended(id);
    Copy known = cache.asMap().remove(id);
    if (known != null && known.asOf() - asked > 0) {
      cache.asMap().putIfAbsent(id, known.changed());
    } else if (known != null) {
      notices.add(known);
    }
  }

  /** Keeps a copy, unless the session was ended or changed here since the start. */
  private void keep(StoredSession session, LocalEnds.Start start) {
    if (maxStaleness > 0) {
      cache
          .asMap()
          .compute(
              session.id(),
              (id, known) ->
                  ends.isCurrent(start, session)
                      ? newer(known, new Copy(session, start))
                      : Copy.unlessOlder(known, session));
    }
  }

  /**
   * Returns the newer copy, so that a slow reader does not undo a quick writer; but not one that is
   * no longer usable. A store that lost its last writes in a failover has a lower version.
   */
  private Copy newer(@Nullable Copy known, Copy candidate) {
    if (known == null || !isUnchanged(known) || candidate.asOf() - known.asOf() >= maxStaleness) {
      return candidate;
    }
    long versions = candidate.session().version() - known.session().version();
    return versions > 0 || (versions == 0 && candidate.asOf() - known.asOf() >= 0)
        ? candidate
        : known;
  }

  /** Replaces the copy by what this node has just written, or discards the copy. */
  void wrote(StoredSession session, LocalEnds.Start start) {
    if (maxStaleness == 0 || Copy.hasLiveValue(session)) {
      forget(session.id());
      return;
    }
    cache
        .asMap()
        .compute(
            session.id(),
            (id, known) -> {
              boolean current = ends.isCurrent(start, session);
              // Within this step: a load that began before the write has older data, and must find
              // either this copy or the count.
              ends.ended(id);
              if (current) {
                return newer(known, new Copy(session, start));
              }
              // The written session may have ended since, and the previous copy is older still.
              return Copy.unlessOlder(known, session);
            });
  }

  /** Records the last-seen time that the store has. */
  void seen(SessionId id, Instant lastSeenAt) {
    replace(id, known -> known.seenAt(lastSeenAt));
  }

  /** Records that a session was seen here, though the store does not have it yet. */
  private void show(SessionId id, Instant lastSeenAt) {
    long complete = completeUpTo;
    replace(id, known -> known.showing(lastSeenAt, complete));
  }

  private boolean replace(SessionId id, Function<Copy, @Nullable Copy> change) {
    return cache.asMap().computeIfPresent(id, (key, known) -> change.apply(known)) != null;
  }

  /** Makes the next request of a session read the store. */
  void forget(SessionId id) {
    ends.ended(id);
    cache.invalidate(id);
  }

  /** Makes the next request of each session of a principal read the store. */
  void forgetAllOf(String principal) {
    ends.revoked(principal);
  }

  /**
   * Makes the next request of a session read the store, since the change feed reported a change.
   *
   * @return whether there was a copy
   */
  boolean changed(SessionId id) {
    ends.ended(id);
    // Not computeIfPresent, which waits for no copy that a load is just adding.
    return cache.asMap().compute(id, (key, known) -> known == null ? null : known.changed())
        != null;
  }

  /** Discards all copies: any session may have changed. */
  void missed() {
    // Not only the latter: it may overlook a copy that is being added.
    ends.revokedAll();
    cache.invalidateAll();
  }

  /** Records that all changes up to a moment have been reported. */
  void completeUpTo(long moment) {
    if (moment - completeUpTo > 0) {
      completeUpTo = moment;
    }
  }

  /**
   * Decides on the copy of a session that was reported as changed: if it agrees with the store, as
   * after this node's own write, it is used again.
   *
   * @param start from before the store was asked
   */
  void settle(LocalEnds.Start start, BatchLookup.Stamp stamp) {
    replace(
        start.id(),
        known -> {
          if (!known.isChanged() || !ends.isCurrent(start, known.session())) {
            return known;
          }
          return agrees(known, stamp) ? known.unchanged(start, stamp.lastSeenAt()) : null;
        });
  }

  /** Returns whether a copy may be used for longer: see {@link Copy#agreesWith}. */
  boolean agrees(Copy copy, BatchLookup.Stamp stamp) {
    return copy.agreesWith(stamp, clock.now());
  }

  /** Stores the pending touches, and returns whether there were any. */
  boolean flushTouches() {
    return touches != null && touches.flush();
  }

  /** Stores the pending touches, discards all copies, and ends the listener's thread. */
  void close() {
    if (touches != null) {
      touches.close();
    }
    cache.invalidateAll();
    notices.close();
  }

  /** Returns the copies, for the revalidation. */
  Map<SessionId, Copy> all() {
    return cache.asMap();
  }
}
