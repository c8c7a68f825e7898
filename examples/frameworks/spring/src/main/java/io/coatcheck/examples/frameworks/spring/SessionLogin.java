package io.coatcheck.examples.frameworks.spring;

import io.coatcheck.session.LoginOptions;
import io.coatcheck.session.LoginResult;
import io.coatcheck.session.servlet.WebSession;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.time.Instant;
import org.springframework.security.authentication.RememberMeAuthenticationToken;
import org.springframework.security.core.Authentication;
import org.springframework.security.web.authentication.session.SessionAuthenticationException;
import org.springframework.security.web.authentication.session.SessionAuthenticationStrategy;

/**
 * Logs the session in as the user that Spring Security has authenticated. The session then has a
 * new secret, the time limits of a logged-in session, and its user's name: {@code
 * WebSession.sessions()}, {@code logoutEverywhere()} and {@code sessionsPerPrincipal} work.
 */
final class SessionLogin implements SessionAuthenticationStrategy {

  @Override
  public void onAuthentication(
      Authentication authentication, HttpServletRequest request, HttpServletResponse response) {
    LoginOptions.Builder options = LoginOptions.builder();
    if (authentication instanceof RememberMeAuthenticationToken) {
      // The moment of the last password is unknown: such a login is never a fresh one.
      options.authenticatedAt(Instant.EPOCH);
    }
    LoginResult result = WebSession.of(request).login(authentication.getName(), options.build());
    if (result != LoginResult.LOGGED_IN) {
      throw new SessionAuthenticationException("the session was not logged in: " + result);
    }
  }
}
