package io.coatcheck.session.jdbc;

import io.coatcheck.session.token.SessionId;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** H2: native UUIDs, delta tables in place of {@code RETURNING}, and rows to lock. */
final class H2Dialect extends Dialect {

  private static final int LOCK_ROWS = 64;

  private final String lockRow;
  private final String deleteFrom;

  H2Dialect(TableName table) {
    super(table);
    lockRow = "SELECT slot FROM " + table.qualified() + "_lock WHERE slot = ? FOR UPDATE";
    deleteFrom = " FROM OLD TABLE (DELETE FROM " + table.qualified() + " WHERE ";
  }

  @Override
  void setId(PreparedStatement statement, int index, SessionId id) throws SQLException {
    statement.setObject(index, id.toUuid());
  }

  @Override
  SessionId getId(ResultSet row, int column) throws SQLException {
    UUID uuid = row.getObject(column, UUID.class);
    return SessionId.of(uuid.getMostSignificantBits(), uuid.getLeastSignificantBits());
  }

  @Override
  void setPrincipal(PreparedStatement statement, int index, @Nullable String principal)
      throws SQLException {
    Utf8Principal.set(statement, index, principal);
  }

  @Override
  @Nullable String getPrincipal(ResultSet row, int column) throws SQLException {
    return Utf8Principal.get(row, column);
  }

  /**
   * To H2 a delete that gives back its rows is a query. When a query fails, as the victim of a
   * deadlock for one, H2 in autocommit commits what it did so far, or fails to and keeps its locks.
   */
  @Override
  boolean deletesInAutoCommit() {
    return false;
  }

  @Override
  SessionRow.Deleted delete(Statements statements, Condition condition, boolean withAttributes)
      throws SQLException {
    String columns = "SELECT " + SessionRow.columns(withAttributes);
    return deleteReturning(
        statements, columns + deleteFrom + condition.sql() + ")", condition, withAttributes);
  }

  /**
   * Has a column that is not in the index looked at first. In a delta table, H2 takes the index's
   * word for an indexed column, and so deletes a row that has moved to another principal meanwhile.
   */
  @Override
  Condition withPrincipal(String principal) {
    Condition indexed = super.withPrincipal(principal);
    return new Condition("version >= 0 AND " + indexed.sql(), indexed.binder());
  }

  /** Told to order them, H2 locks all rows that are due before it looks at the limit. */
  @Override
  String lockDue() {
    return lockDue("");
  }

  @Override
  Scope principalLock(String principal, int waitSeconds) {
    int slot = Math.floorMod(LockNames.digest(table, principal)[0], LOCK_ROWS);
    return new ReadCommitted() {
      @Override
      public void enter(Statements statements) throws SQLException {
        super.enter(statements);
        try (PreparedStatement statement = statements.prepare(lockRow)) {
          statement.setInt(1, slot);
          statement.executeQuery().close();
        }
      }
    };
  }

  @Override
  Scope cleanUp() {
    return new ReadCommitted();
  }
}
