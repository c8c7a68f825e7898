package io.coatcheck.session.testkit;

import io.coatcheck.session.store.BatchLookup;
import io.coatcheck.session.store.BatchTouch;
import io.coatcheck.session.store.LoginLimit;
import io.coatcheck.session.store.PrincipalIndex;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.WhenFull;
import io.coatcheck.session.token.SessionId;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;

/** Every operation of a store and of its capabilities, by name. */
final class Operations {

  private final Map<String, Callable<?>> operations = new LinkedHashMap<>();

  /**
   * Collects the operations; requests each capability immediately.
   *
   * @param session of a principal, and stored
   */
  Operations(SessionStore store, StoredSession session, Instant now) {
    SessionId id = session.id();
    String principal = session.principal().orElseThrow();
    StoredSession newcomer = SampleSessions.authenticated(principal, now).build();
    operations.put("insert", Executors.callable(() -> store.insert(newcomer)));
    operations.put("find", () -> store.find(id));
    operations.put("update", () -> store.update(session, now));
    operations.put("touch", () -> store.touch(id, now.plusSeconds(1), now));
    operations.put("deleteExpired", () -> store.deleteExpired(now, 10, gone -> {}));
    store.principalIndex().ifPresent(index -> add(index, principal, now));
    store.loginLimit().ifPresent(limit -> add(limit, newcomer, now));
    store.batchLookup().ifPresent(lookup -> add(lookup, id));
    store.batchTouch().ifPresent(touch -> add(touch, id, now));
    operations.put("delete of a generation", () -> store.delete(id, session.generation()));
    operations.put("delete", () -> store.delete(id));
  }

  private void add(PrincipalIndex index, String principal, Instant now) {
    operations.put("findByPrincipal", () -> index.findByPrincipal(principal, null, 10));
    operations.put(
        "deleteByPrincipal", () -> index.deleteByPrincipal(principal, Set.of(), gone -> {}));
    operations.put("deleteOldest", () -> index.deleteOldest(principal, 1, now, gone -> {}));
  }

  private void add(LoginLimit limit, StoredSession newcomer, Instant now) {
    operations.put("admit", () -> limit.admit(newcomer, true, 3, WhenFull.EVICT_OLDEST, now));
  }

  private void add(BatchLookup lookup, SessionId id) {
    operations.put("stamps", () -> lookup.stamps(Set.of(id)));
  }

  private void add(BatchTouch touch, SessionId id, Instant now) {
    operations.put("touchAll", () -> touch.touchAll(Map.of(id, now), now));
  }

  /** Runs all of them and fails unless each throws a {@link SessionStoreException}. */
  void assertAllFail(String when) {
    List<String> wrong = new ArrayList<>();
    operations.forEach(
        (name, operation) -> {
          try {
            operation.call();
            wrong.add(name + " returned");
          } catch (SessionStoreException expected) {
            // As specified.
          } catch (Exception | Error other) {
            wrong.add(name + " threw " + other);
          }
        });
    if (!wrong.isEmpty()) {
      throw new AssertionError(
          when + ", each must throw SessionStoreException:\n  " + String.join("\n  ", wrong));
    }
  }

  /**
   * Runs all of them on this thread, interrupted before each. Fails unless each returns or throws a
   * {@link SessionStoreException}.
   *
   * @return the names of those after which the thread was not interrupted any more
   */
  List<String> runInterrupted() {
    List<String> cleared = new ArrayList<>();
    List<String> wrong = new ArrayList<>();
    operations.forEach(
        (name, operation) -> {
          Thread.currentThread().interrupt();
          try {
            operation.call();
          } catch (SessionStoreException allowed) {
            // As specified.
          } catch (Exception | Error other) {
            wrong.add(name + " threw " + other);
          } finally {
            if (!Thread.interrupted()) {
              cleared.add(name);
            }
          }
        });
    if (!wrong.isEmpty()) {
      throw new AssertionError(
          "on an interrupted thread, each must return or throw SessionStoreException:\n  "
              + String.join("\n  ", wrong));
    }
    return cleared;
  }
}
