package io.coatcheck.session.servlet;

import io.coatcheck.session.store.CleanUp;
import io.coatcheck.session.store.DeletedSessions;
import io.coatcheck.session.store.LiveSessions;
import io.coatcheck.session.store.LoginLimit;
import io.coatcheck.session.store.PrincipalIndex;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A store that writes down what it is asked, and fails or does something first on command. */
final class ObservedStore implements SessionStore {

  private final SessionStore store;
  private final List<String> calls = new CopyOnWriteArrayList<>();
  private final ConcurrentHashMap<String, Runnable> before = new ConcurrentHashMap<>();

  ObservedStore(SessionStore store) {
    this.store = store;
  }

  /** Does something before each call of an operation from now on. */
  void before(String operation, Runnable action) {
    before.put(operation, action);
  }

  void fail(String... operations) {
    for (String operation : operations) {
      before(
          operation,
          () -> {
            throw new SessionStoreException(operation + ": the store is down");
          });
    }
  }

  void failAll() {
    fail("insert", "find", "update", "touch", "delete");
  }

  void recover() {
    before.clear();
  }

  /** Returns the operations in their order, but for touches. */
  List<String> calls() {
    return List.copyOf(calls);
  }

  void forgetCalls() {
    calls.clear();
  }

  /** Returns what is stored, without writing that down. */
  Optional<StoredSession> peek(SessionId id) {
    return store.find(id);
  }

  private void observe(String operation) {
    calls.add(operation);
    before.getOrDefault(operation, () -> {}).run();
  }

  @Override
  public void insert(StoredSession session) {
    observe("insert");
    store.insert(session);
  }

  @Override
  public Optional<StoredSession> find(SessionId id) {
    observe("find");
    return store.find(id);
  }

  @Override
  public boolean update(StoredSession session, Instant now) {
    observe("update");
    return store.update(session, now);
  }

  @Override
  public boolean touch(SessionId id, Instant lastSeenAt, Instant now) {
    before.getOrDefault("touch", () -> {}).run();
    return store.touch(id, lastSeenAt, now);
  }

  @Override
  public Optional<StoredSession> delete(SessionId id) {
    observe("delete");
    return store.delete(id);
  }

  @Override
  public Optional<StoredSession> delete(SessionId id, long generation) {
    observe("delete");
    return store.delete(id, generation);
  }

  @Override
  public CleanUp deleteExpired(Instant cutoff, int limit, Consumer<StoredSession> deleted) {
    return store.deleteExpired(cutoff, limit, deleted);
  }

  @Override
  public Optional<PrincipalIndex> principalIndex() {
    return store.principalIndex().map(ObservedIndex::new);
  }

  @Override
  public Optional<LoginLimit> loginLimit() {
    return store.loginLimit().map(this::observed);
  }

  private LoginLimit observed(LoginLimit limit) {
    return (session, isNew, number, whenFull, now) -> {
      observe("admit");
      return limit.admit(session, isNew, number, whenFull, now);
    };
  }

  private final class ObservedIndex implements PrincipalIndex {

    private final PrincipalIndex index;

    ObservedIndex(PrincipalIndex index) {
      this.index = index;
    }

    @Override
    public List<StoredSession> findByPrincipal(
        String principal, @Nullable SessionId after, int limit) {
      observe("findByPrincipal");
      return index.findByPrincipal(principal, after, limit);
    }

    @Override
    public int deleteByPrincipal(String principal, Set<SessionId> except, DeletedSessions deleted) {
      observe("deleteByPrincipal");
      return index.deleteByPrincipal(principal, except, deleted);
    }

    @Override
    public int deleteOldest(String principal, int keep, Instant now, DeletedSessions deleted) {
      observe("deleteOldest");
      return index.deleteOldest(principal, keep, now, deleted);
    }
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
    return store.touchInterval();
  }

  @Override
  public void close() {
    store.close();
  }
}
