package io.coatcheck.session;

import io.coatcheck.session.store.NearCopies;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * Stores activity: not with each request, but before the stored last-seen time lags more than the
 * touch interval. Where copies are kept on this node, touches are queued to be written together;
 * early enough that the lag stays within the interval even if the node dies before they are
 * written.
 */
final class Touches {

  /** How much later than promised a queued touch may be written. */
  private static final long TOLERANCE_MILLIS = 1_000;

  private final EngineContext engine;
  private final LateWrites lateWrites;

  /** Whether the store is in this process; a touch then costs no more than reading the clock. */
  private final boolean isInProcess;

  /** How long a queued touch may wait; zero if touches are not queued. */
  private final long delayMillis;

  Touches(EngineContext engine, LateWrites lateWrites) {
    this.engine = engine;
    this.lateWrites = lateWrites;
    isInProcess = engine.store().keepsLiveValues();
    delayMillis = engine.copies().map(NearCopies::touchDelay).orElse(Duration.ZERO).toMillis();
  }

  /** Returns whether each request touches the session before it begins, so that nothing lags. */
  boolean areExact(StoredSession session) {
    return intervalMillis(session) == 0;
  }

  /** Returns whether a request at this moment must touch the session. */
  boolean isDue(StoredSession session, Instant now) {
    long interval = intervalMillis(session);
    long most = isHandedOver(interval) ? interval - delayMillis : Math.max(interval, 1);
    return now.toEpochMilli() - session.lastSeenMillis() >= most;
  }

  /**
   * Returns whether a touch that is due cannot wait until the request is over: less than half of
   * the idle timeout is left. The request may take longer than that, and was nevertheless in time.
   */
  boolean isUrgent(StoredSession session, Instant now) {
    Optional<Duration> idle = session.idleTimeout();
    return idle.isPresent()
        && now.toEpochMilli() - session.lastSeenMillis() > idle.get().toMillis() / 2;
  }

  /**
   * Stores that a session was seen, now or soon. The touch is not put off if the deadline is near:
   * it could then be too late, which only {@link #storeNow} undoes.
   *
   * @return whether it is still live, as far as is known
   */
  boolean store(StoredSession session, Instant lastSeenAt) {
    Instant now = engine.now();
    long written = now.toEpochMilli() + delayMillis + TOLERANCE_MILLIS;
    return (isHandedOver(intervalMillis(session))
            && engine.copies().isPresent()
            && !lateWrites.mayBeLate(session.expiresAtMillis(), written)
            && engine.copies().get().touchSoon(session.id(), lastSeenAt, now))
        || storeNow(session, lastSeenAt);
  }

  /**
   * Stores that a session was seen, and undoes that if the write was too late. If the store fails
   * and sessions are still served from copies, only the copy records it: a read-only request does
   * not fail because of it.
   *
   * @return whether it is still live, as far as is known
   */
  boolean storeNow(StoredSession session, Instant lastSeenAt) {
    if (isInProcess) {
      Instant current = engine.now();
      if (!lateWrites.mayBeLate(session.expiresAtMillis(), current.toEpochMilli())) {
        return engine.store().touch(session.id(), lastSeenAt, current);
      }
    }
    try (LateWrites.Write write = lateWrites.begin(session, engine.now())) {
      Optional<StoredSession> before;
      Instant now;
      boolean touched;
      try {
        before = lateWrites.before(session, write);
        now = engine.now();
        touched = before.isPresent() && engine.store().touch(session.id(), lastSeenAt, now);
      } catch (SessionStoreException e) {
        if (showNearby(session, lastSeenAt)) {
          return true;
        }
        throw e;
      }
      return touched
          && !lateWrites.undo(
              write, before.get(), now, lastSeenAt.toEpochMilli(), before.get().generation());
    }
  }

  /**
   * Undoes the touch of a session that is used in place, if its deadline passed in between: another
   * thread may have refused the session before this one, which was interrupted between reading the
   * clock and the touch.
   *
   * @param seenBefore when the session was last seen before the touch
   * @param now the moment of the touch
   * @return whether the session has ended
   */
  boolean undoInPlace(StoredSession session, long seenBefore, long now) {
    return lateWrites.mayBeLate(session.expiresAtMillis(seenBefore), now)
        && lateWrites.undo(
            null,
            session.seenAtMillis(seenBefore),
            Instant.ofEpochMilli(now),
            now,
            session.generation());
  }

  /** Records that a session was seen on this node only, if it is served while the store fails. */
  boolean showNearby(StoredSession session, Instant lastSeenAt) {
    return engine.copies().isPresent()
        && engine.copies().get().touchInOutage(session.id(), lastSeenAt);
  }

  /** Queueing must not make touches due much more often. */
  private boolean isHandedOver(long interval) {
    return delayMillis > 0 && 2 * delayMillis <= interval;
  }

  /** The configured interval, and never more than a tenth of the session's own idle timeout. */
  private long intervalMillis(StoredSession session) {
    long configured = engine.touchInterval().toMillis();
    if (configured == 0) {
      return 0;
    }
    // Not with map, which would box both numbers, several times a request.
    Optional<Duration> idle = session.idleTimeout();
    return idle.isPresent() ? Math.min(configured, idle.get().toMillis() / 10) : configured;
  }
}
