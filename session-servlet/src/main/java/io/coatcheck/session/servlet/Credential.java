package io.coatcheck.session.servlet;

import io.coatcheck.session.Authentication;
import io.coatcheck.session.LoginOptions;
import io.coatcheck.session.Resolution;
import io.coatcheck.session.Session;
import io.coatcheck.session.token.SessionId;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What a request does about the token that its client holds: a login and a renewal give it another
 * one, an end takes it away. Each is one step under the lock of the {@link SessionExchange}.
 */
final class Credential {

  private final SessionExchange exchange;
  private final PresentedTokens presented;
  private final OutgoingResponse outgoing;
  private final CurrentSession current;

  /** Null if every client is let in. */
  private final @Nullable ClientGate gate;

  Credential(
      SessionExchange exchange,
      PresentedTokens presented,
      OutgoingResponse outgoing,
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
   * @param by how the token is to leave; null as the request came
   */
  LoginResult login(String principal, LoginOptions options, @Nullable SessionTransport by) {
    return exchange.locked(
        () -> {
          outgoing.requireUncommitted("log in");
          if (by != null) {
            outgoing.goBy(by);
          }
          Session found = exchange.findSession();
          Session withheld = gate == null ? null : gate.take();
          Session before = withheld == null ? found : withheld;
          String oldId = before == null ? "" : HttpSessionView.textOf(before);
          Authentication outcome =
              whileReplaced(
                  before,
                  principal,
                  () ->
                      current.whileSaved(
                          before,
                          () -> exchange.manager().authenticate(before, principal, options)));
          if (outcome instanceof Authentication.Granted granted) {
            Session now = granted.session();
            boolean isOther = now != before;
            if (now != found) {
              replace(found, now);
            }
            presented.settle();
            outgoing.carryTokenOf(now);
            if (isOther) {
              current.tellCreated(now);
            } else {
              current.tellIdChanged(now, oldId);
            }
            return LoginResult.LOGGED_IN;
          }
          if (before != null && before.isEnded()) {
            forget();
            outgoing.deleteToken(presented);
          } else if (withheld != null && gate != null) {
            gate.withhold(withheld);
          }
          return switch (((Authentication.Refused) outcome).reason()) {
            case LIMIT_REACHED -> LoginResult.LIMIT_REACHED;
            case NO_LONGER_VALID -> LoginResult.NO_LONGER_VALID;
          };
        });
  }

  /**
   * Goes on with another session than the one that this request had begun, which the client never
   * gets. What the application put into that is the request's own, and goes with it.
   */
  private void replace(@Nullable Session begun, Session now) {
    Map<String, Object> values = Map.of();
    if (begun != null && !begun.isStored() && !begun.isEnded()) {
      values = endUnstored(current.viewOf(begun));
    }
    current.begin(now);
    values.forEach(current.viewOf(now)::setAttribute);
  }

  private Map<String, Object> endUnstored(HttpSessionView begun) {
    Map<String, Object> values = begun.values();
    exchange
        .listeners()
        .endOwn(
            new EndedSession(begun, values),
            true,
            () -> exchange.manager().invalidate(begun.session()));
    return values;
  }

  /** Does what ends a session if it belongs to somebody else. */
  private <T> T whileReplaced(@Nullable Session before, String principal, Supplier<T> login) {
    if (before != null
        && before.isStored()
        && before.principal().filter(other -> !other.equals(principal)).isPresent()) {
      return exchange.listeners().whileEnding(asEnded(before), login);
    }
    return login.get();
  }

  /** Returns what is told of the end of a session: all that the request has of it. */
  private EndedSession asEnded(Session ending) {
    HttpSessionView view = current.viewOf(ending);
    return new EndedSession(view, view.values());
  }

  /**
   * Gives the session a new secret.
   *
   * @return whether it has one now; {@code false} if it is never sent or has ended meanwhile
   */
  boolean renew(Session renewing) {
    return exchange.locked(
        () -> {
          outgoing.requireUncommitted("renew the session");
          renewing.keep();
          String oldId = HttpSessionView.textOf(renewing);
          boolean renewed = current.whileSaved(renewing, () -> exchange.manager().renew(renewing));
          outgoing.carryTokenOf(renewing);
          exchange.relied(renewing);
          if (renewed) {
            current.tellIdChanged(renewing, oldId);
          }
          return renewed;
        });
  }

  /**
   * Ends a session, and with it all that the client presents beside it. The client is made to
   * forget its token. A store that fails is not forgotten.
   */
  void invalidate(HttpSessionView ending) {
    exchange.orFail(
        () -> {
          // An ephemeral session stands beside a newer token, which the client may have by now.
          boolean isBesideNewer = ending.session().isEphemeral();
          Ended ended = end(ending);
          if (ended.isOwn() && (!isBesideNewer || ended.presented() > 0)) {
            deleteToken();
          }
          return null;
        });
  }

  /**
   * Ends every session that the client presents a token of, and makes it forget what it presented.
   *
   * @return how many
   */
  int logout() {
    return exchange.orFail(
        () -> {
          HttpSessionView live = exchange.view(false);
          Ended ended = live == null ? new Ended(true, endPresented()) : end(live);
          if (ended.isOwn()) {
            deleteToken();
          }
          return ended.presented();
        });
  }

  /**
   * What has ended.
   *
   * @param isOwn whether the request has no session any more; {@code false} if there was a login
   *     into its session since, whose cookie the client may have by now
   * @param presented how many sessions that the client presented a token of
   */
  private record Ended(boolean isOwn, int presented) {}

  private Ended end(HttpSessionView ending) {
    Session own = ending.session();
    boolean isPresented = own.isStored();
    AtomicBoolean hasEnded = new AtomicBoolean();
    exchange
        .listeners()
        .endOwn(
            new EndedSession(ending, ending.values()),
            !isPresented,
            () -> hasEnded.set(exchange.manager().invalidate(own)));
    int others = endPresented();
    if (!hasEnded.get()) {
      current.forget();
      presented.reconsider();
      return new Ended(false, others);
    }
    if (current.get() == null || current.get() == own) {
      // Otherwise a listener has begun another one.
      forget();
    }
    return new Ended(true, isPresented ? others + 1 : others);
  }

  /**
   * Ends what the client presents beside the session of this request: one that is withheld, and,
   * where it presents several tokens, all that they open. Which of them was accepted, and whether
   * this request has begun a session, makes no difference.
   *
   * @return how many
   */
  private int endPresented() {
    Session withheld = gate == null ? null : gate.take();
    int ended = withheld != null && exchange.manager().invalidate(withheld) ? 1 : 0;
    List<String> beside = presented.beside();
    return beside.isEmpty() ? ended : ended + exchange.manager().invalidatePresented(beside);
  }

  /** Makes the client forget its token, unless it is given one of a session that has just begun. */
  private void deleteToken() {
    Session begun = current.get();
    if (begun == null || !begun.isStored()) {
      presented.settle();
      outgoing.deleteToken(presented);
    }
  }

  /**
   * Ends one session if the client presents a token that opens it, though it was not accepted; and
   * with it all that it presents.
   *
   * @return whether it was ended
   */
  boolean revokePresented(SessionId id) {
    return exchange.orFail(
        () -> {
          boolean isWithheld = gate != null && gate.isWithholding(id);
          boolean hasEnded =
              isWithheld || exchange.manager().invalidatePresented(presented.beside(id)) > 0;
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
   * @return how many
   */
  int logoutEverywhere() {
    return exchange.orFail(
        () -> {
          Session own = exchange.findSession();
          if (own != null && own.principal().isPresent()) {
            int ended =
                exchange
                    .listeners()
                    .whileEnding(asEnded(own), () -> exchange.manager().revokeAllOf(own));
            // Unless it had ended before, the logout counts it once more.
            return own.isEnded() ? ended + logout() : ended + logout() - 1;
          }
          int ended = 0;
          for (String token : presented.beside()) {
            ended += revokeAllOf(token);
          }
          return ended + logout();
        });
  }

  private int revokeAllOf(String token) {
    return exchange.manager().resolve(List.of(token)) instanceof Resolution.Live live
            && (gate == null || gate.letsIn(live.session()))
        ? exchange.manager().revokeAllOf(live.session())
        : 0;
  }

  /** There is no session any more, and none is looked for again. */
  void forget() {
    current.forget();
    presented.settle();
  }
}
