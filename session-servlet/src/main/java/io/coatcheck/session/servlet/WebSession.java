package io.coatcheck.session.servlet;

import io.coatcheck.session.AttributeFunction;
import io.coatcheck.session.LoginOptions;
import io.coatcheck.session.Session;
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
 * What the Servlet API has no words for: logging in and out, the user's other sessions, and changes
 * of an attribute in one step.
 *
 * <p>Other attributes remain with {@code request.getSession()}, which shows the same session. Use
 * it within the request. Every method may ask the store, if nothing in this request did before, and
 * then throws {@link io.coatcheck.session.store.SessionStoreException} if that fails; let it pass,
 * and {@link SessionFilter} answers 503.
 *
 * @since 0.1.0
 */
public final class WebSession {

  /** Null if the request is over. */
  private final @Nullable HttpServletRequest request;

  private final SessionExchange exchange;
  private final SessionManager manager;

  private WebSession(@Nullable HttpServletRequest request, SessionExchange exchange) {
    this.request = request;
    this.exchange = exchange;
    this.manager = exchange.settings().manager();
  }

  /**
   * Returns the session side of a request, whether there is a session or not. With several filters
   * in front, it is the innermost one's.
   *
   * @param request as the filter handed it on, wrapped or not
   * @throws IllegalStateException if no {@link SessionFilter} is in front of what asks
   */
  public static WebSession of(HttpServletRequest request) {
    if (request.getAttribute(SessionFilter.CURRENT) instanceof SessionExchange exchange) {
      return new WebSession(request, exchange);
    }
    throw new IllegalStateException(
        "no SessionFilter is in front of this request: map one to /* for the dispatcher types"
            + " REQUEST, FORWARD, ASYNC and ERROR, before all filters that use the session");
  }

  /**
   * Returns the session side of the request that a session was obtained in, for code that is handed
   * the session alone: {@code HandshakeRequest.getHttpSession()} of a WebSocket, say, whose
   * endpoint then asks {@link #stillLive}.
   *
   * @param session from {@code getSession} of a request behind a {@link SessionFilter}
   * @throws IllegalArgumentException if it is none: the container's own, one that something else
   *     has wrapped, or one from an accessor
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
   * secret in the same write, so that the cookie from before opens nothing any more; what an
   * anonymous session held is kept. It works whatever the client presented. Somebody else who was
   * logged in is logged out first.
   *
   * @param principal 1 to 255 code points without U+0000 and lone surrogates; compared exactly
   * @return {@link LoginResult#LOGGED_IN}, unless a limit of sessions that refuses newcomers or
   *     {@link LoginOptions.Builder#validIf} speaks against it
   * @throws IllegalArgumentException if the principal is out of range, or a timeout of the options
   *     does not fit the policy's other one; nothing was done
   * @throws IllegalStateException if the response is committed, so that the cookie cannot be sent;
   *     nothing was done
   * @throws io.coatcheck.session.store.SessionStoreException if the store failed: nobody has the
   *     new cookie, and the next login works; but if the session was stored, it counts against a
   *     limit that refuses newcomers
   */
  public LoginResult login(String principal, LoginOptions options) {
    return login(principal, options, null);
  }

  /**
   * As {@link #login(String, LoginOptions)}, and chooses how the new token reaches the client,
   * whatever way the request came. The login of a mobile app, say, is answered with the header
   * though the client sent none yet.
   *
   * @param transport null for that of the request
   * @throws IllegalArgumentException if the filter was not built with that transport; nothing was
   *     done
   * @throws IllegalStateException also if the response carries a token already; nothing was done
   */
  public LoginResult login(
      String principal, LoginOptions options, @Nullable SessionTransport transport) {
    Objects.requireNonNull(principal, "principal must not be null");
    exchange.requireUncommitted("log in");
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
    return exchange.credential().login(principal, completed, transport);
  }

  /**
   * Ends the session in the store, for every node, and makes the client forget the cookie. What
   * counts is what the client presented: every session that one of its tokens opens is ended,
   * whether it was accepted or not, and whatever session this request has begun. A request that has
   * a token of ours in the header presents no cookie: see {@link SessionHeader}. Doing it twice is
   * fine, and so is doing it without a session. Where there was a login into the session of this
   * request since, that is left alone, and so is its cookie.
   *
   * @throws io.coatcheck.session.store.SessionStoreException if the store failed: the response is
   *     503 even if this is caught, since the logout must not be reported as done; so it is for all
   *     that ends sessions
   */
  public void logout() {
    exchange.credential().logout();
  }

  /**
   * Gives the session a new secret: the cookie from before opens nothing any more. For changes of
   * privilege that are no login. What requests that began before have not stored yet is dropped,
   * with an event; so it is by {@code HttpServletRequest.changeSessionId}.
   *
   * @return whether it has one; {@code false} if there is no session, or it ended meanwhile
   * @throws IllegalStateException if the response is committed; nothing was done
   */
  public boolean renew() {
    Session session = exchange.session();
    return session != null && exchange.credential().renew(session);
  }

  /** As {@link #take(String, Class)}, for a value of any type. */
  public Optional<Object> take(String name) {
    return take(name, Object.class);
  }

  /**
   * Removes an attribute and returns what it was, in one step that the store decides before this
   * returns: of all requests that take one value at the same time, on any node, exactly one gets
   * it. For what may be used once, such as the token of a form, the state of an OAuth login, or a
   * coupon. See {@link AtomicAttributes#take(String, Class)} for all that it throws.
   *
   * @return empty if there is no session or no value, or the session has ended meanwhile
   */
  public <T> Optional<T> take(String name, Class<T> type) {
    Session session = exchange.session();
    return session == null ? Optional.empty() : attributesOf(session).take(name, type);
  }

  /**
   * Replaces an attribute by what a function makes of it, in one step that the store decides before
   * this returns: nothing that another request stores, on any node, comes between what the function
   * is given and what is stored. For counters, attempts that are left, and all that is read in
   * order to be written. See {@link AttributeFunction} for what the function may do, and {@link
   * AtomicAttributes#update} for all that is thrown.
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

  /** Returns who is logged in. */
  public Optional<String> principal() {
    return exchange.principal();
  }

  /** Tells whether somebody is logged in. */
  public boolean isLoggedIn() {
    return principal().isPresent();
  }

  /**
   * Tells whether the {@link ClientCheck} keeps a live session from this request until its
   * principal logs in again; for the login page to say so.
   */
  public boolean isReauthenticationRequired() {
    return exchange.isWithholding();
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
   * Asks the store whether the session of this request still lives, and is still that of whoever
   * was logged in when the request began. For connections that stay open longer than a request,
   * such as server-sent events and WebSockets: ask before sending what is private, at least as
   * often as a logout is to take effect. It counts as no activity, and may be called by any thread
   * and after the filter has returned.
   *
   * @return {@code false} if it has ended or expired, if a login, of the same principal too, or
   *     {@link #renew} has replaced the secret that the request came with, and if there is none
   */
  public boolean stillLive() {
    return live().map(manager::isStillLive).orElse(false);
  }

  /** Returns the public id of the session, by which it can be named in a log or a list. */
  public Optional<SessionId> id() {
    return live().map(Session::id);
  }

  /** Returns when the session was created. */
  public Optional<Instant> createdAt() {
    return live().map(Session::createdAt);
  }

  /**
   * Returns when the session was used before this request, up to the touch interval late; its
   * creation if this request began it.
   */
  public Optional<Instant> lastSeenAt() {
    return live().map(Session::lastSeenAt);
  }

  /** Returns when the session will expire if no other request uses it. */
  public Optional<Instant> expiresAt() {
    return live().map(Session::expiresAt);
  }

  /**
   * Lists the live sessions of whoever is logged in, the one that was used last first; empty if
   * nobody is. If there are more than {@link SessionManager#MOST_LISTED}, the others are left out.
   *
   * @throws UnsupportedOperationException if the store has no index by principal
   */
  public List<Device> devices() {
    Session session = exchange.session();
    if (session == null || session.principal().isEmpty()) {
      return List.of();
    }
    return manager.sessionsOf(session.principal().get()).stream()
        .map(info -> new Device(info, info.id().equals(session.id())))
        .toList();
  }

  /**
   * Ends one of the sessions of the principal that is logged in. The session of this request is
   * {@linkplain #logout() logged out}, and so is one that the client presents a token of without
   * being logged in, because it presents several or has to log in again.
   *
   * @param id as {@link Device} has it
   * @return whether it was ended; {@code false} alike for a session of another principal, one that
   *     does not exist, and where nobody is logged in
   */
  public boolean revoke(SessionId id) {
    Session session = exchange.session();
    if (session == null || session.principal().isEmpty()) {
      return exchange.credential().revokePresented(id);
    }
    if (session.id().equals(id)) {
      return exchange.credential().logout() > 0;
    }
    return exchange.orFail(() -> manager.revokeOwn(session, id));
  }

  /**
   * As {@link #revoke(SessionId)}, for an id as a form or a path sends it.
   *
   * @param id untrusted; what is not the text of an id names no session
   */
  public boolean revoke(String id) {
    return SessionId.parse(id).map(this::revoke).orElse(false);
  }

  /**
   * Ends all other sessions of the principal that is logged in.
   *
   * @return how many; 0 also where nobody is logged in, as {@link #isLoggedIn} says
   * @throws UnsupportedOperationException if the store has no index by principal
   */
  public int logoutOthers() {
    Session session = exchange.session();
    return session == null ? 0 : exchange.orFail(() -> manager.revokeOthers(session));
  }

  /**
   * Ends all sessions of the principal that is logged in, that of this request included, and
   * {@linkplain #logout() logs out}. Where the client presents several tokens, so that nobody is
   * logged in, the sessions of all principals whose sessions they open are ended.
   *
   * @return how many
   * @throws UnsupportedOperationException if the store has no index by principal; nobody is logged
   *     out
   */
  public int logoutEverywhere() {
    return exchange.credential().logoutEverywhere();
  }

  /**
   * Keeps the response out of caches, also after a reset, unless the application says otherwise.
   */
  void keepOutOfCaches() {
    exchange.keepOutOfCaches();
  }

  private Optional<Session> live() {
    return Optional.ofNullable(exchange.session());
  }
}
