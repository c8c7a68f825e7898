package io.coatcheck.session.testkit;

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
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/**
 * A change feed within one process, for tests of code that relies on one. {@link #over} wraps a
 * store, so that its changes are reported. The wrappers of one feed are like the nodes of one
 * application, and share its listeners.
 *
 * <p>A change is reported on the thread that made it, before its operation returns. If another
 * thread is reporting at that moment, that thread reports the change soon afterwards. If it has
 * reported many already, the next thread that changes something or calls {@link #complete} reports
 * it. The test calls {@link #complete}, since no thread runs in the background. {@link #hold} makes
 * the feed lag, as a slow or paused reader does. Thread-safe.
 *
 * @since 0.1.0
 */
public final class InProcessChangeFeed implements ChangeFeed {

  /**
   * How many reports one thread makes. Without a limit, threads that change sessions faster than
   * one thread can report would keep that thread busy.
   */
  private static final int MAX_REPORTS = 1_000;

  private final ChangeListeners listeners = new ChangeListeners();
  private final Queue<Runnable> reports = new ConcurrentLinkedQueue<>();
  private final AtomicInteger toReport = new AtomicInteger();
  private final List<Runnable> held = new ArrayList<>();
  private boolean holds;

  /** Creates a feed without stores or listeners. */
  public InProcessChangeFeed() {}

  /**
   * Returns a store that reports its changes here, and offers this feed. The store is closed with
   * the wrapper; the feed continues for the others.
   */
  public SessionStore over(SessionStore store) {
    return new ReportingStore(store);
  }

  @Override
  public Subscription subscribe(Listener listener) {
    return listeners.add(listener);
  }

  /** Reports that the feed is complete up to now. Has no effect while the feed is held. */
  public void complete() {
    completeUpTo(System.nanoTime());
  }

  /** Reports that the feed is complete up to a moment. Has no effect while the feed is held. */
  public void completeUpTo(long nanoTime) {
    synchronized (held) {
      if (holds) {
        return;
      }
      reports.add(() -> listeners.completeUpTo(nanoTime));
    }
    report();
  }

  /** Reports that a session changed. */
  public void changed(SessionId id) {
    add(() -> listeners.changed(id));
  }

  /** Reports that changes were missed. */
  public void missed() {
    add(listeners::missed);
  }

  /** Keeps all reports from now on, until {@link #release} or {@link #lose}. */
  public void hold() {
    synchronized (held) {
      holds = true;
    }
  }

  /** Delivers the reports that were kept, and continues. */
  public void release() {
    synchronized (held) {
      holds = false;
      reports.addAll(held);
      held.clear();
    }
    report();
  }

  /** Discards the reports that were kept, reports that changes were missed, and continues. */
  public void lose() {
    synchronized (held) {
      holds = false;
      held.clear();
      reports.add(listeners::missed);
    }
    report();
  }

  private void add(Runnable report) {
    synchronized (held) {
      if (holds) {
        held.add(report);
        return;
      }
      reports.add(report);
    }
    report();
  }

  /** Calls the listeners, one report at a time and under no lock. */
  private void report() {
    if (toReport.getAndIncrement() != 0) {
      return;
    }
    int seen = 1;
    int done = 0;
    do {
      for (Runnable next = reports.poll(); next != null; next = reports.poll()) {
        next.run();
        done++;
        if (done == MAX_REPORTS) {
          toReport.set(0);
          return;
        }
      }
      seen = toReport.addAndGet(-seen);
    } while (seen != 0);
  }

  private final class ReportingStore extends ForwardingSessionStore {

    private final Optional<ChangeFeed> feed = Optional.of(this::subscribeHere);
    private final List<Subscription> subscriptions = new CopyOnWriteArrayList<>();
    private final Optional<PrincipalIndex> index;
    private final Optional<LoginLimit> limit;
    private final Optional<Evictions> evictions;
    private volatile Consumer<StoredSession> onEvicted = evicted -> {};
    private volatile boolean closed;

    ReportingStore(SessionStore store) {
      super(store);
      index = store.principalIndex().map(ReportingIndex::new);
      limit = store.loginLimit().map(this::reporting);
      evictions = store.evictions().map(inner -> consumer -> onEvicted = consumer);
      store
          .evictions()
          .ifPresent(
              inner ->
                  inner.onEvicted(
                      evicted -> {
                        changed(evicted.id());
                        onEvicted.accept(evicted);
                      }));
    }

    @Override
    public Optional<ChangeFeed> changeFeed() {
      return feed;
    }

    private Subscription subscribeHere(Listener listener) {
      if (closed) {
        throw new SessionStoreException("subscribe failed: the store is closed");
      }
      Subscription subscription = subscribe(listener);
      subscriptions.add(subscription);
      return subscription;
    }

    @Override
    public void close() {
      closed = true;
      subscriptions.forEach(Subscription::close);
      store().close();
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

    @Override
    public boolean update(StoredSession session, Instant now) {
      boolean isStored;
      try {
        isStored = store().update(session, now);
      } catch (RuntimeException | Error failure) {
        changed(session.id());
        throw failure;
      }
      if (isStored) {
        changed(session.id());
      }
      return isStored;
    }

    @Override
    public Optional<StoredSession> delete(SessionId id) {
      try {
        return store().delete(id);
      } finally {
        changed(id);
      }
    }

    @Override
    public Optional<StoredSession> delete(SessionId id, long generation) {
      try {
        return store().delete(id, generation);
      } finally {
        changed(id);
      }
    }

    private LoginLimit reporting(LoginLimit inner) {
      return (session, isNew, most, whenFull, now) -> {
        Admission admission;
        try {
          admission = inner.admit(session, isNew, most, whenFull, now);
        } catch (RuntimeException | Error failure) {
          missed();
          throw failure;
        }
        admission.evicted().forEach(evicted -> changed(evicted.id()));
        if (admission.outcome() == Admission.Outcome.STORED) {
          changed(session.id());
        }
        return admission;
      };
    }

    /** An index whose deletions are reported before they are handed over. */
    private final class ReportingIndex implements PrincipalIndex {

      private final PrincipalIndex inner;

      ReportingIndex(PrincipalIndex inner) {
        this.inner = inner;
      }

      @Override
      public List<StoredSession> findByPrincipal(
          String principal, @Nullable SessionId after, int most) {
        return inner.findByPrincipal(principal, after, most);
      }

      @Override
      public int deleteByPrincipal(
          String principal, Set<SessionId> except, DeletedSessions deleted) {
        return reporting(deleted, all -> inner.deleteByPrincipal(principal, except, all));
      }

      @Override
      public int deleteOldest(String principal, int keep, Instant now, DeletedSessions deleted) {
        return reporting(deleted, all -> inner.deleteOldest(principal, keep, now, all));
      }

      /** Sessions that cannot be read are not handed over; in that case changes were missed. */
      private int reporting(DeletedSessions deleted, ToIntFunction<DeletedSessions> deletion) {
        AtomicInteger reported = new AtomicInteger();
        int number = -1;
        try {
          number =
              deletion.applyAsInt(
                  DeletedSessions.of(
                      deleted.needAttributes(),
                      session -> {
                        reported.incrementAndGet();
                        changed(session.id());
                        deleted.accept(session);
                      }));
          return number;
        } finally {
          if (number != reported.get()) {
            missed();
          }
        }
      }
    }
  }
}
