package io.coatcheck.session.jdbc;

import io.coatcheck.session.codec.AttributeFrames;
import io.coatcheck.session.store.Admission;
import io.coatcheck.session.store.HandOver;
import io.coatcheck.session.store.PrincipalIndex;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.WhenFull;
import io.coatcheck.session.token.SessionId;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLTimeoutException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/** The sessions of a principal, by the index on the same table. */
final class JdbcPrincipalIndex implements PrincipalIndex {

  private final Transactions transactions;
  private final Dialect dialect;

  JdbcPrincipalIndex(Transactions transactions, Dialect dialect) {
    this.transactions = transactions;
    this.dialect = dialect;
  }

  @Override
  public List<StoredSession> findByPrincipal(String principal) {
    Dialect.Condition condition = dialect.withPrincipal(principal);
    return transactions.one(
        new Operation("findByPrincipal"),
        statements -> dialect.query(statements, dialect.select(condition.sql()), condition));
  }

  @Override
  public int deleteByPrincipal(
      String principal, Set<SessionId> except, Consumer<StoredSession> deleted) {
    Operation operation = new Operation("deleteByPrincipal");
    Transactions.Work<SessionRow.Deleted> work =
        statements -> dialect.delete(statements, dialect.withPrincipal(principal, except));
    SessionRow.Deleted gone =
        dialect.deletesInAutoCommit()
            ? transactions.one(operation, work)
            : transactions.several(operation, Scope.NONE, work);
    HandOver.each(gone.sessions(), deleted);
    return gone.ids().size();
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
    byte[] attributes = AttributeFrames.write(session.attributes());
    int waitSeconds = transactions.timeouts().querySeconds();
    return transactions.several(
        new Operation("admit", session.id()),
        dialect.principalLock(principal, waitSeconds),
        statements -> {
          List<Login> others = others(statements, principal, session.id(), now, waitSeconds);
          int excess = others.size() - limit + 1;
          if (excess > 0 && whenFull == WhenFull.REFUSE_NEWCOMER) {
            return new Admission(Admission.Outcome.REFUSED, List.of());
          }
          List<StoredSession> evicted =
              excess > 0 ? evict(statements, others.subList(0, excess)) : List.of();
          if (store(statements, session, attributes, isNew, now)) {
            return new Admission(Admission.Outcome.STORED, evicted);
          }
          statements.rollBack();
          return new Admission(Admission.Outcome.CONFLICT, List.of());
        });
  }

  /** A live session of the principal, ordered by which has to go first. */
  private record Login(SessionId id, long authenticatedAt) implements Comparable<Login> {

    private static final Comparator<Login> OLDEST_FIRST =
        Comparator.comparingLong(Login::authenticatedAt).thenComparing(Login::id);

    @Override
    public int compareTo(Login other) {
      return OLDEST_FIRST.compare(this, other);
    }
  }

  private List<Login> others(
      Statements statements, String principal, SessionId id, Instant now, int waitSeconds)
      throws SQLException {
    Dialect.Condition query = dialect.selectOthersLive(principal, id, now, waitSeconds);
    List<Login> others = new ArrayList<>();
    try (PreparedStatement statement = statements.prepare(query.sql())) {
      query.bind(statement, 1);
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          if (rows.getInt(3) != 1) {
            throw new SQLTimeoutException("the lock of a principal was not free in time", "70100");
          }
          if (rows.getObject(1) != null) {
            SessionId other = dialect.getId(rows, 1);
            if (!other.equals(id)) {
              others.add(new Login(other, rows.getLong(2)));
            }
          }
        }
      }
    }
    others.sort(null);
    return others;
  }

  /** Deletes sessions, and returns those that were still there in the order given. */
  private List<StoredSession> evict(Statements statements, List<Login> doomed) throws SQLException {
    List<SessionId> order = doomed.stream().map(Login::id).toList();
    List<StoredSession> evicted =
        new ArrayList<>(dialect.delete(statements, dialect.withIdIn(order)).sessions());
    evicted.sort(Comparator.comparingInt(session -> order.indexOf(session.id())));
    return evicted;
  }

  private boolean store(
      Statements statements, StoredSession session, byte[] attributes, boolean isNew, Instant now)
      throws SQLException {
    try (PreparedStatement statement =
        statements.prepare(isNew ? dialect.insert : dialect.update)) {
      if (isNew) {
        SessionRow.bindInsert(statement, dialect, session, attributes);
      } else {
        SessionRow.bindUpdate(statement, dialect, session, attributes, now);
      }
      return statement.executeUpdate() > 0;
    }
  }
}
