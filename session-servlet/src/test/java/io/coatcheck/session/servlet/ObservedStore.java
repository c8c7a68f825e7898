package io.coatcheck.session.servlet;

import io.coatcheck.session.store.InterceptingSessionStore;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoreOperation;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A store that writes down what it is asked, and fails or does something first on command. */
final class ObservedStore extends InterceptingSessionStore {

  private final List<String> calls = new CopyOnWriteArrayList<>();
  private final ConcurrentHashMap<String, Runnable> before = new ConcurrentHashMap<>();

  ObservedStore(SessionStore store) {
    super(store);
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

  /** Returns the operations in their order, except touches and clean-ups. */
  List<String> calls() {
    return List.copyOf(calls);
  }

  void forgetCalls() {
    calls.clear();
  }

  /** Returns what is stored, without writing that down. */
  Optional<StoredSession> peek(SessionId id) {
    return store().find(id);
  }

  @Override
  protected <T> T around(StoreOperation operation, @Nullable SessionId id, Supplier<T> call) {
    if (operation != StoreOperation.TOUCH && operation != StoreOperation.DELETE_EXPIRED) {
      calls.add(operation.methodName());
    }
    before.getOrDefault(operation.methodName(), () -> {}).run();
    return call.get();
  }

  /** As a remote store. */
  @Override
  public boolean failsOnUnencodable() {
    return false;
  }
}
