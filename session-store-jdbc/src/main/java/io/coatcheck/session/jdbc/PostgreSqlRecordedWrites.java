package io.coatcheck.session.jdbc;

import io.coatcheck.session.token.SessionId;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;

/** Records each change in the log by the statement that makes it, in PostgreSQL. */
final class PostgreSqlRecordedWrites extends Writes {

  private final String update;
  private final String updateAfterEvictions;
  private final String insertAfterEvictions;
  private final String recordGone;

  PostgreSqlRecordedWrites(Dialect dialect, ChangeLog log) {
    super(dialect);
    String changed = "WITH changed AS (" + dialect.update + " RETURNING id) ";
    update = changed + log.insertFrom("changed");
    updateAfterEvictions =
        changed
            + log.insertFrom(
                "(SELECT id FROM changed UNION ALL"
                    + " SELECT gone.id FROM changed, unnest(?) AS gone (id)) AS ended");
    insertAfterEvictions =
        "WITH made AS ("
            + dialect.insert
            + " RETURNING 1) "
            + log.insertFrom("(SELECT gone.id FROM made, unnest(?) AS gone (id)) AS ended");
    recordGone = ", recorded AS (" + log.insertFrom("gone") + ") SELECT ";
  }

  @Override
  boolean update(Statements statements, Encoded encoded, Instant now, List<SessionId> evicted)
      throws SQLException {
    try (PreparedStatement statement =
        statements.prepare(evicted.isEmpty() ? update : updateAfterEvictions)) {
      int next =
          SessionRow.bindUpdate(
              statement, dialect, encoded.session(), encoded.attributes(), statements.aged(now));
      if (!evicted.isEmpty()) {
        dialect.withIdIn(evicted).bind(statement, next);
      }
      return statement.executeUpdate() > 0;
    }
  }

  @Override
  void insert(Statements statements, Encoded encoded, List<SessionId> evicted) throws SQLException {
    if (evicted.isEmpty()) {
      super.insert(statements, encoded, evicted);
      return;
    }
    try (PreparedStatement statement = statements.prepare(insertAfterEvictions)) {
      int next = SessionRow.bindInsert(statement, dialect, encoded.session(), encoded.attributes());
      dialect.withIdIn(evicted).bind(statement, next);
      statement.executeUpdate();
    }
  }

  @Override
  SessionRow.Deleted delete(Statements statements, Condition condition, boolean withAttributes)
      throws SQLException {
    String columns = SessionRow.columns(withAttributes);
    return dialect.deleteReturning(
        statements,
        "WITH gone AS (DELETE FROM "
            + dialect.table.qualified()
            + " WHERE "
            + condition.sql()
            + " RETURNING "
            + columns
            + ")"
            + recordGone
            + columns
            + " FROM gone",
        condition,
        withAttributes);
  }
}
