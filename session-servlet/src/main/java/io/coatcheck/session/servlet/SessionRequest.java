package io.coatcheck.session.servlet;

import io.coatcheck.session.Session;
import jakarta.servlet.AsyncContext;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletRequestWrapper;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpSession;
import jakarta.servlet.http.HttpUpgradeHandler;
import java.io.IOException;
import java.security.Principal;
import org.jspecify.annotations.Nullable;

/**
 * The request, with the Coatcheck session in place of the container's.
 *
 * <p>A principal logged in through Coatcheck takes precedence: {@code getUserPrincipal} and related
 * methods return it, {@code authenticate} succeeds, and {@code login} is refused, as the Servlet
 * API requires when a user is logged in. Without such a principal, the container handles all of
 * these. {@code logout} ends both logins. When the container logs a user in, before the filter or
 * by these methods, an anonymous Coatcheck session gets a new secret before the application sees
 * it, and belongs to that user from then on: see {@link ContainerUser}.
 */
final class SessionRequest extends TokenlessRequest {

  private static final String AUTH_TYPE = "SESSION";

  private final SessionExchange exchange;
  private final SessionResponse response;

  SessionRequest(SessionExchange exchange, HttpServletRequest request, SessionResponse response) {
    super(request, exchange.settings());
    this.exchange = exchange;
    this.response = response;
  }

  /** Finds the wrapper of an exchange below other wrappers; null if there is none. */
  static @Nullable SessionRequest in(HttpServletRequest request, SessionExchange exchange) {
    ServletRequest current = request;
    while (current instanceof ServletRequestWrapper wrapper) {
      if (wrapper instanceof SessionRequest ours && ours.exchange == exchange) {
        return ours;
      }
      current = wrapper.getRequest();
    }
    return null;
  }

  /**
   * Returns the request with all that the client sent: the one below the wrappers of every session
   * filter, so that a filter after another one reads what that one leaves out.
   */
  static HttpServletRequest complete(HttpServletRequest request) {
    HttpServletRequest complete = request;
    ServletRequest current = request;
    while (current instanceof ServletRequestWrapper wrapper) {
      current = wrapper.getRequest();
      if (wrapper instanceof SessionRequest && current instanceof HttpServletRequest below) {
        complete = below;
      }
    }
    return complete;
  }

  /**
   * Tomcat calls this when a dispatch begins and when it ends. It suspends the response after the
   * end of a forward, so that is the last moment to save, if no filter sees the forward.
   */
  @Override
  public void setRequest(ServletRequest request) {
    boolean isEndOfForward =
        getRequest() instanceof ServletRequestWrapper forwarded
            && forwarded.getRequest() == request
            && getDispatcherType() == DispatcherType.FORWARD
            && exchange.isInUnobservedForward();
    super.setRequest(request);
    if (isEndOfForward) {
      exchange.beforeCommit();
    }
  }

  // The session.

  @Override
  public HttpSession getSession() {
    HttpSession session = getSession(true);
    if (session == null) {
      throw new IllegalStateException("no session was created");
    }
    return session;
  }

  @Override
  public @Nullable HttpSession getSession(boolean create) {
    HttpSessionView view = exchange.view(create);
    return view == null ? null : view.shown();
  }

  @Override
  public String changeSessionId() {
    HttpSessionView view = exchange.view(false);
    if (view == null) {
      throw new IllegalStateException("there is no session whose id could be changed");
    }
    if (exchange.authenticator().renew(view.session())) {
      return ShownId.textOf(view.session());
    }
    if (view.session().isEnded() && exchange.resolver().requested().isRekeyed()) {
      // Another request was first. The client has its secret or never will. This request continues
      // with its own session, as a later request would.
      return getSession().getId();
    }
    view.requireLive();
    return ShownId.textOf(view.session());
  }

  /**
   * Returns the id that the session's cookie or header names, without the secret; equal to the
   * session's {@code getId} if it is live. Without one, an id in the URL is reported as the Servlet
   * API requires, and never accepted.
   */
  @Override
  public @Nullable String getRequestedSessionId() {
    if (exchange.resolver().presented().isPresent()) {
      return exchange.resolver().requested().id();
    }
    return isRequestedSessionIdFromURL() ? super.getRequestedSessionId() : null;
  }

  @Override
  public boolean isRequestedSessionIdValid() {
    Session live = exchange.session();
    return live != null
        && exchange.resolver().presented().opened(live)
        && exchange.manager().clock().instant().isBefore(live.expiresAt());
  }

  @Override
  public boolean isRequestedSessionIdFromCookie() {
    return !exchange.resolver().presented().areByHeader()
        && exchange.resolver().requested().id() != null;
  }

  @Override
  public boolean isRequestedSessionIdFromURL() {
    return !exchange.resolver().presented().isPresent()
        && !exchange.isOver()
        && super.isRequestedSessionIdFromURL();
  }

  @Override
  public @Nullable Principal getUserPrincipal() {
    Principal ours = exchange.principal().map(SessionPrincipal::new).orElse(null);
    return ours != null || exchange.isOver() ? ours : super.getUserPrincipal();
  }

  @Override
  public @Nullable String getRemoteUser() {
    String ours = exchange.principal().orElse(null);
    return ours != null || exchange.isOver() ? ours : super.getRemoteUser();
  }

  @Override
  public @Nullable String getAuthType() {
    if (exchange.principal().isPresent()) {
      return AUTH_TYPE;
    }
    return exchange.isOver() ? null : super.getAuthType();
  }

  /**
   * Of the two names that the Servlet API reserves, one matches no user, and the other every
   * logged-in user.
   */
  @Override
  public boolean isUserInRole(@Nullable String role) {
    String ours = exchange.principal().orElse(null);
    if (ours == null) {
      return !exchange.isOver() && super.isUserInRole(role);
    }
    if (role == null) {
      return false;
    }
    return switch (role) {
      case "*" -> false;
      case "**" -> true;
      default -> exchange.settings().roles().test(ours, role);
    };
  }

  @Override
  public boolean authenticate(HttpServletResponse to) throws IOException, ServletException {
    if (exchange.principal().isPresent()) {
      return true;
    }
    requireUnderWay();
    boolean isAuthenticated = super.authenticate(to);
    if (isAuthenticated) {
      exchange.authenticator().userIs(ContainerUser.of(this));
    }
    return isAuthenticated;
  }

  private void requireUnderWay() {
    if (exchange.isOver()) {
      throw new IllegalStateException("it is too late to log in: the request has ended");
    }
  }

  @Override
  public void login(String user, String password) throws ServletException {
    if (exchange.principal().isPresent()) {
      throw new ServletException("a user is logged in already");
    }
    requireUnderWay();
    super.login(user, password);
    exchange.authenticator().userIs(ContainerUser.of(this));
  }

  @Override
  public void logout() throws ServletException {
    // If this fails, the container's login stays too.
    exchange.logout().prepare();
    try {
      if (!exchange.isOver()) {
        logoutOfTheContainer();
      }
    } finally {
      exchange.logout().logout();
      if (!exchange.isOver()) {
        exchange.authenticator().userIs(ContainerUser.ofDispatch(this));
      }
    }
  }

  private void logoutOfTheContainer() throws ServletException {
    try {
      super.logout();
    } catch (ServletException e) {
      // Jetty throws if it had no user.
      if (ContainerUser.ofDispatch(this) != null) {
        throw e;
      }
    }
  }

  @Override
  public <T extends HttpUpgradeHandler> T upgrade(Class<T> handler)
      throws IOException, ServletException {
    exchange.beforeCommit();
    return super.upgrade(handler);
  }

  /**
   * The container would continue with its own request and response, so it is given the wrappers.
   * What it derives from its own is kept separately: {@code dispatch()} goes to the path that the
   * client requested.
   */
  @Override
  public AsyncContext startAsync() {
    String path = AsyncTarget.ofClient(beneath(this));
    return SessionAsyncContext.begin(exchange, this, super.startAsync(this, response), true, path);
  }

  /** The same, but {@code dispatch()} goes to the current path of the request. */
  @Override
  public AsyncContext startAsync(ServletRequest servletRequest, ServletResponse servletResponse) {
    boolean areOriginal =
        servletRequest == this
            && servletResponse == response
            && !isDispatched(getRequest())
            && response.isContainersOwn();
    String path = AsyncTarget.ofGiven(servletRequest);
    return SessionAsyncContext.begin(
        exchange, this, super.startAsync(servletRequest, servletResponse), areOriginal, path);
  }

  /** Returns whether there is a wrapper below those of the session, such as that of a dispatch. */
  private static boolean isDispatched(ServletRequest below) {
    ServletRequest current = below;
    while (current instanceof SessionRequest outer) {
      current = outer.getRequest();
    }
    return current instanceof ServletRequestWrapper;
  }

  /** Returns the container's own request, below all wrappers. */
  static ServletRequest beneath(ServletRequest request) {
    ServletRequest current = request;
    while (current instanceof ServletRequestWrapper wrapper) {
      current = wrapper.getRequest();
    }
    return current;
  }

  @Override
  public @Nullable AsyncContext getAsyncContext() {
    AsyncContext context = super.getAsyncContext();
    // Null if nothing is asynchronous: a container throws then, a mock request returns it.
    return context == null ? null : SessionAsyncContext.of(exchange, context);
  }

  /** The logged-in user, as {@code getUserPrincipal} shows it. */
  private record SessionPrincipal(String name) implements Principal {

    @Override
    public String getName() {
      return name;
    }

    @Override
    public String toString() {
      return name;
    }
  }
}
