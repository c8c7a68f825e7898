package io.coatcheck.session.servlet;

import io.coatcheck.session.Session;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The session that a request has before a login, and what listeners do not know of that login yet.
 * Confined to the thread that logs in.
 */
final class PreviousSession {

  private final @Nullable Session session;
  private final @Nullable SessionId storedId;
  private final @Nullable EndedSession droppable;

  /** Whether this request has begun the session, which was reported then. */
  private final boolean isOwn;

  /** The generation before the login. */
  private final long generation;

  /** The sessions that the login has begun; immutable while it is empty. */
  private List<SessionId> begun = List.of();

  private boolean hasEnded;

  /**
   * Records the session before a login begins.
   *
   * @param session null if there was none
   * @param droppable what the request has of it, if a login drops its attributes; else null
   */
  PreviousSession(@Nullable Session session, @Nullable EndedSession droppable) {
    this.session = session;
    this.droppable = droppable;
    storedId = session != null && session.isStored() ? session.id() : null;
    generation = session == null ? 0 : session.generation();
    isOwn = session != null && storedId == null && !session.isEnded();
  }

  /** Returns the session; null if there was none. */
  @Nullable Session session() {
    return session;
  }

  /** Returns what the request has of it, if a login drops its attributes; else null. */
  @Nullable EndedSession droppable() {
    return droppable;
  }

  /** Returns whether a login has begun another session. */
  boolean isReplacedBy(Session loggedIn) {
    return loggedIn != session || (storedId != null && !storedId.equals(loggedIn.id()));
  }

  /** Records what a login has dropped. */
  void dropped(StoredSession stored) {
    if (droppable != null) {
      droppable.correctBy(stored);
    }
  }

  /** Records that the login has begun a session; returns {@code false} if it was reported. */
  boolean began(SessionId id) {
    if (isOwn) {
      return false;
    }
    begun = begun.isEmpty() ? new ArrayList<>(1) : begun;
    begun.add(id);
    return true;
  }

  /** Returns the sessions that the login has begun and that were not reported then. */
  List<SessionId> begun() {
    return begun;
  }

  /**
   * Returns the generation of an ended session that listeners know: they were not notified of the
   * secret that the login in progress has given it.
   */
  long announced(StoredSession ended) {
    boolean isRekeyed =
        session != null
            && ended.id().equals(storedId)
            && session.generation() != generation
            && ended.generation() == session.generation();
    hasEnded |= isRekeyed;
    return ended.generation() - (isRekeyed ? 1 : 0);
  }

  /**
   * Records that the values of an ended session are reported as unbound: if it is this one, the
   * login does not report them again as dropped.
   */
  void unbound(EndedSession ended) {
    if (droppable != null && ended.sessionId().equals(storedId)) {
      droppable.attributes().keySet().removeAll(ended.attributes().keySet());
    }
  }

  /** Returns whether the session was reported as ended during the login. */
  boolean hasEnded() {
    return hasEnded;
  }
}
