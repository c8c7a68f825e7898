package io.coatcheck.session.jdbc;

import java.sql.SQLException;
import java.util.Set;

/**
 * SQLite: one file with one writer at a time. There are no row locks to take or skip: a transaction
 * of several statements begins with a write that changes nothing, so that it is the only writer
 * from its first read on.
 */
final class SqliteDialect extends Dialect {

  private final String takeTurn;

  SqliteDialect(TableName table) {
    // A file has no former primary.
    super(
        Database.SQLITE,
        table,
        new Conditions(IdColumn.BYTES, PrincipalColumn.TEXT),
        null,
        "MIN",
        "MAX");
    if (table.isQualified()) {
      throw new IllegalArgumentException(
          "tableName must be without a schema on SQLite, where the table is in the main file: "
              + table.qualified());
    }
    takeTurn = "UPDATE " + table.qualified() + " SET version = version WHERE 1 = 0";
  }

  /** The driver reports no SQLState; the message begins with the name of the result code. */
  @Override
  String state(SQLException exception) {
    String message = String.valueOf(exception.getMessage());
    return switch (exception.getErrorCode()) {
      // SQLITE_ERROR, for any fault of the statement.
      case 1 -> {
        if (message.contains("no such table")) {
          yield SqlFailure.NO_TABLE;
        }
        yield message.contains("no such column") || message.contains("has no column named")
            ? SqlFailure.NO_COLUMN
            : super.state(exception);
      }
      // SQLITE_BUSY; another connection has written since this transaction read.
      case 5 ->
          message.startsWith("[SQLITE_BUSY_SNAPSHOT]") ? SqlFailure.UNDONE : SqlFailure.LOCKED;
      // SQLITE_LOCKED, by another connection that shares the cache.
      case 6 -> SqlFailure.LOCKED;
      // SQLITE_READONLY
      case 8 -> SqlFailure.READ_ONLY;
      // SQLITE_INTERRUPT
      case 9 -> SqlFailure.TIMED_OUT;
      // SQLITE_CONSTRAINT
      case 19 ->
          message.startsWith("[SQLITE_CONSTRAINT_PRIMARYKEY]")
                  || message.startsWith("[SQLITE_CONSTRAINT_UNIQUE]")
              ? SqlFailure.DUPLICATE
              : "23000";
      default -> super.state(exception);
    };
  }

  /** The driver ignores the abort of a connection. */
  @Override
  boolean abortsConnections() {
    return false;
  }

  @Override
  String refusesWrites() {
    return "the file takes no writes: it, its directory or the connection is read-only";
  }

  @Override
  String skipLocked() {
    return "";
  }

  @Override
  boolean deletesInAutoCommit() {
    return true;
  }

  @Override
  SessionRow.Deleted delete(Statements statements, Condition condition, Set<Column> columns)
      throws SQLException {
    return deleteReturning(statements, condition, columns);
  }

  @Override
  Scope principalLock(String principal, int waitSeconds) {
    return turn();
  }

  @Override
  Scope cleanUp() {
    return turn();
  }

  @Override
  Setup setup() {
    return new SqliteSetup(this);
  }

  /**
   * Returns the scope that waits for the current writer, no longer than the query timeout. Without
   * it, a transaction that reads and then writes would be refused at once if another one has
   * written in between.
   */
  private Scope turn() {
    return statements -> statements.execute(takeTurn);
  }
}
