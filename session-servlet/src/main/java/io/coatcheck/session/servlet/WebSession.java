package io.coatcheck.session.servlet;

import io.coatcheck.session.AttributeFunction;
import io.coatcheck.session.LoginOptions;
import io.coatcheck.session.LoginResult;
import io.coatcheck.session.Session;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.token.SessionId;
import io.coatcheck.session.token.SessionToken;
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
 * session. Use a {@code WebSession} within its request. Every method may use the store, if the
 * request has not done so before, and throws {@link
 * io.coatcheck.session.store.SessionStoreException} if that fails. Do not catch it: {@link
 * SessionFilter} answers 503.
 *
 * @since 0.1.0
 */
public final class WebSession {

  /** Null if the request has ended. */
  private final @Nullable HttpServletRequest request;

  private final SessionExchange exchange;
  private final SessionManager manager;

  private WebSession(@Nullable HttpServletRequest request, SessionExchange exchange) {
    this.request = request;
    this.exchange = exchange;
    this.manager = exchange.settings().manager();
  }

  /**
   * Returns the session operations of a request, whether there is a session or not. With several
   * filters before the caller, they are those of the innermost one.
   *
   * @param request as the filter passed it on, wrapped or not
   * @throws IllegalStateException if no {@link SessionFilter} comes before the caller
   */
  public static WebSession of(HttpServletRequest request) {
    return find(request)
        .orElseThrow(
            () ->
                new IllegalStateException(
                    "no SessionFilter is in front of this request: map one to /* for the"
                        + " dispatcher types REQUEST, FORWARD, ASYNC and ERROR, before all filters"
                        + " that use the session"));
  }

  /**
   * Returns the session operations of a request, as {@link #of(HttpServletRequest)}; empty if no
   * {@link SessionFilter} comes before the caller. For libraries whose code also runs in
   * applications, or in tests, without the filter.
   *
   * @param request as the filter passed it on, wrapped or not
   */
  public static Optional<WebSession> find(HttpServletRequest request) {
    return request.getAttribute(SessionFilter.CURRENT) instanceof SessionExchange exchange
        ? Optional.of(new WebSession(request, exchange))
        : Optional.empty();
  }

  /**
   * Returns the session operations of the request in which a session was obtained, for code that
   * has only the session. An example is {@code HandshakeRequest.getHttpSession()} of a WebSocket,
   * whose endpoint then calls {@link #isStillLive}.
   *
   * @param session from {@code getSession} of a request that passed a {@link SessionFilter}
   * @throws IllegalArgumentException if it is another one: the container's own, a wrapped one, or
   *     one from an accessor
   */
  public static WebSession of(HttpSession session) {
    HttpSessionView view = HttpSessionView.in(session);
    if (view != null && view.scope() instanceof SessionExchange exchange) {
      return new WebSession(exchange.request(), exchange);
    }
    throw new IllegalArgumentException(
        "session was not obtained from a request behind a SessionFilter: "
            + session.getClass().getName());
  }

  /**
   * Logs a principal in, as {@link #login(String, LoginOptions)} with {@link
   * LoginOptions#defaults()}.
   */
  public LoginResult login(String principal) {
    return login(principal, LoginOptions.defaults());
  }

  /**
   * Logs a principal in whose credentials the application has checked. The session gets a new
   * secret in the same write, so that the previous cookie no longer opens anything; the attributes
   * of an anonymous session are kept. It works whatever the client presented. Another user who was
   * logged in is logged out first.
   *
   * @param principal 1 to 255 code points without U+0000 and lone surrogates; compared exactly
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
   * As {@link #login(String, LoginOptions)}, and chooses how the new token is sent to the client,
   * whatever the transport of the request. For example, the login of a mobile app is answered with
   * the header though the client sent none yet.
   *
   * @param transport null for the transport of the request
   * @throws IllegalArgumentException if the filter was not built with that transport; nothing was
   *     done
   * @throws IllegalStateException also if the response carries a token already; nothing was done
   */
  public LoginResult login(
      String principal, LoginOptions options, @Nullable SessionTransport transport) {
    Objects.requireNonNull(principal, "principal must not be null");
    exchange.saving().requireUncommitted("log in");
    HttpServletRequest client = request;
    LoginOptions completed = options;
    if (client != null
        && exchange.settings().recordClient()
        && options.clientAddress().isEmpty()
        && options.userAgent().isEmpty()) {
      completed =
          options.toBuilder()
              .client(client.getRemoteAddr(), client.getHeader("User-Agent"))
              .build();
    }
    return exchange.authenticator().login(principal, completed, transport);
  }

  /**
   * Ends the session in the store, for every node, and makes the client forget the cookie. Every
   * session that one of the client's tokens opens is ended, whether the token was accepted or not,
   * and whatever session this request has begun. A request that has a token of ours in the header
   * presents no cookie: see {@link SessionHeader}. Calling it again, or without a session, is
   * allowed. If there was a login into the session of this request since, that session and its
   * cookie are left alone.
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
   * with an event, as they are by {@code HttpServletRequest.changeSessionId}.
   *
   * @return whether it has a new secret; {@code false} if there is no session, or it ended
   *     meanwhile
   * @throws IllegalStateException if the response is committed; nothing was done
   */
  public boolean renew() {
    Session session = exchange.session();
    return session != null && exchange.authenticator().renew(session);
  }

  /** As {@link #take(String, Class)}, for a value of any type. */
  public Optional<Object> take(String name) {
    return take(name, Object.class);
  }

  /**
   * Removes an attribute and returns its value, in one step that the store decides before this
   * returns: of all requests that take one value at the same time, on any node, exactly one gets
   * it. For values that may be used once, such as the token of a form, the state of an OAuth login,
   * or a coupon. See {@link AtomicAttributes#take(String, Class)} for all exceptions.
   *
   * @return empty if there is no session or no value, or the session has ended meanwhile
   */
  public <T> Optional<T> take(String name, Class<T> type) {
    Session session = exchange.session();
    return session == null ? Optional.empty() : attributesOf(session).take(name, type);
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
   *     ended meanwhile, so that nothing was changed
   */
  public <T> Optional<T> update(String name, Class<T> type, AttributeFunction<T> function) {
    Session session = exchange.session();
    if (session != null) {
      return attributesOf(session).update(name, type, function);
    }
    if (function.apply(Optional.empty()) == null) {
      return Optional.empty();
    }
    HttpSessionView begun = exchange.view(true);
    return new AtomicAttributes(Objects.requireNonNull(begun)).update(name, type, function);
  }

  private AtomicAttributes attributesOf(Session session) {
    return new AtomicAttributes(exchange.viewOf(session));
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
   * Returns whether the client presented anything as the token of this session, whether it opens
   * one or not. Does not use the store.
   */
  public boolean isTokenPresented() {
    return exchange.state().locked(exchange.resolver().presented()::areAny);
  }

  /**
   * Resolves a token as if the client had presented it. For a bridge that imports the sessions of
   * another library: see {@link io.coatcheck.session.SessionAdapter#importSession}.
   *
   * @return whether it opened a session, which is the request's from now on; {@code false} also if
   *     the client presented a token itself, or the request has a session: then nothing was done
   */
  public boolean present(SessionToken token) {
    return exchange.resolver().present(token);
  }

  /**
   * Returns whether the {@link ClientCheck} withholds a live session from this request until its
   * principal logs in again, so that the login page can say so.
   */
  public boolean isReauthenticationRequired() {
    return exchange.resolver().isWithholding();
  }

  /** Returns when the principal last proved who they are. */
  public Optional<Instant> authenticatedAt() {
    return live().flatMap(Session::authenticatedAt);
  }

  /**
   * Returns whether the principal logged in less than {@code age} ago; for what needs a fresh
   * login. Exactly {@code age} is too long ago. Any age is accepted; one that is negative is never
   * met.
   */
  public boolean authenticatedWithin(Duration age) {
    return authenticatedAt()
        .map(moment -> Duration.between(moment, manager.clock().instant()).compareTo(age) < 0)
        .orElse(false);
  }

  /**
   * Checks in the store whether the session of this request still lives, and still belongs to the
   * principal who was logged in when the request began. For connections that stay open longer than
   * a request, such as server-sent events and WebSockets: call it before sending private data, at
   * least as often as a logout must take effect. It does not count as activity, and may be called
   * by any thread and after the filter has returned.
   *
   * @return {@code false} if it has ended or expired, if {@link #renew} or a login, even of the
   *     same principal, has replaced the secret that the request came with, or if there is no
   *     session
   */
  public boolean isStillLive() {
    return live().map(manager::isStillLive).orElse(false);
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
   * Lists the live sessions of the logged-in principal, the most recently used first; empty if no
   * principal is logged in. If there are more than {@link SessionManager#MAX_LISTED}, the others
   * are left out.
   *
   * @throws UnsupportedOperationException if the store has no index by principal
   */
  public List<OwnSession> sessions() {
    Session session = exchange.session();
    if (session == null || session.principal().isEmpty()) {
      return List.of();
    }
    return manager.sessionsOf(session.principal().get()).stream()
        .map(info -> new OwnSession(info, info.id().equals(session.id())))
        .toList();
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
    Session session = exchange.session();
    if (session == null || session.principal().isEmpty()) {
      return exchange.logout().revokePresented(id);
    }
    if (session.id().equals(id)) {
      return exchange.logout().logout() > 0;
    }
    return exchange.saving().orFail(() -> manager.revokeOwn(session, id));
  }

  /**
   * As {@link #revoke(SessionId)}, for an id as a form or a path sends it.
   *
   * @param id untrusted; a text that is not an id names no session
   */
  public boolean revoke(String id) {
    return SessionId.parse(id).map(this::revoke).orElse(false);
  }

  /**
   * Ends all other sessions of the logged-in principal.
   *
   * @return how many sessions were ended; 0 also if no principal is logged in, as {@link
   *     #isLoggedIn} reports
   * @throws UnsupportedOperationException if the store has no index by principal
   */
  public int logoutOthers() {
    Session session = exchange.session();
    return session == null ? 0 : exchange.saving().orFail(() -> manager.revokeOthers(session));
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
    return exchange.logout().logoutEverywhere();
  }

  /**
   * Keeps the response out of caches, even after a reset, unless the application sets a caching
   * header.
   */
  void keepOutOfCaches() {
    exchange.saving().keepOutOfCaches();
  }

  private Optional<Session> live() {
    return Optional.ofNullable(exchange.session());
  }
}
