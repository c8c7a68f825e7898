package io.coatcheck.session.nearcache;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Policy;
import io.coatcheck.session.store.BatchLookup;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.time.Instant;
import java.util.Map;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The copies of one node by id, and which of them may still be used.
 *
 * <p>A copy's age counts from before the load, or the write, that it came from; with a change feed,
 * from the moment up to which the feed has reported all changes, if that is later. Ending or
 * changing a session here, or a report that it changed, also discards the loads and writes of it
 * that are in progress, since they may predate the change ({@link LocalEnds}). Discarding a write
 * also discards the older copy.
 */
final class CopyTable {

  private final long maxStaleness;
  private final LongSupplier nanoTime;
  private final RequestClock clock;
  private final Cache<SessionId, Copy> cache;

  /** Reads the cache without recording the use, which costs more than the reading. */
  private final Policy<SessionId, Copy> quiet;

  private final LocalEnds ends = new LocalEnds();

  /** See {@link Copy#asOf(long)}. Without a feed, the moment when this object was made. */
  private volatile long completeUpTo;

  CopyTable(long maximumBytes, long maxStaleness, LongSupplier nanoTime, RequestClock clock) {
    this.maxStaleness = maxStaleness;
    this.nanoTime = nanoTime;
    this.clock = clock;
    completeUpTo = nanoTime.getAsLong();
    cache =
        Caffeine.newBuilder()
            .maximumWeight(maximumBytes)
            .<SessionId, Copy>weigher((id, copy) -> copy.weight())
            .executor(Runnable::run)
            .build();
    quiet = cache.policy();
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

  /** Returns the copy of a session without recording the use. */
  @Nullable Copy get(SessionId id) {
    return quiet.getIfPresentQuietly(id);
  }

  /** Returns the copy of a session, and records the use: the cache evicts the least used. */
  @Nullable Copy use(SessionId id) {
    return cache.getIfPresent(id);
  }

  /** Returns up to when the change feed has reported all changes. */
  long completeUpTo() {
    return completeUpTo;
  }

  /** Returns about how many copies there are. */
  long size() {
    return cache.estimatedSize();
  }

  /** Returns whether neither a report nor a revocation has made a copy unusable. */
  boolean isUnchanged(Copy copy) {
    return !copy.isChanged() && !ends.isRevoked(copy);
  }

  /**
   * Discards the copy of a session that the store no longer has. A newer copy is of a session that
   * was stored since, as by an import: the next request finds out.
   *
   * @param asked a moment before the store was asked
   * @return the copy; null if there was none, or a newer one
   */
  @Nullable Copy gone(SessionId id, long asked) {
    ends.ended(id);
    Copy known = cache.asMap().remove(id);
    if (known != null && known.asOf() - asked > 0) {
      cache.asMap().putIfAbsent(id, known.changed());
      return null;
    }
    return known;
  }

  /** Keeps a copy, unless the session was ended or changed here since the start. */
  void keep(StoredSession session, LocalEnds.Start start) {
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
  void show(SessionId id, Instant lastSeenAt) {
    long complete = completeUpTo;
    replace(id, known -> known.showing(lastSeenAt, complete));
  }

  private void replace(SessionId id, Function<Copy, @Nullable Copy> change) {
    cache.asMap().computeIfPresent(id, (key, known) -> change.apply(known));
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
    // computeIfPresent would not wait for a load that is adding a copy right now, and would miss
    // that copy.
    return cache.asMap().compute(id, (key, known) -> known == null ? null : known.changed())
        != null;
  }

  /** Discards all copies and all loads in progress: any session may have changed. */
  void missed() {
    // invalidateAll alone may overlook a copy that is being added.
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

  /** Returns the copies, for the revalidation. */
  Map<SessionId, Copy> all() {
    return cache.asMap();
  }
}
