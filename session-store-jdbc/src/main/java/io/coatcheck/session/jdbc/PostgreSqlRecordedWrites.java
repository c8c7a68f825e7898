package io.coatcheck.session.jdbc;

import io.coatcheck.session.token.SessionId;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Records each change in the log by the statement that makes it, in PostgreSQL. If the store
 * notifies, the statement also does that if it ends a session or gives it a new secret, and never
 * for other changes: transactions that notify commit one after the other. PostgreSQL delivers the
 * notification when the transaction has committed. While the server's queue of notifications is
 * half full, which takes a client that listens and does not end its transaction, none is added.
 */
final class PostgreSqlRecordedWrites extends Writes {

  private final ChangeLog log;
  private final boolean notifies;
  private final String update;
  private final String updateAfterEvictions;
  private final String insertAfterEvictions;
  private final String recordGone;
  private final String recordOne;
  private final String notifyToo;

  PostgreSqlRecordedWrites(Dialect dialect, ChangeLog log) {
    super(dialect);
    this.log = log;
    notifies = log.notifies();
    // With a full queue, a statement that notifies would fail at its commit.
    String notify =
        "CASE WHEN (SELECT pg_notification_queue_usage()) < 0.5 THEN pg_notify("
            + NotifiedChangeFeed.channel(dialect)
            + ", '') END";
    notifyToo = notifies ? ", " + notify : "";
    String returning = notifies ? " RETURNING " + notify : "";
    String changed = "WITH changed AS (" + dialect.update + " RETURNING id) ";
    // All parts of a statement see the rows as they were before it.
    String returningIfRenewed =
        notifies
            ? " RETURNING CASE WHEN EXISTS (SELECT 1 FROM "
                + dialect.table.qualified()
                + " AS before WHERE before.id = session_id AND before.generation <> ?) THEN "
                + notify
                + " END"
            : "";
    update = changed + log.insertFrom("changed") + returningIfRenewed;
    updateAfterEvictions =
        changed
            + log.insertFrom(
                "(SELECT id FROM changed UNION ALL"
                    + " SELECT gone.id FROM changed, unnest(CAST(? AS uuid[])) AS gone (id))"
                    + " AS ended")
            + returning;
    insertAfterEvictions =
        "WITH made AS ("
            + dialect.insert
            + " RETURNING 1) "
            + log.insertFrom(
                "(SELECT gone.id FROM made, unnest(CAST(? AS uuid[])) AS gone (id)) AS ended")
            + returning;
    recordGone = ", recorded AS (" + log.insertFrom("gone") + ") SELECT ";
    recordOne = ", recorded AS (" + log.insertOne() + ") SELECT ";
  }

  @Override
  boolean update(Statements statements, Encoded encoded, Instant now, List<SessionId> evicted)
      throws SQLException {
    Duration since = statements.waited();
    try (PreparedStatement statement =
        statements.prepare(evicted.isEmpty() ? update : updateAfterEvictions)) {
      int next =
          SessionRow.bindUpdate(
              statement, dialect, encoded.session(), encoded.attributes(), statements.aged(now));
      if (!evicted.isEmpty()) {
        dialect.conditions.withIdIn(evicted).bind(statement, next);
      } else if (notifies) {
        statement.setLong(next, encoded.session().generation());
      }
      boolean isStored = isRecorded(statement);
      if (isStored) {
        List<SessionId> changed = new ArrayList<>(evicted);
        changed.add(encoded.session().id());
        log.recorded(statements, since, changed);
      }
      return isStored;
    }
  }

  @Override
  void insert(Statements statements, Encoded encoded, List<SessionId> evicted) throws SQLException {
    if (evicted.isEmpty()) {
      super.insert(statements, encoded, evicted);
      return;
    }
    Duration since = statements.waited();
    try (PreparedStatement statement = statements.prepare(insertAfterEvictions)) {
      int next = SessionRow.bindInsert(statement, dialect, encoded.session(), encoded.attributes());
      dialect.conditions.withIdIn(evicted).bind(statement, next);
      isRecorded(statement);
    }
    log.recorded(statements, since, evicted);
  }

  /** Executes a statement that records changes, and returns whether there were any. */
  private boolean isRecorded(PreparedStatement statement) throws SQLException {
    if (!notifies) {
      return statement.executeUpdate() > 0;
    }
    try (ResultSet recorded = statement.executeQuery()) {
      return recorded.next();
    }
  }

  @Override
  SessionRow.Deleted deleteOne(Statements statements, SessionId id, Condition condition)
      throws SQLException {
    Duration since = statements.waited();
    Condition withId =
        new Condition(
            condition.sql(),
            (statement, first) -> {
              int next = condition.bind(statement, first);
              dialect.setId(statement, next, id);
              return next + 1;
            });
    SessionRow.Deleted deleted = deleteReturning(statements, recordOne, withId, Column.SESSION);
    log.recorded(statements, since, List.of(id));
    return deleted;
  }

  @Override
  SessionRow.Deleted delete(Statements statements, Condition condition, Set<Column> columns)
      throws SQLException {
    Duration since = statements.waited();
    SessionRow.Deleted deleted = deleteReturning(statements, recordGone, condition, columns);
    log.recorded(statements, since, deleted.ids());
    return deleted;
  }

  private SessionRow.Deleted deleteReturning(
      Statements statements, String record, Condition condition, Set<Column> columns)
      throws SQLException {
    String list = Column.list(columns);
    return dialect.readDeleted(
        statements,
        "WITH gone AS ("
            + dialect.deleteFrom
            + condition.sql()
            + " RETURNING "
            + list
            + ")"
            + record
            + list
            + notifyToo
            + " FROM gone",
        condition,
        columns);
  }
}
