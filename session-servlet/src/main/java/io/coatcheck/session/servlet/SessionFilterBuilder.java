package io.coatcheck.session.servlet;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.log.LimitedLog;
import jakarta.servlet.http.HttpSessionAttributeListener;
import jakarta.servlet.http.HttpSessionIdListener;
import jakarta.servlet.http.HttpSessionListener;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.EventListener;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.BiPredicate;
import org.jspecify.annotations.Nullable;

/**
 * Builds a filter; {@link #build()} checks the combination. Not thread-safe.
 *
 * @since 0.1.0
 */
public final class SessionFilterBuilder {

  private final SessionManager manager;
  private @Nullable SessionCookie cookie;
  private @Nullable SessionHeader header;
  private boolean withoutCookie;
  private final List<String> excluded = new ArrayList<>();
  private boolean lazy;
  private final List<String> withoutActivity = new ArrayList<>();
  private final Set<String> withoutActivityHeaders = new LinkedHashSet<>();
  private boolean storeEmptySessions;
  private BiPredicate<String, String> roles = (principal, role) -> false;
  private boolean recordClient = true;
  private CrossOriginPolicy crossOrigin = CrossOriginPolicy.defaults();
  private final List<String> crossSiteLogins = new ArrayList<>();
  private @Nullable FloodGuard floodGuard;
  private @Nullable ClientCheck clientCheck;
  private final List<EventListener> listeners = new ArrayList<>();
  private final Set<SiteData> siteData = EnumSet.noneOf(SiteData.class);
  private boolean exposeToken;
  private boolean closeManager;

  SessionFilterBuilder(SessionManager manager) {
    this.manager = manager;
  }

  /** Sets the cookie. Default: {@link SessionCookie#defaults()}. */
  public SessionFilterBuilder cookie(SessionCookie sessionCookie) {
    cookie = sessionCookie;
    return this;
  }

  /**
   * Sets the header that carries the token of programs, beside the cookie of browsers. If a request
   * has a Coatcheck token in it, the cookie is ignored. Default: none.
   */
  public SessionFilterBuilder header(SessionHeader sessionHeader) {
    header = sessionHeader;
    return this;
  }

  /**
   * Omits the cookie: tokens are received and sent only in the {@linkplain #header header}.
   * Default: there is a cookie.
   */
  public SessionFilterBuilder withoutCookie() {
    withoutCookie = true;
    return this;
  }

  /**
   * Adds paths on which the store is used only when the application asks for the session, such as
   * {@code /assets/*}. Requests there count as activity only then. The session works there as
   * everywhere. Default: none.
   *
   * @param paths {@code /health} or {@code /assets/*}, within the application
   * @throws IllegalArgumentException if one is neither
   */
  public SessionFilterBuilder exclude(String... paths) {
    List<String> added = List.of(paths);
    PathPatterns.of("exclude", added);
    excluded.addAll(added);
    return this;
  }

  /**
   * Sets whether all paths are treated as {@linkplain #exclude excluded}. Then a request counts as
   * activity only if the application asks for the session, the user or a {@link WebSession}.
   * Default: false.
   */
  public SessionFilterBuilder lazy(boolean untilAsked) {
    lazy = untilAsked;
    return this;
  }

  /**
   * Adds paths on which requests do not count as activity, such as {@code /notifications} that a
   * page polls. Their session is found, read and changed as everywhere, and expires as if they had
   * not been sent. A login still counts, and so does access by {@code HttpSession.getAccessor}. The
   * path is that of the first dispatch. Default: none; each request counts.
   *
   * @param paths {@code /poll} or {@code /poll/*}, within the application
   * @throws IllegalArgumentException if one is neither
   */
  public SessionFilterBuilder withoutActivity(String... paths) {
    List<String> added = List.of(paths);
    PathPatterns.of("withoutActivity", added);
    withoutActivity.addAll(added);
    return this;
  }

  /**
   * Adds a header by which a page says that no person caused a request, such as {@code
   * X-Background}. A request that has it, with any value, does not count as activity, as with
   * {@link #withoutActivity}. Any client can send it; its session then ends earlier, never later,
   * and {@code lastSeenAt} does not show the request. Default: none.
   *
   * @param name 1 to 128 characters of an HTTP token, in any case
   * @throws IllegalArgumentException if it is not that, or names a header that means something else
   */
  public SessionFilterBuilder withoutActivityHeader(String name) {
    SessionHeader.requireOwnName("withoutActivityHeader", name);
    withoutActivityHeaders.add(name);
    return this;
  }

  /**
   * Sets whether {@code getSession()} stores a session, and sends its cookie, even if nothing is
   * put into it, as containers do, at the cost of a row for every crawler. Default: false; a
   * session is stored once the application relies on it.
   */
  public SessionFilterBuilder storeEmptySessions(boolean store) {
    storeEmptySessions = store;
    return this;
  }

  /**
   * Sets the result of {@code isUserInRole} for a principal that is logged in through Coatcheck. It
   * is called each time, so that a revoked role is gone at once. Default: false for every role.
   *
   * @param predicate receives the principal and the role, in this order; thread-safe
   */
  public SessionFilterBuilder roles(BiPredicate<String, String> predicate) {
    roles = predicate;
    return this;
  }

  /**
   * Sets whether a login records the address and the user agent of the client for the list of
   * devices, unless the options of the login specify what to record. Default: true.
   */
  public SessionFilterBuilder recordClient(boolean record) {
    recordClient = record;
    return this;
  }

  /**
   * Sets which requests other sites may make a browser send. Default: {@link
   * CrossOriginPolicy#defaults()}.
   */
  public SessionFilterBuilder crossOrigin(CrossOriginPolicy policy) {
    crossOrigin = policy;
    return this;
  }

  /**
   * Adds paths on which a framework logs users in with a request that another site makes the
   * browser send, such as the assertion consumer service of SAML, without {@link WebSession#login}
   * and without {@code changeSessionId}. Usually a session that begins in such a request lasts only
   * for the request: browsers do not send a {@code SameSite=Lax} or {@code Strict} cookie with it,
   * and the cookie of a new session would replace that of a logged-in user. On these paths it is
   * stored, and its cookie is sent. Default: none.
   *
   * @param paths {@code /acs} or {@code /login/saml2/*}, within the application
   * @throws IllegalArgumentException if one is neither
   */
  public SessionFilterBuilder crossSiteLogin(String... paths) {
    List<String> added = List.of(paths);
    PathPatterns.of("crossSiteLogin", added);
    crossSiteLogins.addAll(added);
    return this;
  }

  /**
   * Sets the limit on anonymous sessions that a client may begin per second. Default: none; there
   * is no limit.
   */
  public SessionFilterBuilder floodGuard(FloodGuard guard) {
    floodGuard = guard;
    return this;
  }

  /** Sets the check of whether a session is used by the client that logged in. Default: none. */
  public SessionFilterBuilder clientCheck(ClientCheck check) {
    clientCheck = check;
    return this;
  }

  /**
   * Adds a listener of sessions, called after those added before. Needed where the container does
   * not reveal its listeners, which a warning at startup reports. Tomcat and Jetty reveal theirs:
   * there the listeners of {@code web.xml}, of annotations and of {@code
   * ServletContext.addListener} are called without this. If an application has several filters of
   * one manager, the listener is called for the sessions of all of them, once for each event.
   * Default: none.
   *
   * @param listener a {@code HttpSessionListener}, {@code HttpSessionAttributeListener} or {@code
   *     HttpSessionIdListener}, or several of these; thread-safe. It is called without a lock, by
   *     the thread that caused the event. The end of a session is reported on the node that ended
   *     it, by whatever thread ended it.
   * @throws IllegalArgumentException if it is none of these
   */
  public SessionFilterBuilder listener(EventListener listener) {
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
   * Adds what browsers are asked to clear at a logout, with the header {@code Clear-Site-Data}: in
   * the response to {@link WebSession#logout}, {@link WebSession#logoutEverywhere}, {@link
   * WebSession#revoke} of the current session, {@code HttpServletRequest.logout} and {@code
   * HttpSession.invalidate}, if the client presented a token. A response that logs a user in after
   * {@code invalidate} has no such header, since an application may end the previous session in
   * this way. A framework that logs in by {@code invalidate} and {@code getSession}, with neither
   * {@link WebSession#login} nor a login of the container, looks like a logout: its response has
   * the header. The header needs an uncommitted response, and is added to the application's headers
   * of that name. Default: nothing.
   *
   * <p>Browsers obey it only in responses over HTTPS and from {@code localhost}, and clear data of
   * the origin of the response; some do not support all values. With {@link SiteData#CACHE} the
   * browser may take a while before it shows the page. {@link SiteData#COOKIES} is left out of a
   * response that gives the client a new session.
   */
  public SessionFilterBuilder clearSiteData(SiteData first, SiteData... more) {
    siteData.addAll(EnumSet.of(first, more));
    return this;
  }

  /**
   * Sets whether the application sees the session's own cookie and header in its requests. Unsafe:
   * frameworks copy the headers of requests into sessions, logs and error reports, and with them a
   * token that opens the session, so that stealing the database or a log gives access to the
   * session. Meant for an application that must pass the token on itself, such as to a backend
   * service. Default: false; they are left out of {@code getCookies}, {@code getHeader} and the
   * like, and {@code newPushBuilder} returns null.
   */
  public SessionFilterBuilder exposeToken(boolean expose) {
    exposeToken = expose;
    return this;
  }

  /**
   * Sets whether the manager is closed when the container ends the filter; for filters that a
   * subclass configures with its own manager. Default: false.
   */
  public SessionFilterBuilder closeManager(boolean close) {
    closeManager = close;
    return this;
  }

  /**
   * Makes the filter.
   *
   * @throws IllegalArgumentException if there is neither a cookie nor a header, or the cookie is
   *     set and left out, or {@link #withoutActivityHeader} names a header of the token
   */
  public SessionFilter build() {
    return new SessionFilter(settings());
  }

  private @Nullable Activity activity() {
    SessionHeader known = header;
    for (String name : withoutActivityHeaders) {
      if (known != null
          && (name.equalsIgnoreCase(known.requestName())
              || name.equalsIgnoreCase(known.hintName()))) {
        throw new IllegalArgumentException(
            "withoutActivityHeader must not be the header of the token or of its hint: " + name);
      }
    }
    return Activity.of(withoutActivity, withoutActivityHeaders);
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
        activity(),
        storeEmptySessions,
        roles,
        recordClient,
        crossOrigin,
        PathPatterns.of("crossSiteLogin", crossSiteLogins),
        floodGuard,
        clientCheck,
        List.copyOf(listeners),
        Collections.unmodifiableSet(EnumSet.copyOf(siteData)),
        exposeToken,
        new ContainerSession(used == null ? String.valueOf(header) : used.name()),
        closeManager,
        new LimitedLog(FilterLog.LOG, Duration.ofMinutes(1)));
  }
}
