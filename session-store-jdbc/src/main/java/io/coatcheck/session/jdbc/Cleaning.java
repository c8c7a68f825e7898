package io.coatcheck.session.jdbc;

import io.coatcheck.session.store.HandOver;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * Deletes expired sessions in short transactions of bounded size.
 *
 * <p>The index is on {@code sweep_at}, which never lies behind {@code expires_at} and which
 * requests leave alone: they only ever move the expiry on. So what is expired is due, and what is
 * due may have been used since: then its {@code sweep_at} is moved up to its expiry here, once in
 * an idle timeout, and not by each request. Every row that is looked at is either deleted or moved
 * out of the way, and rows that somebody holds are left for the next time, so that no one waits for
 * the cleaner and the cleaner for no one.
 */
final class Cleaning {

  private final Transactions transactions;
  private final Dialect dialect;
  private final int maxRows;
  private final long maxBytes;
  private final String updateDue;

  Cleaning(Transactions transactions, Dialect dialect, int maxRows, long maxBytes) {
    this.transactions = transactions;
    this.dialect = dialect;
    this.maxRows = maxRows;
    this.maxBytes = maxBytes;
    updateDue = "UPDATE " + dialect.table.qualified() + " SET sweep_at = expires_at WHERE ";
  }

  /**
   * Goes on, a transaction at a time, until as many are deleted as were asked for or nothing more
   * is due; interrupted, it stops in between.
   */
  int deleteExpired(Instant cutoff, int limit, Consumer<StoredSession> taker) {
    int deleted = 0;
    boolean more;
    do {
      int wanted = Math.min(limit - deleted, maxRows);
      Step step =
          transactions.several(
              new Operation("deleteExpired"),
              dialect.cleanUp(),
              statements -> step(statements, cutoff, wanted));
      deleted += step.deleted().ids().size();
      more = step.looked() == wanted || step.full();
      HandOver.each(step.deleted().sessions(), taker);
    } while (more && deleted < limit && !Thread.currentThread().isInterrupted());
    return deleted;
  }

  /**
   * One transaction.
   *
   * @param looked how many due rows it saw
   * @param full whether it stopped for the bytes
   */
  private record Step(int looked, boolean full, SessionRow.Deleted deleted) {}

  private Step step(Statements statements, Instant cutoff, int wanted) throws SQLException {
    List<SessionId> expired = new ArrayList<>();
    List<SessionId> alive = new ArrayList<>();
    int looked = 0;
    long bytes = 0;
    boolean full = false;
    try (PreparedStatement statement = statements.prepare(dialect.lockDue())) {
      statement.setLong(1, cutoff.toEpochMilli());
      statement.setInt(2, wanted);
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          looked++;
          SessionId id = dialect.getId(rows, 1);
          if (rows.getLong(2) > cutoff.toEpochMilli()) {
            alive.add(id);
          } else if (!full) {
            expired.add(id);
            bytes += rows.getLong(3);
            full = bytes >= maxBytes;
          }
        }
      }
    }
    if (!alive.isEmpty()) {
      Dialect.Condition condition = dialect.withIdIn(alive);
      try (PreparedStatement statement = statements.prepare(updateDue + condition.sql())) {
        condition.bind(statement, 1);
        statement.executeUpdate();
      }
    }
    SessionRow.Deleted deleted =
        expired.isEmpty()
            ? new SessionRow.Deleted(List.of(), List.of())
            : dialect.delete(statements, dialect.withIdIn(expired));
    return new Step(looked, full, deleted);
  }
}
