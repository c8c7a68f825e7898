package io.coatcheck.session.nearcache;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.coatcheck.session.codec.AttributeValue;
import io.coatcheck.session.store.NearCopies;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The copies of one node.
 *
 * <p>A copy's age counts from before the load, or the write, that it came from. Ending or changing
 * a session here also discards the loads and writes of it that are under way, since they may
 * predate the change ({@link LocalEnds}). Discarding a write also discards the older copy.
 *
 * <p>Unknown ids leave nothing behind, so that a flood of them costs no memory.
 */
final class Copies implements NearCopies {

  private final SessionStore store;
  private final long maxStaleness;
  private final long outageGrace;
  private final LongSupplier nanoTime;
  private final Cache<SessionId, Copy> cache;
  private final ConcurrentHashMap<SessionId, CompletableFuture<Optional<SessionStoreException>>>
      loads = new ConcurrentHashMap<>();

  private final LocalEnds ends = new LocalEnds();

  /** Null if each touch is written to the store at once. */
  private final @Nullable PendingTouches touches;

  private final EndNotices notices;

  private final LongAdder hits = new LongAdder();
  private final LongAdder misses = new LongAdder();

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
    notices = new EndNotices(maximumBytes / 4);
    touches =
        touchDelay == null || store.batchTouch().isEmpty()
            ? null
            : new PendingTouches(store.batchTouch().get(), touchDelay, nanoTime, this::forget);
    cache =
        Caffeine.newBuilder()
            .maximumWeight(maximumBytes)
            .<SessionId, Copy>weigher((id, copy) -> copy.weight())
            .executor(Runnable::run)
            .build();
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

  long hits() {
    return hits.sum();
  }

  long misses() {
    return misses.sum();
  }

  @Override
  public Lookup lookUp(SessionId id, long minimumGeneration, long minimumVersion) {
    Copy copy = maxStaleness == 0 ? null : cache.getIfPresent(id);
    if (copy != null && isUsable(copy, minimumGeneration, minimumVersion)) {
      hits.increment();
      copy.use();
      return new Lookup(Optional.of(copy.session()), false);
    }
    misses.increment();
    try {
      return load(id, minimumGeneration, minimumVersion);
    } catch (SessionStoreException e) {
      // Not the copy from above: it may have been discarded while the store was being read.
      Copy left = cache.getIfPresent(id);
      if (left != null
          && isAnsweredInOutage(left)
          && hasSeen(left, minimumGeneration, minimumVersion)) {
        return new Lookup(Optional.of(left.session()), false, true);
      }
      throw e;
    }
  }

  @Override
  public boolean touchInOutage(SessionId id, Instant lastSeenAt) {
    Copy copy = outageGrace == 0 ? null : cache.getIfPresent(id);
    if (copy == null || !isAnsweredInOutage(copy)) {
      return false;
    }
    seen(id, lastSeenAt);
    return true;
  }

  private boolean isAnsweredInOutage(Copy copy) {
    return outageGrace > 0
        && now() - copy.asOf() < maxStaleness + outageGrace
        && !ends.isRevoked(copy);
  }

  /** Waits for a load that is under way and uses its result, or loads. */
  private Lookup load(SessionId id, long minimumGeneration, long minimumVersion) {
    if (maxStaleness == 0) {
      return new Lookup(store.find(id), true);
    }
    CompletableFuture<Optional<SessionStoreException>> own = new CompletableFuture<>();
    CompletableFuture<Optional<SessionStoreException>> running = loads.putIfAbsent(id, own);
    if (running == null) {
      Optional<SessionStoreException> failure = Optional.empty();
      try {
        // Another load may have ended between the look-up of the copy and this load's turn.
        Copy loaded = cache.getIfPresent(id);
        return loaded != null && isUsable(loaded, minimumGeneration, minimumVersion)
            ? new Lookup(Optional.of(loaded.session()), false)
            : new Lookup(find(id), true);
      } catch (SessionStoreException e) {
        failure = Optional.of(e);
        throw e;
      } finally {
        loads.remove(id, own);
        own.complete(failure);
      }
    }
    Optional<SessionStoreException> failure = running.join();
    if (failure.isPresent()) {
      // Not the same object: two threads would write into its trace.
      throw new SessionStoreException(String.valueOf(failure.get().getMessage()), failure.get());
    }
    Copy copy = cache.getIfPresent(id);
    // That another request's load found nothing does not settle it for this one.
    return copy != null && isUsable(copy, minimumGeneration, minimumVersion)
        ? new Lookup(Optional.of(copy.session()), false)
        : new Lookup(find(id), true);
  }

  private boolean isUsable(Copy copy, long minimumGeneration, long minimumVersion) {
    return now() - copy.asOf() < maxStaleness
        && hasSeen(copy, minimumGeneration, minimumVersion)
        && !ends.isRevoked(copy);
  }

  private static boolean hasSeen(Copy copy, long minimumGeneration, long minimumVersion) {
    return copy.session().generation() >= minimumGeneration
        && copy.session().version() >= minimumVersion;
  }

  @Override
  public boolean touchSoon(SessionId id, Instant lastSeenAt, Instant now) {
    if (touches == null || !touches.add(id, lastSeenAt, now)) {
      return false;
    }
    seen(id, lastSeenAt);
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
      gone(id);
    }
    return found;
  }

  @Override
  public void onEndedElsewhere(Consumer<StoredSession> listener) {
    notices.listener(listener);
  }

  /** Discards the copy of a session that the store no longer has, and reports that once. */
  void gone(SessionId id) {
    ends.ended(id);
    Copy known = cache.asMap().remove(id);
    if (known != null) {
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
                      : unlessOlder(known, session));
    }
  }

  /** Returns the known copy, unless the store is known to have had a later version. */
  private static @Nullable Copy unlessOlder(@Nullable Copy known, StoredSession session) {
    return known != null && known.session().version() >= session.version() ? known : null;
  }

  /**
   * Returns the newer copy, so that a slow reader does not undo a quick writer; but not one that is
   * no longer usable. A store that lost its last writes in a failover has a lower version.
   */
  private Copy newer(@Nullable Copy known, Copy candidate) {
    if (known == null || ends.isRevoked(known) || candidate.asOf() - known.asOf() >= maxStaleness) {
      return candidate;
    }
    long versions = candidate.session().version() - known.session().version();
    return versions > 0 || (versions == 0 && candidate.asOf() - known.asOf() >= 0)
        ? candidate
        : known;
  }

  /** Replaces the copy by what this node has just written, or discards the copy. */
  void wrote(StoredSession session, LocalEnds.Start start) {
    if (maxStaleness == 0 || hasLiveValue(session)) {
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
              return unlessOlder(known, session);
            });
  }

  private static boolean hasLiveValue(StoredSession session) {
    return session.attributes().values().stream().anyMatch(AttributeValue::isLive);
  }

  /** Records that a session was seen, here or, according to a revalidation, elsewhere. */
  void seen(SessionId id, Instant lastSeenAt) {
    replace(
        id,
        known ->
            lastSeenAt.isAfter(known.session().lastSeenAt())
                ? known.with(known.session().seenAt(lastSeenAt))
                : known);
  }

  private void replace(SessionId id, UnaryOperator<Copy> change) {
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

  /** Stores the pending touches. */
  void flushTouches() {
    if (touches != null) {
      touches.flush();
    }
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
