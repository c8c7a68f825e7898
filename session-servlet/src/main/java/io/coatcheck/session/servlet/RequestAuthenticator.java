package io.coatcheck.session.servlet;

import io.coatcheck.session.LoginOptions;
import io.coatcheck.session.LoginOutcome;
import io.coatcheck.session.LoginResult;
import io.coatcheck.session.Resolution;
import io.coatcheck.session.Session;
import io.coatcheck.session.token.SessionId;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Changes the token that the client of a request holds: a login and a renewal replace it, the end
 * of the session deletes it.
 *
 * <p>Each method reads the state of the request under the lock of the {@link SessionExchange},
 * calls the manager without it, since that calls the application, and then updates the state, which
 * may have changed meanwhile. Listeners are notified last.
 */
final class RequestAuthenticator {

  private final SessionExchange exchange;
  private final PresentedTokens presented;
  private final OutgoingToken outgoing;
  private final CurrentSession current;

  /** Null if every client is admitted. */
  private final @Nullable ClientGate gate;

  RequestAuthenticator(
      SessionExchange exchange,
      PresentedTokens presented,
      OutgoingToken outgoing,
      CurrentSession current,
      @Nullable ClientGate gate) {
    this.exchange = exchange;
    this.presented = presented;
    this.outgoing = outgoing;
    this.current = current;
    this.gate = gate;
  }

  /**
   * Logs in.
   *
   * @param by how the token is sent; null for the transport of the request
   */
  LoginResult login(String principal, LoginOptions options, @Nullable SessionTransport by) {
    Session found = exchange.locked(() -> sessionWithin(by));
    Session withheld = gate == null ? null : gate.withheld();
    Session before = withheld == null ? found : withheld;
    String oldId = before == null ? "" : HttpSessionView.textOf(before);
    SessionId oldSessionId = before != null && before.isStored() ? before.id() : null;
    Map<String, Object> mayBeDropped = droppedByLogin(before);
    LoginOptions used =
        AskedTimeout.within(options, before, principal, exchange.manager().policy());
    LoginOutcome outcome =
        whileReplaced(
            before,
            principal,
            () ->
                exchange
                    .listeners()
                    .unreported()
                    .during(
                        before,
                        () ->
                            current.whileSaved(
                                before,
                                () -> exchange.manager().authenticate(before, principal, used))));
    if (outcome instanceof LoginOutcome.Granted granted) {
      Session now = granted.session();
      boolean isOther = now != before || (oldSessionId != null && !oldSessionId.equals(now.id()));
      boolean wasUnreported = exchange.listeners().unreported().remove(now.id());
      AskedTimeout.settle(now, options, used);
      boolean isSent = exchange.locked(() -> take(now));
      if (isSent) {
        // The client's token of another user's session is replaced.
        endAnothers();
      }
      HttpSessionView view = exchange.viewOf(now);
      Map<String, Object> values = now == found ? Map.of() : endUnstored(found);
      if (wasUnreported) {
        exchange.listeners().created(view);
      } else if (!isOther) {
        exchange.listeners().dropped(view, mayBeDropped);
        tellIdChanged(view, oldId);
      }
      current.settleUnsaved();
      if (!now.isEnded()) {
        values.forEach(view::setAttribute);
      }
      if (!isSent) {
        // Another thread of the request has committed the response meanwhile.
        exchange.manager().invalidate(now);
        exchange.requireUncommitted("log in");
      }
      exchange.settings().containerSession().loggedIn(exchange.request(), now);
      // A listener, or the login's condition, may have ended the session again.
      return exchange.principalNow().filter(principal::equals).isPresent()
          ? LoginResult.LOGGED_IN
          : LoginResult.NO_LONGER_VALID;
    }
    if (before != null && before.isEnded()) {
      exchange.run(
          () -> {
            letGoOf(before, true);
            deleteToken();
          });
      current.settleUnsaved();
    }
    return outcome.result();
  }

  private @Nullable Session sessionWithin(@Nullable SessionTransport by) {
    outgoing.requireUncommitted("log in");
    if (by != null) {
      outgoing.goBy(by);
    }
    return exchange.findSession();
  }

  /**
   * Ends a session that this request began and that the client never gets, since a login continues
   * with another one.
   *
   * @return what the application put into it, which belongs to the request and ends with it
   */
  private Map<String, Object> endUnstored(@Nullable Session begun) {
    if (begun == null || !exchange.locked(() -> current.claim(begun)) || begun.isEnded()) {
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
  private boolean take(Session now) {
    if (outgoing.isCommitted()) {
      return false;
    }
    current.begin(now);
    if (gate != null) {
      gate.release();
    }
    presented.settle();
    outgoing.carryTokenOf(now);
    outgoing.loggedIn();
    return true;
  }

  /** Returns the session's attributes, if a login drops them. */
  private Map<String, Object> droppedByLogin(@Nullable Session before) {
    return before == null || !exchange.manager().adapter().dropsAttributesAtLogin()
        ? Map.of()
        : exchange.viewOf(before).values();
  }

  private void tellIdChanged(HttpSessionView view, String oldId) {
    SessionListeners listeners = exchange.listeners();
    if (listeners.hearOfIds() && !HttpSessionView.textOf(view.session()).equals(oldId)) {
      listeners.idChanged(view, oldId);
    }
  }

  /**
   * Drops a session that has ended, unless the request has another one by now, which a listener may
   * have begun; under the lock.
   *
   * @param isForGood whether the request looks for no session again; {@code false} if it has begun
   *     anew, so that the presented tokens may resolve differently by now
   */
  private void letGoOf(Session ended, boolean isForGood) {
    if (current.get() == null || current.get() == ended) {
      current.forget();
      if (isForGood) {
        presented.settle();
      } else {
        presented.reconsider();
      }
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
        ? exchange.listeners().whileEnding(asEnded(before), login)
        : login.get();
  }

  private boolean hasBound(Session session) {
    return exchange.viewOf(session).unsaved() != null;
  }

  /** Returns what listeners are shown at the end of a session: all that the request has of it. */
  private EndedSession asEnded(Session ending) {
    HttpSessionView view = exchange.viewOf(ending);
    return new EndedSession(view, view.values());
  }

  /**
   * Gives the session a new secret.
   *
   * @return whether it has one now; {@code false} if its token is never sent or it has ended
   *     meanwhile
   */
  boolean renew(Session renewing) {
    exchange.run(
        () -> {
          outgoing.requireUncommitted("renew the session");
          if (renewing.isEphemeral() && !presented.areAny()) {
            // The request came from another site. Frameworks change the id when they log in.
            renewing.promote();
          }
          renewing.keep();
        });
    String oldId = HttpSessionView.textOf(renewing);
    boolean renewed = current.whileSaved(renewing, () -> exchange.manager().renew(renewing));
    HttpSessionView view =
        exchange.locked(
            () -> {
              if (current.get() == renewing) {
                outgoing.carryTokenOf(renewing);
              }
              return current.viewOf(renewing);
            });
    current.settleUnsaved();
    exchange.relied(renewing);
    if (renewed) {
      tellIdChanged(view, oldId);
    }
    return renewed;
  }

  /**
   * Ends a session, and with it all others that the client presents. The client is made to forget
   * its token. A failure of the store is remembered.
   */
  void invalidate(HttpSessionView ending) {
    exchange.orFail(
        () -> {
          // Besides an ephemeral session there is a newer token, which the client may have by now.
          boolean isBesideNewer = ending.session().isEphemeral();
          Ended ended = end(ending);
          if (ended.isOwn() && (!isBesideNewer || ended.presented() > 0)) {
            exchange.run(() -> endedByUser(false));
            exchange.settings().containerSession().end(exchange.request());
          }
          return null;
        });
  }

  /**
   * Ends every session whose token the client presents, and makes it forget what it presented.
   *
   * @return how many sessions were ended
   */
  int logout() {
    return exchange.orFail(
        () -> {
          HttpSessionView live = exchange.view(false);
          Ended ended = live == null ? new Ended(true, endPresented()) : end(live);
          if (ended.isOwn()) {
            exchange.run(() -> endedByUser(true));
            exchange.settings().containerSession().end(exchange.request());
          }
          return ended.presented();
        });
  }

  /**
   * What was ended.
   *
   * @param isOwn whether the request no longer has a session; {@code false} if there was a login
   *     into its session since, whose cookie the client may have by now
   * @param presented how many sessions whose token the client presented
   */
  private record Ended(boolean isOwn, int presented) {}

  private Ended end(HttpSessionView ending) {
    Session own = ending.session();
    boolean isPresented = own.isStored();
    AtomicBoolean hasEnded = new AtomicBoolean(true);
    // If no store reports the end, the thread that was first reports it.
    if (isPresented || exchange.locked(() -> current.claim(own))) {
      exchange
          .listeners()
          .endOwn(
              new EndedSession(ending, ending.values()),
              !isPresented,
              () -> hasEnded.set(exchange.manager().invalidate(own)));
    } else {
      exchange.manager().invalidate(own);
    }
    int others = endPresented();
    exchange.run(() -> letGoOf(own, hasEnded.get()));
    current.settleUnsaved();
    return hasEnded.get()
        ? new Ended(true, isPresented ? others + 1 : others)
        : new Ended(false, others);
  }

  /**
   * Ends what the client presents beside the session of this request: one that is withheld, and,
   * where it presents several tokens, all that they open. This does not depend on which was
   * accepted, or on whether this request has begun a session.
   *
   * @return how many sessions were ended
   */
  private int endPresented() {
    Session withheld = gate == null ? null : gate.withheld();
    int ended = withheld != null && exchange.manager().invalidate(withheld) ? 1 : 0;
    if (gate != null) {
      gate.release();
    }
    ended += endAnothers();
    List<String> beside = presented.beside();
    return beside.isEmpty()
        ? ended
        : ended + exchange.manager().adapter().invalidatePresented(beside);
  }

  private int endAnothers() {
    Session anothers = exchange.anothersSession();
    exchange.releaseAnothers();
    return anothers != null && exchange.manager().invalidate(anothers) ? 1 : 0;
  }

  private void endedByUser(boolean isExplicit) {
    deleteToken();
    // Within a forward whose end is not seen, it could no longer be written.
    outgoing.endedByUser(presented, isExplicit || exchange.isInUnobservedForward());
  }

  /**
   * Makes the client forget its token, unless it gets the token of a session that a listener has
   * begun and stored; under the lock.
   */
  private void deleteToken() {
    Session begun = current.get();
    if (begun == null || !begun.isStored()) {
      presented.settle();
      outgoing.deleteToken(presented);
    }
  }

  /**
   * Ends one session if the client presents a token that opens it but was not accepted; and with it
   * all sessions that the client presents.
   *
   * @return whether it was ended
   */
  boolean revokePresented(SessionId id) {
    return exchange.orFail(
        () -> {
          Session withheld = gate == null ? null : gate.withheld();
          Session anothers = exchange.anothersSession();
          boolean hasEnded =
              (withheld != null && withheld.id().equals(id))
                  || (anothers != null && anothers.id().equals(id))
                  || exchange.manager().adapter().invalidatePresented(presented.beside(id)) > 0;
          if (hasEnded) {
            logout();
          }
          return hasEnded;
        });
  }

  /**
   * Ends all sessions of the principal of this request, and where it presents several tokens, also
   * those of the principals whose sessions they open; then logs out.
   *
   * @return how many sessions were ended
   */
  int logoutEverywhere() {
    return exchange.orFail(
        () -> {
          Session own = exchange.session();
          if (own != null && own.principal().isPresent()) {
            int ended =
                exchange
                    .listeners()
                    .whileEnding(asEnded(own), () -> exchange.manager().revokeAllOwn(own));
            if (ended > 0 && own.isEnded()) {
              // Its token is not looked up again.
              exchange.run(() -> letGoOf(own, true));
              current.settleUnsaved();
            }
            return ended + logout();
          }
          int ended = 0;
          for (String token : presented.beside()) {
            ended += revokeAllOwn(token);
          }
          return ended + logout();
        });
  }

  private int revokeAllOwn(String token) {
    return exchange.manager().adapter().resolve(List.of(token)) instanceof Resolution.Live live
            && (gate == null || gate.admit(live, exchange.manager()) instanceof Resolution.Live)
        ? exchange.manager().revokeAllOwn(live.session())
        : 0;
  }
}
