package io.coatcheck.session.redis;

import static io.coatcheck.session.redis.SessionRecord.text;

import io.coatcheck.session.background.Breaker;
import io.coatcheck.session.background.PolledChangeFeed;
import io.coatcheck.session.store.BatchLookup;
import io.coatcheck.session.store.BatchTouch;
import io.coatcheck.session.store.ChangeFeed;
import io.coatcheck.session.store.ChangeListeners;
import io.coatcheck.session.store.CleanUp;
import io.coatcheck.session.store.DamagedSessionException;
import io.coatcheck.session.store.HandOver;
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
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps sessions in Redis 6 or later, or in Valkey: any number of nodes share them. Each operation
 * is one command or one script, in one round trip; only work by principal and the clean-up take
 * several steps.
 *
 * <p>Opens its own connection, which all threads share, and which never sends a command twice: one
 * whose answer was lost with the connection fails. While it is not connected, operations fail at
 * once; it connects again in the background. Redis Cluster is not supported yet.
 *
 * <p><b>Durable</b> as far as the server is. Without an append-only file, a restart forgets what
 * was written since the last snapshot. Replication is asynchronous: after a failover, a logout that
 * was acknowledged just before may be undone.
 *
 * <p>Thread-safe. Blocks until the server has answered, at most for the command timeout. After
 * three timeouts in a row, {@link #find} fails at once for a second, then tries one call a second
 * until the server answers.
 *
 * <p>A {@link SessionStoreException} names the operation and what to do. It does not repeat a
 * message of the server, which may quote values.
 *
 * @since 0.1.0
 */
public final class RedisSessionStore implements SessionStore {

  private static final Logger LOG = LoggerFactory.getLogger(RedisSessionStore.class);

  private final Connection redis;
  private final Keys keys;
  private final RedisPrincipalIndex principalIndex;
  private final RedisLoginLimit loginLimit;
  private final RedisBatchLookup batchLookup;
  private final RedisBatchTouch batchTouch;
  private final PolledChangeFeed changeFeed;

  private RedisSessionStore(Connection redis, Keys keys, Duration changeFeedInterval) {
    this.redis = redis;
    this.keys = keys;
    principalIndex = new RedisPrincipalIndex(redis, keys);
    loginLimit = new RedisLoginLimit(redis, keys);
    batchLookup = new RedisBatchLookup(redis, keys);
    batchTouch = new RedisBatchTouch(redis, keys);
    ChangeListeners listeners = new ChangeListeners();
    changeFeed =
        new PolledChangeFeed(
            listeners, new ChangeReader(redis, keys, listeners), changeFeedInterval, LOG);
  }

  /**
   * Begins a store on one server, or on the primary that Sentinels name.
   *
   * @param server with user, password, TLS and database as the server wants them
   */
  public static Builder builder(RedisURI server) {
    return new Builder(server);
  }

  @Override
  public void insert(StoredSession session) {
    Operation operation = new Operation("insert", session.id());
    byte[] record = SessionRecord.write(session, session.version());
    long stored =
        redis.runForNumber(
            operation, Script.INSERT, keysOf(session.id()), Keys.bytes(session.id()), record);
    if (stored == 0) {
      throw exists(operation);
    }
  }

  static SessionStoreException exists(Operation operation) {
    return new SessionStoreException(operation + " failed: the id exists already");
  }

  static SessionStoreException lastVersion(Operation operation) {
    return new SessionStoreException(operation + " failed: it has the last possible version");
  }

  @Override
  public Optional<StoredSession> find(SessionId id) {
    byte[] record =
        redis.<byte @Nullable []>resolve(
            new Operation("find", id), commands -> commands.get(keys.record(id)));
    if (record == null) {
      return Optional.empty();
    }
    try {
      return Optional.of(SessionRecord.read(record, id));
    } catch (DamagedSessionException damaged) {
      LOG.warn("Session {} counts as absent: {}", id, damaged.getMessage());
      return Optional.empty();
    }
  }

  @Override
  public boolean update(StoredSession session, Instant now) {
    long moment = StoredSession.millisOf(now, "now");
    Operation operation = new Operation("update", session.id());
    boolean hasNext = session.version() < Long.MAX_VALUE;
    long stored =
        redis.runForNumber(
            operation,
            Script.UPDATE,
            keysOf(session.id()),
            Keys.bytes(session.id()),
            SessionRecord.write(session, hasNext ? session.version() + 1 : Long.MAX_VALUE),
            SessionRecord.bytes(session.version()),
            text(moment),
            text(hasNext ? 1 : 0));
    if (stored < 0) {
      throw lastVersion(operation);
    }
    return stored == 1;
  }

  @Override
  public boolean touch(SessionId id, Instant lastSeenAt, Instant now) {
    byte[][] arguments = RedisBatchTouch.arguments(lastSeenAt, now);
    return redis.runForNumber(
            new Operation("touch", id), Script.TOUCH, List.of(keys.record(id)), arguments)
        == 1;
  }

  @Override
  public Optional<StoredSession> delete(SessionId id) {
    return delete(id, new byte[0]);
  }

  @Override
  public Optional<StoredSession> delete(SessionId id, long generation) {
    return delete(id, SessionRecord.bytes(generation));
  }

  private Optional<StoredSession> delete(SessionId id, byte[] generation) {
    byte[] record =
        redis.runForRecord(
            new Operation("delete", id), Script.DELETE, keysOf(id), Keys.bytes(id), generation);
    return record == null ? Optional.empty() : readDeleted(record);
  }

  /** Reads what was deleted; what cannot be read is not handed over, and logged. */
  static Optional<StoredSession> readDeleted(byte[] record) {
    try {
      return Optional.of(SessionRecord.read(record));
    } catch (SessionStoreException unreadable) {
      LOG.warn("A session was deleted that cannot be reported: {}", unreadable.getMessage());
      return Optional.empty();
    }
  }

  /**
   * {@inheritDoc}
   *
   * <p>Each script looks at no more than 200 sessions, and stops after 8 MiB of deleted ones.
   */
  @Override
  public CleanUp deleteExpired(Instant cutoff, int limit, Consumer<StoredSession> deleted) {
    if (limit < 1) {
      throw new IllegalArgumentException("limit must be at least 1: " + limit);
    }
    byte[] moment = text(StoredSession.millisOf(cutoff, "cutoff"));
    HandOver handOver = new HandOver(deleted);
    int count = 0;
    boolean isComplete = false;
    try {
      for (int left = limit; left > 0 && !isComplete; ) {
        int most = Math.min(left, Step.MAX_SESSIONS);
        Step step =
            Step.of(
                redis.runForList(
                    new Operation("deleteExpired"),
                    Script.EXPIRE,
                    List.of(keys.expiry(), keys.records(), keys.principals()),
                    moment,
                    text(most),
                    text(Step.MAX_BYTES)));
        count += step.records().size();
        step.records().forEach(record -> readDeleted(record).ifPresent(handOver));
        left -= step.lookedAt();
        isComplete = step.lookedAt() < most && !step.isFull();
      }
    } catch (SessionStoreException failure) {
      handOver.addTo(failure);
      throw failure;
    }
    handOver.finish();
    return new CleanUp(count, isComplete);
  }

  private List<byte[]> keysOf(SessionId id) {
    return List.of(keys.record(id), keys.expiry(), keys.principals(), keys.changes());
  }

  @Override
  public Optional<PrincipalIndex> principalIndex() {
    return Optional.of(principalIndex);
  }

  @Override
  public Optional<LoginLimit> loginLimit() {
    return Optional.of(loginLimit);
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
   * starts.
   */
  @Override
  public Optional<ChangeFeed> changeFeed() {
    return Optional.of(changeFeed);
  }

  /**
   * Returns whether {@link #find} fails at once, except for one call a second, because the server
   * did not answer the last three in time. For monitoring; calls no server.
   */
  public boolean isFailingFast() {
    return redis.isFailingFast();
  }

  /**
   * {@inheritDoc}
   *
   * <p>Ends the thread of the {@link #changeFeed}, and waits up to 5 seconds for it. Closes the
   * connection, without waiting for it. Operations that are under way fail.
   */
  @Override
  public void close() {
    changeFeed.close();
    redis.close();
  }

  /**
   * Builds a store. Each method checks its value and throws {@link IllegalArgumentException} with a
   * message that names the setting, the rule and the value. Not thread-safe.
   */
  public static final class Builder {

    private static final Duration MIN_TIMEOUT = Duration.ofMillis(10);
    private static final Duration MAX_TIMEOUT = Duration.ofMinutes(1);
    private static final Pattern PREFIX = Pattern.compile("[A-Za-z0-9._:-]{1,40}");

    private final RedisURI server;
    private String keyPrefix = "coatcheck";
    private Duration commandTimeout = Duration.ofSeconds(2);
    private Duration connectTimeout = Duration.ofSeconds(2);
    private Duration changeFeedInterval = Duration.ofMillis(100);
    private @Nullable ClientResources clientResources;
    private SslOptions sslOptions = SslOptions.create();
    private InstantSource time = InstantSource.system();

    private Builder(RedisURI server) {
      this.server = server;
    }

    /**
     * Sets what all keys begin with, in braces: 1 to 40 ASCII letters, digits, dots, colons,
     * hyphens and underscores. Applications that share a server need one each. Default: {@code
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
      commandTimeout = checked("commandTimeout", timeout);
      return this;
    }

    /**
     * Bounds the wait for a connection to open, from 10 milliseconds to 1 minute. Default: 2
     * seconds.
     */
    public Builder connectTimeout(Duration timeout) {
      connectTimeout = checked("connectTimeout", timeout);
      return this;
    }

    private static Duration checked(String name, Duration timeout) {
      if (timeout.compareTo(MIN_TIMEOUT) < 0 || timeout.compareTo(MAX_TIMEOUT) > 0) {
        throw new IllegalArgumentException(
            name + " must be from 10 milliseconds to 1 minute: " + timeout);
      }
      return timeout;
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
     * 10 seconds: a change is reported that much later. At most half of the {@code maxStaleness} of
     * the near cache, whose copies otherwise age between two reads. Default: 100 milliseconds.
     */
    public Builder changeFeedInterval(Duration interval) {
      if (interval.compareTo(MIN_TIMEOUT) < 0 || interval.compareTo(Duration.ofSeconds(10)) > 0) {
        throw new IllegalArgumentException(
            "changeFeedInterval must be from 10 milliseconds to 10 seconds: " + interval);
      }
      changeFeedInterval = interval;
      return this;
    }

    /** Sets the clock of the pause after timeouts. Default: the system's. */
    Builder time(InstantSource source) {
      time = source;
      return this;
    }

    /**
     * Creates the store: connects, and checks that the server takes writes, by a mark in the log of
     * changes. Logs a warning if the server may evict sessions, or keeps them in memory alone.
     *
     * @throws SessionStoreException if the server cannot be reached, refuses the login, or is a
     *     replica
     */
    public RedisSessionStore build() {
      Link link = Link.open(server, commandTimeout, connectTimeout, sslOptions, clientResources);
      Connection redis = new Connection(link, commandTimeout, new Breaker(time));
      Keys keys = new Keys(keyPrefix);
      try {
        new ServerCheck(redis, keys).run();
      } catch (RuntimeException refused) {
        redis.close();
        throw refused;
      }
      return new RedisSessionStore(redis, keys, changeFeedInterval);
    }
  }
}
