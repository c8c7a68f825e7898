package io.coatcheck.session.spring;

import io.coatcheck.session.LoginResult;
import io.coatcheck.session.servlet.WebSession;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpSession;
import jakarta.servlet.http.HttpSessionAttributeListener;
import jakarta.servlet.http.HttpSessionBindingEvent;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.AuthenticationException;
import org.springframework.security.core.context.SecurityContext;
import org.springframework.web.context.request.RequestContextHolder;
import org.springframework.web.context.request.ServletRequestAttributes;

/**
 * Watches what Spring Security puts into sessions. A login that called no {@link SecurityLogin},
 * such as one with a passkey, one of a controller that saves the context itself, or one of a filter
 * without a strategy, is made a login of the session when its context is stored. The exception of a
 * refused login is stored without the password that it holds.
 */
final class StoredContexts implements HttpSessionAttributeListener {

  private static final Logger LOG = LoggerFactory.getLogger(StoredContexts.class);

  private final boolean keepsContexts;

  /**
   * Creates it.
   *
   * @param keepsContexts whether a context stays in the session when its user is logged in
   */
  StoredContexts(boolean keepsContexts) {
    this.keepsContexts = keepsContexts;
  }

  @Override
  public void attributeAdded(HttpSessionBindingEvent event) {
    stored(event.getSession(), event.getName());
  }

  @Override
  public void attributeReplaced(HttpSessionBindingEvent event) {
    stored(event.getSession(), event.getName());
  }

  private void stored(HttpSession session, String name) {
    Object value = session.getAttribute(name);
    if (value instanceof AuthenticationException refusal) {
      RefusedLogins.removeCredentials(refusal);
    } else if (value instanceof SecurityContext context) {
      Authentication authentication = context.getAuthentication();
      if (SecurityLogin.isUser(authentication) && !SecurityLogin.isSwitched(authentication)) {
        logIn(session, name, context, authentication.getName());
      }
      if (!keepsContexts) {
        session.removeAttribute(name);
      }
    }
  }

  private void logIn(HttpSession session, String name, SecurityContext context, String user) {
    WebSession webSession = WebSession.of(session);
    String before = webSession.principal().orElse(null);
    if (user.equals(before)) {
      return;
    }
    LoginResult result;
    try {
      result = webSession.login(user);
    } catch (IllegalArgumentException | IllegalStateException e) {
      LOG.warn("A login of Spring Security was dropped, since the session cannot have its user", e);
      session.removeAttribute(name);
      return;
    }
    if (result != LoginResult.LOGGED_IN) {
      LOG.warn("A login of Spring Security was dropped, since the session refused it: {}", result);
      session.removeAttribute(name);
    } else if (before != null && keepsContexts) {
      keepInNewSession(name, context);
    }
  }

  /** The session of the user before has ended, with all that it held. */
  private static void keepInNewSession(String name, SecurityContext context) {
    if (RequestContextHolder.getRequestAttributes() instanceof ServletRequestAttributes request) {
      HttpServletRequest current = request.getRequest();
      current.getSession().setAttribute(name, context);
    } else {
      LOG.warn(
          "The user of a session has changed outside of a request; the new user has to log in");
    }
  }
}
