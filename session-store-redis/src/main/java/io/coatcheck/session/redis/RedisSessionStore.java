package io.coatcheck.session.redis;

import io.coatcheck.session.background.PolledChangeFeed;
import io.coatcheck.session.store.BatchLookup;
import io.coatcheck.session.store.BatchTouch;
import io.coatcheck.session.store.ChangeFeed;
import io.coatcheck.session.store.ChangeListeners;
import io.coatcheck.session.store.CleanUp;
import io.coatcheck.session.store.LoginLimit;
import io.coatcheck.session.store.PrincipalIndex;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import io.lettuce.core.RedisURI;
import io.lettuce.core.SslOptions;
import io.lettuce.core.resource.ClientResources;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps sessions in Redis 6 or later, in Valkey or in a Redis Cluster: any number of nodes share
 * them. Each operation is one command or one script, in one round trip; only work by principal and
 * the clean-up take several steps.
 *
 * <p>A deadline is compared with the time at which a script is sent: the time that a call has
 * waited, mostly for a connection, is added to its {@code now}, unless it is less than 0.1 seconds.
 *
 * <p>Opens its own connection, which all threads share. A command whose answer was lost with the
 * connection is never sent again: its call fails. While the store is not connected, operations fail
 * at once; it connects again in the background.
 *
 * <p><b>Durable</b> as far as the server is. Without an append-only file, a restart forgets what
 * was written since the last snapshot. Replication is asynchronous: after a failover, a logout that
 * was acknowledged just before may be undone, unless {@link Builder#confirmReplicas} is set.
 *
 * <p>Thread-safe. Blocks until the server has answered, at most for the command timeout; work in
 * several steps, for each step. With several {@link Builder#buckets}, a step is sent to all of them
 * before the first answer is waited for. After three timeouts in a row, {@link #find} fails at once
 * for a second, then tries one call a second until the server answers.
 *
 * <p>A {@link SessionStoreException} names the operation and what to do. It does not repeat a
 * message of the server, which may quote values.
 *
 * @since 0.1.0
 */
public final class RedisSessionStore implements SessionStore {

  private static final Logger LOG = LoggerFactory.getLogger(RedisSessionStore.class);

  private final Client client;
  private final Buckets buckets;
  private final AtomicInteger cleanUps = new AtomicInteger();
  private final RedisPrincipalIndex principalIndex;
  private final Optional<LoginLimit> loginLimit;
  private final RedisBatchLookup batchLookup;
  private final RedisBatchTouch batchTouch;
  private final AnnouncedChangeFeed changeFeed;
  private final Duration longestCall;

  private RedisSessionStore(
      Client client,
      Buckets buckets,
      Announcements announcements,
      Duration longestCall,
      Duration changeFeedInterval) {
    this.client = client;
    this.buckets = buckets;
    this.longestCall = longestCall;
    principalIndex = new RedisPrincipalIndex(buckets);
    loginLimit =
        buckets.isOne() ? Optional.of(new RedisLoginLimit(buckets.all().get(0))) : Optional.empty();
    batchLookup = new RedisBatchLookup(buckets);
    batchTouch = new RedisBatchTouch(buckets);
    ChangeListeners listeners = new ChangeListeners();
    ChangeReader reader = new ChangeReader(buckets, listeners, announcements::renew);
    changeFeed =
        new AnnouncedChangeFeed(
            new PolledChangeFeed(listeners, reader, changeFeedInterval, buckets.all().size(), LOG),
            announcements);
  }

  /**
   * Begins a store on one server, or on the primary that Sentinels name.
   *
   * @param server with user, password, TLS and database as the server requires them
   */
  public static Builder builder(RedisURI server) {
    return new Builder(List.of(server), false);
  }

  /**
   * Begins a store on a Redis Cluster.
   *
   * @param nodes some nodes of the cluster, with user, password and TLS as all of them require
   *     them; the store asks these which node has the sessions
   */
  public static Builder clusterBuilder(List<RedisURI> nodes) {
    if (nodes.isEmpty()) {
      throw new IllegalArgumentException("nodes must be at least 1: 0");
    }
    return new Builder(List.copyOf(nodes), true);
  }

  @Override
  public void insert(StoredSession session) {
    buckets.of(session.id()).insert(session);
  }

  @Override
  public Optional<StoredSession> find(SessionId id) {
    return buckets.of(id).find(id);
  }

  @Override
  public boolean update(StoredSession session, Instant now) {
    return buckets.of(session.id()).update(session, now);
  }

  @Override
  public boolean touch(SessionId id, Instant lastSeenAt, Instant now) {
    return buckets.of(id).touch(id, lastSeenAt, now);
  }

  @Override
  public Optional<StoredSession> delete(SessionId id) {
    return buckets.of(id).delete(id);
  }

  @Override
  public Optional<StoredSession> delete(SessionId id, long generation) {
    return buckets.of(id).delete(id, generation);
  }

  /**
   * {@inheritDoc}
   *
   * <p>Each script looks at no more than 200 sessions, and stops after 8 MiB of deleted sessions.
   */
  @Override
  public CleanUp deleteExpired(Instant cutoff, int limit, Consumer<StoredSession> deleted) {
    return new Cleaning(cutoff, limit, deleted).run(buckets, cleanUps.getAndIncrement());
  }

  @Override
  public Optional<PrincipalIndex> principalIndex() {
    return Optional.of(principalIndex);
  }

  /**
   * {@inheritDoc}
   *
   * <p>Absent if there are several {@link Builder#buckets}: no script sees all of a principal's
   * sessions.
   */
  @Override
  public Optional<LoginLimit> loginLimit() {
    return loginLimit;
  }

  @Override
  public Optional<BatchLookup> batchLookup() {
    return Optional.of(batchLookup);
  }

  @Override
  public Optional<BatchTouch> batchTouch() {
    return Optional.of(batchTouch);
  }

  /**
   * {@inheritDoc}
   *
   * <p>Every store records its changes, so the feed is complete. Reads the log ten times a second,
   * or as often as {@link Builder#changeFeedInterval} says, on a thread that the first subscription
   * starts. That subscription also opens a connection of its own, over which the server announces
   * the end of a session, and a new secret: the log is then read at once, at most 50 times a
   * second. Without that connection, or if the server refuses it, a change is reported at the end
   * of the interval.
   */
  @Override
  public Optional<ChangeFeed> changeFeed() {
    return Optional.of(changeFeed);
  }

  /**
   * {@inheritDoc}
   *
   * <p>The time for two commands and their confirmation, and at least 10 seconds.
   */
  @Override
  public Duration longestCall() {
    return longestCall;
  }

  /**
   * Returns whether {@link #find} fails at once, except for one call a second, because the server
   * did not answer the last three in time. For monitoring; calls no server.
   */
  public boolean isFailingFast() {
    return buckets.all().stream().anyMatch(bucket -> bucket.redis().isFailingFast());
  }

  /**
   * {@inheritDoc}
   *
   * <p>Ends the thread of the {@link #changeFeed}, and waits up to 5 seconds for it. Closes the
   * connections, and ends the thread {@code coatcheck-redis-N} that opens them again, without
   * waiting for either. Operations that are running fail.
   */
  @Override
  public void close() {
    Failures.runEach(List.of(changeFeed::close, client::close, buckets::close));
  }

  /**
   * Builds a store. Each method checks its value and throws {@link IllegalArgumentException} with a
   * message that names the setting, the rule and the value. Not thread-safe.
   */
  public static final class Builder {

    private static final int MAX_REPLICAS = 16;
    private static final int MAX_BUCKETS = 64;
    private static final Pattern PREFIX = Pattern.compile("[A-Za-z0-9._:-]{1,40}");

    private final List<RedisURI> nodes;
    private final boolean isCluster;
    private String keyPrefix = "coatcheck";
    private Duration commandTimeout = Duration.ofSeconds(2);
    private Duration connectTimeout = Duration.ofSeconds(2);
    private int buckets = 1;
    private Duration changeFeedInterval = Duration.ofMillis(100);
    private @Nullable ClientResources clientResources;
    private SslOptions sslOptions = SslOptions.create();
    private ConfirmedWrites.Confirmation confirmation = ConfirmedWrites.Confirmation.NONE;
    private InstantSource time = InstantSource.system();

    private Builder(List<RedisURI> nodes, boolean isCluster) {
      this.nodes = nodes;
      this.isCluster = isCluster;
    }

    /**
     * Sets the beginning of all keys, in braces: 1 to 40 ASCII letters, digits, dots, colons,
     * hyphens and underscores. Each application that shares a server needs its own. Default: {@code
     * coatcheck}.
     */
    public Builder keyPrefix(String prefix) {
      if (!PREFIX.matcher(prefix).matches()) {
        throw new IllegalArgumentException(
            "keyPrefix must be 1 to 40 ASCII letters, digits, '.', ':', '-' and '_': "
                + prefix.length()
                + " characters");
      }
      keyPrefix = prefix;
      return this;
    }

    /**
     * Bounds the wait for the answer to each command, from 10 milliseconds to 1 minute. Default: 2
     * seconds.
     */
    public Builder commandTimeout(Duration timeout) {
      commandTimeout = Timeouts.checked("commandTimeout", timeout);
      return this;
    }

    /**
     * Bounds the wait for a connection to open, from 10 milliseconds to 1 minute. Default: 2
     * seconds.
     */
    public Builder connectTimeout(Duration timeout) {
      connectTimeout = Timeouts.checked("connectTimeout", timeout);
      return this;
    }

    /**
     * Sets the threads and timers of the client, which the store then neither owns nor shuts down.
     * Default: its own.
     */
    public Builder clientResources(ClientResources resources) {
      clientResources = resources;
      return this;
    }

    /** Sets the certificates and protocols of TLS. Default: those of the Java platform. */
    public Builder sslOptions(SslOptions options) {
      sslOptions = options;
      return this;
    }

    /**
     * Sets how often the log of changes is read while there are listeners, from 10 milliseconds to
     * 10 seconds: a change is reported that much later, unless it is announced. At most half of the
     * {@code maxStaleness} of a near cache that uses the feed. Otherwise the near cache refuses to
     * start, since its copies would age between two reads. Default: 100 milliseconds.
     */
    public Builder changeFeedInterval(Duration interval) {
      changeFeedInterval = PolledChangeFeed.checkedInterval(interval);
      return this;
    }

    /**
     * Makes a login, a new secret and the end of a session wait until replicas have them, so that a
     * failover to one of those replicas does not undo them. If fewer replicas have one in time, the
     * operation throws a {@link SessionStoreException}, although the primary has applied it.
     * Cleaning up, and changes of attributes, do not wait.
     *
     * <p>Opens {@value ConfirmedWrites#CONNECTIONS} more connections, or, with several {@link
     * #buckets}, {@value ConfirmedWrites#CONNECTIONS_OF_A_BUCKET} more for each bucket: that many
     * operations can wait at the same time. Further ones wait for one of these connections, at most
     * for the command timeout. Default: none.
     *
     * @param replicas how many replicas must have a write, from 1 to 16; 0 for none
     * @param timeout how long they may take, from 10 milliseconds to 1 minute
     */
    public Builder confirmReplicas(int replicas, Duration timeout) {
      if (replicas < 0 || replicas > MAX_REPLICAS) {
        throw new IllegalArgumentException(
            "confirmReplicas must be from 0 to " + MAX_REPLICAS + " replicas: " + replicas);
      }
      confirmation =
          new ConfirmedWrites.Confirmation(
              replicas, Timeouts.checked("confirmReplicas timeout", timeout));
      return this;
    }

    /**
     * Spreads the sessions over several hash tags, so that the nodes of a Redis Cluster share them,
     * from 1 to {@value #MAX_BUCKETS}. With more than 1, there is no {@link
     * RedisSessionStore#loginLimit}, and operations on a principal and the clean-up ask each
     * bucket. Each bucket has its own connection. The number cannot be changed later without losing
     * all sessions: {@code build()} refuses any number but the first. Default: 1.
     */
    public Builder buckets(int number) {
      if (number < 1 || number > MAX_BUCKETS) {
        throw new IllegalArgumentException(
            "buckets must be from 1 to " + MAX_BUCKETS + ": " + number);
      }
      buckets = number;
      return this;
    }

    /** Sets the clock of the pause after timeouts. Default: the system's. */
    Builder time(InstantSource source) {
      time = source;
      return this;
    }

    /**
     * Creates the store: connects, and checks that the server takes writes, by a mark in the log of
     * changes. Logs a warning if the server may evict sessions, or keeps them only in memory.
     *
     * @throws IllegalArgumentException if the server reports a version before Redis 6, or the
     *     sessions were stored with another number of {@link #buckets}
     * @throws SessionStoreException if the server cannot be reached, refuses the login, or is a
     *     replica
     */
    public RedisSessionStore build() {
      Timeouts timeouts = new Timeouts(commandTimeout, connectTimeout, confirmation.timeout());
      Client client = new Client(nodes, timeouts, sslOptions, clientResources);
      try {
        Opening opening =
            new Opening(client, isCluster, keyPrefix, buckets, commandTimeout, confirmation, time);
        Buckets opened = opening.open();
        return new RedisSessionStore(
            client,
            opened,
            opening.announcements(opened),
            timeouts.longestCall(),
            changeFeedInterval);
      } catch (RuntimeException | Error refused) {
        try {
          client.close();
        } catch (RuntimeException | Error second) {
          refused.addSuppressed(second);
        }
        throw refused;
      }
    }
  }
}
