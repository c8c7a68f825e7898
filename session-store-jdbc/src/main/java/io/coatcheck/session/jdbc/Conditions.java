package io.coatcheck.session.jdbc;

import io.coatcheck.session.token.SessionId;
import java.time.Instant;
import java.util.Collection;

/**
 * The conditions that select rows, by columns that a database stores and compares in its own way.
 * Immutable and thread-safe.
 */
class Conditions {

  final IdColumn ids;
  final PrincipalColumn principals;

  Conditions(IdColumn ids, PrincipalColumn principals) {
    this.ids = ids;
    this.principals = principals;
  }

  final Condition withId(SessionId id) {
    return withId("id = ?", id);
  }

  final Condition withIdAbove(SessionId id) {
    return withId("id > ?", id);
  }

  final Condition withIdUpTo(SessionId id) {
    return withId("id <= ?", id);
  }

  private Condition withId(String sql, SessionId id) {
    return new Condition(
        sql,
        (statement, first) -> {
          ids.set(statement, first, id);
          return first + 1;
        });
  }

  Condition withIdIn(Collection<SessionId> given) {
    return new Condition(
        "id IN (" + "?, ".repeat(given.size() - 1) + "?)",
        (statement, first) -> {
          int next = first;
          for (SessionId id : given) {
            ids.set(statement, next++, id);
          }
          return next;
        });
  }

  final Condition withGeneration(long generation) {
    return Condition.of("generation = ?", generation);
  }

  Condition withPrincipal(String principal) {
    String comparable = PrincipalColumn.comparable(principal);
    return new Condition(
        "principal = ?",
        (statement, first) -> {
          principals.set(statement, first, comparable);
          return first + 1;
        });
  }

  /** Selects the live sessions of a principal. */
  final Condition live(String principal, Instant now) {
    return withPrincipal(principal).and(Condition.of("expires_at > ?", now.toEpochMilli()));
  }

  /** Selects the live sessions of a principal except one. */
  final Condition othersLive(String principal, SessionId id, Instant now) {
    return live(principal, now).and(withId("id <> ?", id));
  }

  /**
   * Selects sessions that were authenticated before another one, or come first in order if at the
   * same moment.
   */
  final Condition authenticatedBefore(Login login) {
    long moment = login.authenticatedAt();
    return new Condition(
        "(authenticated_at < ? OR (authenticated_at = ? AND id < ?))",
        (statement, first) -> {
          statement.setLong(first, moment);
          statement.setLong(first + 1, moment);
          ids.set(statement, first + 2, login.id());
          return first + 3;
        });
  }
}
