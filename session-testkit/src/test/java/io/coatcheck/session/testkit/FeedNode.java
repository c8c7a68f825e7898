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
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.time.Instant;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A node of a store with a log of changes in memory, which works as one in a database does: a
 * change takes a number, takes effect some time later, and is visible in the log then. Sound, but
 * for the faults that it is given.
 */
final class FeedNode extends ForwardingSessionStore implements ChangeFeed {

  /** What may be wrong with a feed. */
  enum Fault {
    FORGETS_GAPS,
    REPORTS_BEFORE_THE_CHANGE,
    TAKES_THE_TIME_AFTER_THE_QUERY,
    TAKES_THE_TIME_OF_ANOTHER_MACHINE,
    IGNORES_EVICTIONS,
    IGNORES_DELETIONS_BY_PRINCIPAL,
    IGNORES_NEW_SECRETS,
    IGNORES_UPDATES,
    IGNORES_ITS_OWN_CHANGES,
    IGNORES_CHANGES_OF_OTHERS,
    NEVER_SAYS_THAT_IT_MISSED_CHANGES,
    IGNORES_EXCEPTIONS_OF_LISTENERS,
    CALLS_CLOSED_SUBSCRIPTIONS,
    CALLS_LISTENERS_UNDER_ITS_LOCK,
    CALLS_LISTENERS_ON_THE_WRITERS_THREADS,
    IS_SILENT_WITHOUT_CHANGES
  }

  /** What the nodes share. */
  private static final class Log {
    final SessionStore sessions = InMemorySessionStore.builder().copyOnRead(true).build();
    final AtomicLong numbers = new AtomicLong();
    final ConcurrentSkipListMap<Long, Change> visible = new ConcurrentSkipListMap<>();
    volatile long forgotten;
  }

  private record Change(SessionId id, FeedNode node) {}

  private final Log log;
  private final Set<Fault> faults;
  private final Optional<ChangeFeed> feed = Optional.of(this);
  private final Optional<PrincipalIndex> index;
  private final Optional<LoginLimit> limit;
  private final ChangeListeners listeners = new ChangeListeners();
  private final Set<Long> gaps = new TreeSet<>();
  private long position;
  private volatile boolean closed;
  private @Nullable Thread reader;

  private FeedNode(Log log, Set<Fault> faults) {
    super(log.sessions);
    this.log = log;
    this.faults = faults;
    index = log.sessions.principalIndex().map(RecordingIndex::new);
    limit = log.sessions.loginLimit().map(this::recording);
  }

  static FeedNode sound() {
    return new FeedNode(new Log(), EnumSet.noneOf(Fault.class));
  }

  static FeedNode with(Fault fault) {
    return new FeedNode(new Log(), EnumSet.of(fault));
  }

  FeedNode otherNode() {
    return new FeedNode(log, faults);
  }

  /** Forgets what the log holds so far. */
  void forgetChanges() {
    log.forgotten = log.numbers.get();
    log.visible.headMap(log.forgotten, true).clear();
  }

  private boolean has(Fault fault) {
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
    if (has(Fault.CALLS_LISTENERS_UNDER_ITS_LOCK)) {
      synchronized (log) {
        return changeAlone(id, change, happened);
      }
    }
    return changeAlone(id, change, happened);
  }

  private <T> T changeAlone(SessionId id, Callable<T> change, Function<T, Boolean> happened) {
    long number = log.numbers.incrementAndGet();
    try {
      if (has(Fault.REPORTS_BEFORE_THE_CHANGE)) {
        log.visible.put(number, new Change(id, this));
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(3));
      }
      if (has(Fault.FORGETS_GAPS) && number % 2 == 0) {
        // Several queries long, so that later numbers are seen first.
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
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

  private void publish(long number, SessionId id) {
    log.visible.put(number, new Change(id, this));
    if (has(Fault.CALLS_LISTENERS_ON_THE_WRITERS_THREADS)) {
      listeners.changed(id);
    }
  }

  @Override
  public boolean update(StoredSession session, Instant now) {
    boolean isRenewal = session.generation() > 0;
    if (has(isRenewal ? Fault.IGNORES_NEW_SECRETS : Fault.IGNORES_UPDATES)) {
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

  /** None, although the store in memory has some: they would not be recorded. */
  @Override
  public Optional<Evictions> evictions() {
    return Optional.empty();
  }

  private LoginLimit recording(LoginLimit inner) {
    return (session, isNew, most, whenFull, now) -> {
      Admission admission =
          change(
              session.id(),
              () -> inner.admit(session, isNew, most, whenFull, now),
              done -> !isNew && done.outcome() == Admission.Outcome.STORED);
      if (!has(Fault.IGNORES_EVICTIONS)) {
        admission
            .evicted()
            .forEach(evicted -> publish(log.numbers.incrementAndGet(), evicted.id()));
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
      return inner.deleteByPrincipal(principal, except, recorded(deleted));
    }

    @Override
    public int deleteOldest(String principal, int keep, Instant now, DeletedSessions deleted) {
      return inner.deleteOldest(principal, keep, now, recorded(deleted));
    }

    private DeletedSessions recorded(DeletedSessions deleted) {
      return DeletedSessions.of(
          deleted.needAttributes(),
          session -> {
            if (!has(Fault.IGNORES_DELETIONS_BY_PRINCIPAL)) {
              publish(log.numbers.incrementAndGet(), session.id());
            }
            deleted.accept(session);
          });
    }
  }

  @Override
  public Optional<ChangeFeed> changeFeed() {
    return feed;
  }

  @Override
  public synchronized Subscription subscribe(Listener listener) {
    if (closed) {
      throw new SessionStoreException("subscribe failed: the store is closed");
    }
    Listener called = listener;
    if (has(Fault.IGNORES_EXCEPTIONS_OF_LISTENERS)) {
      called = new Forgiving(listener);
    }
    Subscription subscription = listeners.add(called);
    if (reader == null) {
      // From the beginning, since anything may become visible from now on.
      position = log.forgotten;
      Thread thread = new Thread(this::read, "feed-node");
      thread.setDaemon(true);
      thread.start();
      reader = thread;
    }
    return has(Fault.CALLS_CLOSED_SUBSCRIPTIONS) ? () -> {} : subscription;
  }

  private void read() {
    long reported = 0;
    while (!closed) {
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
      if (has(Fault.CALLS_LISTENERS_UNDER_ITS_LOCK)) {
        synchronized (log) {
          readOnce(0);
        }
      } else {
        reported = readOnce(reported);
      }
    }
  }

  private long readOnce(long reported) {
    long now = System.nanoTime();
    if (log.forgotten > position && !has(Fault.NEVER_SAYS_THAT_IT_MISSED_CHANGES)) {
      listeners.missed();
    }
    position = Math.max(position, log.forgotten);
    gaps.removeIf(number -> number <= log.forgotten);
    Map<Long, Change> found = new TreeMap<>();
    // One by one: a copy of the whole would rely on a size that changes meanwhile.
    log.visible.tailMap(position, false).forEach(found::put);
    for (long number : new HashSet<>(gaps)) {
      Change change = log.visible.get(number);
      if (change != null) {
        found.put(number, change);
      }
    }
    if (has(Fault.TAKES_THE_TIME_AFTER_THE_QUERY)) {
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(2));
      now = System.nanoTime();
    }
    if (has(Fault.TAKES_THE_TIME_OF_ANOTHER_MACHINE)) {
      now += TimeUnit.MINUTES.toNanos(1);
    }
    for (Map.Entry<Long, Change> each : found.entrySet()) {
      long number = each.getKey();
      for (long missing = position + 1; missing < number; missing++) {
        if (!has(Fault.FORGETS_GAPS)) {
          gaps.add(missing);
        }
      }
      gaps.remove(number);
      position = Math.max(position, number);
      boolean isOwn = each.getValue().node == this;
      if (!(isOwn ? has(Fault.IGNORES_ITS_OWN_CHANGES) : has(Fault.IGNORES_CHANGES_OF_OTHERS))) {
        listeners.changed(each.getValue().id);
      }
    }
    if (!has(Fault.IS_SILENT_WITHOUT_CHANGES) || !found.isEmpty() || reported == 0) {
      listeners.completeUpTo(now);
    }
    return now;
  }

  @Override
  public void close() {
    closed = true;
    listeners.close();
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
