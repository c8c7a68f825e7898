package io.coatcheck.session.spring;

import io.coatcheck.session.servlet.WebSession;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.token.SessionId;
import jakarta.servlet.http.HttpServletRequest;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.security.core.Authentication;

/**
 * A user whose credentials an {@code AuthenticationManager} has checked in a request. If the
 * session already belongs to that user, a context stored in the same request counts as a new login;
 * a context stored in any other request does not: applications also store another {@link
 * Authentication} of the same login, with other authorities or details, and some do so with each
 * request. A login ends all earlier secrets and counts as a fresh proof, so it needs one.
 *
 * @param user the user
 * @param session the session at that time
 * @param login when its user had logged in
 */
record CheckedCredentials(String user, Optional<SessionId> session, Optional<Instant> login) {

  private static final Logger LOG = LoggerFactory.getLogger(CheckedCredentials.class);

  /** The attribute of a request with credentials that were checked, until a login uses it. */
  private static final String ATTRIBUTE = CheckedCredentials.class.getName();

  private static CheckedCredentials of(String user, WebSession session) {
    return new CheckedCredentials(user, session.id(), session.authenticatedAt());
  }

  /**
   * Records the credentials that a manager has accepted in the current request, unless they are a
   * remember-me cookie or hold for this request only.
   */
  static void accepted(Authentication login) {
    HttpServletRequest request = CurrentRequest.find();
    if (request != null
        && SecurityLogin.isUser(login)
        && !SecurityLogin.isRemembered(login)
        && !SecurityLogin.isTransient(login)) {
      try {
        WebSession.find(request)
            .ifPresent(session -> request.setAttribute(ATTRIBUTE, of(login.getName(), session)));
      } catch (SessionStoreException e) {
        LOG.debug("The store failed at a login, which may be for this request only", e);
      }
    }
  }

  /**
   * Returns whether a context of the session's user is another login of that user: not if the
   * session was logged in since the credentials were checked, as by a strategy of the application.
   *
   * @param request null if it is not known
   */
  static boolean areNew(@Nullable HttpServletRequest request, WebSession session, String user) {
    return request != null
        && request.getAttribute(ATTRIBUTE) instanceof CheckedCredentials checked
        && checked.equals(of(user, session));
  }

  /** Records that the session was logged in. */
  static void use(@Nullable HttpServletRequest request) {
    if (request != null) {
      request.removeAttribute(ATTRIBUTE);
    }
  }
}
