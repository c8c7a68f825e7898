package io.coatcheck.session.jdbc;

import io.coatcheck.session.background.Operation;
import io.coatcheck.session.store.CleanUp;
import io.coatcheck.session.store.HandOver;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Deletes expired sessions in short transactions of bounded size.
 *
 * <p>The index is on {@code sweep_at}, which is never later than {@code expires_at}. Requests do
 * not change it: they only move the expiry on. So an expired row is always due, and a due row may
 * have been used since. In that case its {@code sweep_at} is moved to its expiry here, once per
 * idle timeout, and not by each request. Every row that is read is either deleted or scheduled for
 * later. Locked rows are left for the next time, so the clean-up waits for no transaction and none
 * waits for the clean-up.
 */
final class Cleaning {

  private final Transactions transactions;
  private final Dialect dialect;
  private final Pace pace;
  private final long maxBytes;
  private final String updateDue;
  private final @Nullable ChangeRetention retention;

  /**
   * Prepares the clean-up.
   *
   * @param maxRows how many rows one transaction deletes
   * @param maxBytes of attributes that are held in memory at a time
   * @param retention deletes old changes, once no expired session is left; null without a log
   */
  Cleaning(
      Transactions transactions,
      Dialect dialect,
      int maxRows,
      long maxBytes,
      @Nullable ChangeRetention retention) {
    this.transactions = transactions;
    this.dialect = dialect;
    pace = new Pace(maxRows);
    this.maxBytes = maxBytes;
    this.retention = retention;
    updateDue = "UPDATE " + dialect.table.qualified() + " SET sweep_at = expires_at WHERE ";
  }

  /**
   * Deletes expired sessions, and old changes when no more of them are due.
   *
   * @param limit how many rows may be deleted or moved, at least 1
   */
  CleanUp deleteExpired(Instant cutoff, int limit, Consumer<StoredSession> taker) {
    if (limit < 1) {
      throw new IllegalArgumentException("limit must be at least 1: " + limit);
    }
    StoredSession.millisOf(cutoff, "cutoff");
    CleanUp cleanUp = deleteSessions(cutoff, limit, taker);
    if (retention != null && cleanUp.isComplete()) {
      retention.trim();
    }
    return cleanUp;
  }

  /**
   * Runs one transaction after another until the given number of rows has been deleted or moved, or
   * nothing more is due. Stops between two transactions when interrupted.
   */
  private CleanUp deleteSessions(Instant cutoff, int limit, Consumer<StoredSession> taker) {
    HandOver handOver = new HandOver(taker);
    int deleted = 0;
    int done = 0;
    boolean more;
    try {
      do {
        int wanted = Math.min(limit - done, pace.rows());
        Step step =
            transactions.several(
                new Operation("deleteExpired"),
                dialect.cleanUp(),
                statements -> step(statements, cutoff, wanted));
        step.deleted().sessions().forEach(handOver);
        pace.learn(step.looked(), step.done(), step.full());
        deleted += step.deleted().ids().size();
        done += step.done();
        more = step.looked() == wanted || step.full();
      } while (more && done < limit && !Thread.currentThread().isInterrupted());
    } catch (SessionStoreException failure) {
      handOver.addTo(failure);
      throw failure;
    }
    handOver.finish();
    return new CleanUp(deleted, !more);
  }

  /**
   * One transaction.
   *
   * @param looked how many due rows it saw
   * @param done how many of them it deleted or moved
   * @param full whether it stopped because of the bytes
   */
  private record Step(int looked, int done, boolean full, SessionRow.Deleted deleted) {}

  private Step step(Statements statements, Instant cutoff, int wanted) throws SQLException {
    List<Portion.Row> expired = new ArrayList<>();
    List<SessionId> alive = new ArrayList<>();
    try (PreparedStatement statement = statements.prepare(dialect.lockDue())) {
      statement.setLong(1, cutoff.toEpochMilli());
      statement.setInt(2, wanted);
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          SessionId id = dialect.getId(rows, 1);
          if (rows.getLong(2) > cutoff.toEpochMilli()) {
            alive.add(id);
          } else {
            expired.add(new Portion.Row(id, rows.getLong(3)));
          }
        }
      }
    }
    int looked = alive.size() + expired.size();
    if (!alive.isEmpty()) {
      Condition condition = dialect.conditions.withIdIn(alive);
      try (PreparedStatement statement = statements.prepare(updateDue + condition.sql())) {
        condition.bind(statement, 1);
        statement.executeUpdate();
      }
    }
    Portion portion = Portion.of(expired, maxBytes, dialect, statements);
    SessionRow.Deleted deleted =
        portion.ids().isEmpty()
            ? SessionRow.Deleted.NONE
            : dialect.delete(
                statements, dialect.conditions.withIdIn(portion.ids()), Column.SESSION);
    return new Step(looked, alive.size() + portion.ids().size(), portion.isFull(), deleted);
  }
}
