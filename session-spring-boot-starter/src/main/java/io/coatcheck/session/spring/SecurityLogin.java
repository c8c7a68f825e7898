package io.coatcheck.session.spring;

import io.coatcheck.session.LoginOptions;
import io.coatcheck.session.LoginResult;
import io.coatcheck.session.servlet.WebSession;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.core.annotation.AnnotationUtils;
import org.springframework.security.authentication.AuthenticationTrustResolver;
import org.springframework.security.authentication.AuthenticationTrustResolverImpl;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.Transient;
import org.springframework.security.web.authentication.session.ChangeSessionIdAuthenticationStrategy;
import org.springframework.security.web.authentication.session.SessionAuthenticationException;
import org.springframework.security.web.authentication.session.SessionAuthenticationStrategy;
import org.springframework.security.web.authentication.switchuser.SwitchUserGrantedAuthority;

/**
 * Makes a login of Spring Security a login of the session, in place of {@code changeSessionId}: one
 * new secret, and the session has a user.
 */
final class SecurityLogin implements SessionAuthenticationStrategy {

  private static final AuthenticationTrustResolver TRUST = new AuthenticationTrustResolverImpl();

  /** What the application has chosen, for logins that are not kept in a session of Coatcheck. */
  private volatile SessionAuthenticationStrategy withoutSession =
      new ChangeSessionIdAuthenticationStrategy();

  private final RememberMeBox rememberMe;

  /** Null if the session keeps the whole context. */
  private final @Nullable PrincipalUsers users;

  private final SessionLogins logins;

  private volatile boolean isActive;

  private volatile boolean beginsSessions;

  SecurityLogin(RememberMeBox rememberMe, @Nullable PrincipalUsers users, SessionLogins logins) {
    this.rememberMe = rememberMe;
    this.users = users;
    this.logins = logins;
  }

  /**
   * Sets the strategy that this one replaces; it has its effect where logins are kept elsewhere.
   */
  void inPlaceOf(SessionAuthenticationStrategy chosen) {
    withoutSession = chosen;
  }

  /** Sets that the chain keeps its logins in the session, and whether they may begin one. */
  void activate(boolean mayBeginSessions) {
    beginsSessions = mayBeginSessions;
    isActive = true;
  }

  @Override
  public void onAuthentication(
      Authentication authentication, HttpServletRequest request, HttpServletResponse response) {
    Optional<WebSession> session = isActive ? WebSession.find(request) : Optional.empty();
    if (session.isEmpty()) {
      withoutSession.onAuthentication(authentication, request, response);
    } else if (isUser(authentication)
        && !isTransient(authentication)
        && (beginsSessions || request.getSession(false) != null)) {
      if (users != null) {
        users.require(authentication);
      }
      LoginOptions options = rememberMe.options(request);
      WebSession own = session.get();
      logIn(() -> logins.logIn(own, authentication, options));
      if (users != null) {
        LoginFactors.keep(own, authentication);
        StoredContexts.removeFormer(request);
      }
      CheckedCredentials.use(request);
    }
  }

  /** Ends the session at a logout, even if {@code invalidateHttpSession} is off. */
  void logOut(HttpServletRequest request) {
    if (isActive) {
      WebSession.find(request).ifPresent(WebSession::logout);
    }
  }

  /** Logs the session in, or throws a {@link SessionAuthenticationException}. */
  static void logIn(WebSession session, String name, LoginOptions options) {
    logIn(() -> session.login(name, options));
  }

  private static void logIn(Supplier<LoginResult> login) {
    LoginResult result;
    try {
      result = login.get();
    } catch (IllegalArgumentException e) {
      // Such as a name of more than 255 characters, from a directory or another site.
      throw refused("the session cannot have this user: " + e.getMessage(), e);
    }
    switch (result) {
      case LOGGED_IN -> {}
      case LIMIT_REACHED -> throw refused("the user has as many sessions as allowed", null);
      case NO_LONGER_VALID -> throw refused("the login is no longer valid", null);
    }
  }

  private static SessionAuthenticationException refused(String reason, @Nullable Throwable cause) {
    SessionAuthenticationException refused = new SessionAuthenticationException(reason);
    if (cause != null) {
      refused.initCause(cause);
    }
    return refused;
  }

  /** Returns whether this is an authenticated user, rather than a request to log in. */
  static boolean isUser(@Nullable Authentication authentication) {
    return authentication != null
        && authentication.isAuthenticated()
        && !TRUST.isAnonymous(authentication);
  }

  /** Returns whether a cookie stands for the login, so that the user is not fully authenticated. */
  static boolean isRemembered(Authentication authentication) {
    return TRUST.isRememberMe(authentication);
  }

  /** Returns whether a login holds for its request only, such as that of a bearer token. */
  static boolean isTransient(Authentication authentication) {
    return AnnotationUtils.findAnnotation(authentication.getClass(), Transient.class) != null;
  }

  /** Returns whether an administrator acts as this user; the session stays the administrator's. */
  static boolean isSwitched(Authentication authentication) {
    return administratorOf(authentication).isPresent();
  }

  /** Returns the administrator who acts as this user. */
  static Optional<Authentication> administratorOf(Authentication authentication) {
    return authentication.getAuthorities().stream()
        .filter(SwitchUserGrantedAuthority.class::isInstance)
        .map(authority -> ((SwitchUserGrantedAuthority) authority).getSource())
        .findFirst();
  }
}
