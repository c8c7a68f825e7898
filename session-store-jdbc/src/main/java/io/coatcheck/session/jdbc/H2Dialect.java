package io.coatcheck.session.jdbc;

import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** H2: native UUIDs, delta tables in place of {@code RETURNING}, and rows to lock. */
final class H2Dialect extends Dialect {

  private static final int LOCK_ROWS = 64;

  private static final Logger LOG = LoggerFactory.getLogger(JdbcSessionStore.class);

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

  /** Several of H2's modes do not know {@code LIMIT}; all know this clause. */
  @Override
  String limit() {
    return " FETCH FIRST ? ROWS ONLY";
  }

  /** Checks the table of locks too, once the other one is known to exist. */
  @Override
  void look(Statements statements) throws SQLException {
    super.look(statements);
    statements.execute("SELECT slot FROM " + locks + " WHERE 1 = 0");
  }

  @Override
  String schemaOf(Statements statements, String name) throws SQLException {
    try (PreparedStatement statement =
            statements.prepare("SELECT * FROM " + name + " WHERE 1 = 0");
        ResultSet none = statement.executeQuery()) {
      return '"' + none.getMetaData().getSchemaName(1).replace("\"", "\"\"") + '"';
    }
  }

  @Override
  List<String> furtherTables() {
    return List.of(locks);
  }

  /**
   * Each attempt gets at least one statement further, past the objects that another node has
   * created.
   */
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
   * H2's setting is changed and restored, so that it waits for locks no longer than the other
   * databases.
   */
  @Override
  void create(Statements statements, List<String> schema) throws SQLException {
    checkMode(statements);
    if (isThere(statements)) {
      return;
    }
    int lockTimeout = lockTimeout(statements);
    statements.execute("SET LOCK_TIMEOUT " + Math.min(lockTimeout, DDL_LOCK_SECONDS * 1_000));
    try {
      for (String sql : schema) {
        statements.execute(sql);
      }
    } finally {
      statements.execute("SET LOCK_TIMEOUT " + lockTimeout);
    }
  }

  private boolean isThere(Statements statements) throws SQLException {
    int dot = table.qualified().indexOf('.');
    String schema = dot < 0 ? "CURRENT_SCHEMA" : "'" + table.qualified().substring(0, dot) + "'";
    try {
      super.look(statements);
      if (dot < 0 && isElsewhere(statements)) {
        // A table created here would hide it; the check afterwards reports what it lacks.
        return true;
      }
      look(statements);
      return statements.isTrue("SELECT COUNT(*) >= " + LOCK_ROWS + " FROM " + locks)
          && statements.isTrue(
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
        // Creates nothing; the check afterwards reports that.
        return true;
      }
      throw failure;
    }
  }

  /**
   * Returns whether the table that was found is in another schema than the one in which a table
   * would be created.
   */
  private boolean isElsewhere(Statements statements) throws SQLException {
    return statements.isTrue(
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
    if (statements.isTrue(
        "SELECT COUNT(*) > 0 FROM INFORMATION_SCHEMA.SETTINGS WHERE SETTING_NAME = 'WRITE_DELAY'"
            + " AND CAST(SETTING_VALUE AS INTEGER) > 0 AND DATABASE_PATH() IS NOT NULL")) {
      LOG.warn(
          "H2 writes to its file some time after a commit, so that logins and changes of the last"
              + " half second, which clients have seen confirmed, are lost when the process is"
              + " killed: add ;WRITE_DELAY=0 to the URL");
    }
  }

  private static void checkMode(Statements statements) throws SQLException {
    if (statements.isTrue(
        "SELECT COUNT(*) > 0 FROM INFORMATION_SCHEMA.SETTINGS WHERE SETTING_NAME = 'MODE'"
            + " AND UPPER(SETTING_VALUE) = 'ORACLE'")) {
      throw new IllegalArgumentException(
          "dataSource must lead to H2 in another MODE than Oracle, which stores an empty text as"
              + " none: Oracle");
    }
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
