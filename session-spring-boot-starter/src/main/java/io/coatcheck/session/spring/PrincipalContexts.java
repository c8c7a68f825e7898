package io.coatcheck.session.spring;

import io.coatcheck.session.LoginOptions;
import io.coatcheck.session.servlet.WebSession;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.security.authentication.UsernamePasswordAuthenticationToken;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.context.DeferredSecurityContext;
import org.springframework.security.core.context.SecurityContext;
import org.springframework.security.core.context.SecurityContextHolder;
import org.springframework.security.core.userdetails.UserDetails;
import org.springframework.security.web.authentication.WebAuthenticationDetails;
import org.springframework.security.web.authentication.session.SessionAuthenticationException;
import org.springframework.security.web.context.HttpRequestResponseHolder;
import org.springframework.security.web.context.SecurityContextRepository;

/**
 * Builds the security context of each request from the principal of the session, and stores
 * nothing. The user is looked up when the request first needs its context. A user who may not log
 * in any more loses the session.
 */
final class PrincipalContexts implements SecurityContextRepository {

  private static final Logger LOG = LoggerFactory.getLogger(PrincipalContexts.class);

  private final PrincipalUsers users;

  PrincipalContexts(PrincipalUsers users) {
    this.users = users;
  }

  PrincipalUsers users() {
    return users;
  }

  @Override
  @SuppressWarnings("InlineMeSuggester") // The filters of Spring Security call it.
  @Deprecated // In Spring Security, in favor of the method below.
  public SecurityContext loadContext(HttpRequestResponseHolder holder) {
    return loadDeferredContext(holder.getRequest()).get();
  }

  @Override
  public DeferredSecurityContext loadDeferredContext(HttpServletRequest request) {
    return new Deferred(request);
  }

  /**
   * Logs the session in if the context has another user than the session, and out if it has none.
   *
   * @throws SessionAuthenticationException if the session cannot have the user
   */
  @Override
  public void saveContext(
      SecurityContext context, HttpServletRequest request, HttpServletResponse response) {
    Authentication authentication = context.getAuthentication();
    Optional<WebSession> session = WebSession.find(request);
    if (!SecurityLogin.isUser(authentication)) {
      session.filter(WebSession::isLoggedIn).ifPresent(WebSession::logout);
      return;
    }
    if (SecurityLogin.isSwitched(authentication)) {
      throw new SessionAuthenticationException(
          "coatcheck.security.context=principal cannot keep a user whom an administrator acts as");
    }
    String name = authentication.getName();
    WebSession own = session.orElseGet(() -> WebSession.of(request));
    if (!own.principal().equals(Optional.of(name))) {
      users.require(authentication);
      SecurityLogin.logIn(own, name, LoginOptions.defaults());
    }
  }

  @Override
  public boolean containsContext(HttpServletRequest request) {
    return hasPrincipal(request);
  }

  static boolean hasPrincipal(HttpServletRequest request) {
    return WebSession.find(request).filter(WebSession::isLoggedIn).isPresent();
  }

  private Optional<Authentication> authentication(HttpServletRequest request) {
    Optional<WebSession> session = WebSession.find(request).filter(WebSession::isLoggedIn);
    Optional<UserDetails> user = session.flatMap(WebSession::principal).flatMap(users::find);
    if (session.isPresent() && user.isEmpty()) {
      LOG.info("A session has ended, since its user may not log in any more");
      session.get().logout();
    }
    return user.map(found -> authenticated(found, request));
  }

  private static Authentication authenticated(UserDetails user, HttpServletRequest request) {
    UsernamePasswordAuthenticationToken authentication =
        UsernamePasswordAuthenticationToken.authenticated(user, null, user.getAuthorities());
    authentication.setDetails(new WebAuthenticationDetails(request));
    return authentication;
  }

  /** Looks the user up once, when the context is needed. One request has one thread at a time. */
  private final class Deferred implements DeferredSecurityContext {

    private final HttpServletRequest request;
    private @Nullable SecurityContext context;
    private boolean generated;

    Deferred(HttpServletRequest request) {
      this.request = request;
    }

    @Override
    public SecurityContext get() {
      SecurityContext known = context;
      if (known == null) {
        known = SecurityContextHolder.getContextHolderStrategy().createEmptyContext();
        Optional<Authentication> found = authentication(request);
        found.ifPresent(known::setAuthentication);
        generated = found.isEmpty();
        context = known;
      }
      return known;
    }

    @Override
    public boolean isGenerated() {
      get();
      return generated;
    }
  }
}
