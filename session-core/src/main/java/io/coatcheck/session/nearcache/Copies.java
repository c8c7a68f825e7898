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
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The copies of one node.
 *
 * <p>A copy's age counts from before the load, or the write, that it came from. What ends or
 * changes a session here also discards the loads and writes of it that are under way, since they
 * may have seen it before: two counters are compared when what they saw is about to be kept.
 *
 * <p>Unknown ids leave nothing behind, so that a flood of them costs no memory.
 */
final class Copies implements NearCopies {

  private static final int FIXED_WEIGHT = 600;
  private static final int STRIPES = 1 << 12;

  private final SessionStore store;
  private final long maxStaleness;
  private final long outageGrace;
  private final LongSupplier nanoTime;
  private final Cache<SessionId, Copy> cache;
  private final ConcurrentHashMap<SessionId, CompletableFuture<Optional<SessionStoreException>>>
      loads = new ConcurrentHashMap<>();

  /**
   * Counts what ended or changed sessions here, by hash of the id; shared by ids that hash alike.
   */
  private final AtomicLongArray endings = new AtomicLongArray(STRIPES);

  /** Counts revocations by principal, whose ids are not known beforehand. */
  private final AtomicLong revocations = new AtomicLong();

  /** Null if each touch goes to the store at once. */
  private final @Nullable PendingTouches touches;

  private volatile Consumer<StoredSession> gone = session -> {};

  private final LongAdder hits = new LongAdder();
  private final LongAdder misses = new LongAdder();

  /**
   * Makes it empty.
   *
   * @param touchDelay how long touches may wait; null if nobody will call {@link #flushTouches}
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
    touches =
        touchDelay == null || store.batchTouch().isEmpty()
            ? null
            : new PendingTouches(
                store, store.batchTouch().get(), touchDelay, nanoTime, this::forget);
    cache =
        Caffeine.newBuilder()
            .maximumWeight(maximumBytes)
            .<SessionId, Copy>weigher((id, copy) -> copy.weight())
            .executor(Runnable::run)
            .build();
  }

  /** A copy, and when it was surely current. */
  static final class Copy {

    private final StoredSession session;

    /** Grows when the store confirms that the session is still this one. */
    private volatile long asOf;

    /** Whether a request used it since the last revalidation. */
    private volatile boolean used;

    Copy(StoredSession session, long asOf) {
      this.session = session;
      this.asOf = asOf;
    }

    StoredSession session() {
      return session;
    }

    /** Returns a copy of the same use. */
    Copy with(StoredSession seen, long moment) {
      Copy changed = new Copy(seen, moment);
      changed.used = used;
      return changed;
    }

    /** Takes note of a use. Written only when it changes: other threads have it in their caches. */
    void use() {
      if (!used) {
        used = true;
      }
    }

    boolean takeUsed() {
      boolean was = used;
      if (was) {
        used = false;
      }
      return was;
    }

    /** Tells whether the copy was surely current after a moment. */
    boolean isYoungerThan(long moment) {
      return asOf - moment > 0;
    }

    /**
     * Takes note that the store had exactly this version at a moment. Only the revalidation calls
     * it, in one thread. That is true of this copy whatever became of it in the cache.
     */
    void confirm(long moment) {
      if (moment - asOf > 0) {
        asOf = moment;
      }
    }

    int weight() {
      long bytes = FIXED_WEIGHT;
      for (Map.Entry<String, AttributeValue> one : session.attributes().entrySet()) {
        bytes += 100L + 2L * one.getKey().length() + one.getValue().bytes().length;
      }
      return (int) Math.min(bytes, Integer.MAX_VALUE);
    }
  }

  /** When something began, and what had ended by then. */
  record Start(SessionId id, long moment, long endings, long revocations) {}

  Start start(SessionId id) {
    return new Start(id, nanoTime.getAsLong(), endings.get(stripe(id)), revocations.get());
  }

  private boolean isCurrent(Start start) {
    return start.revocations() == revocations.get()
        && start.endings() == endings.get(stripe(start.id()));
  }

  private static int stripe(SessionId id) {
    int hash = id.hashCode();
    return (hash ^ hash >>> 16) & (STRIPES - 1);
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
  public Near near(SessionId id, long minimumGeneration, long minimumVersion) {
    Copy copy = maxStaleness == 0 ? null : cache.getIfPresent(id);
    if (copy != null && isUsable(copy, minimumGeneration, minimumVersion)) {
      hits.increment();
      copy.use();
      return new Near(Optional.of(copy.session), false);
    }
    misses.increment();
    try {
      return load(id, minimumGeneration, minimumVersion);
    } catch (SessionStoreException e) {
      if (copy != null
          && outageGrace > 0
          && now() - copy.asOf < maxStaleness + outageGrace
          && hasSeen(copy, minimumGeneration, minimumVersion)) {
        return new Near(Optional.of(copy.session), false);
      }
      throw e;
    }
  }

  /** Waits for a load that is under way and uses what it left, or loads. */
  private Near load(SessionId id, long minimumGeneration, long minimumVersion) {
    if (maxStaleness == 0) {
      return new Near(store.find(id), true);
    }
    CompletableFuture<Optional<SessionStoreException>> own = new CompletableFuture<>();
    CompletableFuture<Optional<SessionStoreException>> running = loads.putIfAbsent(id, own);
    if (running == null) {
      Optional<SessionStoreException> failure = Optional.empty();
      try {
        return new Near(find(id), true);
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
    // What another request's load did not find, this one must not take for granted.
    return copy != null && isUsable(copy, minimumGeneration, minimumVersion)
        ? new Near(Optional.of(copy.session), false)
        : new Near(find(id), true);
  }

  private boolean isUsable(Copy copy, long minimumGeneration, long minimumVersion) {
    return now() - copy.asOf < maxStaleness && hasSeen(copy, minimumGeneration, minimumVersion);
  }

  private static boolean hasSeen(Copy copy, long minimumGeneration, long minimumVersion) {
    return copy.session.generation() >= minimumGeneration
        && copy.session.version() >= minimumVersion;
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

  /** Asks the store, and keeps what it says for the next request. */
  Optional<StoredSession> find(SessionId id) {
    Start start = start(id);
    Optional<StoredSession> found = store.find(id);
    if (found.isPresent()) {
      keep(found.get(), start);
    } else {
      gone(id);
    }
    return found;
  }

  @Override
  public void onGone(Consumer<StoredSession> listener) {
    gone = listener;
  }

  /** Gives up the copy of a session that the store has no more, and tells of it, once. */
  void gone(SessionId id) {
    endings.incrementAndGet(stripe(id));
    Copy known = cache.asMap().remove(id);
    if (known != null) {
      gone.accept(known.session);
    }
  }

  /** Keeps a copy, unless something ended or changed the session here since the start. */
  private void keep(StoredSession session, Start start) {
    if (maxStaleness > 0) {
      cache
          .asMap()
          .compute(
              session.id(),
              (id, known) ->
                  isCurrent(start) ? newer(known, new Copy(session, start.moment())) : known);
    }
  }

  /** Keeps the one that knows more, so that a slow reader does not undo a quick writer. */
  private static @Nullable Copy newer(@Nullable Copy known, Copy candidate) {
    if (known == null) {
      return candidate;
    }
    long versions = candidate.session.version() - known.session.version();
    return versions > 0 || (versions == 0 && candidate.asOf - known.asOf >= 0) ? candidate : known;
  }

  /** Takes over what this node has just written. */
  void wrote(StoredSession session, Start start) {
    if (session.attributes().values().stream().anyMatch(AttributeValue::isLive)) {
      forget(session.id());
      return;
    }
    keep(session, start);
    // Loads that began before the write know less, even if this copy should be evicted before they
    // end.
    endings.incrementAndGet(stripe(session.id()));
  }

  /** Takes note that a session was seen, here or, as a revalidation found out, elsewhere. */
  void seen(SessionId id, Instant lastSeenAt) {
    replace(
        id,
        known ->
            lastSeenAt.isAfter(known.session.lastSeenAt())
                ? known.with(known.session.seenAt(lastSeenAt), known.asOf)
                : known);
  }

  private void replace(SessionId id, UnaryOperator<Copy> change) {
    cache.asMap().computeIfPresent(id, (key, known) -> change.apply(known));
  }

  /** Makes the next request of a session ask the store. */
  void forget(SessionId id) {
    endings.incrementAndGet(stripe(id));
    cache.invalidate(id);
  }

  /** Forgets sessions of a principal that ended, and every load that may have read one of them. */
  void revoked(List<StoredSession> ended) {
    revocations.incrementAndGet();
    ended.forEach(session -> cache.invalidate(session.id()));
  }

  /** Forgets all sessions of a principal, where it is not known which have ended. */
  void forgetAllOf(String principal) {
    revocations.incrementAndGet();
    cache
        .asMap()
        .values()
        .removeIf(copy -> copy.session.principal().filter(principal::equals).isPresent());
  }

  /** Stores the touches that wait. */
  void flushTouches() {
    if (touches != null) {
      touches.flush();
    }
  }

  /** Stores the touches that wait, and forgets everything. */
  void close() {
    if (touches != null) {
      touches.close();
    }
    cache.invalidateAll();
  }

  /** Returns the copies, for the revalidation. */
  Map<SessionId, Copy> all() {
    return cache.asMap();
  }
}
