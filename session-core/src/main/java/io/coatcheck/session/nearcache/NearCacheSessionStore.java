package io.coatcheck.session.nearcache;

import io.coatcheck.session.store.BatchLookup;
import io.coatcheck.session.store.BatchTouch;
import io.coatcheck.session.store.ChangeFeed;
import io.coatcheck.session.store.CleanUp;
import io.coatcheck.session.store.Evictions;
import io.coatcheck.session.store.LoginLimit;
import io.coatcheck.session.store.NearCopies;
import io.coatcheck.session.store.PrincipalIndex;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Wraps a remote store and keeps copies of the sessions that this node uses, so that most requests
 * are validated from memory: without a database query and without a signature.
 *
 * <p><b>What a copy may do.</b> Within {@code maxStaleness} of the moment before it was loaded, a
 * copy may admit a request. It never rejects one: a token that the copy does not confirm is looked
 * up in the store. All writes go to the store; what this node writes, ends or revokes takes effect
 * on its copies before the call returns, and on other nodes within {@code maxStaleness}. {@link
 * #find} and all other operations of {@link SessionStore} read the store and are as exact as its
 * own; only {@link #nearCopies()} reads copies.
 *
 * <p><b>Change feed.</b> If the store has a {@link ChangeFeed}, a copy stays valid, whatever its
 * age, until the feed reports a change of its session, as long as the feed is complete up to a
 * moment less than {@code maxStaleness} ago. When the feed is later than that, copies age as
 * without one, until it has caught up. Touches are not reported: {@link StoredSession#lastSeenAt()}
 * of a copy may lack activity on other nodes. A copy that has expired by what it shows is confirmed
 * by the store. As a second line, a copy that was not compared with the store for 10 minutes is not
 * used; those in use are compared before that.
 *
 * <p><b>Revalidation.</b> If the store has a {@link BatchLookup}, one daemon thread named {@code
 * coatcheck-revalidator-N} compares the copies that were used since its last run with the store, in
 * batches, often enough that copies in use do not become too old. The number of queries then
 * depends on the number of active sessions, not of requests; with a change feed, on the number of
 * changes. If the store has a {@link BatchTouch}, the same thread stores activity, also in batches;
 * closing stores what is left. The listener of ends is called on another daemon thread, {@code
 * coatcheck-notifier-N}.
 *
 * <p><b>Outage.</b> If the store cannot be reached and the copy is older than {@code maxStaleness},
 * the request fails, unless {@code serveStaleOnOutage} allows older copies. A request that writes
 * fails in either case.
 *
 * <p>Thread-safe. Ages are measured by {@link System#nanoTime()}, independently of the clock of the
 * sessions. Closing ends the threads, without interrupting a call to the store, and closes the
 * store.
 *
 * @since 0.1.0
 */
public final class NearCacheSessionStore implements SessionStore {

  private static final Logger LOG = LoggerFactory.getLogger(NearCacheSessionStore.class);

  private final SessionStore store;
  private final Copies copies;
  private final CopyTable table;
  private final Optional<PrincipalIndex> index;
  private final Optional<LoginLimit> loginLimit;
  private final Optional<Evictions> evictions;
  private final Optional<BatchTouch> batchTouch;
  private final Upkeep upkeep;

  private NearCacheSessionStore(Builder builder) {
    store = builder.store;
    Freshness freshness = builder.freshness();
    copies =
        new Copies(
            store,
            freshness.maxStaleness().toNanos(),
            builder.serveStaleOnOutage.toNanos(),
            builder.maximumBytes,
            builder.nanoTime,
            freshness.touchDelay());
    table = copies.table();
    index = store.principalIndex().map(inner -> new NearPrincipalIndex(inner, table));
    loginLimit = store.loginLimit().map(inner -> new NearLoginLimit(inner, table));
    evictions = store.evictions().map(inner -> listener -> inner.onEvicted(forgetting(listener)));
    batchTouch = store.batchTouch().map(inner -> new NearBatchTouch(inner, table));
    upkeep = new Upkeep(copies, freshness);
    LOG.info(
        "Near cache: {}; a change on another node takes effect within {}",
        freshness.description(),
        freshness.maxStaleness());
  }

  /** Wraps a store with the default settings. */
  public static NearCacheSessionStore wrap(SessionStore store) {
    return builder(store).build();
  }

  /** Begins to wrap a store, which is closed together with this one. */
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
    LocalEnds.Start start = table.start(session.id());
    boolean isKept = false;
    try {
      boolean updated = store.update(session, now);
      if (updated) {
        table.wrote(session.withNextVersion(), start);
        isKept = true;
      }
      return updated;
    } finally {
      // Lost or unknown: whatever was thrown, the update may have happened.
      if (!isKept) {
        table.forget(session.id());
      }
    }
  }

  @Override
  public boolean touch(SessionId id, Instant lastSeenAt, Instant now) {
    return copies.touch(id, lastSeenAt, now);
  }

  @Override
  public Optional<StoredSession> delete(SessionId id) {
    try {
      return store.delete(id);
    } finally {
      table.forget(id);
    }
  }

  @Override
  public Optional<StoredSession> delete(SessionId id, long generation) {
    try {
      return store.delete(id, generation);
    } finally {
      table.forget(id);
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
  public Optional<ChangeFeed> changeFeed() {
    return store.changeFeed();
  }

  @Override
  public boolean failsOnUnencodable() {
    return store.failsOnUnencodable();
  }

  @Override
  public Duration touchInterval() {
    return store.touchInterval();
  }

  @Override
  public Duration longestCall() {
    return store.longestCall();
  }

  /** Returns how many requests were admitted by a copy since this store was created. */
  public long hits() {
    return copies.counts().hits();
  }

  /** Returns how many requests had to read the store since this store was created. */
  public long misses() {
    return copies.counts().misses();
  }

  /**
   * Returns the ages of the copies that admitted requests, each at that moment, all together: how
   * old what they showed may have been. Divided by {@link #hits()}, it is the mean age.
   */
  public Duration totalAge() {
    return copies.counts().totalAge();
  }

  /** Returns about how many copies are kept now. */
  public long size() {
    return table.size();
  }

  /**
   * Returns how long ago the moment is at which the copies were last known to be current: up to
   * which the change feed has reported all changes, or else when the last finished comparison of
   * copies with the store began. Before the first one, it counts from the start of this store.
   *
   * @return empty if copies are neither kept by a change feed nor compared
   */
  public Optional<Duration> lag() {
    return upkeep.lag();
  }

  @Override
  public void close() {
    try (store;
        copies;
        upkeep) {
      // The upkeep is closed first, and each even if the one before fails.
    }
  }

  private Consumer<StoredSession> forgetting(Consumer<StoredSession> consumer) {
    return session -> {
      table.forget(session.id());
      consumer.accept(session);
    };
  }

  /** Builds a near cache. Not thread-safe. */
  public static final class Builder {

    private static final Duration MIN_STALENESS = Duration.ofMillis(10);

    private final SessionStore store;
    private Duration maxStaleness = Duration.ofSeconds(1);
    private Duration serveStaleOnOutage = Duration.ZERO;
    private long maximumBytes = 256L << 20;
    private boolean revalidate = true;
    private boolean useChangeFeed = true;
    private LongSupplier nanoTime = System::nanoTime;

    private Builder(SessionStore store) {
      this.store = store;
    }

    /**
     * Sets how long a copy may admit requests: 10 milliseconds to 1 minute, or zero, which keeps no
     * copies. This is also how long a session that was revoked on another node may remain usable
     * here. A shorter bound is rejected because it would cost more than it saves: copies in use are
     * compared with the store four times within the bound, which at 10 milliseconds is 400 times a
     * second, and a copy hardly older than the answer it came with saves little. A change feed must
     * report at least twice within the bound, or {@link #build} refuses it. Default: 1 second.
     *
     * @throws IllegalArgumentException if it is out of range
     */
    public Builder maxStaleness(Duration bound) {
      maxStaleness = between("maxStaleness", bound, Duration.ofMinutes(1));
      if (!bound.isZero() && bound.compareTo(MIN_STALENESS) < 0) {
        throw new IllegalArgumentException(
            "maxStaleness must be PT0S or at least " + MIN_STALENESS + ": " + bound);
      }
      return this;
    }

    /**
     * Sets how much longer a copy may admit requests while the store cannot be reached, at most 1
     * hour. Revocations on other nodes are not known here during that time. Requests that write
     * fail, and since the write may have happened, their session is no longer served. Activity is
     * recorded by the copies only: if the outage is longer than the idle timeout, sessions have
     * expired when the store is back. Default: zero, requests fail.
     *
     * @throws IllegalArgumentException if it is out of range
     */
    public Builder serveStaleOnOutage(Duration more) {
      serveStaleOnOutage = between("serveStaleOnOutage", more, Duration.ofHours(1));
      return this;
    }

    /**
     * Sets the approximate memory that the copies may take; the least used are evicted first. A
     * value is counted three times: as bytes, and as what they may decode to once a request has
     * read them. Default: 256 MiB.
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

    /**
     * Sets whether copies are kept by the store's {@link ChangeFeed}, if it has one. A feed is
     * complete only if every node writes it: to introduce one without downtime, let all nodes write
     * it first, and use it in the next release. Default: true.
     */
    public Builder useChangeFeed(boolean use) {
      useChangeFeed = use;
      return this;
    }

    /** Sets the source of ages, in nanoseconds, for tests. */
    Builder nanoTime(LongSupplier source) {
      nanoTime = source;
      return this;
    }

    /**
     * Builds the near cache. Subscribes to the change feed and starts the revalidation, where the
     * store has them and they are used.
     *
     * @throws IllegalArgumentException if the store keeps live values: it is already in memory; or
     *     if {@link #maxStaleness} is less than twice the {@linkplain ChangeFeed#interval interval}
     *     of the change feed that is used
     */
    public NearCacheSessionStore build() {
      if (store.keepsLiveValues()) {
        throw new IllegalArgumentException(
            "a near cache needs a store that does not keep live values, unlike "
                + store.getClass().getName());
      }
      return new NearCacheSessionStore(this);
    }

    private Freshness freshness() {
      return maxStaleness.isZero()
          ? Freshness.NO_COPIES
          : new Freshness(
              maxStaleness,
              revalidate ? store.batchLookup() : Optional.empty(),
              useChangeFeed ? store.changeFeed() : Optional.empty());
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
