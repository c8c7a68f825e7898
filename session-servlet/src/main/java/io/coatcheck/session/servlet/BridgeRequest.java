package io.coatcheck.session.servlet;

import io.coatcheck.session.SessionAdapter;
import io.coatcheck.session.token.SessionToken;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpSession;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The part of a request that concerns bridges, which move users here from another system or keep a
 * framework's login and the session's login the same: the client's token, the origin of the
 * request, and actions before a logout or the commit. Other code does not need it.
 *
 * <p>Use it within its request. {@link #session}, {@link #holdsAttribute} and {@link #present} use
 * the store, and throw {@link io.coatcheck.session.store.SessionStoreException} if that fails; the
 * other methods do not.
 *
 * @see WebSession#bridge
 * @since 0.1.0
 */
public final class BridgeRequest {

  private final WebSession session;
  private final SessionExchange exchange;

  BridgeRequest(WebSession session) {
    this.session = session;
    exchange = session.exchange();
  }

  /**
   * Returns the session, as {@code HttpServletRequest.getSession} does after the filter. For code
   * that may have the request from before the filter, whose own method returns a session of the
   * container: a {@code ServletRequestListener} has that one.
   *
   * @param create whether a session is begun if there is none
   * @return null if there is none and none was to be begun
   * @throws IllegalStateException if the calling thread may act for {@linkplain
   *     WebSession#of(HttpSession) any of several requests}, or a session can no longer be begun
   */
  public @Nullable HttpSession session(boolean create) {
    session.requireKnownRequest();
    HttpSessionView view = exchange.view(create);
    return view == null ? null : view.shown();
  }

  /**
   * Returns whether the session holds an attribute, even one whose value cannot be read, which
   * {@code HttpSession.getAttribute} does not show. For a bridge to which an attribute that it
   * cannot judge means something else than none.
   *
   * @throws IllegalStateException if the calling thread may act for {@linkplain
   *     WebSession#of(HttpSession) any of several requests}
   */
  public boolean holdsAttribute(String name) {
    session.requireKnownRequest();
    HttpSessionView view = exchange.view(false);
    if (view == null) {
      return false;
    }
    SessionAdapter adapter = exchange.manager().adapter();
    return adapter.unsavedAttributes(view.session()).contains(name)
        ? view.getAttribute(name) != null
        : adapter.foundAttributes(view.session()).containsKey(name);
  }

  /**
   * Returns whether the client presented anything as the token of this session, whether it opens
   * one or not.
   */
  public boolean isTokenPresented() {
    return exchange.resolver().requested().isPresented();
  }

  /**
   * Returns whether the browser may have withheld the cookie because of {@code SameSite}, since
   * another site made it send the request. A bridge then waits for the client's own next request: a
   * session that it opened would replace the client's.
   *
   * @throws IllegalStateException if the request has ended
   */
  public boolean isTokenWithheld() {
    exchange.state().requireRequest();
    return exchange.resolver().isCookieWithheld();
  }

  /**
   * Returns whether a page of another site made the browser send this request, by {@code
   * Sec-Fetch-Site}, or without it the host of {@code Origin}; origins that the filter's {@link
   * CrossOriginPolicy} trusts are the application's own. For a bridge that must not log it in.
   *
   * @throws IllegalStateException if the request has ended
   */
  public boolean isFromAnotherSite() {
    HttpServletRequest containers = exchange.state().requireRequest();
    HttpServletRequest seen = session.request();
    return exchange.settings().crossOrigin().isFromAnotherSite(seen == null ? containers : seen);
  }

  /**
   * Resolves a token as if the client had presented it. For a bridge that imports the sessions of
   * another library: see {@link io.coatcheck.session.SessionBridge#importSession}.
   *
   * @return whether it opened a session, which is the request's from now on; {@code false}, and
   *     nothing was done, if the request has ended, has a token or a session, or its {@linkplain
   *     #isTokenWithheld token may be withheld}
   * @throws IllegalStateException if the calling thread may act for {@linkplain
   *     WebSession#of(jakarta.servlet.http.HttpSession) any of several requests}; nothing was done
   */
  public boolean present(SessionToken token) {
    session.requireKnownRequest();
    return exchange.resolver().present(token);
  }

  /**
   * Registers an action that runs before the first logout in this request ends anything: by {@link
   * WebSession#logout}, {@link WebSession#logoutEverywhere}, {@code HttpSession.invalidate} or
   * {@code HttpServletRequest.logout}, in any dispatch and on any thread of the request. If the
   * action throws, nothing has ended, the exception propagates, and the next logout tries again; a
   * failure of the store is answered with 503. For a bridge whose credential came with the request
   * and must not outlast the logout.
   *
   * @param action called on the thread that logs out, without a lock; two threads that log out at
   *     once may both call it
   * @throws IllegalStateException if the calling thread may act for {@linkplain
   *     WebSession#of(jakarta.servlet.http.HttpSession) any of several requests}
   */
  public void beforeLogout(Runnable action) {
    session.requireKnownRequest();
    exchange.beforeLogout(Objects.requireNonNull(action, "action must not be null"));
  }

  /**
   * Registers an action that runs once, when the response is about to be committed or the
   * application has returned, whichever is first; for a request that continues asynchronously, when
   * it has been completed, unless that was begun on a request below the filter's. For a bridge that
   * sees a change of the session, and must not end it while the application still uses it.
   *
   * <p>If another thread registers it during the last save, it runs after that save. If the request
   * has ended, or the calling thread may act for {@linkplain
   * WebSession#of(jakarta.servlet.http.HttpSession) any of several requests}, it runs immediately.
   * Exceptions propagate, except from {@code AsyncContext.complete}: there they are logged, and the
   * response is 500. A failure of the store is answered with 503.
   *
   * @param action called on the thread that commits or returns, without a lock
   */
  public void beforeCommit(Runnable action) {
    Objects.requireNonNull(action, "action must not be null");
    if (session.isRequestKnown()) {
      exchange.saving().register(action);
    } else {
      action.run();
    }
  }
}
