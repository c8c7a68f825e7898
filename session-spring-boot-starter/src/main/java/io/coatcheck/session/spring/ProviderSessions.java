package io.coatcheck.session.spring;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.SessionPolicy;
import io.coatcheck.session.token.SessionId;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
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

  /** What was saved last of each session, and all of these, the oldest first. */
  private final Map<SessionId, Saved> latest = new ConcurrentHashMap<>();

  private final Queue<Saved> all = new ConcurrentLinkedQueue<>();

  ProviderSessions(SessionManager manager) {
    this.manager = manager;
  }

  @Override
  public void saveSessionInformation(OidcSessionInformation session) {
    forgetEnded();
    String id = lasting(session.getSessionId());
    SessionId.parse(id)
        .map(own -> new Saved(own, manager.clock().instant()))
        .ifPresent(
            saved -> {
              latest.put(saved.id(), saved);
              all.add(saved);
            });
    sessions.saveSessionInformation(session.withSessionId(id));
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
    Saved oldest = all.peek();
    while (oldest != null && oldest.at().isBefore(firstLive)) {
      if (all.remove(oldest) && latest.remove(oldest.id(), oldest)) {
        sessions.removeSessionInformation(oldest.id().toString());
      }
      oldest = all.peek();
    }
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

  /** A login of a session, which may have been saved again since. */
  private record Saved(SessionId id, Instant at) {}
}
