package io.coatcheck.session;

import io.coatcheck.session.store.StoredSession;
import java.time.Instant;

/**
 * Undoes writes that reached the store only after the session had expired. Such a write makes the
 * session live again, although another request may have been refused meanwhile.
 */
final class LateWrites {

  private final EngineContext engine;

  LateWrites(EngineContext engine) {
    this.engine = engine;
  }

  /**
   * Ends a session that a write has revived: its deadline passed between {@code now} and this call,
   * and no other request is known to have used it in time.
   *
   * @param before the session when the write was decided
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
