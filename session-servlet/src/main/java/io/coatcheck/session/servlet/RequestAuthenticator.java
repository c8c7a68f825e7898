package io.coatcheck.session.servlet;

import io.coatcheck.session.LoginOptions;
import io.coatcheck.session.LoginOutcome;
import io.coatcheck.session.LoginResult;
import io.coatcheck.session.Session;
import jakarta.servlet.http.HttpServletRequest;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Replaces the token that the client of a request holds: logs in, renews the session, and assigns
 * it to the container's user.
 *
 * <p>Each method reads the state of the request under the lock of the {@link DispatchState}, calls
 * the manager without it, since that calls the application, and then updates the state, which may
 * have changed meanwhile. Listeners are notified last.
 */
final class RequestAuthenticator {

  private final SessionExchange exchange;
  private final DispatchState state;
  private final RequestResolver resolver;
  private final OutgoingToken outgoing;
  private final CurrentSession current;

  RequestAuthenticator(
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

  /**
   * Logs in.
   *
   * @param asked the options as the application gave them
   * @param client the request whose client is recorded, if the options have none; null if it has
   *     ended
   * @param by how the token is sent; null for the transport of the request
   */
  LoginResult login(
      String principal,
      LoginOptions asked,
      @Nullable HttpServletRequest client,
      @Nullable SessionTransport by) {
    LoginOptions options = withClient(asked, client);
    Session found = state.locked(() -> sessionWithin(by));
    PreviousSession previous = previous(found);
    Session before = previous.session();
    LoginOptions used =
        AskedTimeout.within(options, before, principal, exchange.manager().policy());
    LoginOutcome outcome;
    UnsavedBindings bound = bound(before);
    try {
      outcome = authenticate(previous, principal, used);
    } catch (Throwable failure) {
      endAllIfEnded(before, bound);
      throw failure;
    }
    if (outcome instanceof LoginOutcome.Granted granted) {
      Session loggedIn = granted.session();
      boolean wasUnreported = exchange.listeners().unreported().remove(loggedIn.id());
      if (bound != null && !wasUnreported && previous.isReplacedBy(loggedIn)) {
        // Another request has ended the new session, of which no listener knows.
        bound.endAll();
      }
      AskedTimeout.settle(loggedIn, options, used);
      granted(loggedIn, wasUnreported, found, previous);
      // A listener, or the login's condition, may have ended the session again.
      return isLoggedIn(principal) ? LoginResult.LOGGED_IN : LoginResult.NO_LONGER_VALID;
    }
    if (before != null && before.isEnded()) {
      state.run(
          () -> {
            // Unless another thread has just logged in on it.
            if (before.isEnded()) {
              resolver.release(before, true);
              resolver.deleteToken();
            }
          });
      endAllIfEnded(before, bound);
      current.settleUnsaved();
    }
    return outcome.result();
  }

  /** Returns what the request has bound to a session and not stored; null if there is nothing. */
  private @Nullable UnsavedBindings bound(@Nullable Session before) {
    if (before == null || before.isEnded()) {
      return null;
    }
    UnsavedBindings bound = exchange.viewOf(before).unsaved();
    if (bound != null) {
      bound.forgetStored();
    }
    return bound;
  }

  /**
   * Notifies the values that were bound before a login that failed, if the session has ended. They
   * may have been stored with a new session, of which no listener knows.
   */
  private static void endAllIfEnded(@Nullable Session before, @Nullable UnsavedBindings bound) {
    if (before != null && bound != null && before.isEnded()) {
      bound.endAll();
    }
  }

  /** Returns the session before a login: the withheld one, or else the one that was found. */
  private PreviousSession previous(@Nullable Session found) {
    Session withheld = resolver.presented().withheld();
    Session before = withheld == null ? found : withheld;
    return new PreviousSession(before, droppedByLogin(before));
  }

  private LoginOutcome authenticate(
      PreviousSession previous, String principal, LoginOptions options) {
    Session before = previous.session();
    return whileReplaced(
        before,
        principal,
        () ->
            exchange
                .listeners()
                .unreported()
                .during(
                    previous,
                    () ->
                        current.whileEncoded(
                            before,
                            () ->
                                exchange
                                    .manager()
                                    .adapter()
                                    .authenticate(before, principal, options, previous::dropped))));
  }

  /** Makes the logged-in session that of the request, and notifies the listeners. */
  private void granted(
      Session loggedIn, boolean wasUnreported, @Nullable Session found, PreviousSession previous) {
    long generation = loggedIn.generation();
    boolean isOther = previous.isReplacedBy(loggedIn);
    boolean isSent = state.locked(() -> take(loggedIn));
    if (isSent) {
      // The client's token of another user's session is replaced.
      ContainerUser user = resolver.userIfAny();
      if (user != null) {
        user.endWithheld(exchange.manager());
      }
    }
    HttpSessionView view = exchange.viewOf(loggedIn);
    Map<String, Object> values = loggedIn == found ? Map.of() : endUnstored(found);
    if (wasUnreported) {
      exchange.listeners().created(view);
    } else if (!isOther) {
      EndedSession dropped = previous.droppable();
      if (dropped != null) {
        exchange.listeners().dropped(view, dropped.attributes());
      }
      if (!previous.hasEnded()) {
        notifyIdChanged(view, generation);
      }
    }
    current.settleUnsaved();
    if (!loggedIn.isEnded()) {
      values.forEach(view::setAttribute);
    }
    if (!isSent) {
      // Another thread of the request has committed the response meanwhile.
      exchange.manager().invalidate(loggedIn);
      exchange.saving().requireUncommitted("log in");
    }
    exchange.settings().containerSession().loggedIn(exchange.request(), loggedIn);
  }

  private boolean isLoggedIn(String principal) {
    Session known = current.get();
    return known != null && known.principal().filter(principal::equals).isPresent();
  }

  /** Returns the options with the client, if it is to be recorded and they have none. */
  private LoginOptions withClient(LoginOptions options, @Nullable HttpServletRequest client) {
    return client != null
            && exchange.settings().recordClient()
            && options.clientAddress().isEmpty()
            && options.userAgent().isEmpty()
        ? options.toBuilder().client(client.getRemoteAddr(), client.getHeader("User-Agent")).build()
        : options;
  }

  private @Nullable Session sessionWithin(@Nullable SessionTransport by) {
    outgoing.requireUncommitted("log in");
    if (by != null) {
      outgoing.useTransport(by);
    }
    return resolver.findSession();
  }

  /**
   * Ends a session that this request began and that the client never gets, since a login continues
   * with another one.
   *
   * @return what the application put into it, which belongs to the request and ends with it
   */
  private Map<String, Object> endUnstored(@Nullable Session begun) {
    if (begun == null || !state.locked(() -> current.claim(begun)) || begun.isEnded()) {
      return Map.of();
    }
    HttpSessionView view = exchange.viewOf(begun);
    Map<String, Object> values = view.values();
    exchange
        .listeners()
        .endOwn(new EndedSession(view, values), true, () -> exchange.manager().invalidate(begun));
    return values;
  }

  /**
   * Makes the logged-in session the request's, and sends its token; under the lock.
   *
   * @return {@code false} if the token can no longer be sent
   */
  private boolean take(Session loggedIn) {
    if (outgoing.isCommitted()) {
      return false;
    }
    current.begin(loggedIn);
    resolver.presented().releaseWithheld();
    resolver.presented().settle();
    outgoing.carryLogin(loggedIn);
    return true;
  }

  /** Returns what the request has of a session, if a login drops its attributes; else null. */
  private @Nullable EndedSession droppedByLogin(@Nullable Session before) {
    return before == null
            || before.isEnded()
            || !exchange.manager().adapter().dropsAttributesAtLogin()
        ? null
        : EndedSession.of(exchange.viewOf(before));
  }

  private void notifyIdChanged(HttpSessionView view, long generation) {
    SessionListeners listeners = exchange.listeners();
    if (listeners.hasIdListeners()) {
      listeners.idChanged(view, ShownId.before(view.sessionId(), generation));
    }
  }

  /**
   * Runs a login. It ends the previous session if that belongs to another user or if the login does
   * not hold. The values that this request has bound to it are then unbound once, whether stored by
   * then or not.
   */
  private <T> T whileReplaced(@Nullable Session before, String principal, Supplier<T> login) {
    boolean mayEnd =
        before != null
            && !before.isEnded()
            && (hasBound(before)
                || (before.isStored()
                    && before.principal().filter(other -> !other.equals(principal)).isPresent()));
    return before != null && mayEnd
        ? exchange.listeners().whileEnding(EndedSession.of(exchange.viewOf(before)), login)
        : login.get();
  }

  private boolean hasBound(Session session) {
    return exchange.viewOf(session).unsaved() != null;
  }

  /**
   * Gives the session a new secret.
   *
   * @return whether it has one now; {@code false} if its token is never sent or it has ended
   *     meanwhile
   * @throws IllegalStateException if another thread of the request has committed the response
   *     meanwhile. No client has the new secret then, so the session is ended
   */
  boolean renew(Session renewing) {
    boolean renewed = replaceSecret(renewing);
    if (renewed && endIfUnsent(renewing)) {
      exchange.saving().requireUncommitted("renew the session");
      return false;
    }
    return renewed;
  }

  /**
   * Ends a session whose new token can no longer be sent; returns whether that was so. Before the
   * commit it can: another thread of the request may be about to.
   */
  private boolean endIfUnsent(Session renewed) {
    boolean isUnsent =
        state.locked(() -> outgoing.isCommitted() && renewed.unsentToken().isPresent());
    if (isUnsent) {
      exchange.manager().invalidate(renewed);
    }
    return isUnsent;
  }

  private boolean replaceSecret(Session renewing) {
    state.run(
        () -> {
          outgoing.requireUncommitted("renew the session");
          if (renewing.isEphemeral() && !resolver.presented().isPresent()) {
            // The request came from another site. Frameworks change the id when they log in.
            renewing.promote();
          }
          renewing.keep();
        });
    boolean renewed = current.whileEncoded(renewing, () -> exchange.manager().renew(renewing));
    long generation = renewing.generation();
    HttpSessionView view =
        state.locked(
            () -> {
              if (current.get() == renewing) {
                if (resolver.presented().opened(renewing)) {
                  outgoing.carryRenewedTokenOf(renewing);
                } else {
                  outgoing.carryTokenOf(renewing);
                }
              }
              return current.viewOf(renewing);
            });
    current.settleUnsaved();
    exchange.onReliedUpon(renewing);
    if (renewed) {
      notifyIdChanged(view, generation);
    }
    return renewed;
  }

  /**
   * Records that the container may have another user for the request by now; without the lock. A
   * session of no user becomes that user's with a new secret, and is withheld where that cannot be
   * sent.
   */
  void userIs(@Nullable String name) {
    ContainerUser user = resolver.user();
    user.name(name);
    if (name != null) {
      state.run(outgoing::loggedIn);
    }
    Session known = resolver.session();
    if (known == null) {
      if (user.withheld() != null) {
        user.release();
        state.run(resolver.presented()::reconsider);
        resolver.session();
      }
    } else if (known.isStored() || known.isAwaitingCreation()) {
      ContainerUser.Relation relation = user.to(known);
      if (relation == ContainerUser.Relation.UNOWNED
          && !state.locked(outgoing::isCommitted)
          && user.take(known)) {
        if (replaceSecret(known)) {
          endIfUnsent(known);
        }
      } else if (relation != ContainerUser.Relation.OWN) {
        if (known.isStored()) {
          // The changes so far were made by its own user.
          exchange.saving().storeChangesOf(known);
        }
        user.withhold(known);
        state.run(
            () -> {
              current.forget();
              resolver.presented().settle();
            });
      }
    }
  }
}
