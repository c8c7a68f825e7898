package io.coatcheck.session.jdbc;

import io.coatcheck.session.token.SessionId;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Records each change in the log, by the last statement of the same transaction. So a transaction
 * that is rolled back has rarely taken a number, and holds it for a short time.
 */
final class RecordedWrites extends Writes {

  private final ChangeLog log;

  RecordedWrites(Dialect dialect, ChangeLog log) {
    super(dialect);
    this.log = log;
  }

  @Override
  boolean updatesInAutoCommit() {
    return false;
  }

  @Override
  boolean deletesInAutoCommit() {
    return false;
  }

  @Override
  boolean update(Statements statements, Encoded encoded, Instant now, List<SessionId> evicted)
      throws SQLException {
    boolean isStored = super.update(statements, encoded, now, evicted);
    if (isStored) {
      List<SessionId> changed = new ArrayList<>(evicted);
      changed.add(encoded.session().id());
      log.record(statements, changed);
    }
    return isStored;
  }

  @Override
  void insert(Statements statements, Encoded encoded, List<SessionId> evicted) throws SQLException {
    super.insert(statements, encoded, evicted);
    log.record(statements, evicted);
  }

  @Override
  SessionRow.Deleted deleteOne(Statements statements, SessionId id, Condition condition)
      throws SQLException {
    SessionRow.Deleted deleted = super.delete(statements, condition, Column.SESSION);
    log.record(statements, List.of(id));
    return deleted;
  }

  @Override
  SessionRow.Deleted delete(Statements statements, Condition condition, Set<Column> columns)
      throws SQLException {
    SessionRow.Deleted deleted = super.delete(statements, condition, columns);
    log.record(statements, deleted.ids());
    return deleted;
  }
}
