package io.coatcheck.session.jdbc;

import io.coatcheck.session.store.BatchLookup;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Finds sessions by their ids. Rejects answers of a server that takes no writes: a former primary
 * may not know that a session has ended, or has begun.
 */
final class Lookup {

  private final Dialect dialect;
  private final String find;
  private final String stamps;

  Lookup(Dialect dialect) {
    this.dialect = dialect;
    String readOnly = dialect.readOnlyOrFalse();
    // The caller knows the id, and each column takes time to send: the first one is used for this.
    find =
        "SELECT "
            + readOnly
            + ", "
            + Column.list(Column.SESSION_WITHOUT_ID)
            + " FROM "
            + dialect.table.qualified()
            + " WHERE id = ?";
    stamps =
        "SELECT id, version, last_seen_at, "
            + readOnly
            + " FROM "
            + dialect.table.qualified()
            + " WHERE ";
  }

  /**
   * Reads one session.
   *
   * @throws SQLException also on a server that takes no writes
   */
  Optional<StoredSession> find(Statements statements, SessionId id) throws SQLException {
    try (PreparedStatement statement = statements.prepare(find)) {
      dialect.setId(statement, 1, id);
      try (ResultSet row = statement.executeQuery()) {
        if (row.next()) {
          dialect.refuseReadOnly(row, Column.ID.position());
          return SessionRow.readOne(row, dialect, id, Column.SESSION);
        }
      }
    }
    dialect.refuseReadOnly(statements);
    return Optional.empty();
  }

  /**
   * Reads the stamps of sessions, given with repetitions or without.
   *
   * @throws SQLException as {@link #find} does
   */
  Map<SessionId, BatchLookup.Stamp> stamps(Statements statements, Collection<SessionId> ids)
      throws SQLException {
    Condition given = dialect.conditions.withIdIn(ids);
    Map<SessionId, BatchLookup.Stamp> found = new HashMap<>();
    try (PreparedStatement statement = statements.prepare(stamps + given.sql())) {
      given.bind(statement, 1);
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          dialect.refuseReadOnly(rows, 4);
          found.put(
              dialect.getId(rows, 1),
              new BatchLookup.Stamp(rows.getLong(2), Instant.ofEpochMilli(rows.getLong(3))));
        }
      }
    }
    if (found.isEmpty()) {
      dialect.refuseReadOnly(statements);
    }
    return found;
  }
}
