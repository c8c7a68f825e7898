package io.coatcheck.session.spring;

import io.coatcheck.session.LoginResult;
import io.coatcheck.session.servlet.AttributeRemovalListener;
import io.coatcheck.session.servlet.WebSession;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpSession;
import jakarta.servlet.http.HttpSessionAttributeListener;
import jakarta.servlet.http.HttpSessionBindingEvent;
import java.util.Collections;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.AuthenticationException;
import org.springframework.security.core.context.SecurityContext;
import org.springframework.security.web.authentication.session.SessionAuthenticationException;
import org.springframework.security.web.context.HttpSessionSecurityContextRepository;

/**
 * Watches what Spring Security puts into sessions. A login that called no {@link SecurityLogin},
 * such as one of a controller that saves the context itself, or one of a filter without a strategy,
 * is made a login of the session when its context is stored. A context of the session's own user is
 * another login only if it comes with {@link CheckedCredentials}. A logout that only removes or
 * empties the context ends the session at the end of the request: until then, the application may
 * use it. The exception of a refused login is stored without the password that it holds. Contexts
 * in sessions of the container are left alone.
 */
final class StoredContexts implements HttpSessionAttributeListener, AttributeRemovalListener {

  private static final Logger LOG = LoggerFactory.getLogger(StoredContexts.class);

  /**
   * The attribute that Spring Security's filter of {@code requireExplicitSave(false)} sets while it
   * calls the application.
   */
  private static final String SAVED_AT_END = "__spring_security_scpf_applied";

  /** Set while this library removes a context, which is not a logout. */
  private static final ThreadLocal<Boolean> IS_REMOVING = ThreadLocal.withInitial(() -> false);

  /** Null if a context stays in the session when its user is logged in. */
  private final @Nullable PrincipalUsers users;

  private final boolean isRemovalALogout;
  private final SessionLogins logins;
  private final RememberMeBox rememberMe;

  private volatile boolean isSavedAtEnd;

  /**
   * Creates a listener, which the filter or the container calls.
   *
   * @param users where the session keeps the user's name only; else null
   * @param isRemovalALogout false if logins remove attributes too, since the two look the same
   * @param logins log the session in where it keeps the whole context
   */
  StoredContexts(
      @Nullable PrincipalUsers users,
      boolean isRemovalALogout,
      SessionLogins logins,
      RememberMeBox rememberMe) {
    this.users = users;
    this.isRemovalALogout = isRemovalALogout;
    this.logins = logins;
    this.rememberMe = rememberMe;
  }

  /** Records that a filter of some chain saves the context of each request at its end. */
  void saveAtEnd() {
    isSavedAtEnd = true;
  }

  @Override
  public void attributeAdded(HttpSessionBindingEvent event) {
    stored(event.getSession(), event.getName(), null);
  }

  @Override
  public void attributeReplaced(HttpSessionBindingEvent event) {
    stored(event.getSession(), event.getName(), event.getValue());
  }

  @Override
  public void attributeRemoved(HttpSessionBindingEvent event) {
    if (!isRemovalALogout || IS_REMOVING.get()) {
      return;
    }
    if (users == null) {
      removed(event.getSession(), event.getName(), event.getValue());
    } else {
      // A session from before the names were kept, or of another library, may have a context.
      absentRemoved(event.getSession(), event.getName());
    }
  }

  /**
   * Logs out where the session keeps the user's name only: then it has no context, which the
   * application has removed nevertheless.
   */
  @Override
  public void absentRemoved(HttpSession session, String name) {
    if (users != null
        && !IS_REMOVING.get()
        && name.equals(HttpSessionSecurityContextRepository.SPRING_SECURITY_CONTEXT_KEY)) {
      WebSession.find(session).ifPresent(own -> LogoutAtEnd.register(own, CurrentRequest.find()));
    }
  }

  private void stored(HttpSession session, String name, @Nullable Object before) {
    Object value = session.getAttribute(name);
    PrincipalUsers namesOnly = users;
    if (value instanceof AuthenticationException refusal) {
      RefusedLogins.removeCredentials(refusal);
    } else if (value instanceof SecurityContext context) {
      WebSession own = WebSession.find(session).orElse(null);
      if (own != null && namesOnly == null) {
        storedWhole(session, own, name, context, before);
      } else if (own != null && namesOnly != null) {
        // First, since the session may end.
        remove(session, name);
        storedForName(own, context, namesOnly);
      }
    } else {
      removed(session, name, before);
    }
  }

  private static void remove(HttpSession session, String name) {
    IS_REMOVING.set(true);
    try {
      session.removeAttribute(name);
    } finally {
      IS_REMOVING.remove();
    }
  }

  /**
   * Returns the context that the session of a request has from before its application kept only the
   * names of users; null if there is none.
   */
  static @Nullable Object former(HttpServletRequest request) {
    HttpSession session = request.getSession(false);
    return session == null
        ? null
        : session.getAttribute(HttpSessionSecurityContextRepository.SPRING_SECURITY_CONTEXT_KEY);
  }

  /** Returns whether the session has such a context, even one that cannot be read any more. */
  static boolean hasFormer(HttpServletRequest request) {
    return WebSession.find(request)
        .filter(
            session ->
                session
                    .bridge()
                    .holdsAttribute(
                        HttpSessionSecurityContextRepository.SPRING_SECURITY_CONTEXT_KEY))
        .isPresent();
  }

  /** Removes that context, for which the user's name stands from now on. This is no logout. */
  static void removeFormer(HttpServletRequest request) {
    HttpSession session = request.getSession(false);
    if (session != null && hasFormer(request)) {
      remove(session, HttpSessionSecurityContextRepository.SPRING_SECURITY_CONTEXT_KEY);
    }
  }

  private void storedWhole(
      HttpSession session,
      WebSession own,
      String name,
      SecurityContext context,
      @Nullable Object before) {
    Authentication login = context.getAuthentication();
    if (!SecurityLogin.isUser(login)) {
      removed(session, name, before);
    } else if (!SecurityLogin.isSwitched(login)) {
      logIn(session, own, name, context, login);
    }
  }

  /**
   * Logs the session in or out by a context that was stored. A refusal cannot reach the
   * application.
   */
  private void storedForName(WebSession own, SecurityContext context, PrincipalUsers users) {
    Authentication login = context.getAuthentication();
    HttpServletRequest request = CurrentRequest.find();
    if (!SecurityLogin.isUser(login)) {
      LogoutAtEnd.register(own, request);
      return;
    }
    boolean isLoggedOut = request != null && LogoutAtEnd.isRegistered(request, own);
    boolean isSame = !isLoggedOut && own.principal().equals(Optional.of(login.getName()));
    if (SecurityLogin.isTransient(login)) {
      return;
    }
    if (isSame && !CheckedCredentials.areNew(request, own, login.getName())) {
      LoginFactors.keepChanged(request, login);
      return;
    }
    try {
      users.require(login);
      SecurityLogin.logIn(own, login.getName(), LoginMoment.in(rememberMe.options(request), login));
      LoginFactors.keep(own, login);
      CheckedCredentials.use(request);
    } catch (SessionAuthenticationException | IllegalStateException e) {
      LOG.warn("A login of Spring Security was dropped, since the session cannot have its user", e);
      logOutOther(own, login.getName());
    }
  }

  private void logIn(
      HttpSession session,
      WebSession webSession,
      String name,
      SecurityContext context,
      Authentication login) {
    String user = login.getName();
    String before = webSession.principal().orElse(null);
    HttpServletRequest request = CurrentRequest.find();
    boolean isSame = user.equals(before);
    if (isSame && !CheckedCredentials.areNew(request, webSession, user)) {
      return;
    }
    LoginResult result;
    try {
      result = logins.logIn(webSession, login, rememberMe.options(request));
      CheckedCredentials.use(request);
    } catch (IllegalArgumentException | IllegalStateException e) {
      LOG.warn("A login of Spring Security was dropped, since the session cannot have its user", e);
      drop(session, webSession, name, user);
      return;
    }
    if (result != LoginResult.LOGGED_IN) {
      LOG.warn("A login of Spring Security was dropped, since the session refused it: {}", result);
      drop(session, webSession, name, user);
    } else if (before != null && !isSame) {
      keepInNewSession(name, context);
    } else if (!isRemovalALogout) {
      keepAfterDrop(request == null ? session : sessionOf(request), name, context);
    }
  }

  private static HttpSession sessionOf(HttpServletRequest request) {
    return Objects.requireNonNull(CurrentRequest.session(request, true), "the session");
  }

  /** Stores the context again if the login has dropped it together with the other attributes. */
  private static void keepAfterDrop(HttpSession session, String name, SecurityContext context) {
    if (session.getAttribute(name) == null) {
      session.setAttribute(name, context);
    }
  }

  /** Leaves the session to its own user, and removes the context of any other one. */
  private static void drop(HttpSession session, WebSession own, String name, String user) {
    if (!own.principal().equals(Optional.of(user))) {
      session.removeAttribute(name);
      logOutOther(own, user);
    }
  }

  /**
   * Logs out the user whose session this still is when another user's login was dropped. The
   * application reports that login as done, so the next page must not be that of the previous user.
   */
  private static void logOutOther(WebSession session, String user) {
    if (session.principal().filter(before -> !before.equals(user)).isPresent()) {
      LogoutAtEnd.register(session, CurrentRequest.find());
    }
  }

  /** Stores the context in the new session: that of the previous user has ended. */
  private static void keepInNewSession(String name, SecurityContext context) {
    HttpServletRequest current = CurrentRequest.find();
    if (current != null) {
      sessionOf(current).setAttribute(name, context);
    } else {
      LOG.warn(
          "The user of a session has changed outside of a request; the new user has to log in");
    }
  }

  /**
   * Logs out at the end of the request if this was a context of the session's user, and the session
   * holds no other by then. A context without a user counts as one, since applications empty the
   * object that the session holds. Where a filter saves the context of each request at its end,
   * what it saves is not a reason to stay logged in.
   */
  private void removed(HttpSession session, String name, @Nullable Object before) {
    if (!(before instanceof SecurityContext)) {
      return;
    }
    WebSession own = WebSession.find(session).orElse(null);
    String user = own == null ? null : own.principal().orElse(null);
    String userBefore = userOf(before);
    if (own == null || user == null || (userBefore != null && !userBefore.equals(user))) {
      return;
    }
    boolean mayBeSaved = mayBeSavedAtEnd();
    if (!mayBeSaved) {
      LogoutAtEnd.register(own, () -> !holdsContextOf(session, user, ""));
    } else if (!holdsContextOf(session, user, name)) {
      LogoutAtEnd.register(own, () -> true);
    }
  }

  /**
   * Returns whether a filter saves the context at the end of this dispatch. A thread beside the
   * dispatch cannot know, and assumes it if there is such a filter: that may store the context
   * which this thread removes.
   */
  private boolean mayBeSavedAtEnd() {
    HttpServletRequest request = CurrentRequest.find();
    if (request == null || request.isAsyncStarted()) {
      return isSavedAtEnd;
    }
    return request.getAttribute(SAVED_AT_END) != null;
  }

  /** Returns whether an attribute of another name than the given one is a context of the user. */
  private static boolean holdsContextOf(HttpSession session, String user, String except) {
    return Collections.list(session.getAttributeNames()).stream()
        .filter(name -> !name.equals(except))
        .anyMatch(name -> user.equals(userOf(session.getAttribute(name))));
  }

  /** Returns whose session holds this context; that of a switched user is the administrator's. */
  private static @Nullable String userOf(@Nullable Object value) {
    Authentication login =
        value instanceof SecurityContext context ? context.getAuthentication() : null;
    return login != null && SecurityLogin.isUser(login)
        ? SecurityLogin.administratorOf(login).orElse(login).getName()
        : null;
  }
}
