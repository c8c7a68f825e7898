package io.coatcheck.session;

import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.token.SessionId;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.function.Supplier;

/**
 * The last {@value #MAX_IDS} sessions whose deletion failed on this node, and has not succeeded
 * since. They may be gone or not.
 *
 * <p>Thread-safe.
 */
final class FailedDeletions {

  static final int MAX_IDS = 1_000;

  private final Set<SessionId> ids = new LinkedHashSet<>();

  /** Whether the set is non-empty. Usually it is not, and no lock is needed. */
  private volatile boolean areAny;

  /** Deletes a session, and remembers whether that failed. */
  <T> T watch(SessionId id, Supplier<T> deletion) {
    T deleted;
    try {
      deleted = deletion.get();
    } catch (SessionStoreException failure) {
      add(id);
      throw failure;
    }
    if (areAny) {
      remove(id);
    }
    return deleted;
  }

  boolean contains(SessionId id) {
    if (!areAny) {
      return false;
    }
    synchronized (ids) {
      return ids.contains(id);
    }
  }

  private void add(SessionId id) {
    synchronized (ids) {
      ids.remove(id);
      if (ids.size() == MAX_IDS) {
        ids.remove(ids.iterator().next());
      }
      ids.add(id);
      areAny = true;
    }
  }

  private void remove(SessionId id) {
    synchronized (ids) {
      ids.remove(id);
      areAny = !ids.isEmpty();
    }
  }
}
