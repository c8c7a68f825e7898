package io.coatcheck.session.memory;

import io.coatcheck.session.codec.AttributeValue;
import io.coatcheck.session.log.Milestones;
import io.coatcheck.session.store.Admission;
import io.coatcheck.session.store.CleanUp;
import io.coatcheck.session.store.DeletedSessions;
import io.coatcheck.session.store.Evictions;
import io.coatcheck.session.store.HandOver;
import io.coatcheck.session.store.LiveSessions;
import io.coatcheck.session.store.LoginLimit;
import io.coatcheck.session.store.PrincipalIndex;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.WhenFull;
import io.coatcheck.session.token.SessionId;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps sessions in the memory of this process, using Caffeine. They end with the process, and no
 * other node sees them.
 *
 * <p><b>Bounded by count.</b> A full store evicts anonymous sessions, the least used first, and
 * notifies {@link #evictions()}. Sessions that are or once were authenticated are never evicted: if
 * only those are left, an insert fails. A session that logs in always has room, since it is already
 * in the store.
 *
 * <p><b>Shares live objects</b>, as servlet containers do: an attribute is the same object for
 * every request of the session, and a change in place takes effect at once. With {@code
 * copyOnRead(true)} it encodes every value and gives each reader a copy, as a remote store does.
 *
 * <p>Thread-safe. No operation blocks longer than another operation takes, none waits for I/O, and
 * there is no background thread. The store has no clock: sessions expire by the times passed to it.
 *
 * @since 0.1.0
 */
public final class InMemorySessionStore implements SessionStore {

  private static final Logger LOG = LoggerFactory.getLogger(InMemorySessionStore.class);

  private final SessionTable table;
  private final boolean copyOnRead;
  private final Index index = new Index();
  private final LoginLimit limit = this::admit;
  private final Evictions evictions = this::listen;
  private final Optional<LiveSessions> liveSessions;
  private volatile @Nullable Consumer<StoredSession> evictionListener;
  private final AtomicLong evictionFailures = new AtomicLong();
  private volatile boolean closed;

  private InMemorySessionStore(Builder builder) {
    table = new SessionTable(builder.maximumSessions, this::tellEvicted);
    copyOnRead = builder.copyOnRead;
    liveSessions = copyOnRead ? Optional.empty() : Optional.of(new Live());
  }

  /** Begins with the defaults: at most a million sessions, and shared live objects. */
  public static Builder builder() {
    return new Builder();
  }

  @Override
  public void insert(StoredSession session) {
    open().insert(incoming(session));
  }

  @Override
  public Optional<StoredSession> find(SessionId id) {
    StoredSession session = open().find(id);
    return session == null ? Optional.empty() : Optional.of(outgoing(session));
  }

  @Override
  public boolean update(StoredSession session, Instant now) {
    SessionTable sessions = open();
    StoredSession.millisOf(now, "now");
    StoredSession incoming = incoming(session);
    Slot slot = sessions.peek(session.id());
    return slot != null && sessions.update(slot, incoming, now) != null;
  }

  @Override
  public boolean touch(SessionId id, Instant lastSeenAt, Instant now) {
    SessionTable sessions = open();
    long moment = StoredSession.millisOf(lastSeenAt, "lastSeenAt");
    long current = StoredSession.millisOf(now, "now");
    Slot slot = sessions.peek(id);
    return slot != null && slot.touch(moment, current) >= 0;
  }

  @Override
  public Optional<StoredSession> delete(SessionId id) {
    return end(id, stored -> true);
  }

  @Override
  public Optional<StoredSession> delete(SessionId id, long generation) {
    return end(id, stored -> stored.generation() == generation);
  }

  private Optional<StoredSession> end(SessionId id, Predicate<StoredSession> condition) {
    SessionTable sessions = open();
    Slot slot = sessions.peek(id);
    return slot == null ? Optional.empty() : Optional.ofNullable(sessions.end(slot, condition));
  }

  @Override
  public CleanUp deleteExpired(Instant cutoff, int limit, Consumer<StoredSession> deleted) {
    if (limit < 1) {
      throw new IllegalArgumentException("limit must be at least 1: " + limit);
    }
    StoredSession.millisOf(cutoff, "cutoff");
    List<StoredSession> ended = new ArrayList<>();
    boolean isComplete = open().endExpired(cutoff, limit, ended);
    HandOver handOver = new HandOver(deleted);
    ended.forEach(handOver);
    handOver.finish();
    return new CleanUp(ended.size(), isComplete);
  }

  @Override
  public Optional<PrincipalIndex> principalIndex() {
    return Optional.of(index);
  }

  @Override
  public Optional<LoginLimit> loginLimit() {
    return Optional.of(limit);
  }

  /**
   * {@inheritDoc}
   *
   * <p>Called on the thread of the insert or login that found the store full.
   */
  @Override
  public Optional<Evictions> evictions() {
    return Optional.of(evictions);
  }

  /** {@inheritDoc} Empty if this store copies on read. */
  @Override
  public Optional<LiveSessions> liveSessions() {
    return liveSessions;
  }

  /** Returns whether live objects are shared: true unless this store copies on read. */
  @Override
  public boolean keepsLiveValues() {
    return !copyOnRead;
  }

  /** Returns whether this store copies on read: see {@link Builder#copyOnRead}. */
  @Override
  public boolean failsOnUnencodable() {
    return copyOnRead;
  }

  /** Returns zero: every request touches, and idleness is exact. */
  @Override
  public Duration touchInterval() {
    return Duration.ZERO;
  }

  /**
   * Returns about how many sessions there are, including expired ones that the clean-up has not yet
   * deleted. Takes constant time.
   */
  public long size() {
    return table.size();
  }

  /** Discards all sessions without notifying any listener. */
  @Override
  public void close() {
    closed = true;
    table.close();
  }

  /** Returns the table, so that tests can check what it still holds. */
  SessionTable table() {
    return table;
  }

  private SessionTable open() {
    if (closed) {
      throw new SessionStoreException("the in-memory store is closed");
    }
    return table;
  }

  private Admission admit(
      StoredSession session, boolean isNew, int limit, WhenFull whenFull, Instant now) {
    if (session.principal().isEmpty()) {
      throw new IllegalArgumentException("session must have a principal: " + session.id());
    }
    if (limit < 1) {
      throw new IllegalArgumentException("limit must be at least 1: " + limit);
    }
    StoredSession.millisOf(now, "now");
    return open().admit(incoming(session), isNew, limit, whenFull, now);
  }

  private StoredSession incoming(StoredSession session) {
    return copyOnRead ? encoded(session) : session;
  }

  private StoredSession outgoing(StoredSession session) {
    return copyOnRead ? encoded(session) : session;
  }

  private static StoredSession encoded(StoredSession session) {
    Map<String, AttributeValue> copies = new HashMap<>();
    session
        .attributes()
        .forEach((name, value) -> copies.put(name, AttributeValue.encoded(value.bytes().clone())));
    return session.toBuilder().attributes(copies).build();
  }

  private void listen(Consumer<StoredSession> listener) {
    evictionListener = listener;
  }

  private void tellEvicted(StoredSession session) {
    Consumer<StoredSession> listener = evictionListener;
    if (listener != null) {
      try {
        listener.accept(session);
      } catch (Throwable e) {
        long failures = evictionFailures.incrementAndGet();
        if (Milestones.include(failures)) {
          // In a flood, evictions are as frequent as requests.
          LOG.warn("The listener of evictions has failed, {} times so far", failures, e);
        }
      }
    }
  }

  /** The slots as shared sessions. */
  private final class Live implements LiveSessions {

    @Override
    public @Nullable LiveSession get(SessionId id) {
      return open().peek(id);
    }

    @Override
    public boolean areUsableInPlaceOf(SessionStore store) {
      return store == InMemorySessionStore.this;
    }

    /** Finds nothing if the store is closed, since the table is then empty. */
    @Override
    public @Nullable UsableSession use(SessionId id) {
      return table.use(id);
    }

    /** Updates nothing if the store is closed, since the table is then empty. */
    @Override
    public @Nullable StoredSession update(StoredSession session, Instant now) {
      StoredSession.millisOf(now, "now");
      Slot slot = table.peek(session.id());
      return slot == null ? null : table.update(slot, session, now);
    }
  }

  private final class Index implements PrincipalIndex {

    @Override
    public List<StoredSession> findByPrincipal(
        String principal, @Nullable SessionId after, int limit) {
      if (limit < 1 || limit > MAX_PAGE) {
        throw new IllegalArgumentException("limit must be from 1 to " + MAX_PAGE + ": " + limit);
      }
      List<StoredSession> sessions = open().ofPrincipals().page(principal, after, limit);
      sessions.replaceAll(session -> session.toBuilder().attributes(Map.of()).build());
      return sessions;
    }

    @Override
    public int deleteByPrincipal(String principal, Set<SessionId> except, DeletedSessions deleted) {
      HandOver handOver = new HandOver(deleted);
      int number = open().ofPrincipals().endAll(principal, except, handOver);
      handOver.finish();
      return number;
    }

    @Override
    public int deleteOldest(String principal, int keep, Instant now, DeletedSessions deleted) {
      if (keep < 1) {
        throw new IllegalArgumentException("keep must be at least 1: " + keep);
      }
      StoredSession.millisOf(now, "now");
      HandOver handOver = new HandOver(deleted);
      int number = open().ofPrincipals().endOldest(principal, keep, now, handOver);
      handOver.finish();
      return number;
    }
  }

  /** Builds a store. Not thread-safe. */
  public static final class Builder {

    private long maximumSessions = 1_000_000;
    private boolean copyOnRead;

    private Builder() {}

    /**
     * Sets the maximum number of sessions. A login on a session that is in the store succeeds
     * regardless of their number. Default: 1,000,000.
     *
     * @throws IllegalArgumentException if {@code number} is less than 1
     */
    public Builder maximumSessions(long number) {
      if (number < 1) {
        throw new IllegalArgumentException("maximumSessions must be at least 1: " + number);
      }
      maximumSessions = number;
      return this;
    }

    /**
     * Sets whether values are encoded when they are stored, and copied when they are read, so that
     * the store behaves like a remote one: for tests. Default: false.
     *
     * <p>There is one difference from a remote store, so that tests find the mistake: if a value
     * was changed after it was set or read and can no longer be encoded, the save throws an {@link
     * io.coatcheck.session.codec.AttributeCodecException} that names the class, once for each
     * attribute and request. A remote store keeps the earlier bytes.
     */
    public Builder copyOnRead(boolean copy) {
      copyOnRead = copy;
      return this;
    }

    /** Builds the store. */
    public InMemorySessionStore build() {
      return new InMemorySessionStore(this);
    }
  }
}
