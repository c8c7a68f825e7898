package io.coatcheck.session.servlet;

import io.coatcheck.session.Session;
import io.coatcheck.session.token.SessionId;
import java.util.List;

/** The sessions of the user who is logged in by a request, as {@link WebSession} offers them. */
final class UserSessions {

  private final SessionExchange exchange;

  UserSessions(SessionExchange exchange) {
    this.exchange = exchange;
  }

  /** Lists the sessions of the user. */
  List<OwnSession> list() {
    Session session = exchange.session();
    if (session == null || session.principal().isEmpty()) {
      return List.of();
    }
    return exchange.manager().sessionsOf(session.principal().get()).stream()
        .map(info -> new OwnSession(info, info.id().equals(session.id())))
        .toList();
  }

  /** Ends one of the user's sessions, and returns whether it was ended. */
  boolean end(SessionId id) {
    Session session = exchange.session();
    if (session == null || session.principal().isEmpty()) {
      return exchange.logout().revokePresented(id);
    }
    if (session.id().equals(id)) {
      return exchange.logout().logout() > 0;
    }
    return exchange.saving().orFail(() -> exchange.manager().revokeOwn(session, id));
  }

  /** Ends the user's other sessions, and returns how many. */
  int endOthers() {
    Session session = exchange.session();
    return session == null
        ? 0
        : exchange.saving().orFail(() -> exchange.manager().revokeOthers(session));
  }

  /** Ends all of the user's sessions, and returns how many. */
  int endAll() {
    return exchange.logout().logoutEverywhere();
  }
}
