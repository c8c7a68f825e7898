package io.coatcheck.session;

import io.coatcheck.session.store.StoredSession;
import java.time.Instant;
import java.util.Optional;

/**
 * Confirms that a session has expired, before a request is refused or a change is dropped because
 * of it: a client must not get an answer that turns out to be wrong. A session that was read just
 * before its deadline may have been used in time while the store's answer was on its way.
 */
final class Expiry {

  private final EngineContext engine;

  Expiry(EngineContext engine) {
    this.engine = engine;
  }

  /**
   * Returns a session that looks expired as it was at {@code now} or later, for the caller to
   * decide on. Asks the store only if the deadline has just passed.
   *
   * @param found as a call of the store returned it before {@code now}, and expired at {@code now}
   * @return empty if it has ended since
   */
  Optional<StoredSession> confirm(StoredSession found, Instant now) {
    boolean isCertain = now.isAfter(found.expiresAt().plus(engine.longestCall()));
    return isCertain ? Optional.of(found) : engine.store().find(found.id());
  }

  /** Returns a session that was just read from the store, if it is live. */
  Optional<StoredSession> live(Optional<StoredSession> found) {
    Instant now = engine.now();
    if (found.isEmpty() || !found.get().isExpiredAt(now)) {
      return found;
    }
    return confirm(found.get(), now).filter(newest -> !newest.isExpiredAt(engine.now()));
  }
}
