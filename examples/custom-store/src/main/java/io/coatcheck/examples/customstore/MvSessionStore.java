package io.coatcheck.examples.customstore;

import io.coatcheck.session.store.CleanUp;
import io.coatcheck.session.store.HandOver;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.time.Instant;
import java.util.Optional;
import java.util.function.Consumer;
import org.h2.mvstore.MVStore;

/**
 * Keeps sessions in a file, by the MVStore of H2, for one process. The sessions outlive the
 * process. A change is in the file when the call returns, and outlives the process; the operating
 * system may still lose it when the power fails.
 *
 * <p>Thread-safe. Changes are made one after another; {@code find} waits for none. All calls block
 * for as long as the file system does. An interrupt closes a file that is being used, so the file's
 * name should begin with {@code async:}, which H2 opens in a way that survives it.
 */
public class MvSessionStore implements SessionStore {

  private static final int STEP_ROWS = 100;

  final SessionMaps maps;

  /**
   * Creates a store.
   *
   * @param store is not closed with it
   */
  public MvSessionStore(MVStore store) {
    maps = new SessionMaps(store);
  }

  @Override
  public void insert(StoredSession session) {
    maps.change(
        "insert of session " + session.id(),
        () -> {
          if (maps.sessions.containsKey(session.id().toString())) {
            throw new SessionStoreException("insert: session exists already: " + session.id());
          }
          return maps.put(null, session);
        });
  }

  @Override
  public Optional<StoredSession> find(SessionId id) {
    return maps.call("find of session " + id, () -> maps.read(id.toString()));
  }

  @Override
  public boolean update(StoredSession session, Instant now) {
    StoredSession.millisOf(now, "now");
    return maps.change(
        "update of session " + session.id(),
        () -> {
          Optional<StoredSession> stored = maps.read(session.id().toString());
          Optional<StoredSession> next = stored.flatMap(old -> session.replacing(old, now));
          next.ifPresent(updated -> maps.put(stored.orElseThrow(), updated));
          return next.isPresent();
        });
  }

  @Override
  public boolean touch(SessionId id, Instant lastSeenAt, Instant now) {
    StoredSession.millisOf(lastSeenAt, "lastSeenAt");
    StoredSession.millisOf(now, "now");
    return maps.change(
        "touch of session " + id,
        () -> {
          Optional<StoredSession> live =
              maps.read(id.toString()).filter(stored -> !stored.isExpiredAt(now));
          live.ifPresent(stored -> maps.put(stored, stored.seenAt(lastSeenAt)));
          return live.isPresent();
        });
  }

  @Override
  public Optional<StoredSession> delete(SessionId id) {
    return maps.change("delete of session " + id, () -> maps.remove(id.toString()));
  }

  @Override
  public Optional<StoredSession> delete(SessionId id, long generation) {
    return maps.change(
        "delete of session " + id,
        () ->
            maps.read(id.toString())
                .filter(stored -> stored.generation() == generation)
                .flatMap(stored -> maps.remove(id.toString())));
  }

  @Override
  public CleanUp deleteExpired(Instant cutoff, int limit, Consumer<StoredSession> deleted) {
    if (limit < 1) {
      throw new IllegalArgumentException("limit must be at least 1: " + limit);
    }
    long moment = StoredSession.millisOf(cutoff, "cutoff");
    HandOver handOver = new HandOver(deleted);
    int number = 0;
    boolean isComplete = false;
    try {
      while (!isComplete && number < limit) {
        int most = Math.min(limit - number, STEP_ROWS);
        SessionMaps.Step step =
            maps.change("deleteExpired", () -> maps.removeExpired(moment, most));
        step.gone().forEach(handOver);
        number += step.number();
        isComplete = step.isLast();
      }
    } catch (SessionStoreException failure) {
      handOver.addTo(failure);
      throw failure;
    }
    handOver.finish();
    return new CleanUp(number, isComplete);
  }

  @Override
  public void close() {
    maps.closed = true;
  }
}
