package io.coatcheck.session.spring;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.token.SessionId;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.security.oauth2.client.oidc.authentication.logout.OidcLogoutToken;
import org.springframework.security.oauth2.client.oidc.session.InMemoryOidcSessionRegistry;
import org.springframework.security.oauth2.client.oidc.session.OidcSessionInformation;
import org.springframework.security.oauth2.client.oidc.session.OidcSessionRegistry;

/**
 * The logins of this node by OpenID Connect, for {@code oidcLogout} of Spring Security. Its handler
 * sends the application a request with a session's id as the cookie, which opens no session here,
 * and reports the logout as done. So the sessions that a logout token names are ended in the store
 * when the handler asks for them, and it is given those of the container only.
 *
 * <p>A session is known by the part of its id that stays.
 */
final class ProviderSessions implements OidcSessionRegistry {

  private final OidcSessionRegistry sessions = new InMemoryOidcSessionRegistry();
  private final SessionManager manager;

  ProviderSessions(SessionManager manager) {
    this.manager = manager;
  }

  @Override
  public void saveSessionInformation(OidcSessionInformation session) {
    sessions.saveSessionInformation(session.withSessionId(lasting(session.getSessionId())));
  }

  @Override
  public @Nullable OidcSessionInformation removeSessionInformation(String sessionId) {
    return sessions.removeSessionInformation(lasting(sessionId));
  }

  /**
   * Ends the sessions that a logout token names.
   *
   * @return those of the container
   * @throws io.coatcheck.session.store.SessionStoreException if the store failed: those that have
   *     not ended are found again
   */
  @Override
  public Iterable<OidcSessionInformation> removeSessionInformation(OidcLogoutToken token) {
    List<OidcSessionInformation> left = new ArrayList<>();
    sessions.removeSessionInformation(token).forEach(left::add);
    List<OidcSessionInformation> others = new ArrayList<>();
    try {
      while (!left.isEmpty()) {
        OidcSessionInformation session = left.get(left.size() - 1);
        Optional<SessionId> id = SessionId.parse(session.getSessionId());
        id.ifPresentOrElse(manager::revoke, () -> others.add(session));
        left.remove(left.size() - 1);
      }
    } catch (RuntimeException | Error failure) {
      left.forEach(sessions::saveSessionInformation);
      others.forEach(sessions::saveSessionInformation);
      throw failure;
    }
    return others;
  }

  private static String lasting(String sessionId) {
    int end = sessionId.indexOf('~');
    return end < 0 ? sessionId : sessionId.substring(0, end);
  }
}
