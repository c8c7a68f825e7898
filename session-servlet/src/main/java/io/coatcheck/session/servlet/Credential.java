package io.coatcheck.session.servlet;

import io.coatcheck.session.Authentication;
import io.coatcheck.session.LoginOptions;
import io.coatcheck.session.Session;
import io.coatcheck.session.store.SessionStoreException;
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
          boolean hasNothing =
              found == null || (found.isEphemeral() && found.attributeNames().isEmpty());
          Session withheld = hasNothing && gate != null ? gate.take() : null;
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
              current.begin(now);
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
          }
          return switch (((Authentication.Refused) outcome).reason()) {
            case LIMIT_REACHED -> LoginResult.LIMIT_REACHED;
            case NO_LONGER_VALID -> LoginResult.NO_LONGER_VALID;
          };
        });
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
   * Ends all sessions of whoever is logged in. That of this request is to be forgotten then.
   *
   * @return how many
   */
  int revokeAllOfOwn() {
    return exchange.orFail(
        () -> {
          Session own = exchange.findSession();
          return own == null || own.principal().isEmpty()
              ? 0
              : exchange
                  .listeners()
                  .whileEnding(asEnded(own), () -> exchange.manager().revokeAllOf(own));
        });
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
   * Ends a session. The client is made to forget it. A store that fails is not forgotten.
   *
   * @return whether it has ended; {@code false} if somebody has logged in to it since, whose cookie
   *     the client may have by now
   */
  boolean invalidate(HttpSessionView ending) {
    return exchange.locked(
        () -> {
          Session invalidated = ending.session();
          boolean wasEphemeral = invalidated.isEphemeral();
          AtomicBoolean hasEnded = new AtomicBoolean();
          try {
            exchange
                .listeners()
                .endOwn(
                    new EndedSession(ending, ending.values()),
                    !invalidated.isStored(),
                    () -> hasEnded.set(exchange.manager().invalidate(invalidated)));
          } catch (SessionStoreException e) {
            throw outgoing.fail(e);
          }
          if (!hasEnded.get()) {
            current.forget();
            presented.reconsider();
            return false;
          }
          if (current.get() == null || current.get() == invalidated) {
            // Otherwise a listener has begun another one.
            forget();
          }
          if (!wasEphemeral) {
            outgoing.deleteToken(presented);
          }
          return true;
        });
  }

  /**
   * Ends the session, and makes the client forget what it presented. Where there is none, because
   * the client presents several, all those that its tokens open are ended.
   */
  void logout() {
    HttpSessionView live = exchange.orFail(() -> exchange.view(false));
    if (live != null && !invalidate(live)) {
      return;
    }
    exchange.orFail(
        () -> {
          Session withheld = gate == null ? null : gate.take();
          if (withheld != null) {
            exchange.manager().invalidate(withheld);
            forget();
          } else if (live == null) {
            exchange.manager().invalidatePresented(presented.unresolvedIn(exchange.request()));
          }
          return null;
        });
    exchange.run(() -> outgoing.deleteToken(presented));
  }

  /** There is no session any more, and none is looked for again. */
  void forget() {
    current.forget();
    presented.settle();
  }
}
