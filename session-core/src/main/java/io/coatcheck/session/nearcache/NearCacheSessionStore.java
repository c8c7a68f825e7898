package io.coatcheck.session.nearcache;

import io.coatcheck.session.store.Admission;
import io.coatcheck.session.store.BatchLookup;
import io.coatcheck.session.store.BatchTouch;
import io.coatcheck.session.store.CleanUp;
import io.coatcheck.session.store.DeletedSessions;
import io.coatcheck.session.store.Evictions;
import io.coatcheck.session.store.LoginLimit;
import io.coatcheck.session.store.NearCopies;
import io.coatcheck.session.store.PrincipalIndex;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.IntSupplier;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Keeps copies of the sessions that this node uses in front of a store that is far away, so that
 * most requests are validated from memory: without a look into the database and without a
 * signature.
 *
 * <p><b>What a copy may do.</b> Within {@code maxStaleness} of the moment before it was loaded, a
 * copy lets a request in. It never keeps one out: a token that the copy does not confirm is looked
 * up in the store. All writes go to the store; what this node writes, ends or revokes takes effect
 * on its copies before the call returns. On other nodes it does within {@code maxStaleness}. {@link
 * #find} and all other operations of {@link SessionStore} answer from the store and are as exact as
 * its own; only {@link #nearCopies()} answers from copies.
 *
 * <p><b>Revalidation.</b> If the store has a {@link BatchLookup}, one daemon thread named {@code
 * coatcheck-revalidator-N} compares the copies that were used since its last look with the store,
 * many at a time, often enough that copies in use do not grow too old. The number of queries then
 * depends on the number of active sessions and not on that of requests. If it has a {@link
 * BatchTouch}, the same thread stores activity, many sessions at a time; closing stores what is
 * left. The listener of ends is called on another daemon thread, {@code coatcheck-notifier-N}.
 *
 * <p><b>Outage.</b> If the store cannot be reached and the copy is older than {@code maxStaleness},
 * the request fails, unless {@code serveStaleOnOutage} allows for more. A request that writes fails
 * in either case.
 *
 * <p>Thread-safe. Its ages come from {@link System#nanoTime()}, whatever the clock of the sessions
 * says. Closing ends the threads, without an interrupt that could hit a call to the store, and
 * closes the store.
 *
 * @since 0.1.0
 */
public final class NearCacheSessionStore implements SessionStore {

  private final SessionStore store;
  private final Copies copies;
  private final Optional<PrincipalIndex> index;
  private final Optional<LoginLimit> loginLimit;
  private final Optional<Evictions> evictions;
  private final Optional<BatchTouch> batchTouch;
  private final @Nullable Revalidator revalidator;

  private NearCacheSessionStore(Builder builder) {
    store = builder.store;
    Optional<BatchLookup> batches = store.batchLookup();
    boolean revalidates =
        batches.isPresent() && !builder.maxStaleness.isZero() && builder.revalidate;
    Duration interval = builder.maxStaleness.dividedBy(4);
    copies =
        new Copies(
            store,
            builder.maxStaleness.toNanos(),
            builder.serveStaleOnOutage.toNanos(),
            builder.maximumBytes,
            builder.nanoTime,
            // One look after another, and as long for the work.
            revalidates ? interval.multipliedBy(2) : null);
    index = store.principalIndex().map(NearIndex::new);
    loginLimit = store.loginLimit().map(this::forgetting);
    evictions = store.evictions().map(inner -> listener -> inner.onEvicted(forgetting(listener)));
    batchTouch = store.batchTouch().map(NearBatchTouch::new);
    revalidator = revalidates ? new Revalidator(copies, batches.get(), interval) : null;
    if (revalidator != null) {
      revalidator.start();
    }
  }

  /** Puts copies with the default settings in front of a store. */
  public static NearCacheSessionStore wrap(SessionStore store) {
    return builder(store).build();
  }

  /** Begins to put copies in front of a store, which is closed together with this one. */
  public static Builder builder(SessionStore store) {
    return new Builder(store);
  }

  @Override
  public void insert(StoredSession session) {
    store.insert(session);
  }

  @Override
  public Optional<StoredSession> find(SessionId id) {
    return copies.find(id);
  }

  @Override
  public boolean update(StoredSession session, Instant now) {
    LocalEnds.Start start = copies.start(session.id());
    boolean isKept = false;
    try {
      boolean updated = store.update(session, now);
      if (updated) {
        copies.wrote(session.toBuilder().version(session.version() + 1).build(), start);
        isKept = true;
      }
      return updated;
    } finally {
      // Lost, or unknown: whatever was thrown, the update may have happened.
      if (!isKept) {
        copies.forget(session.id());
      }
    }
  }

  @Override
  public boolean touch(SessionId id, Instant lastSeenAt, Instant now) {
    // If this throws, the copy stays: a touch changes nothing that a copy is trusted for.
    boolean touched = store.touch(id, lastSeenAt, now);
    if (touched) {
      copies.seen(id, lastSeenAt);
    } else {
      copies.forget(id);
    }
    return touched;
  }

  @Override
  public Optional<StoredSession> delete(SessionId id) {
    try {
      return store.delete(id);
    } finally {
      copies.forget(id);
    }
  }

  @Override
  public Optional<StoredSession> delete(SessionId id, long generation) {
    try {
      return store.delete(id, generation);
    } finally {
      copies.forget(id);
    }
  }

  @Override
  public CleanUp deleteExpired(Instant cutoff, int limit, Consumer<StoredSession> deleted) {
    return store.deleteExpired(cutoff, limit, forgetting(deleted));
  }

  @Override
  public Optional<PrincipalIndex> principalIndex() {
    return index;
  }

  @Override
  public Optional<LoginLimit> loginLimit() {
    return loginLimit;
  }

  @Override
  public Optional<Evictions> evictions() {
    return evictions;
  }

  @Override
  public Optional<NearCopies> nearCopies() {
    return Optional.of(copies);
  }

  @Override
  public Optional<BatchLookup> batchLookup() {
    return store.batchLookup();
  }

  @Override
  public Optional<BatchTouch> batchTouch() {
    return batchTouch;
  }

  @Override
  public boolean failsOnUnencodable() {
    return store.failsOnUnencodable();
  }

  @Override
  public Duration touchInterval() {
    return store.touchInterval();
  }

  /** Returns how many requests were let in by a copy, since this store was made. */
  public long hits() {
    return copies.hits();
  }

  /** Returns how many requests had to ask the store, since this store was made. */
  public long misses() {
    return copies.misses();
  }

  @Override
  public void close() {
    try {
      if (revalidator != null) {
        revalidator.close();
      }
      copies.close();
    } finally {
      store.close();
    }
  }

  private Consumer<StoredSession> forgetting(Consumer<StoredSession> consumer) {
    return session -> {
      copies.forget(session.id());
      consumer.accept(session);
    };
  }

  /** Returns the store's limit, with what it ends forgotten here. */
  private LoginLimit forgetting(LoginLimit limit) {
    return (session, isNew, number, whenFull, now) -> {
      try {
        Admission admission = limit.admit(session, isNew, number, whenFull, now);
        admission.evicted().forEach(evicted -> copies.forget(evicted.id()));
        return admission;
      } finally {
        copies.forget(session.id());
        // Which others it evicted is not known if it threw, nor which ended elsewhere before it.
        session.principal().ifPresent(copies::forgetAllOf);
      }
    };
  }

  /** The store's touch of many, with what it did shown by the copies. */
  private final class NearBatchTouch implements BatchTouch {

    private final BatchTouch batches;

    NearBatchTouch(BatchTouch batches) {
      this.batches = batches;
    }

    @Override
    public Set<SessionId> touchAll(Map<SessionId, Instant> lastSeenAt, Instant now) {
      Set<SessionId> touched = batches.touchAll(lastSeenAt, now);
      lastSeenAt.forEach(
          (id, moment) -> {
            if (touched.contains(id)) {
              copies.seen(id, moment);
            } else {
              copies.forget(id);
            }
          });
      return touched;
    }
  }

  /** The store's index, with what it ends forgotten here. */
  private final class NearIndex implements PrincipalIndex {

    private final PrincipalIndex index;

    NearIndex(PrincipalIndex index) {
      this.index = index;
    }

    @Override
    public List<StoredSession> findByPrincipal(
        String principal, @Nullable SessionId after, int limit) {
      // Never to be kept as copies: they have no attributes.
      return index.findByPrincipal(principal, after, limit);
    }

    @Override
    public int deleteByPrincipal(String principal, Set<SessionId> except, DeletedSessions deleted) {
      return forgettingAllOf(
          principal,
          () -> index.deleteByPrincipal(principal, except, forgetting(principal, deleted)));
    }

    @Override
    public int deleteOldest(String principal, int keep, Instant now, DeletedSessions deleted) {
      return forgettingAllOf(
          principal,
          () -> index.deleteOldest(principal, keep, now, forgetting(principal, deleted)));
    }

    /** Forgets even if nothing was deleted: another node may have been first. */
    private int forgettingAllOf(String principal, IntSupplier deletion) {
      try {
        return deletion.getAsInt();
      } finally {
        copies.forgetAllOf(principal);
      }
    }

    /**
     * Forgets all, before the first listener of a step runs; and each session by its id too: its
     * copy may be from before its principal logged in.
     */
    private DeletedSessions forgetting(String principal, DeletedSessions deleted) {
      return DeletedSessions.of(
          deleted.needAttributes(),
          ended -> {
            copies.forgetAllOf(principal);
            copies.forget(ended.id());
            deleted.accept(ended);
          });
    }
  }

  /** Builds a near cache. Not thread-safe. */
  public static final class Builder {

    private static final Duration SHORTEST_STALENESS = Duration.ofMillis(10);

    private final SessionStore store;
    private Duration maxStaleness = Duration.ofSeconds(1);
    private Duration serveStaleOnOutage = Duration.ZERO;
    private long maximumBytes = 256L << 20;
    private boolean revalidate = true;
    private LongSupplier nanoTime = System::nanoTime;

    private Builder(SessionStore store) {
      this.store = store;
    }

    /**
     * Sets for how long a copy may let requests in: 10 milliseconds to 1 minute, or zero, which
     * keeps no copies. It is also how long a session that was revoked on another node may live on
     * here. A shorter bound is refused because it would cost more than it saves: copies in use are
     * compared with the store four times within it, which at 10 milliseconds is 400 times a second,
     * and a copy is worth little that is hardly older than the answer it came with. Default: 1
     * second.
     *
     * @throws IllegalArgumentException if it is out of range
     */
    public Builder maxStaleness(Duration bound) {
      maxStaleness = between("maxStaleness", bound, Duration.ofMinutes(1));
      if (!bound.isZero() && bound.compareTo(SHORTEST_STALENESS) < 0) {
        throw new IllegalArgumentException(
            "maxStaleness must be PT0S or at least " + SHORTEST_STALENESS + ": " + bound);
      }
      return this;
    }

    /**
     * Sets for how much longer a copy may let requests in while the store cannot be reached, at
     * most 1 hour. What is revoked elsewhere meanwhile is not known here. Requests that write fail,
     * and since the write may have happened, their session is not served any longer. Activity is
     * shown by the copies only: if the outage is longer than the idle timeout, sessions have
     * expired when the store is back. Default: zero, requests fail.
     *
     * @throws IllegalArgumentException if it is out of range
     */
    public Builder serveStaleOnOutage(Duration more) {
      serveStaleOnOutage = between("serveStaleOnOutage", more, Duration.ofHours(1));
      return this;
    }

    /**
     * Sets how much memory the copies take, about; those used least go first. A value is counted
     * three times: as bytes, and as what they may decode to once a request has read them. Default:
     * 256 MiB.
     *
     * @throws IllegalArgumentException if it is less than 64 KiB
     */
    public Builder maximumBytes(long bytes) {
      if (bytes < 1 << 16) {
        throw new IllegalArgumentException("maximumBytes must be at least 65536: " + bytes);
      }
      maximumBytes = bytes;
      return this;
    }

    /**
     * Sets whether copies in use are compared with the store in batches, if it has a {@link
     * BatchLookup}. Default: true.
     */
    public Builder revalidate(boolean inBatches) {
      revalidate = inBatches;
      return this;
    }

    /** Sets where ages come from, in nanoseconds, for tests. */
    Builder nanoTime(LongSupplier source) {
      nanoTime = source;
      return this;
    }

    /**
     * Makes the near cache and starts its thread.
     *
     * @throws IllegalArgumentException if the store keeps live values: it is near already
     */
    public NearCacheSessionStore build() {
      if (store.keepsLiveValues()) {
        throw new IllegalArgumentException(
            "a near cache needs a store that does not keep live values, unlike "
                + store.getClass().getName());
      }
      return new NearCacheSessionStore(this);
    }

    private static Duration between(String setting, Duration value, Duration most) {
      if (value.isNegative() || value.compareTo(most) > 0) {
        throw new IllegalArgumentException(
            setting + " must be between PT0S and " + most + ": " + value);
      }
      return value;
    }
  }
}
