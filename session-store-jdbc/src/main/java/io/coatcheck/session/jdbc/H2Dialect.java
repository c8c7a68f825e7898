package io.coatcheck.session.jdbc;

import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Set;

/** H2: native UUIDs, delta tables in place of {@code RETURNING}, and rows to lock. */
final class H2Dialect extends Dialect {

  private static final int LOCK_ROWS = 64;

  private final String locks;
  private final String lockRow;
  private final String fromDeleted;

  H2Dialect(TableName table) {
    // An embedded database has no former primary.
    super(Database.H2, table, new H2Conditions(), null);
    locks = table.qualified() + "_lock";
    lockRow = "SELECT slot FROM " + locks + " WHERE slot = ? FOR UPDATE";
    fromDeleted = " FROM OLD TABLE (DELETE FROM " + table.qualified() + " WHERE ";
  }

  /** A row was changed by another transaction meanwhile; the schema of the table is missing. */
  @Override
  String state(SQLException exception) {
    return switch (super.state(exception)) {
      case "90131" -> SqlFailure.UNDONE;
      case "90079" -> SqlFailure.NO_TABLE;
      case "90096" -> SqlFailure.NOT_PERMITTED;
      default -> super.state(exception);
    };
  }

  /** H2 ignores the abort of a connection, and detects a broken one itself. */
  @Override
  boolean abortsConnections() {
    return false;
  }

  @Override
  boolean keepsQueryTimeout() {
    return true;
  }

  /**
   * H2 treats a delete that returns its rows as a query. When a query fails, for instance as the
   * victim of a deadlock, H2 in autocommit commits its changes so far, or fails to commit and keeps
   * its locks.
   */
  @Override
  boolean deletesInAutoCommit() {
    return false;
  }

  @Override
  SessionRow.Deleted delete(Statements statements, Condition condition, Set<Column> columns)
      throws SQLException {
    String select = "SELECT " + Column.list(columns);
    return readDeleted(
        statements, select + fromDeleted + condition.sql() + ")", condition, columns);
  }

  /** With an order, H2 locks all due rows before it applies the limit. */
  @Override
  String lockDue() {
    return lockDue("");
  }

  @Override
  Scope principalLock(String principal, int waitSeconds) {
    int slot = Math.floorMod(LockNames.digest(principal)[0], LOCK_ROWS);
    return new ReadCommitted() {
      @Override
      public void enter(Statements statements) throws SQLException {
        super.enter(statements);
        try (PreparedStatement statement = statements.prepare(lockRow)) {
          statement.setInt(1, slot);
          try (ResultSet row = statement.executeQuery()) {
            if (row.next()) {
              return;
            }
          }
        }
        putBack(statements, slot);
      }
    };
  }

  /** Creates and locks a row that was deleted, for instance by a test that empties all tables. */
  private void putBack(Statements statements, int slot) throws SQLException {
    try (PreparedStatement statement =
        statements.prepare("MERGE INTO " + locks + " (slot) KEY (slot) VALUES (?)")) {
      statement.setInt(1, slot);
      statement.executeUpdate();
    }
  }

  @Override
  Scope cleanUp() {
    return new ReadCommitted();
  }

  @Override
  Setup setup() {
    return new H2Setup(this, locks, LOCK_ROWS);
  }

  /** Several of H2's modes do not know {@code LIMIT}; all know this clause. */
  @Override
  String limit() {
    return " FETCH FIRST ? ROWS ONLY";
  }

  /** Compares principals as H2 needs it in a delete that returns its rows. */
  private static final class H2Conditions extends Conditions {

    H2Conditions() {
      super(IdColumn.UUID, PrincipalColumn.UTF8);
    }

    /**
     * Makes H2 read a column that is not in the index. In a delta table, H2 trusts the index for an
     * indexed column, and so would delete a row that has moved to another principal meanwhile.
     */
    @Override
    Condition withPrincipal(String principal) {
      Condition indexed = super.withPrincipal(principal);
      return new Condition("version >= 0 AND " + indexed.sql(), indexed.binder());
    }
  }
}
