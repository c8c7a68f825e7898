package io.coatcheck.session.servlet;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.store.SessionStoreException;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.Filter;
import jakarta.servlet.FilterChain;
import jakarta.servlet.FilterConfig;
import jakarta.servlet.FilterRegistration;
import jakarta.servlet.ServletContext;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpSession;
import java.io.IOException;
import java.util.EnumSet;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Implements {@code request.getSession()} with Coatcheck for everything after the filter. The
 * filter never creates a session of the container.
 *
 * <p>Map it before all filters that use the session, for the dispatcher types {@code REQUEST},
 * {@code FORWARD}, {@code ASYNC} and {@code ERROR}, with asynchronous support; {@link #register}
 * does that. A filter that is mapped twice acts once. Several filters with cookies of different
 * names work side by side.
 *
 * <p>A session is saved before the response can reach the client, so that a client that sees the
 * response finds what it reports. A {@link SessionStoreException} that the application does not
 * catch, and a failed save, are answered with 503 and {@code Retry-After}, as long as the response
 * is uncommitted.
 *
 * <p>Thread-safe.
 *
 * @since 0.1.0
 */
public class SessionFilter implements Filter {

  /** The request attribute that holds the exchange of the innermost filter. */
  static final String CURRENT = SessionFilter.class.getName() + ".current";

  private static final AtomicLong INSTANCES = new AtomicLong();

  /**
   * The request attribute that holds this filter's exchange. Another application that the request
   * is dispatched to may load its own copy of this class and reuse the same numbers.
   */
  private final String attribute =
      SessionFilter.class.getName()
          + ".exchange"
          + INSTANCES.incrementAndGet()
          + "@"
          + Integer.toHexString(System.identityHashCode(SessionFilter.class));

  /** The request attribute that holds what this filter has added to the response. */
  private final String sent = attribute + ".sent";

  private final PlainHttp plainHttp = new PlainHttp();

  private final boolean isBuilt;
  private volatile @Nullable FilterSettings settings;
  private volatile @Nullable SessionListeners listeners;

  /**
   * For {@code web.xml} and for subclasses. The result of {@link #configure} is used from {@link
   * #init} on.
   */
  public SessionFilter() {
    isBuilt = false;
  }

  SessionFilter(FilterSettings settings) {
    isBuilt = true;
    this.settings = settings;
  }

  /** Returns the exception for a request that no filter has passed on. */
  static IllegalStateException missing() {
    return new IllegalStateException(
        "no SessionFilter is in front of this request: map one to /* for the dispatcher types"
            + " REQUEST, FORWARD, ASYNC and ERROR, before all filters that use the session");
  }

  /** Returns the exception for a session that is not of a request that a filter has passed on. */
  static IllegalArgumentException foreign(HttpSession session) {
    return new IllegalArgumentException(
        "session was not obtained from a request that passed a SessionFilter: "
            + session.getClass().getName());
  }

  /**
   * Begins a filter for the sessions of a manager. The caller closes the manager, after the
   * filter's end.
   */
  public static SessionFilterBuilder builder(SessionManager manager) {
    return new SessionFilterBuilder(manager);
  }

  /**
   * Configures a filter that was not made by a {@link SessionFilterBuilder}. Override it if the
   * init parameters are not enough. This implementation keeps sessions in memory, writes an audit
   * log, closes the manager with the filter, and reads these init parameters of {@code web.xml},
   * each with the default of the builders:
   *
   * <ul>
   *   <li>{@code idleTimeout}, {@code absoluteTimeout}, {@code anonymousIdleTimeout}, {@code
   *       rememberedIdleTimeout}, {@code rememberedAbsoluteTimeout}: durations such as {@code
   *       PT30M}, as in {@link io.coatcheck.session.SessionPolicy.Builder}
   *   <li>{@code maximumSessions} of the store, {@code dropAttributesAtLogin} of the manager
   *   <li>{@code cookieName}, {@code cookiePath}, {@code cookieDomain}, {@code cookieSameSite}
   *       ({@code Lax}, {@code Strict} or {@code None}), {@code cookiePartitioned}, or {@code
   *       insecureForLocalDevelopment}, as in {@link SessionCookie}
   *   <li>{@code header}: {@code Authorization} for {@link SessionHeader#bearer}, any other name
   *       for {@link SessionHeader#named}; {@code withoutCookie}
   *   <li>{@code exclude} (several, with commas or spaces between them), {@code crossSiteLogin}
   *       (several), {@code lazy}, {@code withoutActivity} (several), {@code
   *       withoutActivityHeader}, {@code storeEmptySessions}, {@code recordClient}, {@code
   *       exposeToken}, {@code clearSiteData} ({@code cache}, {@code storage}, {@code cookies}), as
   *       in {@link SessionFilterBuilder}
   *   <li>{@code trustedOrigins}, {@code publicOrigins}, {@code crossOriginExempt} (several),
   *       {@code crossOriginStrict}, as in {@link CrossOriginPolicy.Builder}
   *   <li>{@code anonymousSessionsPerSecond}, which sets a {@link FloodGuard}; with it, {@code
   *       anonymousBurst} and {@code trustedProxies} (several), as the burst and the proxies in
   *       {@link FloodGuard.Builder}
   * </ul>
   *
   * <p>A {@link ClientCheck} is code, and is set by overriding this.
   *
   * @throws ServletException if a parameter is unknown or invalid, so that startup fails; the
   *     message names it, the rule and the value
   */
  protected SessionFilterBuilder configure(FilterConfig config) throws ServletException {
    return InitParameters.read(config);
  }

  @Override
  public final void init(FilterConfig config) throws ServletException {
    if (!isBuilt) {
      settings = configure(config).settings();
    } else if (config.getInitParameterNames().hasMoreElements()) {
      throw new ServletException(
          "this SessionFilter was made by its builder and reads no init parameters: "
              + config.getInitParameterNames().nextElement());
    }
    IgnoredContainerSettings.warnOfIgnoredSettings(
        config.getServletContext(), required().cookie(), required().manager().policy());
    IgnoredContainerSettings.warnOfSharedName(config.getServletContext(), required().cookie());
    CookiesInUse.add(this, required().manager(), config.getServletContext(), required().cookie());
    listen(config.getServletContext());
  }

  /** Finds the listeners of sessions. */
  private synchronized SessionListeners listen(ServletContext servletContext) {
    SessionListeners known = listeners;
    if (known != null) {
      return known;
    }
    FilterSettings current = required();
    SessionListeners joined =
        SessionListeners.join(current.manager(), servletContext, this, current.listeners());
    listeners = joined;
    return joined;
  }

  private FilterSettings required() {
    FilterSettings current = settings;
    if (current == null) {
      throw new IllegalStateException(
          "this SessionFilter is not initialized: the container must call init, as it does for a"
              + " registered filter");
    }
    return current;
  }

  /**
   * Returns the cookie that carries the tokens; empty if only a header does.
   *
   * @throws IllegalStateException if the filter is configured by {@link #init}, which has not been
   *     called
   */
  public final Optional<SessionCookie> cookie() {
    return Optional.ofNullable(required().cookie());
  }

  /**
   * Returns the header that carries the tokens; empty if only the cookie does.
   *
   * @throws IllegalStateException if the filter is configured by {@link #init}, which has not been
   *     called
   */
  public final Optional<SessionHeader> header() {
    return Optional.ofNullable(required().header());
  }

  /** Closes the manager if this filter made it, but not one that it was given. */
  @Override
  public synchronized void destroy() {
    FilterSettings current = settings;
    SessionListeners joined = listeners;
    listeners = null;
    CookiesInUse.remove(this);
    if (joined != null && joined.leave(this)) {
      SharedSessions.leaveAll(joined);
    }
    if (current != null && current.closesManager()) {
      current.manager().close();
    }
  }

  /**
   * Registers this filter for all paths and the dispatcher types that it needs, before the filters
   * that {@code web.xml} maps and those that are registered later in this way.
   *
   * @throws IllegalStateException if there is a filter {@code coatcheck-session} already, or it is
   *     too late to add one
   */
  public FilterRegistration.Dynamic register(ServletContext servletContext) {
    FilterRegistration.Dynamic registration =
        Registration.addFilter("coatcheck-session", this, servletContext);
    registration.addMappingForUrlPatterns(
        EnumSet.of(
            DispatcherType.REQUEST,
            DispatcherType.FORWARD,
            DispatcherType.ASYNC,
            DispatcherType.ERROR),
        false,
        "/*");
    return registration;
  }

  @Override
  public final void doFilter(ServletRequest request, ServletResponse response, FilterChain chain)
      throws IOException, ServletException {
    if (request instanceof HttpServletRequest httpRequest
        && response instanceof HttpServletResponse httpResponse) {
      filter(httpRequest, httpResponse, chain);
    } else {
      chain.doFilter(request, response);
    }
  }

  private void filter(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
      throws IOException, ServletException {
    SessionExchange known =
        request.getAttribute(attribute) instanceof SessionExchange exchange ? exchange : null;
    SessionExchange exchange = known == null ? begin(request, response) : known;
    if (known == null) {
      plainHttp.notice(request, exchange.settings().cookie());
    }
    if (known == null && isRefused(exchange, request, response)) {
      return;
    }
    if (known != null && Dispatch.isRefusedForward(exchange, request, response)) {
      return;
    }
    SessionRequest ourRequest = SessionRequest.in(request, exchange);
    SessionResponse ourResponse = SessionResponse.in(response, exchange);
    HttpServletResponse lower = below(ourResponse, response);
    boolean isResumed = known != null && known.request() == null;
    if (isResumed) {
      exchange.resume(
          below(ourRequest, request),
          lower,
          request.getAttribute(sent) instanceof AddedHeaders put ? put : null);
    }
    // On Undertow, the error page of an asynchronous dispatch still has the wrappers.
    boolean isErrorPage = isResumed && request.getDispatcherType() == DispatcherType.ERROR;
    boolean hasReturned = false;
    if (ourRequest != null && ourResponse != null && !isErrorPage) {
      try {
        Dispatch.passThrough(exchange, request, response, chain);
        hasReturned = true;
      } finally {
        keepSent(exchange, request, lower, hasReturned);
      }
      return;
    }
    HttpServletResponse passedResponse = response;
    if (ourResponse == null) {
      ourResponse = new SessionResponse(exchange, response);
      passedResponse = ourResponse;
    }
    HttpServletRequest passedRequest = request;
    if (ourRequest == null) {
      ourRequest = new SessionRequest(exchange, request, ourResponse);
      passedRequest = ourRequest;
    }
    exchange.state().wrappedBy(ourRequest);
    boolean resolves = known == null && isEager(exchange.settings(), request);
    Object outer = request.getAttribute(CURRENT);
    request.setAttribute(CURRENT, exchange);
    try {
      Dispatch.guarded(exchange, resolves, passedRequest, passedResponse, chain);
      hasReturned = true;
    } finally {
      exchange.settings().containerSession().settle(request, exchange);
      if (outer != null && !request.isAsyncStarted()) {
        request.setAttribute(CURRENT, outer);
      }
      keepSent(exchange, request, lower, hasReturned);
    }
  }

  /** Keeps what was added to the response of a request that has ended, for its error page. */
  private void keepSent(
      SessionExchange exchange,
      HttpServletRequest request,
      HttpServletResponse response,
      boolean hasReturned) {
    AddedHeaders put = exchange.takeSent();
    if (put != null) {
      request.setAttribute(sent, put);
      if (!hasReturned) {
        // Undertow clears the headers, and answers without a call of the filter.
        UndertowResponse.beforeCommit(
            response, own -> exchange.state().run(() -> put.restoreIn(own)));
      }
    }
  }

  private static HttpServletRequest below(
      @Nullable SessionRequest ours, HttpServletRequest request) {
    return ours != null && ours.getRequest() instanceof HttpServletRequest below ? below : request;
  }

  private static HttpServletResponse below(
      @Nullable SessionResponse ours, HttpServletResponse response) {
    return ours != null && ours.getResponse() instanceof HttpServletResponse below
        ? below
        : response;
  }

  /**
   * Answers 403 if another site made a browser send the request, at the first dispatch that this
   * filter sees, unless that is of an error page. A live session from the header admits the
   * request, since no browser adds that header by itself. A session from the cookie does not
   * matter.
   */
  private static boolean isRefused(
      SessionExchange exchange, HttpServletRequest request, HttpServletResponse response) {
    if (request.getDispatcherType() == DispatcherType.ERROR) {
      return false;
    }
    CrossOriginPolicy.Refusal refusal =
        exchange.settings().crossOrigin().refuses(request).orElse(null);
    if (refusal == null) {
      return false;
    }
    try {
      if (exchange.resolver().requested().isLiveByHeader()) {
        return false;
      }
    } catch (SessionStoreException e) {
      exchange.saving().answersUnavailable(e);
      return true;
    }
    exchange
        .settings()
        .problems()
        .warn("cross-origin " + refusal, refusal.message() + " The answer is 403");
    if (!response.isCommitted()) {
      PlainAnswer.send(response, HttpServletResponse.SC_FORBIDDEN, refusal.message() + "\n");
    }
    return true;
  }

  private static boolean isEager(FilterSettings settings, HttpServletRequest request) {
    return !settings.lazy() && !settings.excluded().matches(request);
  }

  private SessionExchange begin(HttpServletRequest request, HttpServletResponse response) {
    FilterSettings current = required();
    SessionListeners joined = listeners;
    if (joined == null) {
      // A filter that was built may be called by another filter that does not initialize it.
      joined = listen(request.getServletContext());
    }
    SessionExchange exchange = new SessionExchange(current, joined, request, response);
    request.setAttribute(attribute, exchange);
    return exchange;
  }
}
