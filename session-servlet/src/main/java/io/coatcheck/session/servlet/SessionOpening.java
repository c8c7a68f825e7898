package io.coatcheck.session.servlet;

import io.coatcheck.session.Session;
import jakarta.servlet.http.HttpServletRequest;
import org.jspecify.annotations.Nullable;

/**
 * Answers {@code getSession} where the session is not known yet: finds it, or begins a new one. One
 * object answers one call.
 */
final class SessionOpening {

  private final SessionExchange exchange;
  private final DispatchState state;
  private final RequestResolver resolver;
  private final OutgoingToken outgoing;
  private final CurrentSession current;

  SessionOpening(
      SessionExchange exchange,
      RequestResolver resolver,
      OutgoingToken outgoing,
      CurrentSession current) {
    this.exchange = exchange;
    this.resolver = resolver;
    this.outgoing = outgoing;
    this.current = current;
    state = exchange.state();
  }

  /** Returns what the application sees of the session; null if there is none. */
  @Nullable HttpSessionView open(boolean create) {
    HttpSessionView view;
    Session live;
    boolean isBegun = false;
    boolean isByDeadToken = false;
    boolean isCookieWithheld = create && resolver.isCookieWithheld();
    state.lock();
    try {
      live = resolver.findSession();
      if (live == null) {
        if (!create) {
          return null;
        }
        live = begin(isCookieWithheld);
        isByDeadToken = !live.isEphemeral() && resolver.presented().areDead();
        if (exchange.settings().storeEmptySessions()) {
          live.keep();
        }
        isBegun = true;
      }
      view = current.viewOf(live);
    } finally {
      state.unlock();
    }
    if (isByDeadToken) {
      deleteDeadToken(live);
    }
    if (isBegun) {
      exchange.listeners().created(view);
      exchange.onReliedUpon(live);
    }
    return view;
  }

  /** Begins a session where there is none; under the lock. */
  private Session begin(boolean isCookieWithheld) {
    outgoing.requireUncommitted("create a session");
    if (isCookieWithheld) {
      WithheldCookie.log();
    }
    Session begun =
        isCookieWithheld
            ? exchange.manager().adapter().createEphemeral()
            : resolver.presented().createSession();
    current.beginDraft(begun);
    return begun;
  }

  /**
   * Deletes a presented token that opened nothing, since each page may look it up again. If the new
   * session is stored, the client gets its token instead. Background requests of a page delete
   * nothing: their response may come after that of a login.
   */
  private void deleteDeadToken(Session begun) {
    HttpServletRequest request = state.request();
    if (request != null && !Navigation.isMadeByPage(request)) {
      state.run(
          () -> {
            if (current.get() == begun && !begun.isStored()) {
              outgoing.deleteToken(resolver.presented());
            }
          });
    }
  }
}
