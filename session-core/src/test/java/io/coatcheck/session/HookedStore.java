package io.coatcheck.session;

import io.coatcheck.session.store.InterceptingSessionStore;
import io.coatcheck.session.store.LoginLimit;
import io.coatcheck.session.store.PrincipalIndex;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.StoreOperation;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Counts calls, and does what a test says once before the next call of an operation. */
final class HookedStore extends InterceptingSessionStore {

  private final Duration touchInterval;
  private final Map<String, Deque<Runnable>> hooks = new HashMap<>();
  final List<String> calls = new CopyOnWriteArrayList<>();
  volatile boolean closed;

  /** Finds sessions and does not delete what it finds, as one that reads from a replica. */
  volatile boolean contradictsItself;

  private volatile Duration longestCall;
  private volatile boolean indexed = true;
  private volatile boolean limited = true;

  HookedStore(SessionStore store, Duration touchInterval) {
    super(store);
    this.touchInterval = touchInterval;
    longestCall = store.longestCall();
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

  /** Lets calls take longer than those of most stores. */
  HookedStore withLongCalls(Duration most) {
    longestCall = most;
    return this;
  }

  /** Takes away the limit of sessions per principal, and leaves the index. */
  HookedStore withoutLimit() {
    limited = false;
    return this;
  }

  /** Returns the store that the hooks wrap. */
  SessionStore inner() {
    return store();
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
  protected <T> T around(StoreOperation operation, @Nullable SessionId id, Supplier<T> call) {
    calls.add(operation.methodName());
    runHook(operation.methodName());
    T answer = call.get();
    runHook("after " + operation.methodName());
    return answer;
  }

  @Override
  public Optional<StoredSession> delete(SessionId id, long generation) {
    Optional<StoredSession> none = Optional.empty();
    return contradictsItself
        ? around(StoreOperation.DELETE, id, () -> none)
        : super.delete(id, generation);
  }

  @Override
  public Optional<PrincipalIndex> principalIndex() {
    return indexed ? super.principalIndex() : Optional.empty();
  }

  @Override
  public Optional<LoginLimit> loginLimit() {
    return limited ? super.loginLimit() : Optional.empty();
  }

  /** As a remote store. */
  @Override
  public boolean failsOnUnencodable() {
    return false;
  }

  @Override
  public Duration touchInterval() {
    return touchInterval;
  }

  @Override
  public Duration longestCall() {
    return longestCall;
  }

  @Override
  public void close() {
    closed = true;
    super.close();
  }
}
