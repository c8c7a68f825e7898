package io.coatcheck.session.testkit;

import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.store.Admission;
import io.coatcheck.session.store.ChangeFeed;
import io.coatcheck.session.store.ChangeListeners;
import io.coatcheck.session.store.DeletedSessions;
import io.coatcheck.session.store.Evictions;
import io.coatcheck.session.store.ForwardingSessionStore;
import io.coatcheck.session.store.LoginLimit;
import io.coatcheck.session.store.PrincipalIndex;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/**
 * A node of a store with a log of changes in memory, which works as one in a database does: a
 * change takes a number, takes effect some time later, and is visible in the log then. Sound, but
 * for the faults that it is given. It is bounded if the store in memory is.
 */
final class FeedNode extends ForwardingSessionStore implements ChangeFeed {

  private final FeedLog log;
  private final Set<FeedFault> faults;
  private final Optional<ChangeFeed> feed = Optional.of(this);
  private final Optional<PrincipalIndex> index;
  private final Optional<LoginLimit> limit;
  private final Optional<Evictions> evictions;
  private final ChangeListeners listeners = new ChangeListeners();
  private final FeedReader reader;
  private volatile Consumer<StoredSession> onEvicted = session -> {};
  private final Map<Listener, Queue<Subscription>> subscriptions = new ConcurrentHashMap<>();
  private boolean reads;

  private FeedNode(FeedLog log, Set<FeedFault> faults) {
    super(log.sessions);
    this.log = log;
    this.faults = faults;
    reader = new FeedReader(log, this, faults, listeners);
    index = log.sessions.principalIndex().map(RecordingIndex::new);
    limit = log.sessions.loginLimit().map(this::recording);
    evictions = log.sessions.evictions().map(this::recording);
  }

  static FeedNode sound() {
    return onNewLog(EnumSet.noneOf(FeedFault.class), InMemorySessionStore.builder());
  }

  static FeedNode with(FeedFault fault) {
    return onNewLog(EnumSet.of(fault), InMemorySessionStore.builder());
  }

  private static FeedNode onNewLog(Set<FeedFault> faults, InMemorySessionStore.Builder store) {
    return new FeedNode(new FeedLog(store.copyOnRead(true).build(), faults), faults);
  }

  FeedNode otherNode() {
    return new FeedNode(log, faults);
  }

  /** Creates a node of another store, which holds about so many sessions, with the same faults. */
  FeedNode small(int capacity) {
    return onNewLog(faults, InMemorySessionStore.builder().maximumSessions(capacity));
  }

  /** Forgets what the log holds so far. */
  void forgetChanges() {
    log.forget();
  }

  /** Makes the log fail for all nodes, as an outage would. */
  void breakBackend() {
    log.breakDown();
  }

  /** Ends the outage. */
  void restoreBackend() {
    log.restore();
  }

  /** Replaces the bytes of a session. */
  void overwrite(SessionId id, byte[] bytes) {
    log.sessions.overwriteBytes(id, bytes);
  }

  private boolean has(FeedFault fault) {
    return faults.contains(fault);
  }

  /** Between a number and its change, and between a query and the clock. */
  private static void delay() {
    if (ThreadLocalRandom.current().nextInt(4) == 0) {
      LockSupport.parkNanos(TimeUnit.MICROSECONDS.toNanos(300));
    }
  }

  /** Runs a change as a transaction that takes a number first. */
  private <T> T change(SessionId id, Callable<T> change, Function<T, Boolean> happened) {
    if (has(FeedFault.CALLS_LISTENERS_UNDER_ITS_LOCK)) {
      synchronized (log) {
        return changeAlone(id, change, happened);
      }
    }
    return changeAlone(id, change, happened);
  }

  private <T> T changeAlone(SessionId id, Callable<T> change, Function<T, Boolean> happened) {
    long number = log.nextNumber();
    try {
      if (has(FeedFault.REPORTS_BEFORE_THE_CHANGE)) {
        tooEarly(number, id);
      }
      if (has(FeedFault.REPORTS_ITS_OWN_CHANGES_TOO_EARLY)) {
        listeners.changed(id);
      }
      if (has(FeedFault.FORGETS_GAPS) && number % 2 == 0) {
        // Several queries long, so that later numbers are seen first.
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
      }
      if (has(FeedFault.BEGINS_AT_THE_END_OF_THE_LOG)) {
        // Several queries long, so that a reader begins in the middle of a change.
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
      }
      delay();
      T result = change.call();
      if (happened.apply(result)) {
        publish(number, id);
      }
      return result;
    } catch (RuntimeException failure) {
      throw failure;
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  /** Publishes a change several queries before it takes effect. */
  private void tooEarly(long number, SessionId id) {
    log.publish(number, new FeedLog.Change(id, this));
    LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(3));
  }

  /** Publishes the end of all sessions of a principal before it takes effect. */
  private void tooEarly(Optional<String> principal) {
    log.sessions
        .principalIndex()
        .orElseThrow()
        .findByPrincipal(principal.orElse(""), null, 10)
        .forEach(session -> tooEarly(log.nextNumber(), session.id()));
  }

  private void publish(long number, SessionId id) {
    log.publish(number, new FeedLog.Change(id, this));
    if (has(FeedFault.CALLS_LISTENERS_ON_THE_WRITERS_THREADS)) {
      listeners.changed(id);
    }
  }

  @Override
  public boolean update(StoredSession session, Instant now) {
    boolean isRenewal = session.generation() > 0;
    if (has(isRenewal ? FeedFault.IGNORES_NEW_SECRETS : FeedFault.IGNORES_UPDATES)) {
      return store().update(session, now);
    }
    return change(session.id(), () -> store().update(session, now), stored -> stored);
  }

  @Override
  public Optional<StoredSession> delete(SessionId id) {
    return change(id, () -> store().delete(id), Optional::isPresent);
  }

  @Override
  public Optional<StoredSession> delete(SessionId id, long generation) {
    if (has(FeedFault.REPORTS_THE_END_OF_A_GENERATION_TOO_EARLY)) {
      tooEarly(log.nextNumber(), id);
      return store().delete(id, generation);
    }
    return change(id, () -> store().delete(id, generation), Optional::isPresent);
  }

  @Override
  public Optional<PrincipalIndex> principalIndex() {
    return index;
  }

  @Override
  public Optional<LoginLimit> loginLimit() {
    return limit;
  }

  @Override
  public Optional<Evictions> evictions() {
    return evictions;
  }

  /** Records what the store evicts by itself. It has one listener: that of the newest node. */
  private Evictions recording(Evictions inner) {
    inner.onEvicted(
        evicted -> {
          if (!has(FeedFault.IGNORES_EVICTIONS_FOR_LACK_OF_ROOM)) {
            publish(log.nextNumber(), evicted.id());
          }
          onEvicted.accept(evicted);
        });
    return listener -> onEvicted = listener;
  }

  private LoginLimit recording(LoginLimit inner) {
    return (session, isNew, most, whenFull, now) -> {
      if (has(FeedFault.REPORTS_EVICTIONS_BY_A_LIMIT_TOO_EARLY)) {
        tooEarly(session.principal());
      }
      Admission admission =
          change(
              session.id(),
              () -> inner.admit(session, isNew, most, whenFull, now),
              done -> !isNew && done.outcome() == Admission.Outcome.STORED);
      if (!has(FeedFault.IGNORES_EVICTIONS_BY_A_LIMIT)
          && !has(FeedFault.REPORTS_EVICTIONS_BY_A_LIMIT_TOO_EARLY)) {
        admission.evicted().forEach(evicted -> publish(log.nextNumber(), evicted.id()));
      }
      return admission;
    };
  }

  private final class RecordingIndex implements PrincipalIndex {

    private final PrincipalIndex inner;

    RecordingIndex(PrincipalIndex inner) {
      this.inner = inner;
    }

    @Override
    public List<StoredSession> findByPrincipal(
        String principal, @Nullable SessionId after, int most) {
      return inner.findByPrincipal(principal, after, most);
    }

    @Override
    public int deleteByPrincipal(String principal, Set<SessionId> except, DeletedSessions deleted) {
      return inLongTransaction(
          principal,
          changes -> inner.deleteByPrincipal(principal, except, recorded(deleted, changes)));
    }

    @Override
    public int deleteOldest(String principal, int keep, Instant now, DeletedSessions deleted) {
      return inLongTransaction(
          principal,
          changes -> inner.deleteOldest(principal, keep, now, recorded(deleted, changes)));
    }

    /** Shows the changes together at the end, long after the first of them took its number. */
    private int inLongTransaction(String principal, ToIntFunction<Map<Long, SessionId>> deletion) {
      Map<Long, SessionId> changes = new TreeMap<>();
      if (has(FeedFault.REPORTS_DELETIONS_BY_PRINCIPAL_TOO_EARLY)) {
        tooEarly(Optional.of(principal));
        return deletion.applyAsInt(changes);
      }
      boolean isReported = !has(FeedFault.IGNORES_DELETIONS_THAT_A_CONSUMER_FAILS_AT);
      try {
        int deleted = deletion.applyAsInt(changes);
        isReported = true;
        return deleted;
      } finally {
        if (isReported) {
          changes.forEach(FeedNode.this::publish);
        }
      }
    }

    private boolean isIgnored(DeletedSessions deleted) {
      return has(FeedFault.IGNORES_DELETIONS_BY_PRINCIPAL)
          || (has(FeedFault.IGNORES_DELETIONS_WITHOUT_ATTRIBUTES) && !deleted.needAttributes());
    }

    private DeletedSessions recorded(DeletedSessions deleted, Map<Long, SessionId> changes) {
      return DeletedSessions.of(
          deleted.needAttributes(),
          session -> {
            if (!isIgnored(deleted)) {
              changes.put(log.nextNumber(), session.id());
              delay();
            }
            deleted.accept(session);
          });
    }
  }

  @Override
  public Optional<ChangeFeed> changeFeed() {
    if (has(FeedFault.IS_ABSENT)) {
      return Optional.empty();
    }
    return has(FeedFault.IS_ANOTHER_ONE_EACH_TIME) ? Optional.of(new View()) : feed;
  }

  /** A feed that is equal to no other. */
  private final class View implements ChangeFeed {

    @Override
    public Subscription subscribe(Listener listener) {
      return FeedNode.this.subscribe(listener);
    }
  }

  @Override
  public synchronized Subscription subscribe(Listener listener) {
    if (reader.isClosed() && !has(FeedFault.ACCEPTS_SUBSCRIPTIONS_WHEN_CLOSED)) {
      throw new SessionStoreException("subscribe failed: the store is closed");
    }
    if (reads && listeners.isEmpty()) {
      reader.goOn();
    }
    Subscription subscription = subscription(listener);
    if (!reads) {
      reads = true;
      reader.start();
    }
    return has(FeedFault.CALLS_CLOSED_SUBSCRIPTIONS) ? () -> {} : subscription;
  }

  private Subscription subscription(Listener listener) {
    if (has(FeedFault.IGNORES_EXCEPTIONS_OF_LISTENERS)) {
      return listeners.add(new Forgiving(listener));
    }
    if (has(FeedFault.ENDS_WITH_A_LISTENER_THAT_FAILS)) {
      return listeners.add(new Ending(listener, reader));
    }
    Subscription subscription = listeners.add(listener);
    if (has(FeedFault.WAITS_FOR_A_LISTENER_TO_RETURN)) {
      return () -> {
        subscription.close();
        reader.awaitPause();
      };
    }
    if (has(FeedFault.CLOSES_ALL_SUBSCRIPTIONS_OF_A_LISTENER)) {
      Queue<Subscription> all =
          subscriptions.computeIfAbsent(listener, first -> new ConcurrentLinkedQueue<>());
      all.add(subscription);
      return () -> all.forEach(Subscription::close);
    }
    return subscription;
  }

  @Override
  public Duration interval() {
    return has(FeedFault.HAS_A_NEGATIVE_INTERVAL) ? Duration.ofMillis(-1) : Duration.ZERO;
  }

  @Override
  public void close() {
    reader.close();
    listeners.close();
  }

  /** A listener whose exceptions end the feed, unless they are about a change. */
  private record Ending(Listener listener, FeedReader reader) implements Listener {

    @Override
    public void changed(SessionId id) {
      listener.changed(id);
    }

    @Override
    public void missed() {
      orEnd(listener::missed);
    }

    @Override
    public void completeUpTo(long nanoTime) {
      orEnd(() -> listener.completeUpTo(nanoTime));
    }

    private void orEnd(Runnable call) {
      try {
        call.run();
      } catch (RuntimeException | Error failure) {
        reader.close();
        throw failure;
      }
    }
  }

  /** A listener whose exceptions the feed does not see. */
  private record Forgiving(Listener listener) implements Listener {

    @Override
    public void changed(SessionId id) {
      try {
        listener.changed(id);
      } catch (RuntimeException | Error ignored) {
        // The fault.
      }
    }

    @Override
    public void missed() {
      listener.missed();
    }

    @Override
    public void completeUpTo(long nanoTime) {
      listener.completeUpTo(nanoTime);
    }
  }
}
