package io.coatcheck.session.jdbc;

import io.coatcheck.session.background.Operation;
import io.coatcheck.session.store.SessionStoreException;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.sql.SQLNonTransientConnectionException;
import java.sql.SQLRecoverableException;
import java.sql.SQLTimeoutException;
import java.sql.SQLTransientConnectionException;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The meaning of a driver's exception, and how it is reported without the driver's text.
 *
 * <p>Drivers quote values: PostgreSQL the whole failing row, H2 the key, MariaDB the statement with
 * its parameters filled in. So once a statement was involved, neither the message nor the exception
 * is passed on: the cause is a copy with the SQLState, the vendor's code, the class name and the
 * stack trace. A failure to connect has seen no value yet and is passed on as it is.
 *
 * @param exception the driver's exception
 * @param state its SQLState, or what the dialect takes in its place; one of the constants here
 *     where the database has its own state or code for that
 */
record SqlFailure(SQLException exception, String state, Dialect dialect) {

  /**
   * The database has undone the transaction because of concurrent ones, or refused a statement that
   * was prepared before a migration.
   */
  static final String UNDONE = "40001";

  /** No answer in time. */
  static final String TIMED_OUT = "57014";

  /** A lock was not acquired in time, and the statement was refused. */
  static final String LOCKED = "55P03";

  static final String NO_TABLE = "42S02";

  static final String NO_COLUMN = "42S22";

  private static final String CONNECTION_LOST = "08006";

  /** A key exists already. */
  static final String DUPLICATE = "23505";

  /** The server is, or has become, a replica, or was set read-only. */
  static final String READ_ONLY = "25006";

  /** The database user may not do that. */
  static final String NOT_PERMITTED = "42501";

  /** The class of failures that made the database roll back: deadlock and serialization failure. */
  private static final String ROLLBACK = "40";

  /**
   * States of that class that must not be repeated: a violated constraint, and an unknown outcome.
   */
  private static final Set<String> NOT_TO_BE_REPEATED = Set.of("40002", "40003");

  /**
   * The class of failures by a limit of the server: PostgreSQL refuses a commit with notifications
   * if their queue is full.
   */
  private static final String LIMIT_EXCEEDED = "54";

  /** No answer in time, in MariaDB's terms. */
  private static final String INTERRUPTED = "70100";

  /** By the query timeout: PostgreSQL and H2, MariaDB; by the server's own for locks. */
  private static final Set<String> TIMEOUTS = Set.of(TIMED_OUT, INTERRUPTED, LOCKED);

  /** A table is missing: PostgreSQL, MySQL and MariaDB, H2. */
  private static final Set<String> NO_TABLES = Set.of("42P01", NO_TABLE, "42S03", "42S04");

  /** A column is missing: PostgreSQL, the others. */
  private static final Set<String> NO_COLUMNS = Set.of("42703", NO_COLUMN);

  /** PostgreSQL: it is shutting down, has crashed or is not ready yet. */
  private static final String OPERATOR_INTERVENTION = "57P";

  /** PostgreSQL: a prepared statement does not exist, or exists already. */
  private static final Set<String> PREPARED_ELSEWHERE = Set.of("26000", "42P05");

  private static final String NO_ANSWER = "no answer in time, ";

  /** Returns whether a state says that the database has rolled back. */
  static boolean isOfRollback(String state) {
    return state.startsWith(ROLLBACK);
  }

  /** Returns whether the operation has had no effect, and may succeed if it is run again. */
  boolean isRolledBack() {
    return isOfRollback(state) && !NOT_TO_BE_REPEATED.contains(state);
  }

  /** Returns whether no answer came in time, from the database or from the pool. */
  boolean isTimeout() {
    return exception instanceof SQLTimeoutException
        || exception instanceof SQLTransientConnectionException
        || TIMEOUTS.contains(state)
        || hasCause(SocketTimeoutException.class);
  }

  /**
   * Returns whether a statement failed because the connection or the database went away, and not
   * because of its content.
   */
  boolean isUnreachable() {
    return isTimeout() || isConnectionLost();
  }

  private boolean isConnectionLost() {
    return exception instanceof SQLNonTransientConnectionException
        || exception instanceof SQLRecoverableException
        || state.startsWith("08")
        || state.startsWith(OPERATOR_INTERVENTION);
  }

  /**
   * Returns whether a statement may have been sent, and no answer will come, not even a refusal.
   */
  boolean isAnswerLost() {
    return isConnectionLost() || hasCause(IOException.class);
  }

  /** Returns whether the database says that a commit has not happened. */
  boolean isRefusedCommit() {
    return isRolledBack()
        || state.equals("40002")
        || state.equals(LOCKED)
        || state.startsWith("23")
        || state.startsWith(LIMIT_EXCEEDED)
        || isReadOnly();
  }

  /** Returns whether the server takes no writes: it is a replica now, or was set read-only. */
  private boolean isReadOnly() {
    return state.equals(READ_ONLY);
  }

  /** Creates the failure of a call whose connection the {@link Watchdog} has aborted. */
  static SQLException aborted(SQLException failure) {
    return new SQLTimeoutException("the call did not end", CONNECTION_LOST, failure);
  }

  /** Creates the failure of a read that was answered by a server that takes no writes. */
  static SQLException readOnly() {
    return new SQLException("the server takes no writes", READ_ONLY);
  }

  /** Creates the failure of a login that has not acquired the lock of its principal. */
  static SQLException lockNotFree() {
    return new SQLTimeoutException("the lock of a principal was not free in time", INTERRUPTED);
  }

  /** Returns whether the connection leads to an unusable server, and is to be aborted. */
  boolean costsConnection() {
    return dialect.abortsConnections() && (isReadOnly() || isConnectionLost());
  }

  boolean isTableMissing() {
    return NO_TABLES.contains(state);
  }

  boolean isColumnMissing() {
    return NO_COLUMNS.contains(state);
  }

  private boolean hasCause(Class<? extends Throwable> type) {
    return hasCause(exception, type);
  }

  private static boolean hasCause(Throwable failure, Class<? extends Throwable> type) {
    Throwable cause = failure.getCause();
    for (int depth = 0; cause != null && depth < 10; depth++) {
      if (type.isInstance(cause)) {
        return true;
      }
      cause = cause.getCause();
    }
    return false;
  }

  /**
   * Interrupts this thread again if an interrupt has caused a failure: some pools clear it, such as
   * MariaDB's.
   */
  static void keepInterrupt(Throwable failure) {
    if (hasCause(failure, InterruptedException.class)) {
      Thread.currentThread().interrupt();
    }
  }

  /** Creates the exception for a failure before there was a connection. */
  static SessionStoreException whileConnecting(Operation operation, SQLException failure) {
    return new SessionStoreException(
        operation + " failed: no connection, " + codes(failure), failure);
  }

  /**
   * Creates the exception for a failure that the database reported, after which nothing has
   * changed.
   */
  SessionStoreException whileExecuting(Operation operation) {
    return new SessionStoreException(
        operation + " failed: " + reason() + codes(exception), withoutMessage(exception));
  }

  /** Creates the exception for a change that may or may not have happened. */
  SessionStoreException unknownOutcome(Operation operation, String reason) {
    return new SessionStoreException(
        operation
            + " may have happened or not: "
            + (isTimeout() ? NO_ANSWER : reason + ", ")
            + codes(exception),
        withoutMessage(exception));
  }

  private String reason() {
    if (isTableMissing()) {
      boolean isOfChanges = ChangeLog.isNamedIn(exception, dialect.table);
      return "table "
          + (isOfChanges ? ChangeLog.beside(dialect.table) : dialect.table.qualified())
          + " is missing, run "
          + (isOfChanges ? dialect.database.changesFile() : dialect.database.schemaFile())
          + " of coatcheck-jdbc or build the store with createSchema(true), ";
    }
    if (isColumnMissing()) {
      return "table "
          + dialect.table.qualified()
          + " lacks a column, run the newer ones of "
          + dialect.database.schemaFile()
          + " and its successors in coatcheck-jdbc, ";
    }
    if (state.equals(NOT_PERMITTED)) {
      return "the database user lacks a right: it needs SELECT, INSERT, UPDATE and DELETE on table "
          + dialect.table.qualified()
          + ", and SELECT, INSERT and DELETE on "
          + ChangeLog.beside(dialect.table)
          + " if it records changes, ";
    }
    if (state.equals(DUPLICATE)) {
      return "the id exists already, ";
    }
    if (isReadOnly()) {
      return dialect.refusesWrites() + ", ";
    }
    if (PREPARED_ELSEWHERE.contains(state)) {
      return "a pooler gives the connection to others between transactions, which needs its"
          + " max_prepared_statements or prepareThreshold=0 in the URL, ";
    }
    return isTimeout() ? NO_ANSWER : "";
  }

  static String codes(SQLException failure) {
    return "SQLState " + failure.getSQLState() + ", vendor code " + failure.getErrorCode();
  }

  /** Copies the parts of the exception, and of those suppressed in it, that are safe to log. */
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
    String text = failure.getClass().getName() + ", message left out because it may quote values";
    SQLException copy =
        failure instanceof SQLFeatureNotSupportedException
            ? new SQLFeatureNotSupportedException(text, state, code)
            : new SQLException(text, state, code);
    copy.setStackTrace(failure.getStackTrace());
    return copy;
  }
}
