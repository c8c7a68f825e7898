package io.coatcheck.session.jdbc;

import io.coatcheck.session.background.Operation;
import io.coatcheck.session.store.Admission;
import io.coatcheck.session.store.LoginLimit;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.WhenFull;
import io.coatcheck.session.token.SessionId;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** The limit of sessions per principal, under a lock of the database for each principal. */
final class JdbcLoginLimit implements LoginLimit {

  private final Transactions transactions;
  private final Dialect dialect;
  private final Writes writes;

  JdbcLoginLimit(Transactions transactions, Writes writes) {
    this.transactions = transactions;
    this.writes = writes;
    dialect = writes.dialect;
  }

  @Override
  public Admission admit(
      StoredSession session, boolean isNew, int limit, WhenFull whenFull, Instant now) {
    String principal =
        session
            .principal()
            .orElseThrow(() -> new IllegalArgumentException("session must have a principal"));
    if (limit < 1) {
      throw new IllegalArgumentException("limit must be at least 1: " + limit);
    }
    StoredSession.millisOf(now, "now");
    Writes.Encoded encoded = Writes.Encoded.of(session);
    int waitSeconds = transactions.timeouts().querySeconds();
    // More than these are not needed: either the login is refused, or too many sessions would have
    // to end.
    long most = whenFull == WhenFull.EVICT_OLDEST ? (long) limit + MAX_EVICTED : limit;
    return transactions.several(
        new Operation("admit", session.id()),
        dialect.principalLock(principal, waitSeconds),
        statements -> {
          List<Login> others = others(statements, principal, session.id(), now, most);
          int excess = others.size() - limit + 1;
          if (excess > 0 && whenFull == WhenFull.REFUSE_NEWCOMER) {
            return new Admission(Admission.Outcome.REFUSED, List.of());
          }
          if (excess > MAX_EVICTED) {
            return new Admission(Admission.Outcome.CROWDED, List.of());
          }
          SessionRow.Deleted evicted =
              excess > 0
                  ? evict(statements, principal, others.subList(0, excess))
                  : SessionRow.Deleted.NONE;
          if (store(statements, encoded, isNew, now, evicted.ids())) {
            return new Admission(Admission.Outcome.STORED, oldestFirst(evicted.sessions()));
          }
          statements.rollBack();
          return new Admission(Admission.Outcome.CONFLICT, List.of());
        });
  }

  /**
   * Reads again if one of the live sessions expired while the query itself waited: MariaDB waits
   * for the lock in this query.
   */
  private List<Login> others(
      Statements statements, String principal, SessionId id, Instant now, long most)
      throws SQLException {
    int waitSeconds = transactions.timeouts().querySeconds();
    Live live =
        live(
            statements,
            dialect.selectOthersLive(principal, id, statements.aged(now), waitSeconds),
            id,
            most);
    Instant answered = statements.aged(now);
    return live.firstExpiry() > answered.toEpochMilli()
        ? live.logins()
        : live(statements, dialect.selectOthersLiveUnderLock(principal, id, answered), id, most)
            .logins();
  }

  /** Live sessions, the oldest first, and when the first of them expires. */
  private record Live(List<Login> logins, long firstExpiry) {}

  private Live live(Statements statements, Query query, SessionId id, long most)
      throws SQLException {
    List<Login> others = new ArrayList<>();
    long firstExpiry = Long.MAX_VALUE;
    try (PreparedStatement statement = statements.prepare(query.sql())) {
      // One more, since the session itself may be among them.
      query.bind(statement, most + 1);
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          if (rows.getInt(4) != 1) {
            throw SqlFailure.lockNotFree();
          }
          if (rows.getObject(1) != null) {
            SessionId other = dialect.getId(rows, 1);
            if (!other.equals(id)) {
              others.add(new Login(other, rows.getLong(2)));
              firstExpiry = Math.min(firstExpiry, rows.getLong(3));
            }
          }
        }
      }
    }
    others.sort(null);
    return new Live(others, firstExpiry);
  }

  /** Deletes a few sessions, and returns those that still existed and were the principal's. */
  private SessionRow.Deleted evict(Statements statements, String principal, List<Login> doomed)
      throws SQLException {
    List<SessionId> ids = doomed.stream().map(Login::id).toList();
    Condition condition =
        dialect.conditions.withIdIn(ids).and(dialect.conditions.withPrincipal(principal));
    return dialect.delete(statements, condition, Column.SESSION);
  }

  private static List<StoredSession> oldestFirst(List<StoredSession> evicted) {
    return evicted.stream()
        .sorted(
            Comparator.comparing((StoredSession session) -> session.authenticatedAt().orElseThrow())
                .thenComparing(StoredSession::id))
        .toList();
  }

  private boolean store(
      Statements statements,
      Writes.Encoded encoded,
      boolean isNew,
      Instant now,
      List<SessionId> evicted)
      throws SQLException {
    if (isNew) {
      writes.insert(statements, encoded, evicted);
      return true;
    }
    return writes.update(statements, encoded, now, evicted);
  }
}
