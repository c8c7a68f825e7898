package io.coatcheck.session.jdbc;

import io.coatcheck.session.background.Operation;
import io.coatcheck.session.store.DeletedSessions;
import io.coatcheck.session.store.HandOver;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.token.SessionId;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Deletes sessions of a principal in steps, in ascending order of their ids. A step looks for a
 * page of rows, then deletes as many of them as may be held in memory, in its own transaction. So
 * no transaction is long, however many sessions there are, and the work of a finished step is kept.
 */
final class Revoking {

  /**
   * How many rows a step deletes at most, and of how many bytes. The bytes bound it even if no
   * listener needs the attributes: deleting them takes time, and the statement has the same
   * timeout.
   */
  private static final int MAX_ROWS = 1_000;

  private static final long MAX_BYTES = 16L << 20;

  private final Transactions transactions;
  private final Dialect dialect;
  private final Writes writes;

  Revoking(Transactions transactions, Writes writes) {
    this.transactions = transactions;
    this.writes = writes;
    dialect = writes.dialect;
  }

  /** Deletes the rows that meet a condition, except some, and returns how many. */
  int delete(
      Operation operation, Condition doomed, Set<SessionId> except, DeletedSessions deleted) {
    transactions.recordOwed(operation);
    HandOver handOver = new HandOver(deleted);
    Set<Column> columns =
        deleted.needAttributes() ? Column.SESSION : Column.SESSION_WITHOUT_ATTRIBUTES;
    int number = 0;
    try {
      Pace pace = new Pace(MAX_ROWS);
      @Nullable SessionId after = null;
      @Nullable SessionId last = null;
      while (true) {
        Page page = page(operation, new Range(doomed, after, last), except, pace);
        number += delete(operation, page.portion().ids(), doomed, columns, handOver);
        after = page.last();
        if (after == null || page.isTheLast()) {
          break;
        }
        // Sessions that begin from now on are not included; otherwise this might never end.
        last = last == null ? greatest(operation, doomed).orElse(after) : last;
        if (last.compareTo(after) <= 0) {
          break;
        }
      }
    } catch (SessionStoreException failure) {
      handOver.addTo(failure);
      throw failure;
    }
    handOver.finish();
    return number;
  }

  /**
   * The range of rows to search.
   *
   * @param after the row of this id and those of smaller ids are done
   * @param last rows of greater ids are not included; null if that is not known
   */
  private record Range(Condition doomed, @Nullable SessionId after, @Nullable SessionId last) {

    Condition condition(Dialect dialect) {
      Condition condition = doomed;
      if (after != null) {
        condition = condition.and(dialect.conditions.withIdAbove(after));
      }
      return last == null ? condition : condition.and(dialect.conditions.withIdUpTo(last));
    }
  }

  /**
   * What a step found.
   *
   * @param portion the rows to delete
   * @param last the last row that it deletes or spares; null if there was none
   * @param isTheLast whether no rows follow these
   */
  private record Page(Portion portion, @Nullable SessionId last, boolean isTheLast) {}

  private Page page(Operation operation, Range range, Set<SessionId> except, Pace pace) {
    int wanted = pace.rows();
    Query query = dialect.selectPage("id, " + dialect.length(), range.condition(dialect));
    return transactions.read(
        operation,
        statements -> {
          List<Portion.Row> rows = new ArrayList<>();
          SessionId last = null;
          int looked = 0;
          try (PreparedStatement statement = statements.prepare(query.sql())) {
            query.bind(statement, wanted);
            try (ResultSet found = statement.executeQuery()) {
              for (; found.next(); looked++) {
                last = dialect.getId(found, 1);
                if (!except.contains(last)) {
                  rows.add(new Portion.Row(last, found.getLong(2)));
                }
              }
            }
          }
          if (rows.isEmpty()) {
            // No delete follows that would detect a former primary, which may lack rows.
            dialect.refuseReadOnly(statements);
          }
          Portion portion = Portion.of(rows, MAX_BYTES, dialect, statements);
          pace.learn(looked, portion.ids().size(), portion.isFull());
          if (portion.isFull()) {
            return new Page(portion, portion.ids().get(portion.ids().size() - 1), false);
          }
          return new Page(portion, last, looked < wanted);
        });
  }

  /**
   * Deletes those of the rows that still meet the condition, hands them over, and returns how many.
   * Rows that other transactions keep writing may cause the whole step to be undone again and
   * again, above all at the stricter isolations. Then each half is deleted separately, down to
   * single rows.
   */
  private int delete(
      Operation operation,
      List<SessionId> ids,
      Condition doomed,
      Set<Column> columns,
      HandOver handOver) {
    SessionRow.Deleted gone;
    try {
      gone = deleteAtOnce(operation, ids, doomed, columns);
    } catch (SessionStoreException failure) {
      if (ids.size() < 2 || !transactions.wasUndone(failure)) {
        throw failure;
      }
      int half = ids.size() / 2;
      return delete(operation, ids.subList(0, half), doomed, columns, handOver)
          + delete(operation, ids.subList(half, ids.size()), doomed, columns, handOver);
    }
    gone.sessions().forEach(handOver);
    return gone.ids().size();
  }

  private SessionRow.Deleted deleteAtOnce(
      Operation operation, List<SessionId> ids, Condition doomed, Set<Column> columns) {
    if (ids.isEmpty()) {
      return SessionRow.Deleted.NONE;
    }
    Condition condition = dialect.inOrder(dialect.conditions.withIdIn(ids).and(doomed));
    Transactions.Work<SessionRow.Deleted> work =
        statements -> writes.delete(statements, condition, columns);
    return writes.deletesInAutoCommit()
        ? transactions.one(operation, work)
        : transactions.several(operation, Scope.NONE, work);
  }

  private Optional<SessionId> greatest(Operation operation, Condition doomed) {
    Query query = dialect.selectGreatestIds(doomed);
    return transactions.read(
        operation,
        statements -> {
          try (PreparedStatement statement = statements.prepare(query.sql())) {
            query.bind(statement, 1);
            try (ResultSet row = statement.executeQuery()) {
              return row.next() ? Optional.of(dialect.getId(row, 1)) : Optional.empty();
            }
          }
        });
  }
}
