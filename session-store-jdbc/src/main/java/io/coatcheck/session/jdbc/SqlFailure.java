package io.coatcheck.session.jdbc;

import io.coatcheck.session.store.SessionStoreException;
import java.net.SocketTimeoutException;
import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import java.sql.SQLRecoverableException;
import java.sql.SQLTimeoutException;
import java.sql.SQLTransientConnectionException;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a driver's exception means here, and how it is told without telling what a driver tells.
 *
 * <p>Drivers quote values: PostgreSQL the whole failing row, H2 the key, MariaDB the statement with
 * its parameters filled in. So once a statement was involved, neither the message nor the exception
 * is passed on: the cause is a copy with the SQLState, the vendor's code, the class name and the
 * stack trace. A failure to connect has seen no value yet and is passed on as it is.
 */
final class SqlFailure {

  /**
   * Deadlock and serialization failure, and H2's concurrent update: rolled back, to be repeated.
   */
  private static final Set<String> ROLLED_BACK = Set.of("40001", "40P01", "90131");

  /** Cancelled by the query timeout: PostgreSQL and H2, MariaDB. */
  private static final Set<String> TIMED_OUT = Set.of("57014", "70100");

  /** A table is missing: PostgreSQL, MySQL and MariaDB, H2; the last is H2's for its schema. */
  private static final Set<String> NO_TABLE = Set.of("42P01", "42S02", "42S03", "42S04", "90079");

  /** A column is missing: PostgreSQL, the others. */
  private static final Set<String> NO_COLUMN = Set.of("42703", "42S22");

  /** A key is there already: PostgreSQL and H2, MySQL and MariaDB. */
  private static final Set<String> DUPLICATE = Set.of("23505", "23000");

  /** MariaDB: the row has changed since the snapshot, with {@code innodb_snapshot_isolation}. */
  private static final int RECORD_HAS_CHANGED = 1020;

  /** PostgreSQL: it shuts down, has crashed or is not ready yet. */
  private static final String OPERATOR_INTERVENTION = "57P";

  private static final int MYSQL_EXECUTION_TIMEOUT = 3024;

  private SqlFailure() {}

  /** Tells whether the database has undone the transaction because of others that ran beside it. */
  static boolean isRolledBack(SQLException failure, Database database) {
    return ROLLED_BACK.contains(state(failure))
        || (database == Database.MARIADB && failure.getErrorCode() == RECORD_HAS_CHANGED);
  }

  /** Tells whether no answer came in time, from the database or from the pool. */
  static boolean isTimeout(SQLException failure) {
    if (failure instanceof SQLTimeoutException
        || failure instanceof SQLTransientConnectionException
        || TIMED_OUT.contains(state(failure))
        || failure.getErrorCode() == MYSQL_EXECUTION_TIMEOUT) {
      return true;
    }
    return hasCause(failure, SocketTimeoutException.class);
  }

  /**
   * Tells whether a statement failed because the connection or the database went away, and not
   * because of what it says.
   */
  static boolean isUnreachable(SQLException failure) {
    return isTimeout(failure)
        || failure instanceof SQLNonTransientConnectionException
        || failure instanceof SQLRecoverableException
        || state(failure).startsWith("08")
        || state(failure).startsWith(OPERATOR_INTERVENTION);
  }

  static boolean isTableMissing(SQLException failure) {
    return NO_TABLE.contains(state(failure));
  }

  static boolean isColumnMissing(SQLException failure) {
    return NO_COLUMN.contains(state(failure));
  }

  static boolean hasCause(Throwable failure, Class<? extends Throwable> type) {
    Throwable cause = failure.getCause();
    for (int depth = 0; cause != null && depth < 10; depth++) {
      if (type.isInstance(cause)) {
        return true;
      }
      cause = cause.getCause();
    }
    return false;
  }

  /** Makes the exception for a failure before there was a connection. */
  static SessionStoreException whileConnecting(Operation operation, SQLException failure) {
    return new SessionStoreException(
        operation + " failed: no connection, " + codes(failure), failure);
  }

  /** Makes the exception for a failure of a statement, after which all was rolled back. */
  static SessionStoreException whileExecuting(
      Operation operation, SQLException failure, Database database, TableName table) {
    return new SessionStoreException(
        operation + " failed: " + reason(failure, database, table) + codes(failure),
        withoutMessage(failure));
  }

  /** Makes the exception for a commit that may have happened or not. */
  static SessionStoreException whileCommitting(Operation operation, SQLException failure) {
    return new SessionStoreException(
        operation + " may have happened or not: the commit failed, " + codes(failure),
        withoutMessage(failure));
  }

  private static String reason(SQLException failure, Database database, TableName table) {
    if (isTableMissing(failure)) {
      return "table "
          + table.qualified()
          + " is missing, run "
          + database.schemaFile()
          + " of session-store-jdbc or build the store with createSchema(true), ";
    }
    if (isColumnMissing(failure)) {
      return "table "
          + table.qualified()
          + " lacks a column, run the newer ones of "
          + database.schemaFile()
          + " and its successors in session-store-jdbc, ";
    }
    if (DUPLICATE.contains(state(failure))) {
      return "the id exists already, ";
    }
    return isTimeout(failure) ? "no answer in time, " : "";
  }

  static String codes(SQLException failure) {
    return "SQLState " + failure.getSQLState() + ", vendor code " + failure.getErrorCode();
  }

  private static String state(SQLException failure) {
    String state = failure.getSQLState();
    return state == null ? "" : state;
  }

  /** Copies what is safe to log, of the exception and of those suppressed in it. */
  private static SQLException withoutMessage(SQLException failure) {
    SQLException copy = bare(failure, failure.getSQLState(), failure.getErrorCode());
    for (Throwable suppressed : failure.getSuppressed()) {
      copy.addSuppressed(
          suppressed instanceof SQLException second
              ? bare(second, second.getSQLState(), second.getErrorCode())
              : bare(suppressed, null, 0));
    }
    return copy;
  }

  private static SQLException bare(Throwable failure, @Nullable String state, int code) {
    SQLException copy =
        new SQLException(
            failure.getClass().getName() + ", message left out because it may quote values",
            state,
            code);
    copy.setStackTrace(failure.getStackTrace());
    return copy;
  }
}
