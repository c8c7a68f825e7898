package io.coatcheck.session.nearcache;

import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.store.Admission;
import io.coatcheck.session.store.BatchLookup;
import io.coatcheck.session.store.BatchTouch;
import io.coatcheck.session.store.ChangeFeed;
import io.coatcheck.session.store.CleanUp;
import io.coatcheck.session.store.DeletedSessions;
import io.coatcheck.session.store.LoginLimit;
import io.coatcheck.session.store.PrincipalIndex;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SecretHash;
import io.coatcheck.session.token.SessionId;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A store that is far away: counts what it is asked, can be unreachable, and can be slow to answer.
 */
final class RemoteStore implements SessionStore, BatchLookup, BatchTouch {

  static final Instant NOW = Instant.parse("2026-03-01T12:00:00Z");

  private static final SecureRandom RANDOM = new SecureRandom();

  private final SessionStore store = InMemorySessionStore.builder().copyOnRead(true).build();
  final AtomicInteger finds = new AtomicInteger();
  final AtomicInteger batches = new AtomicInteger();
  final AtomicInteger touches = new AtomicInteger();
  final AtomicInteger touchBatches = new AtomicInteger();
  final Set<SessionId> heldByOthers = ConcurrentHashMap.newKeySet();
  volatile Duration longestCall = Duration.ofSeconds(10);
  volatile boolean down;
  volatile boolean closed;

  /** Thrown when this is closed. */
  volatile @Nullable RuntimeException closeFailure;

  /** Run once before the next find reads. */
  volatile Runnable beforeFindReads = () -> {};

  /** Run once after the next find has read and before it answers. */
  volatile Runnable beforeFindAnswers = () -> {};

  /** Run once after the next update is stored and before it answers. */
  volatile Runnable beforeUpdateAnswers = () -> {};

  /** Thrown once by the next change after it was stored, as when the answer is lost. */
  volatile @Nullable Throwable lostAnswer;

  /** Run before each touch of one session. */
  volatile Runnable beforeTouch = () -> {};

  /** Thrown by each batch of touches, before anything is stored. */
  volatile @Nullable Throwable touchAllFailure;

  /** Called with the sessions of each batch of touches, before anything is stored. */
  volatile Consumer<Set<SessionId>> beforeTouchAll = batch -> {};

  /** Thrown by each look at many sessions. */
  volatile @Nullable Throwable stampsFailure;

  /** Run once after the next look at many sessions has read and before it answers. */
  volatile Runnable beforeStampsAnswer = () -> {};

  final HandFeed feed = new HandFeed();
  private volatile boolean hasFeed;

  /** Run once after the next batch of touches is stored and before it answers. */
  volatile Runnable beforeTouchAllAnswers = () -> {};

  /** Offers the feed from now on. */
  RemoteStore withFeed() {
    hasFeed = true;
    return this;
  }

  /** Stores a session of a user who logs in now. */
  StoredSession stored(String principal) {
    StoredSession session =
        StoredSession.builder(SessionId.generate(NOW, RANDOM))
            .secretHash(SecretHash.of(new byte[32]))
            .createdAt(NOW)
            .principal(principal)
            .authenticatedAt(NOW)
            .idleTimeout(Duration.ofMinutes(30))
            .absoluteDeadline(NOW.plus(Duration.ofHours(12)))
            .build();
    insert(session);
    return session;
  }

  private void reach() {
    if (down) {
      throw new SessionStoreException("unreachable");
    }
  }

  private void answer() {
    Throwable failure = lostAnswer;
    lostAnswer = null;
    fail(failure);
  }

  private static void fail(@Nullable Throwable failure) {
    if (failure instanceof Error error) {
      throw error;
    }
    if (failure instanceof RuntimeException exception) {
      throw exception;
    }
  }

  @Override
  public void insert(StoredSession session) {
    reach();
    store.insert(session);
  }

  @Override
  public Optional<StoredSession> find(SessionId id) {
    finds.incrementAndGet();
    reach();
    Runnable late = beforeFindReads;
    beforeFindReads = () -> {};
    late.run();
    Optional<StoredSession> found = store.find(id);
    Runnable slow = beforeFindAnswers;
    beforeFindAnswers = () -> {};
    slow.run();
    return found;
  }

  @Override
  public boolean update(StoredSession session, Instant now) {
    reach();
    boolean updated = store.update(session, now);
    Runnable slow = beforeUpdateAnswers;
    beforeUpdateAnswers = () -> {};
    slow.run();
    answer();
    return updated;
  }

  @Override
  public boolean touch(SessionId id, Instant lastSeenAt, Instant now) {
    touches.incrementAndGet();
    beforeTouch.run();
    reach();
    boolean touched = store.touch(id, lastSeenAt, now);
    answer();
    return touched;
  }

  @Override
  public Optional<StoredSession> delete(SessionId id) {
    reach();
    Optional<StoredSession> deleted = store.delete(id);
    answer();
    return deleted;
  }

  @Override
  public Optional<StoredSession> delete(SessionId id, long generation) {
    reach();
    return store.delete(id, generation);
  }

  @Override
  public CleanUp deleteExpired(Instant cutoff, int limit, Consumer<StoredSession> deleted) {
    reach();
    return store.deleteExpired(cutoff, limit, deleted);
  }

  @Override
  public Optional<PrincipalIndex> principalIndex() {
    return Optional.of(index);
  }

  @Override
  public Optional<LoginLimit> loginLimit() {
    return Optional.of(limit);
  }

  private final LoginLimit limit = answering(store.loginLimit().orElseThrow());

  private LoginLimit answering(LoginLimit sessions) {
    return (session, isNew, number, whenFull, now) -> {
      reach();
      Admission admission = sessions.admit(session, isNew, number, whenFull, now);
      answer();
      return admission;
    };
  }

  private final PrincipalIndex index = new Index(store.principalIndex().orElseThrow());

  private final class Index implements PrincipalIndex {

    private final PrincipalIndex sessions;

    Index(PrincipalIndex sessions) {
      this.sessions = sessions;
    }

    @Override
    public List<StoredSession> findByPrincipal(
        String principal, @Nullable SessionId after, int limit) {
      reach();
      return sessions.findByPrincipal(principal, after, limit);
    }

    @Override
    public int deleteOldest(String principal, int keep, Instant now, DeletedSessions deleted) {
      reach();
      return sessions.deleteOldest(principal, keep, now, deleted);
    }

    @Override
    public int deleteByPrincipal(String principal, Set<SessionId> except, DeletedSessions deleted) {
      reach();
      if (lostAnswer != null) {
        sessions.deleteByPrincipal(principal, except, ended -> {});
        answer();
      }
      return sessions.deleteByPrincipal(principal, except, deleted);
    }
  }

  @Override
  public Optional<BatchLookup> batchLookup() {
    return Optional.of(this);
  }

  @Override
  public Map<SessionId, Stamp> stamps(Set<SessionId> ids) {
    batches.incrementAndGet();
    reach();
    fail(stampsFailure);
    Map<SessionId, Stamp> stamps = new HashMap<>();
    for (SessionId id : ids) {
      store
          .find(id)
          .ifPresent(found -> stamps.put(id, new Stamp(found.version(), found.lastSeenAt())));
    }
    Runnable slow = beforeStampsAnswer;
    beforeStampsAnswer = () -> {};
    slow.run();
    return stamps;
  }

  @Override
  public Optional<ChangeFeed> changeFeed() {
    return hasFeed ? Optional.of(feed) : Optional.empty();
  }

  @Override
  public Optional<BatchTouch> batchTouch() {
    return Optional.of(this);
  }

  @Override
  public Set<SessionId> touchAll(Map<SessionId, Instant> lastSeenAt, Instant now) {
    touchBatches.incrementAndGet();
    reach();
    fail(touchAllFailure);
    beforeTouchAll.accept(lastSeenAt.keySet());
    Set<SessionId> touched = new HashSet<>();
    lastSeenAt.forEach(
        (id, moment) -> {
          if (!heldByOthers.contains(id) && store.touch(id, moment, now)) {
            touched.add(id);
          }
        });
    Runnable slow = beforeTouchAllAnswers;
    beforeTouchAllAnswers = () -> {};
    slow.run();
    return touched;
  }

  @Override
  public Duration touchInterval() {
    return Duration.ofMinutes(1);
  }

  @Override
  public Duration longestCall() {
    return longestCall;
  }

  @Override
  public void close() {
    closed = true;
    fail(closeFailure);
  }
}
