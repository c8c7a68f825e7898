package io.coatcheck.session.jdbc;

import io.coatcheck.session.store.SessionStoreException;
import java.io.IOException;
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

  /** The class of all that made the database roll back, deadlock and serialization failure. */
  private static final String ROLLBACK = "40";

  /**
   * Of that class: a constraint, which would refuse it again, and "it may have happened or not".
   */
  private static final Set<String> NOT_TO_BE_REPEATED = Set.of("40002", "40003");

  /** H2: a row that is being changed was found changed. */
  private static final String CONCURRENT_UPDATE = "90131";

  /**
   * By the query timeout: PostgreSQL and H2, MariaDB; by the server's own for locks: PostgreSQL.
   */
  private static final Set<String> TIMED_OUT = Set.of("57014", "70100", "55P03");

  /** A table is missing: PostgreSQL, MySQL and MariaDB, H2; the last is H2's for its schema. */
  private static final Set<String> NO_TABLE = Set.of("42P01", "42S02", "42S03", "42S04", "90079");

  /** A column is missing: PostgreSQL, the others. */
  private static final Set<String> NO_COLUMN = Set.of("42703", "42S22");

  /** A key is there already: PostgreSQL and H2. */
  private static final String DUPLICATE = "23505";

  /** A key is there already: MySQL and MariaDB, where constraints of all kinds share a state. */
  private static final int MYSQL_DUPLICATE = 1062;

  /** The server is, or has become, a replica, or was set read-only. */
  private static final String READ_ONLY = "25006";

  /**
   * The same by MariaDB and MySQL: read_only and its like, a read-only transaction, a server that
   * runs in read-only mode, InnoDB that does.
   */
  private static final Set<Integer> MYSQL_READ_ONLY = Set.of(1290, 1792, 1836, 1874);

  /** MariaDB: the row has changed since the snapshot, with {@code innodb_snapshot_isolation}. */
  private static final int RECORD_HAS_CHANGED = 1020;

  /** PostgreSQL: it shuts down, has crashed or is not ready yet. */
  private static final String OPERATOR_INTERVENTION = "57P";

  /** MariaDB and MySQL: a lock was not had in time, a statement took too long. */
  private static final Set<Integer> MYSQL_TIMED_OUT = Set.of(1205, 1969, 3024);

  private static final String NO_ANSWER = "no answer in time, ";

  private SqlFailure() {}

  /**
   * Returns whether the database has undone the transaction because of others that ran beside it.
   */
  static boolean isRolledBack(SQLException failure, Database database) {
    String state = state(failure);
    return (state.startsWith(ROLLBACK) && !NOT_TO_BE_REPEATED.contains(state))
        || state.equals(CONCURRENT_UPDATE)
        || (database == Database.MARIADB && failure.getErrorCode() == RECORD_HAS_CHANGED);
  }

  /** Tells whether no answer came in time, from the database or from the pool. */
  static boolean isTimeout(SQLException failure) {
    if (failure instanceof SQLTimeoutException
        || failure instanceof SQLTransientConnectionException
        || TIMED_OUT.contains(state(failure))
        || MYSQL_TIMED_OUT.contains(failure.getErrorCode())) {
      return true;
    }
    return hasCause(failure, SocketTimeoutException.class);
  }

  /**
   * Tells whether a statement failed because the connection or the database went away, and not
   * because of what it says.
   */
  static boolean isUnreachable(SQLException failure) {
    return isTimeout(failure) || isConnectionLost(failure);
  }

  private static boolean isConnectionLost(SQLException failure) {
    return failure instanceof SQLNonTransientConnectionException
        || failure instanceof SQLRecoverableException
        || state(failure).startsWith("08")
        || state(failure).startsWith(OPERATOR_INTERVENTION);
  }

  /**
   * Returns whether a statement may have been sent, and no answer will come, not even a refusal.
   */
  static boolean isAnswerLost(SQLException failure) {
    return isConnectionLost(failure) || hasCause(failure, IOException.class);
  }

  /** Returns whether the database says that a commit has not happened. */
  static boolean isRefusedCommit(SQLException failure, Database database) {
    String state = state(failure);
    return isRolledBack(failure, database)
        || state.equals("40002")
        || state.startsWith("23")
        || isReadOnly(failure);
  }

  /** Returns whether the server takes no writes: it is a replica now, or was set read-only. */
  static boolean isReadOnly(SQLException failure) {
    return state(failure).equals(READ_ONLY) || MYSQL_READ_ONLY.contains(failure.getErrorCode());
  }

  /** Makes the failure of a read that a server answered which {@linkplain #isReadOnly is so}. */
  static SQLException readOnly() {
    return new SQLException("the server takes no writes", READ_ONLY);
  }

  /**
   * Returns whether what failed says that its connection leads to a server that is of no use. H2
   * does nothing when it is to abort a connection, and knows a broken one itself.
   */
  static boolean costsConnection(SQLException failure, Database database) {
    return database != Database.H2 && (isReadOnly(failure) || isConnectionLost(failure));
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

  /** Makes the exception for a failure that the database told, after which nothing has changed. */
  static SessionStoreException whileExecuting(
      Operation operation, SQLException failure, Database database, TableName table) {
    return new SessionStoreException(
        operation + " failed: " + reason(failure, database, table) + codes(failure),
        withoutMessage(failure));
  }

  /** Makes the exception for a change that may have happened or not. */
  static SessionStoreException unknownOutcome(
      Operation operation, String reason, SQLException failure) {
    return new SessionStoreException(
        operation
            + " may have happened or not: "
            + (isTimeout(failure) ? NO_ANSWER : reason + ", ")
            + codes(failure),
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
    if (state(failure).equals(DUPLICATE) || failure.getErrorCode() == MYSQL_DUPLICATE) {
      return "the id exists already, ";
    }
    if (isReadOnly(failure)) {
      return "the server takes no writes, it may be a replica or a former primary; its connection"
          + " is given up; have the URL lead to the primary, ";
    }
    return isTimeout(failure) ? NO_ANSWER : "";
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
