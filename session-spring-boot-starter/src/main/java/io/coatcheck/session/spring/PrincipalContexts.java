package io.coatcheck.session.spring;

import io.coatcheck.session.servlet.SessionFilter;
import io.coatcheck.session.servlet.WebSession;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.security.authentication.UsernamePasswordAuthenticationToken;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.GrantedAuthority;
import org.springframework.security.core.context.DeferredSecurityContext;
import org.springframework.security.core.context.SecurityContext;
import org.springframework.security.core.context.SecurityContextHolder;
import org.springframework.security.core.userdetails.UserDetails;
import org.springframework.security.web.authentication.WebAuthenticationDetails;
import org.springframework.security.web.authentication.session.SessionAuthenticationException;
import org.springframework.security.web.context.HttpRequestResponseHolder;
import org.springframework.security.web.context.SecurityContextRepository;

/**
 * Builds the security context of each request from the principal of the session, and stores nothing
 * but {@link LoginFactors}. The user is looked up when the request first needs its context. A user
 * who may not log in any more loses the session.
 */
final class PrincipalContexts implements SecurityContextRepository {

  private static final Logger LOG = LoggerFactory.getLogger(PrincipalContexts.class);

  /** The attribute of a request that has a {@link Known}. */
  private static final String KNOWN = PrincipalContexts.class.getName() + ".known";

  private final PrincipalUsers users;
  private final AgedLogin aged;

  /** Judges the contexts that sessions have from before the property was set. */
  private final MovedUsers former;

  private final RememberMeBox rememberMe;

  private volatile boolean isSavedAtEnd;
  private volatile boolean beginsSessions = true;
  private final AtomicBoolean hasWarned = new AtomicBoolean();

  PrincipalContexts(PrincipalUsers users, AgedLogin aged, RememberMeBox rememberMe) {
    this.users = users;
    this.aged = aged;
    this.former = new MovedByName(users);
    this.rememberMe = rememberMe;
  }

  /** Returns contexts of the same users, for one chain. */
  PrincipalContexts ofChain() {
    return new PrincipalContexts(users, aged, rememberMe);
  }

  /** Records that a login begins no session: without one it holds for its request only. */
  void beginNoSessions() {
    beginsSessions = false;
  }

  /** Records that a filter saves the context of each request at its end, changed or not. */
  void saveAtEnd() {
    isSavedAtEnd = true;
  }

  PrincipalUsers users() {
    return users;
  }

  @Override
  @SuppressWarnings("InlineMeSuggester") // The filters of Spring Security call it.
  @Deprecated // In Spring Security, in favour of the method below.
  public SecurityContext loadContext(HttpRequestResponseHolder holder) {
    return loadDeferredContext(holder.getRequest()).get();
  }

  @Override
  public DeferredSecurityContext loadDeferredContext(HttpServletRequest request) {
    return new Deferred(request);
  }

  /**
   * Logs the session in if the context has another user than the session, or comes with {@link
   * CheckedCredentials}, and out at the end of the request if it has none. Where each request saves
   * its context at the end, changed or not, one that has the same user as before changes nothing
   * otherwise: the application may have logged the session out since. Without a {@link
   * SessionFilter}, as on a separate management port, a login holds for its request only.
   *
   * @throws SessionAuthenticationException if the session cannot have the user
   */
  @Override
  public void saveContext(
      SecurityContext context, HttpServletRequest request, HttpServletResponse response) {
    Authentication authentication = context.getAuthentication();
    WebSession session = WebSession.find(request).orElse(null);
    if (session == null) {
      warnOfMissingFilter(authentication);
      return;
    }
    String user =
        authentication != null && SecurityLogin.isUser(authentication)
            ? authentication.getName()
            : null;
    if (!beginsSessions && request.getSession(false) == null) {
      return;
    }
    Optional<String> kept = principalOf(request);
    if (authentication != null && user != null && kept.equals(Optional.of(user))) {
      if (CheckedCredentials.areNew(request, session, user)) {
        logInAgain(user, authentication, session, request, response);
        return;
      }
      LoginFactors.keepChanged(request, authentication);
    }
    if (!isSavedAtEnd) {
      keep(user, authentication, kept, session, request);
    } else if (!isAsKnown(user, kept, request)) {
      try {
        keep(user, authentication, kept, session, request);
      } catch (SessionAuthenticationException | IllegalStateException e) {
        // The application has returned, and may have reported the login as done.
        LogoutAtEnd.register(session, request);
        throw e;
      }
      request.setAttribute(KNOWN, new Known(user, principalOf(request)));
    }
  }

  /**
   * Logs in, unless a filter saves the context too late: then the session keeps its secret, and a
   * warning is logged.
   */
  private void logInAgain(
      String user,
      Authentication authentication,
      WebSession session,
      HttpServletRequest request,
      HttpServletResponse response) {
    if (response.isCommitted()) {
      LOG.warn(
          "The session of a user who has logged in again keeps its secret, since the response was"
              + " committed before the context was saved");
    } else if (!SecurityLogin.isTransient(authentication)) {
      logIn(user, authentication, session, request);
    }
  }

  private void logIn(
      String user, Authentication authentication, WebSession session, HttpServletRequest request) {
    users.require(authentication);
    SecurityLogin.logIn(session, user, LoginMoment.in(rememberMe.options(request), authentication));
    LoginFactors.keep(session, authentication);
    StoredContexts.removeFormer(request);
    CheckedCredentials.use(request);
  }

  private void warnOfMissingFilter(@Nullable Authentication login) {
    if (SecurityLogin.isUser(login) && hasWarned.compareAndSet(false, true)) {
      LOG.warn(
          "No session filter is in front of a request that logs in, such as on a separate management"
              + " port. The login holds for the request only, so each request needs its"
              + " credentials, such as by HTTP Basic");
    }
  }

  private void keep(
      @Nullable String user,
      @Nullable Authentication authentication,
      Optional<String> kept,
      WebSession session,
      HttpServletRequest request) {
    if (kept.equals(Optional.ofNullable(user))) {
      return;
    }
    if (authentication == null || user == null) {
      LogoutAtEnd.register(session, request);
    } else if (!SecurityLogin.isTransient(authentication)) {
      logIn(user, authentication, session, request);
    }
  }

  /** Returns whether the context is as it was, whatever has become of the session since. */
  private static boolean isAsKnown(
      @Nullable String user, Optional<String> kept, HttpServletRequest request) {
    return request.getAttribute(KNOWN) instanceof Known known
        && (user == null
            ? known.user() == null || !known.principal().equals(kept)
            : user.equals(known.user()));
  }

  @Override
  public boolean containsContext(HttpServletRequest request) {
    return principalOf(request).isPresent();
  }

  /** Returns whether the session has a user, even one whom this request has logged out. */
  static boolean hasPrincipal(HttpServletRequest request) {
    return WebSession.find(request).flatMap(WebSession::principal).isPresent();
  }

  /** Returns the user of the session, unless this request has logged the user out. */
  private static Optional<String> principalOf(HttpServletRequest request) {
    return isLoggedOut(request)
        ? Optional.empty()
        : WebSession.find(request).flatMap(WebSession::principal);
  }

  private static boolean isLoggedOut(HttpServletRequest request) {
    return WebSession.find(request)
        .filter(session -> LogoutAtEnd.isRegistered(request, session))
        .isPresent();
  }

  private Optional<Authentication> authentication(
      Optional<String> principal, HttpServletRequest request) {
    boolean isEnough = principal.filter(name -> isLoggedInBy(name, request)).isPresent();
    Optional<UserDetails> user = isEnough ? principal.flatMap(users::find) : Optional.empty();
    if (principal.isPresent() && user.isEmpty()) {
      LOG.info(
          isEnough
              ? "A session has ended, since its user may not log in any more"
              : "A session from before coatcheck.security.context=principal has ended, since its"
                  + " login gave less than the user's name gives now, or cannot be read");
      WebSession.find(request).ifPresent(WebSession::logout);
    } else if (user.isPresent()) {
      moveFactors(request);
      StoredContexts.removeFormer(request);
    }
    return user.map(found -> authenticated(found, request));
  }

  /**
   * Returns whether the user's name gives no more than the context that the session has, if it is
   * one from before the property was set: such as one before a second factor. One that cannot be
   * read may give less.
   */
  private boolean isLoggedInBy(String name, HttpServletRequest request) {
    Object context = StoredContexts.former(request);
    return context == null
        ? !StoredContexts.hasFormer(request)
        : former.loggedInBy(context).equals(Optional.of(name));
  }

  /** Keeps the factors of a context from before the property was set. */
  private static void moveFactors(HttpServletRequest request) {
    if (StoredContexts.former(request) instanceof SecurityContext context
        && context.getAuthentication() != null) {
      Authentication login = context.getAuthentication();
      WebSession.find(request).ifPresent(session -> LoginFactors.keep(session, login));
    }
  }

  private Authentication authenticated(UserDetails user, HttpServletRequest request) {
    WebAuthenticationDetails details = new WebAuthenticationDetails(request);
    boolean isAged = WebSession.find(request).filter(aged::isIn).isPresent();
    List<GrantedAuthority> authorities = new ArrayList<>(user.getAuthorities());
    authorities.addAll(LoginFactors.of(request, isAged));
    if (isAged) {
      return AgedLogin.asRemembered(user, authorities, details);
    }
    UsernamePasswordAuthenticationToken authentication =
        UsernamePasswordAuthenticationToken.authenticated(user, null, authorities);
    authentication.setDetails(details);
    return authentication;
  }

  /**
   * The users of a context and of the session when the two last agreed. The service may spell a
   * name differently from the session.
   */
  private record Known(@Nullable String user, Optional<String> principal) {}

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
        Optional<String> principal = principalOf(request);
        Optional<Authentication> found = authentication(principal, request);
        found.ifPresent(known::setAuthentication);
        if (isSavedAtEnd && !isLoggedOut(request)) {
          String user = found.map(Authentication::getName).orElse(null);
          request.setAttribute(KNOWN, new Known(user, principal));
        }
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
