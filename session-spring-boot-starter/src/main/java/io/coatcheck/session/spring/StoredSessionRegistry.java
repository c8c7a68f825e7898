package io.coatcheck.session.spring;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.store.PrincipalIndex;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.security.Principal;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.security.core.AuthenticatedPrincipal;
import org.springframework.security.core.session.SessionInformation;
import org.springframework.security.core.session.SessionRegistry;
import org.springframework.security.core.userdetails.UserDetails;
import org.springframework.security.web.webauthn.api.PublicKeyCredentialUserEntity;
import org.springframework.util.ClassUtils;

/**
 * The sessions of the store as a {@link SessionRegistry} of Spring Security, the same on all nodes.
 * It is for code that lists the sessions of a user, or expires them: to expire a session ends it at
 * once. Logins and logouts change the store themselves, so the methods that report them to a
 * registry do nothing.
 */
final class StoredSessionRegistry implements SessionRegistry {

  private static final boolean HAS_PASSKEYS =
      ClassUtils.isPresent(
          "org.springframework.security.web.webauthn.api.PublicKeyCredentialUserEntity",
          StoredSessionRegistry.class.getClassLoader());

  private final SessionManager manager;
  private final SessionStore store;

  StoredSessionRegistry(SessionManager manager) {
    this.manager = manager;
    this.store = manager.store();
  }

  /**
   * Is not supported: no store lists all users.
   *
   * @throws UnsupportedOperationException always
   */
  @Override
  public List<Object> getAllPrincipals() {
    throw new UnsupportedOperationException(
        "the sessions of Coatcheck are listed for one user at a time: use getAllSessions");
  }

  /**
   * Lists the live sessions of a user, at most {@link SessionManager#MAX_LISTED}. A session that
   * was expired is no longer there, so that {@code includeExpiredSessions} adds none.
   *
   * @param principal a {@link UserDetails}, an {@link AuthenticatedPrincipal}, a {@link Principal},
   *     the user of a passkey, or the name
   * @throws UnsupportedOperationException if the store has no index by principal
   */
  @Override
  public List<SessionInformation> getAllSessions(Object principal, boolean includeExpiredSessions) {
    PrincipalIndex index =
        store
            .principalIndex()
            .orElseThrow(
                () ->
                    new UnsupportedOperationException(
                        "a SessionRegistry needs a store with a PrincipalIndex"));
    String user = nameOf(principal);
    Instant now = manager.clock().instant();
    List<SessionInformation> sessions = new ArrayList<>();
    @Nullable SessionId after = null;
    List<StoredSession> page;
    do {
      page = index.findByPrincipal(user, after, PrincipalIndex.MAX_PAGE);
      for (StoredSession session : page) {
        after = session.id();
        if (!session.isExpiredAt(now) && sessions.size() < SessionManager.MAX_LISTED) {
          sessions.add(new Live(manager, session, principal));
        }
      }
    } while (page.size() == PrincipalIndex.MAX_PAGE && sessions.size() < SessionManager.MAX_LISTED);
    return sessions;
  }

  /**
   * Returns a live session of a user, with the user's name as its principal.
   *
   * @param sessionId as {@code HttpSession.getId()} returns it now, or the public id alone
   * @return null if there is no such session, or no user has logged in to it
   */
  @Override
  public @Nullable SessionInformation getSessionInformation(String sessionId) {
    int end = sessionId.indexOf('~');
    Instant now = manager.clock().instant();
    Optional<StoredSession> found =
        SessionId.parse(end < 0 ? sessionId : sessionId.substring(0, end))
            .flatMap(store::find)
            .filter(session -> !session.isExpiredAt(now))
            .filter(session -> end < 0 || sessionId.equals(idOf(session)));
    return found
        .flatMap(StoredSession::principal)
        .map(user -> new Live(manager, found.get(), user))
        .orElse(null);
  }

  /** Does nothing: a request that uses the session is recorded in the store. */
  @Override
  public void refreshLastRequest(String sessionId) {}

  /** Does nothing: the login is in the store. */
  @Override
  public void registerNewSession(String sessionId, Object principal) {}

  /** Does nothing: the session is removed from the store when it ends, and stays until then. */
  @Override
  public void removeSessionInformation(String sessionId) {}

  private static String nameOf(Object principal) {
    if (principal instanceof UserDetails user) {
      return user.getUsername();
    }
    if (principal instanceof AuthenticatedPrincipal user) {
      return user.getName();
    }
    if (principal instanceof Principal user) {
      return user.getName();
    }
    String ofPasskey = HAS_PASSKEYS ? OfPasskey.nameOf(principal) : null;
    return ofPasskey == null ? principal.toString() : ofPasskey;
  }

  /** Loaded only where the classes of passkeys are. */
  private static final class OfPasskey {

    private OfPasskey() {}

    /** Returns the name of the user of a passkey, who is of no general type; null for others. */
    static @Nullable String nameOf(Object principal) {
      return principal instanceof PublicKeyCredentialUserEntity user ? user.getName() : null;
    }
  }

  /** The id that {@code HttpSession.getId()} returns. */
  private static String idOf(StoredSession session) {
    return session.id() + "~" + session.generation();
  }

  /** A session that is ended when it is expired. */
  private static final class Live extends SessionInformation {

    private static final long serialVersionUID = 1L;

    // Spring Security writes no SessionInformation to a stream.
    private final transient SessionManager manager;
    private final transient SessionId id;

    Live(SessionManager manager, StoredSession session, Object principal) {
      super(principal, idOf(session), Date.from(session.lastSeenAt()));
      this.manager = manager;
      this.id = session.id();
    }

    @Override
    public void expireNow() {
      manager.revoke(id);
      super.expireNow();
    }
  }
}
