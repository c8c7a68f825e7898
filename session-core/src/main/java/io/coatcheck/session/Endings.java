package io.coatcheck.session;

import io.coatcheck.session.event.EndReason;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import io.coatcheck.session.token.SessionToken;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Ends sessions before their time: the request's own, others of its principal, any. */
final class Endings {

  /** For how long after its resolution a request may end sessions without another look. */
  private static final Duration FRESH = Duration.ofSeconds(1);

  private final Engine engine;

  Endings(Engine engine) {
    this.engine = engine;
  }

  boolean invalidate(Session session) {
    boolean isToBeDeleted = session.isStored() && !session.isDeleted();
    boolean isOwn = !isToBeDeleted || isOwn(session);
    Optional<StoredSession> deleted =
        isToBeDeleted && isOwn ? engine.store().delete(session.id()) : Optional.empty();
    // First, so that whoever is told finds it ended here as well.
    session.end();
    deleted.ifPresent(ended -> engine.events().ended(ended, EndReason.LOGOUT));
    return isOwn;
  }

  /** What was resolved with a principal stays that principal's for its whole life. */
  private boolean isOwn(Session session) {
    return session.principal().isPresent()
        || isFresh(session)
        || engine.store().find(session.id()).flatMap(StoredSession::principal).isEmpty();
  }

  int invalidatePresented(List<String> presented) {
    int ended = 0;
    for (String text :
        presented.subList(0, Math.min(SessionManager.MOST_PRESENTED, presented.size()))) {
      Optional<StoredSession> opened =
          SessionToken.parse(text)
              .flatMap(
                  token ->
                      engine
                          .store()
                          .find(token.id())
                          .filter(found -> found.secretHash().equals(token.secretHash())));
      if (opened.isPresent()) {
        Optional<StoredSession> deleted = engine.store().delete(opened.get().id());
        deleted.ifPresent(session -> engine.events().ended(session, EndReason.LOGOUT));
        ended += deleted.isPresent() ? 1 : 0;
      }
    }
    return ended;
  }

  boolean revoke(SessionId id) {
    Optional<StoredSession> ended = engine.store().delete(id);
    ended.ifPresent(session -> engine.events().ended(session, EndReason.REVOKED));
    return ended.isPresent();
  }

  boolean revokeOwn(Session own, SessionId id) {
    Optional<String> principal = currentPrincipal(own);
    if (principal.isEmpty()) {
      return false;
    }
    if (own.id().equals(id)) {
      boolean stored = own.isStored();
      invalidate(own);
      return stored;
    }
    // A session never passes from one principal to another, so what is found now stays true.
    boolean isOwn =
        engine.store().find(id).filter(found -> found.principal().equals(principal)).isPresent();
    return isOwn && revoke(id);
  }

  int revokeOthers(Session own) {
    return currentPrincipal(own)
        .map(principal -> revokeAllBut(principal, Set.of(own.id())))
        .orElse(0);
  }

  int revokeAllOf(Session own) {
    Optional<String> principal = currentPrincipal(own);
    int ended = principal.isEmpty() ? 0 : revokeAllBut(principal.get(), Set.of());
    if (principal.isPresent()) {
      own.deleted();
    }
    return ended;
  }

  /**
   * Returns who is logged in, empty if the session has ended meanwhile. Otherwise whoever holds a
   * request open could end what its owner begins after having ended everything.
   */
  private Optional<String> currentPrincipal(Session own) {
    if (isFresh(own) || own.principal().isEmpty() || isStillLive(own)) {
      return own.principal();
    }
    own.end();
    return Optional.empty();
  }

  private boolean isFresh(Session session) {
    return engine.now().isBefore(session.requestedAt().plus(FRESH));
  }

  int revokeAllBut(String principal, Set<SessionId> except) {
    return engine
        .requiredIndex("revoking by principal")
        .deleteByPrincipal(
            principal, except, ended -> engine.events().ended(ended, EndReason.REVOKED));
  }

  boolean isStillLive(Session session) {
    return session.isStored()
        && engine
            .store()
            .find(session.id())
            .filter(
                found ->
                    !found.isExpiredAt(engine.now())
                        && found.principal().equals(session.principal()))
            .isPresent();
  }
}
