package io.coatcheck.session.spring;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.SessionPolicy;
import io.coatcheck.session.token.SessionId;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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
 * <p>A session is known by the part of its id that stays. Its login is forgotten, if nothing did so
 * before, when it is older than a session lives. Safe for use by many threads.
 */
final class ProviderSessions implements OidcSessionRegistry {

  private final OidcSessionRegistry sessions = new InMemoryOidcSessionRegistry();
  private final SessionManager manager;

  /** When each session was saved last, the oldest first. Its lock holds for the logins too. */
  private final Map<SessionId, Instant> saved = new LinkedHashMap<>();

  ProviderSessions(SessionManager manager) {
    this.manager = manager;
  }

  @Override
  public void saveSessionInformation(OidcSessionInformation session) {
    String id = lasting(session.getSessionId());
    synchronized (saved) {
      forgetEnded();
      forgetTime(id);
      SessionId.parse(id).ifPresent(own -> saved.put(own, manager.clock().instant()));
      sessions.saveSessionInformation(session.withSessionId(id));
    }
  }

  /** Otherwise each login would stay in memory whose session ends on another node. */
  private void forgetEnded() {
    SessionPolicy policy = manager.policy();
    Instant firstLive =
        manager
            .clock()
            .instant()
            .minus(
                Collections.max(
                    List.of(policy.absoluteTimeout(), policy.rememberedAbsoluteTimeout())));
    Iterator<Map.Entry<SessionId, Instant>> oldest = saved.entrySet().iterator();
    while (oldest.hasNext()) {
      Map.Entry<SessionId, Instant> one = oldest.next();
      if (!one.getValue().isBefore(firstLive)) {
        return;
      }
      String id = one.getKey().toString();
      oldest.remove();
      sessions.removeSessionInformation(id);
    }
  }

  private void forgetTime(String id) {
    SessionId.parse(id).ifPresent(saved::remove);
  }

  @Override
  public @Nullable OidcSessionInformation removeSessionInformation(String sessionId) {
    String id = lasting(sessionId);
    synchronized (saved) {
      forgetTime(id);
      return sessions.removeSessionInformation(id);
    }
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
    synchronized (saved) {
      sessions.removeSessionInformation(token).forEach(left::add);
      left.forEach(session -> forgetTime(session.getSessionId()));
    }
    List<OidcSessionInformation> others = new ArrayList<>();
    try {
      while (!left.isEmpty()) {
        OidcSessionInformation session = left.get(left.size() - 1);
        Optional<SessionId> id = SessionId.parse(session.getSessionId());
        id.ifPresentOrElse(manager::revoke, () -> others.add(session));
        left.remove(left.size() - 1);
      }
    } catch (RuntimeException | Error failure) {
      left.forEach(this::saveSessionInformation);
      others.forEach(this::saveSessionInformation);
      throw failure;
    }
    return others;
  }

  /** Returns of how many sessions there is a login, without those of the container. */
  int kept() {
    synchronized (saved) {
      return saved.size();
    }
  }

  private static String lasting(String sessionId) {
    int end = sessionId.indexOf('~');
    return end < 0 ? sessionId : sessionId.substring(0, end);
  }
}
