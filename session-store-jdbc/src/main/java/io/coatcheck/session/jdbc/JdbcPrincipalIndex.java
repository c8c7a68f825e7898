package io.coatcheck.session.jdbc;

import io.coatcheck.session.codec.AttributeFrames;
import io.coatcheck.session.store.Admission;
import io.coatcheck.session.store.DeletedSessions;
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
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The sessions of a principal, by the index on the same table. */
final class JdbcPrincipalIndex implements PrincipalIndex {

  private final Transactions transactions;
  private final Dialect dialect;
  private final Revoking revoking;

  JdbcPrincipalIndex(Transactions transactions, Dialect dialect) {
    this.transactions = transactions;
    this.dialect = dialect;
    revoking = new Revoking(transactions, dialect);
  }

  @Override
  public List<StoredSession> findByPrincipal(
      String principal, @Nullable SessionId after, int limit) {
    if (limit < 1 || limit > MAX_PAGE) {
      throw new IllegalArgumentException("limit must be from 1 to " + MAX_PAGE + ": " + limit);
    }
    List<StoredSession> sessions = new ArrayList<>();
    SessionId last = after;
    int wanted;
    SessionRow.Page page;
    do {
      wanted = limit - sessions.size();
      page = page(principal, last, wanted);
      sessions.addAll(page.sessions());
      last = page.ids().isEmpty() ? null : page.ids().get(page.ids().size() - 1);
      // A page that is short because of rows that cannot be read is not the last one.
    } while (page.ids().size() == wanted && sessions.size() < limit);
    return sessions;
  }

  private SessionRow.Page page(String principal, @Nullable SessionId after, int wanted) {
    Dialect.Condition ofPrincipal = dialect.withPrincipal(principal);
    Dialect.Condition condition =
        after == null ? ofPrincipal : ofPrincipal.and(dialect.withIdAbove(after));
    String sql = dialect.selectPage(SessionRow.columns(false), condition.sql());
    return transactions.read(
        new Operation("findByPrincipal"),
        statements -> {
          try (PreparedStatement statement = statements.prepare(sql)) {
            statement.setInt(condition.bind(statement, 1), wanted);
            try (ResultSet rows = statement.executeQuery()) {
              return SessionRow.readPage(rows, dialect, false);
            }
          }
        });
  }

  @Override
  public int deleteByPrincipal(String principal, Set<SessionId> except, DeletedSessions deleted) {
    return revoking.delete(
        new Operation("deleteByPrincipal"), dialect.withPrincipal(principal), except, deleted);
  }

  @Override
  public int deleteOldest(String principal, int keep, Instant now, DeletedSessions deleted) {
    if (keep < 1) {
      throw new IllegalArgumentException("keep must be at least 1: " + keep);
    }
    Operation operation = new Operation("deleteOldest");
    Optional<Login> oldestKept = oldestKept(operation, principal, keep, now);
    if (oldestKept.isEmpty()) {
      return 0;
    }
    Dialect.Condition older =
        dialect.authenticatedBefore(oldestKept.get().authenticatedAt(), oldestKept.get().id());
    return revoking.delete(operation, dialect.live(principal, now).and(older), Set.of(), deleted);
  }

  /**
   * Returns the oldest login that is kept; empty if all are. Looks at all of them, a page at a
   * time: a single statement could take longer than it may.
   */
  private Optional<Login> oldestKept(Operation operation, String principal, int keep, Instant now) {
    PriorityQueue<Login> youngest = new PriorityQueue<>();
    boolean isSurplus = false;
    List<Login> page = logins(operation, principal, now, null);
    while (!page.isEmpty()) {
      for (Login login : page) {
        youngest.add(login);
        if (youngest.size() > keep) {
          youngest.remove();
          isSurplus = true;
        }
      }
      SessionId last = page.get(page.size() - 1).id();
      page = page.size() < MAX_PAGE ? List.of() : logins(operation, principal, now, last);
    }
    return isSurplus ? Optional.ofNullable(youngest.peek()) : Optional.empty();
  }

  private List<Login> logins(
      Operation operation, String principal, Instant now, @Nullable SessionId after) {
    return transactions.read(
        operation,
        statements -> {
          Dialect.Condition live = dialect.live(principal, statements.aged(now));
          Dialect.Condition page = after == null ? live : live.and(dialect.withIdAbove(after));
          List<Login> logins = new ArrayList<>();
          try (PreparedStatement statement =
              statements.prepare(dialect.selectPage("id, authenticated_at", page.sql()))) {
            statement.setInt(page.bind(statement, 1), MAX_PAGE);
            try (ResultSet rows = statement.executeQuery()) {
              while (rows.next()) {
                logins.add(new Login(dialect.getId(rows, 1), rows.getLong(2)));
              }
            }
          }
          return logins;
        });
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
    // More than these need not be known: it is refused, or too many would have to go.
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
          List<StoredSession> evicted =
              excess > 0 ? evict(statements, principal, others.subList(0, excess)) : List.of();
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

  /**
   * Looks again if one of those that were live has expired while the look itself waited, which is
   * where MariaDB waits for the lock.
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

  private Live live(Statements statements, Dialect.Condition query, SessionId id, long most)
      throws SQLException {
    List<Login> others = new ArrayList<>();
    long firstExpiry = Long.MAX_VALUE;
    try (PreparedStatement statement = statements.prepare(query.sql())) {
      // One more, for the session itself may be among them.
      statement.setLong(query.bind(statement, 1), most + 1);
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          if (rows.getInt(4) != 1) {
            throw new SQLTimeoutException("the lock of a principal was not free in time", "70100");
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

  /**
   * Deletes a few sessions, and returns those that were still there and the principal's, the oldest
   * first.
   */
  private List<StoredSession> evict(Statements statements, String principal, List<Login> doomed)
      throws SQLException {
    List<SessionId> ids = doomed.stream().map(Login::id).toList();
    Dialect.Condition condition = dialect.withIdIn(ids).and(dialect.withPrincipal(principal));
    List<StoredSession> evicted =
        new ArrayList<>(dialect.delete(statements, condition, true).sessions());
    evicted.sort(
        Comparator.comparing((StoredSession session) -> session.authenticatedAt().orElseThrow())
            .thenComparing(StoredSession::id));
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
        SessionRow.bindUpdate(statement, dialect, session, attributes, statements.aged(now));
      }
      return statement.executeUpdate() > 0;
    }
  }
}
