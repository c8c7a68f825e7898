package io.coatcheck.session.servlet;

import io.coatcheck.session.Resolution;
import io.coatcheck.session.Session;
import io.coatcheck.session.token.SessionId;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Ends sessions of the client of a request: its session, and whatever else its tokens open. The
 * client is made to forget its token. The actions of {@link BridgeRequest#beforeLogout} run first,
 * and if one fails, nothing ends.
 *
 * <p>As in {@link RequestAuthenticator}, the manager is called without the lock of the request.
 */
final class RequestLogout {

  private final SessionExchange exchange;
  private final DispatchState state;
  private final RequestResolver resolver;
  private final PresentedTokens presented;
  private final OutgoingToken outgoing;
  private final CurrentSession current;

  RequestLogout(
      SessionExchange exchange,
      RequestResolver resolver,
      OutgoingToken outgoing,
      CurrentSession current) {
    this.exchange = exchange;
    this.resolver = resolver;
    this.outgoing = outgoing;
    this.current = current;
    state = exchange.state();
    presented = resolver.presented();
  }

  /**
   * Ends a session, and with it all others that the client presents. The client is made to forget
   * its token. A failure of the store is remembered.
   */
  void invalidate(HttpSessionView ending) {
    exchange
        .saving()
        .orFail(
            () -> {
              exchange.prepareLogout();
              // Besides an ephemeral session there is a newer token, which the client may have by
              // now.
              boolean isBesideNewer = ending.session().isEphemeral();
              Ended ended = end(ending);
              if (ended.isOwn() && (!isBesideNewer || ended.presented() > 0)) {
                // Within a forward whose end is not seen, nothing can be written later.
                boolean isLastChance = exchange.isInUnobservedForward();
                state.run(() -> endedByUser(isLastChance));
                exchange.settings().containerSession().end(exchange.request());
              }
              return null;
            });
  }

  /** Runs the actions registered for a logout. If one fails, nothing may be ended. */
  void prepare() {
    exchange
        .saving()
        .orFail(
            () -> {
              exchange.prepareLogout();
              return null;
            });
  }

  /**
   * Ends every session whose token the client presents, and makes it forget what it presented.
   *
   * @return how many sessions were ended
   */
  int logout() {
    return exchange
        .saving()
        .orFail(
            () -> {
              exchange.prepareLogout();
              HttpSessionView live = exchange.view(false);
              Ended ended = live == null ? new Ended(true, endPresented()) : end(live);
              if (ended.isOwn()) {
                state.run(() -> endedByUser(true));
                exchange.settings().containerSession().end(exchange.request());
              }
              return ended.presented();
            });
  }

  /**
   * The result of a logout.
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
    if (isPresented || state.locked(() -> current.claim(own))) {
      exchange
          .listeners()
          .endOwn(
              EndedSession.of(ending),
              !isPresented,
              () -> hasEnded.set(exchange.manager().invalidate(own)));
    } else {
      exchange.manager().invalidate(own);
    }
    int others = endPresented();
    boolean isOver = release(own, hasEnded.get());
    current.settleUnsaved();
    return isOver ? new Ended(true, isPresented ? others + 1 : others) : new Ended(false, others);
  }

  /**
   * Drops a session that has ended. If another thread of the request has logged in on it meanwhile,
   * that session ends too: the client is made to forget its token.
   *
   * @return whether it has ended for every request
   */
  private boolean release(Session own, boolean hasEnded) {
    state.run(() -> resolver.release(own, hasEnded));
    // In this order: what logs in after this makes its session the request's again.
    return own.isEnded() ? hasEnded : release(own, exchange.manager().invalidate(own));
  }

  /**
   * Ends what the client presents beside the session of this request: one that is withheld, and,
   * where it presents several tokens, all that they open. This does not depend on which was
   * accepted, or on whether this request has begun a session.
   *
   * @return how many sessions were ended
   */
  private int endPresented() {
    Session withheld = presented.withheld();
    int ended = withheld != null && exchange.manager().invalidate(withheld) ? 1 : 0;
    presented.releaseWithheld();
    ended += resolver.user().endWithheld(exchange.manager());
    List<String> beside = presented.beside();
    if (!beside.isEmpty()) {
      return ended + exchange.manager().adapter().invalidatePresented(beside);
    }
    confirmEnd();
    return ended;
  }

  /**
   * Has the store confirm that the session of the one presented token has ended, if it found none:
   * a logout that was answered with a 503 may have ended it.
   */
  private void confirmEnd() {
    if (presented.resolution() instanceof Resolution.Unknown unknown) {
      exchange.manager().adapter().confirmEnd(unknown.sessionId());
    }
  }

  private void endedByUser(boolean isExplicit) {
    resolver.deleteToken();
    outgoing.endedByUser(presented, isExplicit);
  }

  /**
   * Ends one session if the client presents a token that opens it but was not accepted; and with it
   * all sessions that the client presents.
   *
   * @return whether it was ended
   */
  boolean revokePresented(SessionId id) {
    return exchange
        .saving()
        .orFail(
            () -> {
              Session withheld = presented.withheld();
              Session ofOtherUser = resolver.user().withheld();
              boolean hasEnded =
                  (withheld != null && withheld.id().equals(id))
                      || (ofOtherUser != null && ofOtherUser.id().equals(id))
                      || exchange.manager().adapter().invalidatePresented(presented.beside(id)) > 0;
              if (hasEnded) {
                logout();
              } else if (presented.beside().isEmpty()
                  && presented.resolution().id().filter(id::equals).isPresent()) {
                confirmEnd();
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
    return exchange
        .saving()
        .orFail(
            () -> {
              exchange.prepareLogout();
              Session own = exchange.session();
              if (own != null && own.principal().isPresent()) {
                int ended =
                    exchange
                        .listeners()
                        .whileEnding(
                            EndedSession.of(exchange.viewOf(own)),
                            () -> exchange.manager().revokeAllOwn(own));
                if (ended > 0 && own.isEnded()) {
                  // Its token is not looked up again.
                  boolean unused = release(own, true);
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
            && presented.isAdmittedTo(live)
        ? exchange.manager().revokeAllOwn(live.session())
        : 0;
  }
}
