package io.coatcheck.session.jdbc;

import io.coatcheck.session.background.Operation;
import io.coatcheck.session.store.SessionStoreException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Checks, before any request is served, that the table exists with the columns that this release
 * needs, and that the settings of the database are acceptable. The check of the table is one
 * statement and reads no row.
 */
final class SchemaCheck {

  private static final Logger LOG = LoggerFactory.getLogger(JdbcSessionStore.class);

  private final Transactions transactions;
  private final Dialect dialect;
  private final Setup setup;
  private final @Nullable ChangeLog log;

  /**
   * Prepares the check.
   *
   * @param log the table of changes, to be checked too; null if none are recorded
   */
  SchemaCheck(Transactions transactions, Dialect dialect, @Nullable ChangeLog log) {
    this.transactions = transactions;
    this.dialect = dialect;
    setup = dialect.setup();
    this.log = log;
  }

  /**
   * Checks, and warns if the database cannot be reached.
   *
   * @param mustBeReachable whether that is an error
   * @throws IllegalArgumentException if the store cannot work with the settings of the database
   * @throws SessionStoreException if something is wrong with a table, or the database must be
   *     reachable and is not
   */
  void run(boolean mustBeReachable) {
    Optional<SessionStoreException> problem;
    try {
      problem = transactions.read(new Operation("build"), this::look);
    } catch (SessionStoreException unreachable) {
      if (mustBeReachable) {
        throw unreachable;
      }
      LOG.warn(
          "table {}{} could not be checked, and may be missing: {}",
          dialect.table.qualified(),
          log == null ? "" : ", like " + log.table() + ",",
          unreachable.getMessage());
      return;
    }
    if (problem.isPresent()) {
      throw problem.get();
    }
  }

  /**
   * Checks how a pool hands out its connections.
   *
   * @throws IllegalArgumentException if they are read-only, or read what is not committed: a change
   *     that is undone would be decided on, and stored with the next save
   */
  static void checkConnection(Connection connection) throws SQLException {
    if (connection.isReadOnly()) {
      throw new IllegalArgumentException(
          "dataSource must give connections that may write: they are read-only");
    }
    if (connection.getTransactionIsolation() == Connection.TRANSACTION_READ_UNCOMMITTED) {
      throw new IllegalArgumentException(
          "dataSource must have an isolation of READ COMMITTED or above: READ UNCOMMITTED");
    }
  }

  private Optional<SessionStoreException> look(Statements statements) throws SQLException {
    checkConnection(statements.connection());
    setup.checkSettings(statements);
    warnOfGapLocks(statements);
    try {
      setup.look(statements);
    } catch (SQLException failure) {
      return problem(statements, failure, this::reason);
    }
    for (String further : setup.furtherTables()) {
      checkPlace(statements, further);
    }
    if (log != null) {
      try {
        log.look(statements);
      } catch (SQLException failure) {
        return problem(statements, failure, log::reason);
      }
      checkPlace(statements, log.table());
      log.checkSettings(statements);
    }
    return Optional.empty();
  }

  /**
   * Warns of an isolation at which an update or a deletion that finds nothing locks the place of
   * the row until its transaction ends. For the newest session, that is where all others begin.
   */
  private void warnOfGapLocks(Statements statements) throws SQLException {
    boolean areSeveralStatements = log != null || !dialect.deletesInAutoCommit();
    if (dialect.locksGaps()
        && areSeveralStatements
        && statements.connection().getTransactionIsolation()
            > Connection.TRANSACTION_READ_COMMITTED) {
      LOG.warn(
          "while a node stops in the middle of ending a session, no session may begin: above READ"
              + " COMMITTED, the database locks the end of the table; set the isolation of the pool"
              + " to READ COMMITTED");
    }
  }

  /**
   * Checks that a further table is in the schema of the table of sessions. A search path may lead
   * to another one, which other applications that use the same sessions do not use.
   *
   * @throws IllegalArgumentException if not
   */
  private void checkPlace(Statements statements, String further) throws SQLException {
    if (dialect.table.isQualified()) {
      return;
    }
    String place = setup.schemaOf(statements, dialect.table.qualified());
    String itsPlace = setup.schemaOf(statements, further);
    if (!Objects.equals(place, itsPlace)) {
      throw new IllegalArgumentException(
          "tableName must have its schema, since the search path leads to tables in two, which all"
              + " applications with these sessions must share: "
              + dialect.table.qualified()
              + " in "
              + place
              + ", "
              + further
              + " in "
              + itsPlace);
    }
  }

  /** Returns what to say of a failure, given where the table is looked for. */
  private interface Reason {
    String of(SqlFailure failure, String place);
  }

  private Optional<SessionStoreException> problem(
      Statements statements, SQLException exception, Reason reason) throws SQLException {
    SqlFailure failure = dialect.failure(exception);
    if (failure.isUnreachable() || failure.isRolledBack()) {
      throw exception;
    }
    statements.rollBack();
    String place =
        " in the " + dialect.database + " database \"" + place(statements.connection()) + "\"";
    // The statement contains no value, so the driver's message can be shown.
    return Optional.of(
        new SessionStoreException(
            "build failed: " + reason.of(failure, place) + ", " + SqlFailure.codes(exception),
            exception));
  }

  /** PostgreSQL refuses all statements in a transaction in which one has failed. */
  private String place(Connection connection) throws SQLException {
    if (!connection.getAutoCommit()) {
      connection.rollback();
    }
    return setup.place(connection);
  }

  private String reason(SqlFailure failure, String place) {
    if (failure.isTableMissing()) {
      return "table "
          + setup.missing(failure.exception())
          + " is missing"
          + place
          + ": build the store with createSchema(true), or run "
          + dialect.database.schemaFile()
          + " of the jar of coatcheck-jdbc";
    }
    if (failure.isColumnMissing()) {
      return "table "
          + dialect.table.qualified()
          + place
          + " lacks a column that this version needs, and createSchema(true) changes no table that"
          + " is there: run the successors of "
          + dialect.database.schemaFile()
          + " in the jar of coatcheck-jdbc";
    }
    return "table "
        + dialect.table.qualified()
        + place
        + " cannot be read: the database user needs SELECT, INSERT, UPDATE and DELETE on it";
  }
}
