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
    String from =
        ", " + dialect.readOnlyOrFalse() + " FROM " + dialect.table.qualified() + " WHERE ";
    find = "SELECT " + Column.list(Column.SESSION) + from + "id = ?";
    stamps = "SELECT id, version, last_seen_at" + from;
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
          refuseReadOnly(row, Column.SESSION.size() + 1);
          return SessionRow.readOne(row, dialect, Column.SESSION);
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
          refuseReadOnly(rows, 4);
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

  private static void refuseReadOnly(ResultSet row, int column) throws SQLException {
    if (row.getBoolean(column)) {
      throw SqlFailure.readOnly();
    }
  }
}
