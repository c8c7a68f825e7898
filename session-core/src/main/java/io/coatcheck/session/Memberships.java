package io.coatcheck.session;

import io.coatcheck.session.event.EndReason;
import io.coatcheck.session.event.SessionEvent;
import io.coatcheck.session.event.SessionListener;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Records which sessions are in a group: one record in the store for each, in the form of {@link
 * Claims claims}. The id of the record is derived from that of the session, so that a session is in
 * one group at most and the record leads back to it.
 *
 * <p>A record lives as long as its session. A login that prolongs the session prolongs the record
 * first, and the record is deleted after its session has been ended. If that fails, the record
 * expires at the deadline that its session had. Both cost calls of the store, so they begin when a
 * group is first used.
 *
 * <p>The record of a session that expires is not deleted with it: the clean-up deletes many
 * sessions at once, and a deletion for each would be a write that a store may record or have
 * confirmed. Such a record expires at the deadline of its session as well, or is deleted when its
 * group ends.
 */
final class Memberships {

  private static final Logger LOG = LoggerFactory.getLogger(SessionManager.class);

  /** How often a record is written while other requests write the same one. */
  private static final int MAX_TRIES = 10;

  private final EngineContext engine;
  private final Claims claims;
  private final AtomicBoolean areUsed = new AtomicBoolean();

  Memberships(EngineContext engine, Claims claims) {
    this.engine = engine;
    this.claims = claims;
  }

  /** Keeps the records as long as their sessions, from now on. Calling it again is allowed. */
  void use() {
    if (areUsed.compareAndSet(false, true)) {
      engine.events().add(new Endings());
    }
  }

  /**
   * Puts a session into a group, in place of the one that it was in.
   *
   * @param principal the principal of the records of the group's members
   * @return {@code false} if there is no such session, or no user is logged in to it
   */
  boolean join(SessionId id, String principal) {
    use();
    for (int tries = 0; tries < MAX_TRIES; tries++) {
      Optional<StoredSession> session = loggedIn(id);
      if (session.isEmpty()) {
        engine.store().delete(recordOf(id));
        return false;
      }
      Instant deadline = session.get().absoluteDeadline();
      StoredSession record = claims.record(recordOf(id), principal, engine.now(), deadline);
      // If the session has ended since, its record is left behind; if it was prolonged, its record
      // expires too early.
      if (write(record)
          && loggedIn(id).filter(now -> !now.absoluteDeadline().isAfter(deadline)).isPresent()) {
        return true;
      }
    }
    throw new SessionStoreException(
        "join: session " + id + " joined other groups or was prolonged, " + MAX_TRIES + " times");
  }

  private Optional<StoredSession> loggedIn(SessionId id) {
    return engine.store().find(id).filter(session -> session.principal().isPresent());
  }

  /** Returns whether the record is stored; false if there was another, which is deleted now. */
  private boolean write(StoredSession record) {
    if (claims.insert(record)) {
      return true;
    }
    engine.store().delete(record.id());
    return false;
  }

  /** Returns whether a session is in a group. */
  boolean contains(SessionId id) {
    return engine.store().find(recordOf(id)).isPresent();
  }

  /**
   * Keeps the record of a session, if it is in a group, at least until the session's deadline.
   *
   * @param timeout how far off that deadline will be
   */
  void prolong(SessionId id, Duration timeout) {
    if (!areUsed.get()) {
      return;
    }
    Instant until = Claims.deadline(Drafts.deadline(engine.now(), timeout));
    for (int tries = 0; tries < MAX_TRIES; tries++) {
      Optional<StoredSession> found = engine.store().find(recordOf(id));
      if (found.isEmpty() || !found.get().absoluteDeadline().isBefore(until)) {
        return;
      }
      StoredSession prolonged = found.get().toBuilder().absoluteDeadline(until).build();
      if (engine.store().update(prolonged, engine.now())) {
        return;
      }
    }
    throw new SessionStoreException(
        "login: the group of session " + id + " was changed " + MAX_TRIES + " times in a row");
  }

  /** Deletes the record of a session that has ended. */
  void remove(SessionId id) {
    engine.store().delete(recordOf(id));
  }

  static SessionId sessionOf(StoredSession record) {
    return recordOf(record.id());
  }

  /**
   * Returns the session's id with every bit of the version inverted, so that it differs from the id
   * of every session: 7 becomes 8, and the 8 of an imported session becomes 7.
   */
  private static SessionId recordOf(SessionId session) {
    return SessionId.of(session.mostSignificantBits() ^ 0xF000L, session.leastSignificantBits());
  }

  private static boolean isExpiry(EndReason reason) {
    return reason == EndReason.IDLE || reason == EndReason.ABSOLUTE;
  }

  /** Deletes the record of each session that ends before it expires. */
  private final class Endings implements SessionListener {

    @Override
    public void onEvent(SessionEvent event) {
      if (event instanceof SessionEvent.Ended ended
          && ended.session().principal().isPresent()
          && !isExpiry(ended.reason())) {
        SessionId id = ended.session().id();
        try {
          remove(id);
        } catch (SessionStoreException e) {
          // The session has ended nevertheless; the other listeners are notified of the failure.
          LOG.debug("The record of the group of session {} is left until it expires", id, e);
        }
      }
    }

    @Override
    public boolean needsAttributes() {
      return false;
    }
  }
}
