package io.coatcheck.session.spring;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.servlet.WebSession;
import java.util.Collection;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.security.authentication.RememberMeAuthenticationToken;
import org.springframework.security.core.GrantedAuthority;

/**
 * A login that is too old for its user to count as fully authenticated: as old as one can become
 * that is not remembered. Its user is shown to Spring Security as remembered.
 */
final class AgedLogin {

  /**
   * Any value works: the key is only checked when the token is authenticated again, which never
   * happens here.
   */
  private static final String KEY = AgedLogin.class.getName();

  private final ObjectProvider<SessionManager> managers;

  /**
   * Prepares the rule.
   *
   * @param managers has the manager whose policy sets the age
   */
  AgedLogin(ObjectProvider<SessionManager> managers) {
    this.managers = managers;
  }

  /** Returns whether the login of a session is too old, or there is none. */
  boolean isIn(WebSession session) {
    return !session.authenticatedWithin(managers.getObject().policy().absoluteTimeout());
  }

  /** Returns a user as remembered. */
  static RememberMeAuthenticationToken asRemembered(
      Object principal,
      Collection<? extends GrantedAuthority> authorities,
      @Nullable Object details) {
    RememberMeAuthenticationToken token =
        new RememberMeAuthenticationToken(KEY, principal, authorities);
    token.setDetails(details);
    return token;
  }
}
