package io.coatcheck.session.spring;

import io.coatcheck.session.servlet.WebSession;
import io.coatcheck.session.token.SessionId;
import jakarta.servlet.http.HttpServletRequest;
import java.time.Instant;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A logout by code that only empties or removes the security context. The session ends when the
 * response is about to be committed or the request ends, since the application may use it until
 * then. A login in the meantime prevails.
 *
 * @param session the session that is to end
 * @param user its user
 * @param login when that user logged in
 */
record LogoutAtEnd(Optional<SessionId> session, Optional<String> user, Optional<Instant> login) {

  /** The attribute of a request that has logged its user out. */
  private static final String ATTRIBUTE = LogoutAtEnd.class.getName();

  private static LogoutAtEnd of(WebSession session) {
    return new LogoutAtEnd(session.id(), session.principal(), session.authenticatedAt());
  }

  /**
   * Registers a logout, if there is a user.
   *
   * @param isDue asked at the end
   */
  static void register(WebSession session, BooleanSupplier isDue) {
    LogoutAtEnd logout = of(session);
    if (logout.user().isPresent()) {
      session
          .bridge()
          .beforeCommit(
              () -> {
                if (logout.equals(of(session)) && isDue.getAsBoolean()) {
                  session.logout();
                }
              });
    }
  }

  /**
   * Registers a logout, if there is a user, that nothing but a login undoes.
   *
   * @param request has no user from now on; null if it is not known
   */
  static void register(WebSession session, @Nullable HttpServletRequest request) {
    if (request != null) {
      request.setAttribute(ATTRIBUTE, of(session));
    }
    register(session, () -> true);
  }

  /** Returns whether the user of the session has been logged out by this request. */
  static boolean isRegistered(HttpServletRequest request, WebSession session) {
    return request.getAttribute(ATTRIBUTE) instanceof LogoutAtEnd logout
        && logout.equals(of(session));
  }
}
