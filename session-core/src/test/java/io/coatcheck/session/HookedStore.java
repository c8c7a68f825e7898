package io.coatcheck.session;

import io.coatcheck.session.store.CleanUp;
import io.coatcheck.session.store.DeletedSessions;
import io.coatcheck.session.store.Evictions;
import io.coatcheck.session.store.LiveSessions;
import io.coatcheck.session.store.LoginLimit;
import io.coatcheck.session.store.PrincipalIndex;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Counts calls, and does what a test says once before the next call of an operation. */
final class HookedStore implements SessionStore {

  private final SessionStore store;
  private final Duration touchInterval;
  private final Map<String, Deque<Runnable>> hooks = new HashMap<>();
  final List<String> calls = new CopyOnWriteArrayList<>();
  volatile boolean closed;

  /** Finds sessions and does not delete what it finds, as one that reads from a replica. */
  volatile boolean contradictsItself;

  private volatile boolean indexed = true;
  private volatile boolean limited = true;

  HookedStore(SessionStore store, Duration touchInterval) {
    this.store = store;
    this.touchInterval = touchInterval;
  }

  /** Runs a hook before the next call of an operation; hooks of one operation queue up. */
  synchronized void beforeNext(String operation, Runnable hook) {
    hooks.computeIfAbsent(operation, key -> new ArrayDeque<>()).add(hook);
  }

  /** Runs a hook after the next call of an operation was done, before it answers. */
  synchronized void afterNext(String operation, Runnable hook) {
    beforeNext("after " + operation, hook);
  }

  /** Makes this a store without an index by principal. */
  HookedStore withoutIndex() {
    indexed = false;
    return this;
  }

  /** Takes away the limit of sessions per principal, and leaves the index. */
  HookedStore withoutLimit() {
    limited = false;
    return this;
  }

  /** Returns the store that the hooks wrap. */
  SessionStore inner() {
    return store;
  }

  private void call(String operation) {
    calls.add(operation);
    runHook(operation);
  }

  private void runHook(String operation) {
    Runnable hook;
    synchronized (this) {
      Deque<Runnable> queue = hooks.get(operation);
      hook = queue == null ? null : queue.poll();
    }
    if (hook != null) {
      hook.run();
    }
  }

  @Override
  public void insert(StoredSession session) {
    call("insert");
    store.insert(session);
  }

  @Override
  public Optional<StoredSession> find(SessionId id) {
    call("find");
    Optional<StoredSession> found = store.find(id);
    runHook("after find");
    return found;
  }

  @Override
  public boolean update(StoredSession session, Instant now) {
    call("update");
    boolean updated = store.update(session, now);
    runHook("after update");
    return updated;
  }

  @Override
  public boolean touch(SessionId id, Instant lastSeenAt, Instant now) {
    call("touch");
    return store.touch(id, lastSeenAt, now);
  }

  @Override
  public Optional<StoredSession> delete(SessionId id) {
    call("delete");
    return store.delete(id);
  }

  @Override
  public Optional<StoredSession> delete(SessionId id, long generation) {
    call("delete");
    return contradictsItself ? Optional.empty() : store.delete(id, generation);
  }

  @Override
  public CleanUp deleteExpired(Instant cutoff, int limit, Consumer<StoredSession> deleted) {
    call("deleteExpired");
    return store.deleteExpired(cutoff, limit, deleted);
  }

  @Override
  public Optional<PrincipalIndex> principalIndex() {
    return indexed ? store.principalIndex().map(HookedIndex::new) : Optional.empty();
  }

  @Override
  public Optional<LoginLimit> loginLimit() {
    return limited ? store.loginLimit().map(this::hooked) : Optional.empty();
  }

  private LoginLimit hooked(LoginLimit limit) {
    return (session, isNew, number, whenFull, now) -> {
      call("admit");
      return limit.admit(session, isNew, number, whenFull, now);
    };
  }

  @Override
  public Optional<Evictions> evictions() {
    return store.evictions();
  }

  @Override
  public Optional<LiveSessions> liveSessions() {
    return store.liveSessions();
  }

  @Override
  public boolean keepsLiveValues() {
    return store.keepsLiveValues();
  }

  @Override
  public Duration touchInterval() {
    return touchInterval;
  }

  @Override
  public void close() {
    closed = true;
    store.close();
  }

  private final class HookedIndex implements PrincipalIndex {

    private final PrincipalIndex index;

    HookedIndex(PrincipalIndex index) {
      this.index = index;
    }

    @Override
    public List<StoredSession> findByPrincipal(
        String principal, @Nullable SessionId after, int limit) {
      call("findByPrincipal");
      return index.findByPrincipal(principal, after, limit);
    }

    @Override
    public int deleteByPrincipal(String principal, Set<SessionId> except, DeletedSessions deleted) {
      call("deleteByPrincipal");
      return index.deleteByPrincipal(principal, except, deleted);
    }

    @Override
    public int deleteOldest(String principal, int keep, Instant now, DeletedSessions deleted) {
      call("deleteOldest");
      return index.deleteOldest(principal, keep, now, deleted);
    }
  }
}
