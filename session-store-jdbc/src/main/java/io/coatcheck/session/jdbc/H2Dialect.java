package io.coatcheck.session.jdbc;

import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** H2: native UUIDs, delta tables in place of {@code RETURNING}, and rows to lock. */
final class H2Dialect extends Dialect {

  private static final int LOCK_ROWS = 64;

  private static final Logger LOGGER = LoggerFactory.getLogger(JdbcSessionStore.class);

  private final String locks;
  private final String lockRow;
  private final String deleteFrom;

  H2Dialect(TableName table) {
    // An embedded database has no former self.
    super(Database.H2, table, IdColumn.UUID, PrincipalColumn.UTF8, null);
    locks = table.qualified() + "_lock";
    lockRow = "SELECT slot FROM " + locks + " WHERE slot = ? FOR UPDATE";
    deleteFrom = " FROM OLD TABLE (DELETE FROM " + table.qualified() + " WHERE ";
  }

  /** A row that is being changed was found changed; the schema of the table is missing. */
  @Override
  String state(SQLException exception) {
    return switch (super.state(exception)) {
      case "90131" -> SqlFailure.UNDONE;
      case "90079" -> SqlFailure.NO_TABLE;
      default -> super.state(exception);
    };
  }

  /** H2 does nothing when it is to abort a connection, and knows a broken one itself. */
  @Override
  boolean abortsConnections() {
    return false;
  }

  @Override
  boolean keepsQueryTimeout() {
    return true;
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

  /** Makes a row that was deleted, as by a test that empties all tables; it is locked then. */
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

  /** Several of H2's modes do not know {@code LIMIT}; all know this. */
  @Override
  String limit() {
    return " FETCH FIRST ? ROWS ONLY";
  }

  /** Looks at the table of locks too, once the other is seen to be there. */
  @Override
  void look(Statements statements) throws SQLException {
    super.look(statements);
    execute(statements, "SELECT slot FROM " + locks + " WHERE 1 = 0");
  }

  /** Each attempt gets at least one statement further, past what another node has made. */
  @Override
  int attemptsToCreate(int statements) {
    return statements + 1;
  }

  /** H2 quotes the statement that failed. */
  @Override
  String missing(SQLException failure) {
    return String.valueOf(failure.getMessage()).contains(" FROM " + locks)
        ? locks
        : super.missing(failure);
  }

  /**
   * To have H2 wait for locks no longer than the others do, its setting is changed and put back.
   */
  @Override
  void create(Statements statements, List<String> schema) throws SQLException {
    checkMode(statements);
    if (isThere(statements)) {
      return;
    }
    int lockTimeout = lockTimeout(statements);
    execute(statements, "SET LOCK_TIMEOUT " + Math.min(lockTimeout, DDL_LOCK_SECONDS * 1_000));
    try {
      for (String sql : schema) {
        execute(statements, sql);
      }
    } finally {
      execute(statements, "SET LOCK_TIMEOUT " + lockTimeout);
    }
  }

  private boolean isThere(Statements statements) throws SQLException {
    int dot = table.qualified().indexOf('.');
    String schema = dot < 0 ? "CURRENT_SCHEMA" : "'" + table.qualified().substring(0, dot) + "'";
    try {
      super.look(statements);
      if (dot < 0 && isElsewhere(statements)) {
        // What would be created here would hide it; what it lacks, the look afterwards says.
        return true;
      }
      look(statements);
      return isTrue(statements, "SELECT COUNT(*) >= " + LOCK_ROWS + " FROM " + locks)
          && isTrue(
              statements,
              "SELECT COUNT(*) >= 2 FROM INFORMATION_SCHEMA.INDEXES WHERE UPPER(TABLE_SCHEMA) = UPPER("
                  + schema
                  + ") AND UPPER(INDEX_NAME) IN (UPPER('"
                  + table.unqualified()
                  + "_principal'), UPPER('"
                  + table.unqualified()
                  + "_sweep_at'))");
    } catch (SQLException failure) {
      if (failure(failure).isTableMissing()) {
        return false;
      }
      if (failure(failure).isColumnMissing()) {
        // Creates nothing; the look afterwards says so.
        return true;
      }
      throw failure;
    }
  }

  /** Returns whether a table that was found is not in the schema in which one would be created. */
  private boolean isElsewhere(Statements statements) throws SQLException {
    return isTrue(
        statements,
        "SELECT COUNT(*) = 0 FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = CURRENT_SCHEMA"
            + " AND UPPER(TABLE_NAME) = UPPER('"
            + table.qualified()
            + "')");
  }

  private static int lockTimeout(Statements statements) throws SQLException {
    try (PreparedStatement statement = statements.prepare("SELECT LOCK_TIMEOUT()");
        ResultSet row = statement.executeQuery()) {
      row.next();
      return row.getInt(1);
    }
  }

  @Override
  void checkSettings(Statements statements) throws SQLException {
    checkMode(statements);
    if (isTrue(
        statements,
        "SELECT COUNT(*) > 0 FROM INFORMATION_SCHEMA.SETTINGS WHERE SETTING_NAME = 'WRITE_DELAY'"
            + " AND CAST(SETTING_VALUE AS INTEGER) > 0 AND DATABASE_PATH() IS NOT NULL")) {
      LOGGER.warn(
          "H2 writes to its file some time after a commit, so that logins and changes of the last"
              + " half second, which clients have seen confirmed, are lost when the process is"
              + " killed: add ;WRITE_DELAY=0 to the URL");
    }
  }

  private static void checkMode(Statements statements) throws SQLException {
    if (isTrue(
        statements,
        "SELECT COUNT(*) > 0 FROM INFORMATION_SCHEMA.SETTINGS WHERE SETTING_NAME = 'MODE'"
            + " AND UPPER(SETTING_VALUE) = 'ORACLE'")) {
      throw new IllegalArgumentException(
          "dataSource must lead to H2 in another MODE than Oracle, which stores an empty text as"
              + " none: Oracle");
    }
  }
}
