package io.coatcheck.session.jdbc;

import io.coatcheck.session.background.Operation;
import io.coatcheck.session.store.DeletedSessions;
import io.coatcheck.session.store.PrincipalIndex;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.time.Instant;
import java.util.ArrayList;
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

  JdbcPrincipalIndex(Transactions transactions, Writes writes) {
    this.transactions = transactions;
    dialect = writes.dialect;
    revoking = new Revoking(transactions, writes);
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
    Condition ofPrincipal = dialect.conditions.withPrincipal(principal);
    Condition condition =
        after == null ? ofPrincipal : ofPrincipal.and(dialect.conditions.withIdAbove(after));
    Set<Column> columns = Column.SESSION_WITHOUT_ATTRIBUTES;
    Query query = dialect.selectPage(Column.list(columns), condition);
    return transactions.read(
        new Operation("findByPrincipal"),
        statements -> {
          try (PreparedStatement statement = statements.prepare(query.sql())) {
            query.bind(statement, wanted);
            try (ResultSet rows = statement.executeQuery()) {
              return SessionRow.readPage(rows, dialect, columns);
            }
          }
        });
  }

  @Override
  public int deleteByPrincipal(String principal, Set<SessionId> except, DeletedSessions deleted) {
    return revoking.delete(
        new Operation("deleteByPrincipal"),
        dialect.conditions.withPrincipal(principal),
        except,
        deleted);
  }

  @Override
  public int deleteOldest(String principal, int keep, Instant now, DeletedSessions deleted) {
    if (keep < 1) {
      throw new IllegalArgumentException("keep must be at least 1: " + keep);
    }
    StoredSession.millisOf(now, "now");
    Operation operation = new Operation("deleteOldest");
    // A retry may find nothing to delete.
    transactions.recordOwed(operation);
    Optional<Login> oldestKept = oldestKept(operation, principal, keep, now);
    if (oldestKept.isEmpty()) {
      return 0;
    }
    Condition older = dialect.conditions.authenticatedBefore(oldestKept.get());
    Condition doomed = dialect.conditions.live(principal, now).and(older);
    return revoking.delete(operation, doomed, Set.of(), deleted);
  }

  /**
   * Returns the oldest login that is kept; empty if all are. Reads all of them, a page at a time: a
   * single statement could exceed its timeout.
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
          Condition live = dialect.conditions.live(principal, statements.aged(now));
          Condition page = after == null ? live : live.and(dialect.conditions.withIdAbove(after));
          Query query = dialect.selectPage("id, authenticated_at", page);
          List<Login> logins = new ArrayList<>();
          try (PreparedStatement statement = statements.prepare(query.sql())) {
            query.bind(statement, MAX_PAGE);
            try (ResultSet rows = statement.executeQuery()) {
              while (rows.next()) {
                logins.add(new Login(dialect.getId(rows, 1), rows.getLong(2)));
              }
            }
          }
          return logins;
        });
  }
}
