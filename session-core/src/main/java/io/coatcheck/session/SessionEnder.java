package io.coatcheck.session;

import io.coatcheck.session.event.EndReason;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SecretHash;
import io.coatcheck.session.token.SessionId;
import io.coatcheck.session.token.SessionToken;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/**
 * Ends sessions before they expire: the request's own, others of its principal, or any.
 *
 * <p>A request may be old, and may have been resolved from a copy. So the store decides what it may
 * end: only the generation that the request knows is deleted, and if that has changed, the session
 * is read again from the store.
 */
final class SessionEnder {

  /**
   * How often the deletion of a session is tried if the session is renewed each time. Each renewal
   * takes a separate request, so only a store that contradicts itself, such as one that reads from
   * a replica, needs more.
   */
  private static final int MAX_TRIES = 100;

  /**
   * Matches no session, since generations begin at 0. Used where the session may never have
   * existed.
   */
  private static final long NO_GENERATION = -1;

  /** A generation that no session reaches: each new secret adds 1. Used where a deletion failed. */
  private static final long LAST_GENERATION = Long.MAX_VALUE;

  private final EngineContext engine;

  SessionEnder(EngineContext engine) {
    this.engine = engine;
  }

  boolean invalidate(Session session) {
    return session.isEnded() || end(engine, session, EndReason.LOGOUT, ended -> ended);
  }

  /**
   * Ends the session of a request, in the store and then here. If another thread of the request
   * stores it or logs in during that, what it has stored ends as well: the client would never get
   * its token.
   *
   * @param asReported returns what the listeners are notified of, for what was deleted
   * @return whether it has ended; {@code false} if there has been a login by another request
   */
  static boolean end(
      EngineContext engine,
      Session session,
      EndReason reason,
      UnaryOperator<StoredSession> asReported) {
    while (true) {
      SessionStatus status = session.status();
      StoredSession known = session.snapshot();
      boolean mayBeStored = status == SessionStatus.STORED || status == SessionStatus.ENDED;
      Deletion deletion = mayBeStored ? delete(engine, session, known) : Deletion.OF_NONE;
      // This copy is ended first, so that a listener that is notified finds it ended as well.
      boolean isOver = endIfStill(session, known, status);
      deletion.deleted().ifPresent(ended -> engine.events().ended(asReported.apply(ended), reason));
      if (isOver) {
        return deletion.hasEnded();
      }
    }
  }

  /**
   * Ends the working copy of a session that has ended, unless another thread of the request has
   * stored it or logged in since it was read.
   *
   * @param known what the copy had when that was found
   * @param status as it was then
   * @return whether the copy has ended
   */
  static boolean endIfStill(Session session, StoredSession known, SessionStatus status) {
    synchronized (session) {
      StoredSession newest = session.snapshot();
      boolean isStill =
          session.isEnded()
              || (session.status() == status
                  && newest.id().equals(known.id())
                  && Drafts.isSameLogin(known, newest));
      if (isStill) {
        session.end();
      }
      return isStill;
    }
  }

  /**
   * The outcome of an attempt to delete a session.
   *
   * @param hasEnded whether it is gone; {@code false} if there has been a login into it since
   * @param deleted what this attempt deleted
   */
  private record Deletion(boolean hasEnded, Optional<StoredSession> deleted) {

    private static final Deletion OF_NONE = new Deletion(true, Optional.empty());
    private static final Deletion OF_ANOTHER = new Deletion(false, Optional.empty());
  }

  /**
   * Deletes the session that a request knows, unless there has been a login since it was resolved.
   */
  private static Deletion delete(EngineContext engine, Session session, StoredSession known) {
    if (RequestLogin.isReplaced(session, known)) {
      // The request has seen a later login, whose generation would be deleted.
      return engine.store().find(known.id()).isEmpty() ? Deletion.OF_NONE : Deletion.OF_ANOTHER;
    }
    long generation = known.generation();
    for (int tries = 0; tries < MAX_TRIES; tries++) {
      Optional<StoredSession> deleted = engine.store().delete(known.id(), generation);
      if (deleted.isPresent()) {
        return new Deletion(true, deleted);
      }
      Optional<StoredSession> found = engine.store().find(known.id());
      if (found.isEmpty()) {
        return Deletion.OF_NONE;
      }
      if (isLoggedInAnew(known, found.get())) {
        return Deletion.OF_ANOTHER;
      }
      // It was renewed, and is still the same login.
      generation = found.get().generation();
    }
    throw notDeleted(known.id());
  }

  private static SessionStoreException notDeleted(SessionId id) {
    return new SessionStoreException(
        "delete: session " + id + " was found and not deleted, " + MAX_TRIES + " times in a row");
  }

  /**
   * Returns whether there has been a login, of any principal, since a snapshot was read. A new
   * secret alone does not count: a logout ends such a session.
   */
  static boolean isLoggedInAnew(StoredSession known, StoredSession now) {
    // Each login of a session has another moment than the one before: see Drafts.loginAt.
    return !now.principal().equals(known.principal())
        || !now.authenticatedAt().equals(known.authenticatedAt());
  }

  /**
   * Ends the sessions that the tokens open, by the current secret or by one that a periodic renewal
   * replaced and that still authenticates. Each session is looked up once, however many tokens name
   * it.
   */
  int invalidatePresented(List<String> presented) {
    Map<SessionId, Optional<StoredSession>> found = new HashMap<>();
    int ended = 0;
    for (String text : presented) {
      Optional<SessionToken> token = SessionToken.parse(text);
      if (token.isPresent() && invalidatePresented(token.get(), found)) {
        ended++;
      }
    }
    return ended;
  }

  private boolean invalidatePresented(
      SessionToken token, Map<SessionId, Optional<StoredSession>> known) {
    SessionId id = token.id();
    Optional<StoredSession> found =
        known.computeIfAbsent(
            id,
            absent -> {
              Optional<StoredSession> stored = engine.store().find(absent);
              if (stored.isEmpty()) {
                confirmEnd(absent);
              }
              return stored;
            });
    SecretHash secret = token.secretHash();
    for (int tries = 0; found.filter(session -> opens(session, secret)).isPresent(); tries++) {
      if (tries == MAX_TRIES) {
        throw notDeleted(id);
      }
      Optional<StoredSession> deleted = engine.store().delete(id, found.get().generation());
      if (deleted.isPresent()) {
        known.put(id, Optional.empty());
        engine.events().ended(deleted.get(), EndReason.LOGOUT);
        return true;
      }
      found = engine.store().find(id);
      known.put(id, found);
    }
    return false;
  }

  private boolean opens(StoredSession session, SecretHash presented) {
    return session.secretHash().equals(presented)
        || (session.previousSecretHash().filter(presented::equals).isPresent()
            && TokenJudge.mayRead(session, engine.now()));
  }

  /**
   * Makes sure that a session which was not found stays ended. An earlier attempt may have ended it
   * but failed, because no replica confirmed that in time. A deletion makes the store wait for the
   * replicas; this one names a generation that no session has, and so deletes nothing.
   *
   * <p>Any client can cause this call by a made-up token. Only if a deletion failed on this node is
   * the session known to have existed, and then this is a deletion like any other.
   */
  void confirmEnd(SessionId id) {
    long generation = engine.failedDeletions().contains(id) ? LAST_GENERATION : NO_GENERATION;
    Optional<StoredSession> unused = engine.store().delete(id, generation);
  }

  boolean revoke(Session session) {
    return end(engine, session, EndReason.REVOKED, ended -> ended);
  }

  boolean revoke(SessionId id) {
    Optional<StoredSession> ended = engine.store().delete(id);
    ended.ifPresent(session -> engine.events().ended(session, EndReason.REVOKED));
    return ended.isPresent();
  }

  boolean revokeOwn(Session own, SessionId id) {
    if (own.id().equals(id)) {
      return own.principal().isPresent() && own.isStored() && invalidate(own);
    }
    Optional<String> principal = currentPrincipal(own);
    if (principal.isEmpty()) {
      return false;
    }
    // A session never changes from one principal to another, so what is found now stays true.
    boolean isOwn =
        engine.store().find(id).filter(found -> found.principal().equals(principal)).isPresent();
    if (!isOwn) {
      // Another user's session is treated alike, so that the answer does not show whether it
      // exists.
      confirmEnd(id);
    }
    return isOwn && revoke(id);
  }

  int revokeOthers(Session own) {
    return currentPrincipal(own)
        .map(principal -> revokeAllBut(principal, Set.of(own.id())))
        .orElse(0);
  }

  int revokeAllOwn(Session own) {
    Optional<String> principal = currentPrincipal(own);
    if (principal.isEmpty()) {
      return 0;
    }
    SessionId id = own.id();
    int ended = revokeAllOf(principal.get());
    own.endIfStill(id);
    return ended;
  }

  int revokeAllOf(String principal) {
    return revokeAllBut(principal, Set.of());
  }

  /**
   * Returns the principal; empty if the session has ended, or there has been another login.
   * Otherwise a request that is held open could end sessions that the user begins after having
   * ended all of them.
   */
  private Optional<String> currentPrincipal(Session own) {
    while (true) {
      SessionStatus status = own.status();
      StoredSession known = own.snapshot();
      if (own.principal().isEmpty() || isStillLoggedIn(own)) {
        return own.principal();
      }
      if (endIfStill(own, known, status)) {
        return Optional.empty();
      }
    }
  }

  private int revokeAllBut(String principal, Set<SessionId> except) {
    if (Claims.isReserved(principal)) {
      return 0;
    }
    return engine
        .requiredIndex("revoking by principal")
        .deleteByPrincipal(principal, except, engine.events().endings(EndReason.REVOKED));
  }

  /**
   * Returns whether a session is live and neither a login nor an explicit renewal has replaced the
   * secret that it had in this request.
   */
  boolean isStillLive(Session session) {
    return isStill(session, found -> RequestLogin.isSame(session, found));
  }

  private boolean isStillLoggedIn(Session session) {
    return isStill(session, found -> !RequestLogin.isReplaced(session, found));
  }

  /**
   * Returns whether a session is live, and is what a request has. Another thread of the request may
   * log in or renew the session during the look-up: then it is looked up again.
   */
  @SuppressWarnings("ReferenceEquality") // Each such change makes another snapshot.
  private boolean isStill(Session session, Predicate<StoredSession> isOwn) {
    while (true) {
      StoredSession known = session.snapshot();
      if (live(session).filter(isOwn).isPresent()) {
        return true;
      }
      if (session.snapshot() == known) {
        return false;
      }
    }
  }

  private Optional<StoredSession> live(Session session) {
    return session.isStored()
        ? new Expiry(engine).live(engine.store().find(session.id()))
        : Optional.empty();
  }

  /** Notifies the listeners of a session that the store evicted. */
  void evicted(StoredSession session) {
    if (session.isExpiredAt(engine.now())) {
      engine.events().expired(session);
    } else {
      engine.events().ended(session, EndReason.CAPACITY);
    }
  }
}
