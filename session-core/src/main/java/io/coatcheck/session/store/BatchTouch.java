package io.coatcheck.session.store;

import io.coatcheck.session.token.SessionId;
import java.time.Instant;
import java.util.Map;
import java.util.Set;

/**
 * An optional capability: touches many sessions at about the cost of one. Thread-safe, as the store
 * is; the methods may block and fail like the store's.
 *
 * @since 0.1.0
 */
public interface BatchTouch {

  /** The maximum number of sessions in one call. */
  int MAX_IDS = 1_000;

  /**
   * Moves the last-seen moments of sessions forward, that of each as {@link SessionStore#touch}
   * does: only if it exists and is unexpired at {@code now}, never back, without any other change.
   * Each touch is atomic; they do not happen at one moment together. A session that another caller
   * is writing at that moment is not waited for and may be left out, so that a batch blocks no
   * other caller.
   *
   * @param lastSeenAt the moment for each session, at most {@value #MAX_IDS} of them; an empty map
   *     is allowed, and does nothing
   * @return a set that the caller owns, with those that exist and are unexpired at {@code now}; a
   *     session that is not in it is gone, expired, or was left out, which {@code touch} finds out
   * @throws IllegalArgumentException if there are too many; nothing was done
   * @throws SessionStoreException if the store failed: each touch may have happened or not
   */
  Set<SessionId> touchAll(Map<SessionId, Instant> lastSeenAt, Instant now);
}
