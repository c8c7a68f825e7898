package io.coatcheck.session;

import io.coatcheck.session.store.StoredSession;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * Undoes writes that reached the store only after the session had expired. Such a write makes the
 * session live again, although another request may have been refused meanwhile.
 *
 * <p>A snapshot may lack activity: a copy that of other nodes, that of a long request all since the
 * request began. So what was live in the store could look revived. Close to the deadline of the
 * snapshot, the store is therefore read before the write.
 */
final class LateWrites {

  /** Longer than a call of the store takes, unless it fails. */
  static final Duration MOST_DELAY = Duration.ofSeconds(10);

  private final EngineContext engine;

  LateWrites(EngineContext engine) {
    this.engine = engine;
  }

  /**
   * Returns whether a session may expire before a write of it is done.
   *
   * @param now when the write begins, in milliseconds since the epoch
   */
  static boolean mayBeLate(long expiresAt, long now) {
    return expiresAt - now <= MOST_DELAY.toMillis();
  }

  /**
   * Returns the session to decide a write on: the snapshot, or what the store has if the deadline
   * of the snapshot may pass before the write is done, or has passed.
   *
   * @return empty if the store was read and the session has ended
   */
  Optional<StoredSession> before(StoredSession snapshot) {
    return mayBeLate(snapshot.expiresAtMillis(), engine.now().toEpochMilli())
        ? engine.store().find(snapshot.id())
        : Optional.of(snapshot);
  }

  /**
   * Ends a session that a write has revived: its deadline passed between {@code now} and this call,
   * and no other request is known to have used it in time.
   *
   * @param before the session when the write was decided, as {@link #before} returned it
   * @param now the time just before the write
   * @param written what was written
   * @return whether the session has ended
   */
  boolean undo(StoredSession before, Instant now, StoredSession written) {
    return undo(before, now, written.lastSeenMillis(), written.generation());
  }

  /**
   * As {@link #undo(StoredSession, Instant, StoredSession)}, for a touch.
   *
   * @param seen the last-seen moment that was written, in milliseconds since the epoch
   */
  boolean undo(StoredSession before, Instant now, long seen, long generation) {
    if (!before.isExpiredAt(engine.now()) || before.isExpiredAt(now)) {
      return false;
    }
    boolean isUsedByOthers =
        engine
            .store()
            .find(before.id())
            .map(StoredSession::lastSeenMillis)
            .filter(last -> last > seen && last < before.expiresAtMillis())
            .isPresent();
    if (isUsedByOthers) {
      return false;
    }
    engine
        .store()
        .delete(before.id(), generation)
        .ifPresent(ended -> engine.events().expired(before));
    return true;
  }
}
