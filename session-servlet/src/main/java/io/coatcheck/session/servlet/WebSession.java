package io.coatcheck.session.servlet;

import io.coatcheck.session.AttributeFunction;
import io.coatcheck.session.LoginOptions;
import io.coatcheck.session.LoginResult;
import io.coatcheck.session.Session;
import io.coatcheck.session.SessionAdapter;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.token.SessionId;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpSession;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Session operations beyond the Servlet API: login and logout, the user's other sessions, and
 * atomic changes of an attribute.
 *
 * <p>For all other uses of attributes there is {@code request.getSession()}, which shows the same
 * session. Use a {@code WebSession} within its request. Every method but {@link #bridge} may use
 * the store, if the request has not done so before, and throws {@link
 * io.coatcheck.session.store.SessionStoreException} if that fails. Do not catch it: {@link
 * SessionFilter} answers 503.
 *
 * @since 0.1.0
 */
public final class WebSession {

  /** Null if the request has ended. */
  private final @Nullable HttpServletRequest request;

  private final SessionExchange exchange;

  /** Whether the caller acts for this request; else for one of several that share the session. */
  private final boolean isRequestKnown;

  private WebSession(
      @Nullable HttpServletRequest request, SessionExchange exchange, boolean isRequestKnown) {
    this.request = request;
    this.exchange = exchange;
    this.isRequestKnown = isRequestKnown;
  }

  /**
   * Returns the session operations of a request, whether there is a session or not. With several
   * filters before the caller, they are those of the innermost one.
   *
   * @param request as the filter passed it on, wrapped or not
   * @throws IllegalStateException if no {@link SessionFilter} comes before the caller
   */
  public static WebSession of(HttpServletRequest request) {
    return find(request).orElseThrow(SessionFilter::missing);
  }

  /**
   * Returns the session operations of a request; empty if no {@link SessionFilter} comes before the
   * caller. For libraries whose code also runs in applications, or in tests, without the filter.
   *
   * @param request as the filter passed it on, wrapped or not
   */
  public static Optional<WebSession> find(HttpServletRequest request) {
    return request.getAttribute(SessionFilter.CURRENT) instanceof SessionExchange exchange
        ? Optional.of(new WebSession(request, exchange, true))
        : Optional.empty();
  }

  /**
   * Returns the session operations of the request in which a session was obtained, for code that
   * has only the session. An example is {@code HandshakeRequest.getHttpSession()} of a WebSocket,
   * whose endpoint then calls {@link #isStillLive}.
   *
   * <p>Where requests share a session, as in memory, the request is that of the calling thread. A
   * thread that the application has started may act for any of several requests that are under way,
   * and one of them may be another client's. Then the session can be read and ended, but {@link
   * #login} and {@link #renew} throw {@code IllegalStateException}, as do some methods of {@link
   * BridgeRequest}: on such a thread, use {@link #of(HttpServletRequest)}.
   *
   * @param session from {@code getSession} of a request that passed a {@link SessionFilter}
   * @throws IllegalArgumentException if it is another one: the container's own, a wrapped one, or
   *     one from an accessor
   */
  public static WebSession of(HttpSession session) {
    return find(session).orElseThrow(() -> SessionFilter.foreign(session));
  }

  /**
   * Returns the session operations of the request in which a session was obtained; empty for a
   * session that {@link #of(HttpSession)} refuses. For listeners, which are also called with
   * sessions that have ended.
   */
  public static Optional<WebSession> find(HttpSession session) {
    if (session instanceof SharedSession shared) {
      SharedSession.Acting acting = shared.acting();
      return of(acting.view(), acting.isKnown());
    }
    HttpSessionView view = HttpSessionView.in(session);
    return view == null ? Optional.empty() : of(view, true);
  }

  private static Optional<WebSession> of(HttpSessionView view, boolean isRequestKnown) {
    return view.scope() instanceof SessionExchange exchange
        ? Optional.of(new WebSession(exchange.request(), exchange, isRequestKnown))
        : Optional.empty();
  }

  /** Checks that the caller acts for one request. */
  void requireKnownRequest() {
    if (!isRequestKnown) {
      throw new IllegalStateException(
          "several requests of the session are under way, and this thread belongs to none of them:"
              + " use WebSession.of(request)");
    }
  }

  /** Logs a principal in with default options: see {@link #login(String, LoginOptions)}. */
  public LoginResult login(String principal) {
    return login(principal, LoginOptions.defaults());
  }

  /**
   * Logs a principal in whose credentials the application has checked. The session gets a new
   * secret in the same write, so that the previous cookie no longer opens anything; the attributes
   * of an anonymous session are kept. It works whatever the client presented. Another user who was
   * logged in is logged out first.
   *
   * @param principal 1 to 255 code points without U+0000 and lone surrogates, not beginning with
   *     {@code coatcheck-claim:}; compared exactly
   * @return {@link LoginResult#LOGGED_IN}, unless it is refused by a limit of sessions or by {@link
   *     LoginOptions.Builder#validIf}
   * @throws IllegalArgumentException if the principal is out of range, or a timeout of the options
   *     conflicts with the policy's other one; nothing was done
   * @throws IllegalStateException if the response is committed, so that the cookie cannot be sent;
   *     nothing was done
   * @throws io.coatcheck.session.store.SessionStoreException if the store failed: no client has the
   *     new cookie, and the next login works; but if the session was stored, it counts towards a
   *     limit that refuses new sessions
   */
  public LoginResult login(String principal, LoginOptions options) {
    return login(principal, options, null);
  }

  /**
   * Logs a principal in, and chooses how the new token is sent: for example in the header, for a
   * mobile app whose login request has no token yet. Otherwise it does the same as {@link
   * #login(String, LoginOptions)}.
   *
   * @param transport null for the transport of the request
   * @throws IllegalArgumentException if the filter was not built with that transport; nothing was
   *     done
   * @throws IllegalStateException if the response is committed, or carries a token already; nothing
   *     was done
   */
  public LoginResult login(
      String principal, LoginOptions options, @Nullable SessionTransport transport) {
    Objects.requireNonNull(principal, "principal must not be null");
    requireKnownRequest();
    exchange.saving().requireUncommitted("log in");
    return exchange.authenticator().login(principal, options, request, transport);
  }

  /**
   * Ends the session in the store, for every node, and makes the client forget the cookie. Every
   * session that one of the client's tokens opens is ended, whether the token was accepted or not,
   * and whatever session this request has begun. A request with a Coatcheck token in the header
   * presents no cookie: see {@link SessionHeader}. May be called again, or without a session. If
   * there was a login into the session of this request since, that session and its cookie stay.
   *
   * @throws io.coatcheck.session.store.SessionStoreException if the store failed: the response is
   *     503 even if this is caught, since the logout must not be reported as done; the same holds
   *     for every method that ends sessions
   */
  public void logout() {
    exchange.logout().logout();
  }

  /**
   * Gives the session a new secret: the previous cookie no longer opens anything. For changes of
   * privilege other than a login. Changes that earlier requests have not stored yet are dropped,
   * with an event, as they are by {@code HttpServletRequest.changeSessionId}. If the store fails
   * later in the request, the answer of 503 carries the new cookie.
   *
   * @return whether it has a new secret; {@code false} if there is no session or it has ended
   * @throws IllegalStateException if the response is committed; nothing was done
   */
  public boolean renew() {
    requireKnownRequest();
    return live().filter(exchange.authenticator()::renew).isPresent();
  }

  /** Removes an attribute of any type and returns its value: see {@link #take(String, Class)}. */
  public Optional<Object> take(String name) {
    return take(name, Object.class);
  }

  /**
   * Removes an attribute and returns its value, in one step that the store decides before this
   * returns: of all requests that take one value at the same time, on any node, exactly one gets
   * it. For values that may be used once, such as the token of a form, the state of an OAuth login,
   * or a coupon. See {@link AtomicAttributes#take(String, Class)} for all exceptions.
   *
   * @return empty if there is no session or no value, or the session has ended
   */
  public <T> Optional<T> take(String name, Class<T> type) {
    return live().map(exchange::viewOf).flatMap(own -> new AtomicAttributes(own).take(name, type));
  }

  /**
   * Replaces an attribute with the result of a function, in one step that the store decides before
   * this returns: no write of another request, on any node, comes between the value that the
   * function receives and the one that is stored. For counters, remaining attempts, and all other
   * values that are read in order to be written. See {@link AttributeFunction} for what the
   * function may do, and {@link AtomicAttributes#update} for all exceptions.
   *
   * <p>If there is no session, one is begun, unless the function returns null for an absent value.
   *
   * @return the value that is stored now; empty if the attribute was removed, or the session has
   *     ended, so that nothing was changed
   */
  public <T> Optional<T> update(String name, Class<T> type, AttributeFunction<T> function) {
    return AtomicAttributes.update(exchange, name, type, function);
  }

  /** Returns the principal that is logged in. */
  public Optional<String> principal() {
    return exchange.principal();
  }

  /** Returns whether a user is logged in. */
  public boolean isLoggedIn() {
    return principal().isPresent();
  }

  /**
   * Returns whether the {@link ClientCheck} withholds a live session from this request until its
   * principal logs in again, so that the login page can say so.
   */
  public boolean isReauthenticationRequired() {
    return exchange.resolver().requested().isWithheld();
  }

  /** Returns whether the login is a remembered one, so that the cookie outlives the browser. */
  public boolean isRemembered() {
    return live().filter(Session::isRemembered).isPresent();
  }

  /**
   * Returns when the principal last proved who they are: at the login, or before it, if {@link
   * LoginOptions.Builder#authenticatedAt} says so. {@link Instant#EPOCH} if that is not known.
   */
  public Optional<Instant> authenticatedAt() {
    return live().flatMap(Session::authenticatedAt);
  }

  /**
   * Returns whether the principal proved who they are, by {@link #authenticatedAt}, less than
   * {@code age} ago; for what needs a fresh login. Exactly {@code age} is too long ago. An age of
   * zero or less is never met. If the moment is up to five minutes in the future, the login counts
   * as one of this moment, since the clocks of nodes differ. If it is further ahead, the clock was
   * set back after the login, and the login does not count as fresh.
   */
  public boolean authenticatedWithin(Duration age) {
    SessionAdapter adapter = exchange.manager().adapter();
    return live().filter(session -> adapter.isAuthenticatedWithin(age, session)).isPresent();
  }

  /**
   * Checks in the store whether the session of this request still lives, with the principal who was
   * logged in when the request began. For connections that outlast a request, such as server-sent
   * events and WebSockets: call it before sending private data, as often as a logout must take
   * effect. Does not count as activity; any thread may call it, even after the filter has returned.
   *
   * @return {@code false} if it has ended or expired, if {@link #renew} or a login, even of the
   *     same principal, has replaced the secret that the request came with, or if there is no
   *     session
   */
  public boolean isStillLive() {
    return live().map(exchange.manager()::isStillLive).orElse(false);
  }

  /** Returns the public id of the session, which may appear in a log or a list. */
  public Optional<SessionId> id() {
    return live().map(Session::id);
  }

  /** Returns when the session was created. */
  public Optional<Instant> createdAt() {
    return live().map(Session::createdAt);
  }

  /**
   * Returns when the session was last used before this request, which may lag by the touch
   * interval; its creation time if this request began it.
   */
  public Optional<Instant> lastSeenAt() {
    return live().map(Session::lastSeenAt);
  }

  /** Returns when the session will expire if no other request uses it. */
  public Optional<Instant> expiresAt() {
    return live().map(Session::expiresAt);
  }

  /**
   * Lists the live sessions of the logged-in principal, the most recently used first, and at most
   * {@link SessionManager#MAX_LISTED} of them; empty if no principal is logged in.
   *
   * @throws UnsupportedOperationException if the store has no index by principal
   */
  public List<OwnSession> sessions() {
    return new UserSessions(exchange).list();
  }

  /**
   * Ends one of the sessions of the logged-in principal. The session of this request is {@linkplain
   * #logout() logged out}. So is a session whose token the client presents without being logged in,
   * because it presents several or has to log in again.
   *
   * @param id from {@link OwnSession#info}
   * @return whether it was ended; {@code false} alike for a session of another principal, for one
   *     that does not exist, and if no principal is logged in
   */
  public boolean revoke(SessionId id) {
    return new UserSessions(exchange).end(id);
  }

  /**
   * Ends one of the sessions of the logged-in principal, by an id from a form or a path: see {@link
   * #revoke(SessionId)}.
   *
   * @param id untrusted; a text that is not an id names no session
   */
  public boolean revoke(String id) {
    return SessionId.parse(id).map(this::revoke).orElse(false);
  }

  /**
   * Ends all other sessions of the logged-in principal.
   *
   * @return how many sessions were ended; 0 if no principal is logged in
   * @throws UnsupportedOperationException if the store has no index by principal
   */
  public int logoutOthers() {
    return new UserSessions(exchange).endOthers();
  }

  /**
   * Ends all sessions of the logged-in principal, including that of this request, and {@linkplain
   * #logout() logs out}. If the client presents several tokens, so that no principal is logged in,
   * the sessions of all principals whose sessions they open are ended.
   *
   * @return how many sessions were ended
   * @throws UnsupportedOperationException if the store has no index by principal; no user is logged
   *     out
   */
  public int logoutEverywhere() {
    return new UserSessions(exchange).endAll();
  }

  /** Returns the part of the request that concerns bridges to other systems and frameworks. */
  public BridgeRequest bridge() {
    return new BridgeRequest(this);
  }

  /** Returns what the filter keeps for the request. */
  SessionExchange exchange() {
    return exchange;
  }

  /** Returns the request of the caller; null if it has ended, or only its session is known. */
  @Nullable HttpServletRequest request() {
    return request;
  }

  /** Returns whether the caller acts for this request; else for one of several. */
  boolean isRequestKnown() {
    return isRequestKnown;
  }

  private Optional<Session> live() {
    return Optional.ofNullable(exchange.session());
  }
}
