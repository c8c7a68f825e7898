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
import jakarta.servlet.http.HttpSessionAttributeListener;
import jakarta.servlet.http.HttpSessionIdListener;
import jakarta.servlet.http.HttpSessionListener;
import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.EventListener;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiPredicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts Coatcheck behind {@code request.getSession()}, for everything behind the filter. The
 * container's own sessions are never asked for.
 *
 * <p>Put it before all filters that use the session, for the dispatcher types {@code REQUEST},
 * {@code FORWARD}, {@code ASYNC} and {@code ERROR}, with asynchronous support; {@link #register}
 * does that. Mapped twice, it acts once; several filters with cookies of different names work side
 * by side.
 *
 * <p>A session is saved before the response can reach the client, so that who sees the response
 * finds what it reports. A {@link SessionStoreException} that the application lets pass, and a save
 * that fails, is answered with 503 and {@code Retry-After}, as long as the response is uncommitted.
 *
 * <p>Thread-safe.
 *
 * @since 0.1.0
 */
public class SessionFilter implements Filter {

  private static final Logger LOG = LoggerFactory.getLogger(SessionFilter.class);

  /** Names the request attribute that holds the exchange of the innermost filter. */
  static final String CURRENT = SessionFilter.class.getName() + ".current";

  private static final AtomicLong INSTANCES = new AtomicLong();

  /** Names the request attribute that holds this filter's exchange. */
  private final String attribute =
      SessionFilter.class.getName() + ".exchange" + INSTANCES.incrementAndGet();

  private final boolean isBuilt;
  private volatile @Nullable FilterSettings settings;
  private volatile @Nullable SessionListeners listeners;

  /**
   * For {@code web.xml} and for subclasses: what {@link #configure} returns is used from {@link
   * #init} on.
   */
  public SessionFilter() {
    isBuilt = false;
  }

  private SessionFilter(FilterSettings settings) {
    isBuilt = true;
    this.settings = settings;
  }

  /**
   * Begins a filter for the sessions of a manager. The manager is the caller's to close, after the
   * filter's end.
   */
  public static Builder builder(SessionManager manager) {
    return new Builder(manager);
  }

  /**
   * Decides how a filter works that was not made by a {@link Builder}: to be overridden, if the
   * init parameters are not enough. As it is here, sessions are kept in memory, an audit log is
   * written, the manager ends with the filter, and these init parameters of {@code web.xml} are
   * read, each with the default that the builders say:
   *
   * <ul>
   *   <li>{@code idleTimeout}, {@code absoluteTimeout}, {@code anonymousIdleTimeout}, {@code
   *       rememberedIdleTimeout}, {@code rememberedAbsoluteTimeout}: durations such as {@code
   *       PT30M}, as {@link io.coatcheck.session.SessionPolicy.Builder} has them
   *   <li>{@code maximumSessions} of the store, {@code dropAttributesAtLogin} of the manager
   *   <li>{@code cookieName}, {@code cookiePath}, {@code cookieDomain}, {@code cookieSameSite}
   *       ({@code Lax}, {@code Strict} or {@code None}), or {@code insecureForLocalDevelopment}, as
   *       {@link SessionCookie} has them
   *   <li>{@code header}: {@code Authorization} for {@link SessionHeader#bearer}, any other name
   *       for {@link SessionHeader#named}; {@code withoutCookie}
   *   <li>{@code exclude} (several, with commas or spaces between them), {@code lazy}, {@code
   *       storeEmptySessions}, {@code recordClient}, as {@link Builder} has them
   *   <li>{@code trustedOrigins}, {@code publicOrigins}, {@code crossOriginExempt} (several),
   *       {@code crossOriginStrict}, as {@link CrossOriginPolicy.Builder} has them
   * </ul>
   *
   * @throws ServletException if a parameter is not known or is wrong, which stops start-up; the
   *     message names it, the rule and the value
   */
  protected Builder configure(FilterConfig config) throws ServletException {
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
    warnOfIgnoredSettings(config.getServletContext());
    listen(config.getServletContext());
  }

  private void warnOfIgnoredSettings(ServletContext servletContext) {
    List<String> ignored = ContainerCookie.ignoredSettings(servletContext, required().cookie());
    if (!ignored.isEmpty()) {
      LOG.warn(
          "The container's settings of its session cookie and session tracking have no effect on"
              + " the sessions of Coatcheck: {}. What is needed of them is set by SessionCookie",
          ignored.stream().map(SessionCookie::quoted).toList());
    }
  }

  /** Finds out whom to tell about sessions. */
  private synchronized SessionListeners listen(ServletContext servletContext) {
    SessionListeners known = listeners;
    if (known != null) {
      return known;
    }
    FilterSettings current = required();
    List<EventListener> all = new ArrayList<>();
    ContainerListeners.of(servletContext)
        .ifPresentOrElse(
            all::addAll,
            () ->
                LOG.warn(
                    "This container does not tell which listeners are registered with it ({})."
                        + " If the application has listeners of sessions, give them to"
                        + " SessionFilter.Builder.listener, or they hear nothing",
                    servletContext.getClass().getName()));
    all.addAll(current.listeners());
    SessionListeners told = new SessionListeners(current.manager(), servletContext, all);
    listeners = told;
    current.manager().addListener(told);
    return told;
  }

  private FilterSettings required() {
    FilterSettings current = settings;
    if (current == null) {
      throw new IllegalStateException("init was not called on this SessionFilter");
    }
    return current;
  }

  /** Closes the manager if this filter made it, and leaves one that it was given alone. */
  @Override
  public synchronized void destroy() {
    FilterSettings current = settings;
    SessionListeners told = listeners;
    listeners = null;
    if (current != null && told != null) {
      current.manager().removeListener(told);
    }
    if (current != null && current.closesManager()) {
      current.manager().close();
    }
  }

  /**
   * Registers this filter for all paths and the dispatcher types that it needs, before the filters
   * that {@code web.xml} maps and those that are mapped later in this way.
   *
   * @throws IllegalStateException if there is a filter {@code coatcheck-session} already, or it is
   *     too late to add one
   */
  public FilterRegistration.Dynamic register(ServletContext servletContext) {
    FilterRegistration.Dynamic registration = servletContext.addFilter("coatcheck-session", this);
    if (registration == null) {
      throw new IllegalStateException("there is a filter of the name coatcheck-session already");
    }
    registration.setAsyncSupported(true);
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
    if (known == null && isRefused(exchange, request, response)) {
      return;
    }
    SessionRequest ourRequest = SessionRequest.in(request, exchange);
    SessionResponse ourResponse = SessionResponse.in(response, exchange);
    if (ourRequest != null && ourResponse != null) {
      passThrough(exchange, request, response, chain);
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
    exchange.forwards().wrappedBy(ourRequest);
    if (known == null && isEager(exchange.settings(), request)) {
      exchange.resolveNow();
    }
    Object outer = request.getAttribute(CURRENT);
    request.setAttribute(CURRENT, exchange);
    try {
      guarded(exchange, passedRequest, passedResponse, chain);
    } finally {
      if (outer != null && !request.isAsyncStarted()) {
        request.setAttribute(CURRENT, outer);
      }
    }
  }

  /**
   * Answers 403 if another site made a browser send the request. A live session that came in the
   * header speaks for the request, since no browser adds that by itself; none that came in the
   * cookie is looked at.
   */
  private static boolean isRefused(
      SessionExchange exchange, HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    if (request.getDispatcherType() != DispatcherType.REQUEST) {
      return false;
    }
    CrossOriginPolicy.Refusal refusal =
        exchange.settings().crossOrigin().refuses(request).orElse(null);
    if (refusal == null) {
      return false;
    }
    try {
      if (exchange.isLiveByHeader()) {
        return false;
      }
    } catch (SessionStoreException e) {
      exchange.answersUnavailable(e);
      return true;
    }
    response.setStatus(HttpServletResponse.SC_FORBIDDEN);
    response.setHeader("Cache-Control", "no-store");
    response.setContentType("text/plain;charset=UTF-8");
    response.getWriter().println(refusal.message());
    return true;
  }

  /** Passes a dispatch on that has our wrappers already. */
  private static void passThrough(
      SessionExchange exchange,
      HttpServletRequest request,
      HttpServletResponse response,
      FilterChain chain)
      throws IOException, ServletException {
    switch (request.getDispatcherType()) {
      case FORWARD -> {
        // The end of a forward may be the end of the response.
        exchange.forwardBegins();
        try {
          chain.doFilter(request, response);
          exchange.beforeCommit();
        } finally {
          exchange.forwardEnds();
        }
      }
      case ASYNC -> guarded(exchange, request, response, chain);
      default -> chain.doFilter(request, response);
    }
  }

  private static void guarded(
      SessionExchange exchange,
      HttpServletRequest request,
      HttpServletResponse response,
      FilterChain chain)
      throws IOException, ServletException {
    exchange.dispatchBegins();
    try {
      chain.doFilter(request, response);
      ended(exchange, request);
    } catch (IOException | ServletException | RuntimeException | Error e) {
      SessionStoreException failure = Unavailable.causeOf(e);
      if (failure == null) {
        saveDespite(e, exchange, request);
        throw e;
      }
      if (!exchange.answersUnavailable(failure)) {
        throw e;
      }
    } finally {
      exchange.dispatchEnds(request.isAsyncStarted());
    }
  }

  private static void ended(SessionExchange exchange, HttpServletRequest request) {
    if (request.isAsyncStarted()) {
      exchange.wentAsync();
    } else {
      exchange.chainReturned();
    }
  }

  /** What the application stored before it failed is stored. */
  private static void saveDespite(
      Throwable e, SessionExchange exchange, HttpServletRequest request) {
    try {
      ended(exchange, request);
    } catch (SessionStoreException unsaved) {
      e.addSuppressed(unsaved);
    }
  }

  private static boolean isEager(FilterSettings settings, HttpServletRequest request) {
    return !settings.lazy() && !settings.excluded().matches(request);
  }

  private SessionExchange begin(HttpServletRequest request, HttpServletResponse response) {
    FilterSettings current = required();
    SessionListeners told = listeners;
    if (told == null) {
      // A filter that was built may be called by one that initialises no others.
      told = listen(request.getServletContext());
    }
    SessionExchange exchange = new SessionExchange(current, told, request, response);
    request.setAttribute(attribute, exchange);
    return exchange;
  }

  /** Builds a filter; {@link #build()} checks the combination. Not thread-safe. */
  public static final class Builder {

    private final SessionManager manager;
    private @Nullable SessionCookie cookie;
    private @Nullable SessionHeader header;
    private boolean withoutCookie;
    private final List<String> excluded = new ArrayList<>();
    private boolean lazy;
    private boolean storeEmptySessions;
    private BiPredicate<String, String> roles = (principal, role) -> false;
    private boolean recordClient = true;
    private CrossOriginPolicy crossOrigin = CrossOriginPolicy.defaults();
    private @Nullable FloodGuard floodGuard;
    private @Nullable ClientCheck clientCheck;
    private final List<EventListener> listeners = new ArrayList<>();
    private boolean closeManager;

    private Builder(SessionManager manager) {
      this.manager = manager;
    }

    /** Sets the cookie. Default: {@link SessionCookie#defaults()}. */
    public Builder cookie(SessionCookie sessionCookie) {
      cookie = sessionCookie;
      return this;
    }

    /**
     * Sets the header that carries the token of programs, beside the cookie of browsers: a request
     * with a token of ours in it has nothing to do with the cookie. Default: none.
     */
    public Builder header(SessionHeader sessionHeader) {
      header = sessionHeader;
      return this;
    }

    /**
     * Leaves the cookie out: tokens come and go by the {@linkplain #header header} alone. Default:
     * there is a cookie.
     */
    public Builder withoutCookie() {
      withoutCookie = true;
      return this;
    }

    /**
     * Adds paths on which the store is asked only when the application asks for the session, such
     * as {@code /assets/*}: requests there do not count as activity otherwise. The session works
     * there as everywhere. Default: none.
     *
     * @param paths {@code /health} or {@code /assets/*}, within the application
     * @throws IllegalArgumentException if one is neither
     */
    public Builder exclude(String... paths) {
      List<String> added = List.of(paths);
      PathPatterns.of("exclude", added);
      excluded.addAll(added);
      return this;
    }

    /**
     * Sets whether that is so on all paths. Then a request counts as activity only if the
     * application asks for the session, the user or a {@link WebSession}. Default: false.
     */
    public Builder lazy(boolean untilAsked) {
      lazy = untilAsked;
      return this;
    }

    /**
     * Sets whether {@code getSession()} stores a session, and sends its cookie, though nothing is
     * put into it: the habit of the containers, which costs a row for every robot that comes by.
     * Default: false, a session is stored once the application relies on it.
     */
    public Builder storeEmptySessions(boolean store) {
      storeEmptySessions = store;
      return this;
    }

    /**
     * Sets what {@code isUserInRole} answers for a principal of ours. It is asked each time, so
     * that a role that was taken away is gone at once. Default: false for every role.
     *
     * @param predicate is given the principal and the role, in this order; thread-safe
     */
    public Builder roles(BiPredicate<String, String> predicate) {
      roles = predicate;
      return this;
    }

    /**
     * Sets whether a login records the address and the user agent of the client for the list of
     * devices, unless the login itself says what to record. Default: true.
     */
    public Builder recordClient(boolean record) {
      recordClient = record;
      return this;
    }

    /**
     * Sets which requests other sites may make a browser send. Default: {@link
     * CrossOriginPolicy#defaults()}.
     */
    public Builder crossOrigin(CrossOriginPolicy policy) {
      crossOrigin = policy;
      return this;
    }

    /**
     * Sets how many anonymous sessions a client may begin in a second. Default: as many as it
     * likes.
     */
    public Builder floodGuard(FloodGuard guard) {
      floodGuard = guard;
      return this;
    }

    /**
     * Sets what judges whether a session is used by the client that logged in. Default: nothing
     * does.
     */
    public Builder clientCheck(ClientCheck check) {
      clientCheck = check;
      return this;
    }

    /**
     * Adds somebody to tell about sessions, after those before. Needed where the container does not
     * let itself be asked for its listeners, which a warning at start-up says; Tomcat and Jetty do,
     * and there the listeners of {@code web.xml}, of annotations and of {@code
     * ServletContext.addListener} are told without this.
     *
     * @param listener a {@code HttpSessionListener}, {@code HttpSessionAttributeListener} or {@code
     *     HttpSessionIdListener}, or several of these; thread-safe. The end of a session is told on
     *     the node that ended it, by whatever thread it happens on.
     * @throws IllegalArgumentException if it is none of these
     */
    public Builder listener(EventListener listener) {
      boolean isKnown =
          listener instanceof HttpSessionListener
              || listener instanceof HttpSessionAttributeListener
              || listener instanceof HttpSessionIdListener;
      if (!isKnown) {
        throw new IllegalArgumentException(
            "listener must be a listener of sessions, their attributes or their ids: "
                + listener.getClass().getName());
      }
      listeners.add(listener);
      return this;
    }

    /**
     * Sets whether the manager is closed when the container ends the filter; for filters that a
     * subclass configures, with a manager that nobody else knows. Default: false.
     */
    public Builder closeManager(boolean close) {
      closeManager = close;
      return this;
    }

    /**
     * Makes the filter.
     *
     * @throws IllegalArgumentException if there is neither a cookie nor a header, or the cookie is
     *     set and left out
     */
    public SessionFilter build() {
      return new SessionFilter(settings());
    }

    FilterSettings settings() {
      if (withoutCookie && header == null) {
        throw new IllegalArgumentException(
            "withoutCookie() must not be chosen without a header(...): nothing could carry a token");
      }
      SessionCookie set = cookie;
      if (withoutCookie && set != null) {
        throw new IllegalArgumentException(
            "cookie(...) must not be set together with withoutCookie(): " + set);
      }
      SessionCookie kept = set == null ? SessionCookie.defaults() : set;
      SessionCookie used = withoutCookie ? null : kept;
      return new FilterSettings(
          manager,
          used,
          header,
          HintTransport.of(manager, used, header),
          PathPatterns.of("exclude", excluded),
          lazy,
          storeEmptySessions,
          roles,
          recordClient,
          crossOrigin,
          floodGuard,
          clientCheck,
          List.copyOf(listeners),
          closeManager);
    }
  }
}
