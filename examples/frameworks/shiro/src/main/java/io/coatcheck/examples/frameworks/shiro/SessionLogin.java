package io.coatcheck.examples.frameworks.shiro;

import io.coatcheck.session.LoginOptions;
import io.coatcheck.session.LoginResult;
import io.coatcheck.session.servlet.WebSession;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.http.HttpServletRequest;
import java.time.Instant;
import org.apache.shiro.SecurityUtils;
import org.apache.shiro.authc.AuthenticationException;
import org.apache.shiro.authc.AuthenticationInfo;
import org.apache.shiro.authc.AuthenticationListener;
import org.apache.shiro.authc.AuthenticationToken;
import org.apache.shiro.subject.PrincipalCollection;
import org.apache.shiro.subject.Subject;
import org.apache.shiro.web.filter.PathMatchingFilter;
import org.apache.shiro.web.util.WebUtils;

/**
 * Logs the session in as the user whom Shiro has authenticated, or has remembered. The session then
 * has a new secret, the time limits of a logged-in session, and its user's name: {@code
 * WebSession.sessions()}, {@code logoutEverywhere()} and {@code sessionsPerPrincipal} work.
 */
public final class SessionLogin extends PathMatchingFilter implements AuthenticationListener {

  /** Is called by a login, before Shiro stores the user in the session. */
  @Override
  public void onSuccess(AuthenticationToken token, AuthenticationInfo info) {
    Subject before = SecurityUtils.getSubject();
    PrincipalCollection user = info.getPrincipals();
    if (before.getPrincipal() != null
        && !before.getPrincipal().equals(user.getPrimaryPrincipal())) {
      // Another user's session ends here; without this, Shiro would go on using it.
      before.logout();
    }
    logIn(WebUtils.getHttpRequest(before), user, LoginOptions.defaults());
  }

  @Override
  public void onFailure(AuthenticationToken token, AuthenticationException failure) {}

  @Override
  public void onLogout(PrincipalCollection principals) {
    // Shiro invalidates the HttpSession, which ends the session here too.
  }

  /** Finds users who come back with the remember-me cookie, of whom no listener is notified. */
  @Override
  protected boolean onPreHandle(
      ServletRequest request, ServletResponse response, Object mappedValue) {
    Subject subject = SecurityUtils.getSubject();
    HttpServletRequest httpRequest = WebUtils.toHttp(request);
    if (subject.isRemembered() && !WebSession.of(httpRequest).isLoggedIn()) {
      // The moment of the last password is unknown: such a login is never a fresh one.
      logIn(
          httpRequest,
          subject.getPrincipals(),
          LoginOptions.builder().authenticatedAt(Instant.EPOCH).build());
    }
    return true;
  }

  private static void logIn(
      HttpServletRequest request, PrincipalCollection user, LoginOptions options) {
    String name = user.getPrimaryPrincipal().toString();
    LoginResult result = WebSession.of(request).login(name, options);
    if (result != LoginResult.LOGGED_IN) {
      throw new AuthenticationException("the session was not logged in: " + result);
    }
  }
}
