package io.coatcheck.session.jdbc;

import io.coatcheck.session.background.Operation;
import io.coatcheck.session.store.BatchTouch;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * Touches many rows in one short transaction. It skips rows locked by others, as the clean-up does.
 * So it never waits for another transaction, and cannot be part of a deadlock.
 */
final class JdbcBatchTouch implements BatchTouch {

  private final Transactions transactions;
  private final Dialect dialect;

  JdbcBatchTouch(Transactions transactions, Dialect dialect) {
    this.transactions = transactions;
    this.dialect = dialect;
  }

  @Override
  public Set<SessionId> touchAll(Map<SessionId, Instant> lastSeenAt, Instant now) {
    if (lastSeenAt.size() > MAX_IDS) {
      throw new IllegalArgumentException(
          "at most " + MAX_IDS + " sessions may be touched at once: " + lastSeenAt.size());
    }
    StoredSession.millisOf(now, "now");
    lastSeenAt.values().forEach(moment -> StoredSession.millisOf(moment, "lastSeenAt"));
    if (lastSeenAt.isEmpty()) {
      return new HashSet<>();
    }
    Operation operation = new Operation("touchAll");
    Transactions.Work<Set<SessionId>> work =
        statements -> dialect.touchAll(statements, lastSeenAt, now);
    return dialect.touchesAllAtOnce()
        ? transactions.one(operation, work)
        : transactions.several(operation, dialect.cleanUp(), work);
  }

  /**
   * Locks those of the rows that no other transaction has locked, and touches them.
   *
   * @return those that exist, have not expired and were not locked
   */
  static Set<SessionId> touchUnlocked(
      Dialect dialect, Statements statements, Map<SessionId, Instant> lastSeenAt, Instant now)
      throws SQLException {
    Map<SessionId, Long> free = lockFree(dialect, statements, lastSeenAt.keySet(), now);
    // The answer may have come late, and the update below decides by the time after it.
    Instant then = statements.aged(now);
    free.values().removeIf(expiresAt -> expiresAt <= then.toEpochMilli());
    if (!free.isEmpty()) {
      try (PreparedStatement statement = statements.prepare(dialect.touch)) {
        for (Map.Entry<SessionId, Instant> entry : lastSeenAt.entrySet()) {
          if (free.containsKey(entry.getKey())) {
            SessionRow.bindTouch(statement, dialect, entry.getKey(), entry.getValue(), then);
            statement.addBatch();
          }
        }
        statement.executeBatch();
      }
    }
    return free.keySet();
  }

  /** Returns those that were locked, with the moment when each expires. */
  private static Map<SessionId, Long> lockFree(
      Dialect dialect, Statements statements, Set<SessionId> ids, Instant now) throws SQLException {
    Map<SessionId, Long> free = new HashMap<>();
    Condition given = dialect.conditions.withIdIn(ids);
    String query = dialect.select("id, expires_at", "expires_at > ? AND " + given.sql());
    try (PreparedStatement statement = statements.prepare(query + dialect.skipLocked())) {
      statement.setLong(1, statements.aged(now).toEpochMilli());
      given.bind(statement, 2);
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          free.put(dialect.getId(rows, 1), rows.getLong(2));
        }
      }
    }
    return free;
  }
}
