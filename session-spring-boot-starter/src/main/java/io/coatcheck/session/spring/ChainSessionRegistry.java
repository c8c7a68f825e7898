package io.coatcheck.session.spring;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.servlet.WebSession;
import io.coatcheck.session.token.SessionId;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpSession;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.context.ApplicationListener;
import org.springframework.security.core.session.AbstractSessionEvent;
import org.springframework.security.core.session.SessionDestroyedEvent;
import org.springframework.security.core.session.SessionIdChangedEvent;
import org.springframework.security.core.session.SessionInformation;
import org.springframework.security.core.session.SessionRegistry;
import org.springframework.security.core.session.SessionRegistryImpl;

/**
 * The logins of this node at one chain, for {@code maximumSessions}. It is Spring Security's own
 * registry, with two differences. It knows a session by the part of {@code HttpSession.getId()}
 * that stays. The rest changes with each new secret, even without a login, and a session that this
 * registry has expired must stay expired until the next login. It also asks the store which
 * sessions still live, so that no user is refused because of one that has ended. No event of this
 * node reports an end on another node and, without an {@code HttpSessionEventPublisher}, none
 * reports any end.
 */
final class ChainSessionRegistry
    implements SessionRegistry, ApplicationListener<AbstractSessionEvent> {

  private final SessionRegistryImpl sessions = new SessionRegistryImpl();

  private final @Nullable ObjectProvider<SessionManager> managers;

  /**
   * Creates an empty registry.
   *
   * @param managers null if a session may be stored after its login is registered: then the store
   *     is not asked
   */
  ChainSessionRegistry(@Nullable ObjectProvider<SessionManager> managers) {
    this.managers = managers;
  }

  /** Published by {@code HttpSessionEventPublisher}, if the application has one. */
  @Override
  public void onApplicationEvent(AbstractSessionEvent event) {
    if (event instanceof SessionDestroyedEvent ended) {
      removeSessionInformation(ended.getId());
    } else if (event instanceof SessionIdChangedEvent changed
        && !lasting(changed.getOldSessionId()).equals(lasting(changed.getNewSessionId()))) {
      // The container's own session, on a path without a session filter.
      sessions.onApplicationEvent(changed);
    }
  }

  @Override
  public List<Object> getAllPrincipals() {
    return sessions.getAllPrincipals();
  }

  /**
   * Lists the sessions of a user, and forgets those that have ended. The one of the current request
   * is shown with the id that it has now: the caller compares the ids, and sorts the list.
   *
   * @throws io.coatcheck.session.store.SessionStoreException if the store failed
   */
  @Override
  public List<SessionInformation> getAllSessions(Object principal, boolean includeExpiredSessions) {
    List<SessionInformation> found = sessions.getAllSessions(principal, includeExpiredSessions);
    HttpServletRequest request = found.isEmpty() ? null : CurrentRequest.find();
    String current = request == null ? null : lastingIdOf(request);
    List<SessionInformation> listed = new ArrayList<>();
    for (SessionInformation known : found) {
      if (request != null && known.getSessionId().equals(current)) {
        listed.add(shownIn(request, known));
      } else if (hasEnded(known.getSessionId())) {
        sessions.removeSessionInformation(known.getSessionId());
      } else {
        listed.add(known);
      }
    }
    return listed;
  }

  /** Returns whether a session of Coatcheck is no longer in the store, or no longer live. */
  private boolean hasEnded(String lastingId) {
    SessionManager manager = managers == null ? null : managers.getIfUnique();
    SessionId id = SessionId.parse(lastingId).orElse(null);
    return manager != null
        && id != null
        && manager
            .store()
            .find(id)
            .filter(session -> !session.isExpiredAt(manager.clock().instant()))
            .isEmpty();
  }

  @Override
  public @Nullable SessionInformation getSessionInformation(String sessionId) {
    SessionInformation known = sessions.getSessionInformation(lasting(sessionId));
    return known == null ? null : new Shown(known, sessionId);
  }

  @Override
  public void refreshLastRequest(String sessionId) {
    sessions.refreshLastRequest(lasting(sessionId));
  }

  @Override
  public void registerNewSession(String sessionId, Object principal) {
    sessions.registerNewSession(lasting(sessionId), principal);
  }

  @Override
  public void removeSessionInformation(String sessionId) {
    sessions.removeSessionInformation(lasting(sessionId));
  }

  /** Returns the part of an id that stays; sessions of the container have no other. */
  private static String lasting(String sessionId) {
    int end = sessionId.indexOf('~');
    return end < 0 ? sessionId : sessionId.substring(0, end);
  }

  /**
   * Returns the part that stays of the id of a request's session, without storing a new session.
   */
  private static @Nullable String lastingIdOf(HttpServletRequest request) {
    return WebSession.find(request).flatMap(WebSession::id).map(SessionId::toString).orElse(null);
  }

  private static SessionInformation shownIn(HttpServletRequest request, SessionInformation known) {
    HttpSession session = CurrentRequest.session(request, false);
    return session == null ? known : new Shown(known, session.getId());
  }

  /** A session with the id that it has now. */
  private static final class Shown extends SessionInformation {

    private static final long serialVersionUID = 1L;

    private final SessionInformation known;

    Shown(SessionInformation known, String id) {
      super(known.getPrincipal(), id, known.getLastRequest());
      this.known = known;
    }

    @Override
    public void expireNow() {
      known.expireNow();
    }

    @Override
    public boolean isExpired() {
      return known.isExpired();
    }

    @Override
    public Date getLastRequest() {
      return known.getLastRequest();
    }

    @Override
    public void refreshLastRequest() {
      known.refreshLastRequest();
    }
  }
}
