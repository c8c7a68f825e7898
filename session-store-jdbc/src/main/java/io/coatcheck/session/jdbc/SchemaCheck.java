package io.coatcheck.session.jdbc;

import io.coatcheck.session.store.SessionStoreException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;

/**
 * Checks, before any request is served, that the table exists with the columns that this release
 * needs, and that the settings of the database are acceptable. The check of the table is one
 * statement and reads no row.
 */
final class SchemaCheck {

  private final Transactions transactions;
  private final Dialect dialect;

  SchemaCheck(Transactions transactions, Dialect dialect) {
    this.transactions = transactions;
    this.dialect = dialect;
  }

  /**
   * Returns what is wrong with the table; empty if nothing is.
   *
   * @throws IllegalArgumentException if the store cannot work with the settings of the database
   * @throws SessionStoreException if the database cannot be reached, so that the table could not be
   *     checked
   */
  Optional<SessionStoreException> problem() {
    return transactions.read(new Operation("build"), this::look);
  }

  private Optional<SessionStoreException> look(Statements statements) throws SQLException {
    dialect.checkSettings(statements);
    try {
      dialect.look(statements);
      return Optional.empty();
    } catch (SQLException exception) {
      SqlFailure failure = dialect.failure(exception);
      if (failure.isUnreachable() || failure.isRolledBack()) {
        throw exception;
      }
      statements.rollBack();
      String message = "build failed: " + reason(failure, place(statements.connection()));
      // The statement contains no value, so the driver's message can be shown.
      return Optional.of(
          new SessionStoreException(message + ", " + SqlFailure.codes(exception), exception));
    }
  }

  /** PostgreSQL refuses all statements in a transaction in which one has failed. */
  private String place(Connection connection) throws SQLException {
    if (!connection.getAutoCommit()) {
      connection.rollback();
    }
    return dialect.place(connection);
  }

  private String reason(SqlFailure failure, String name) {
    String place = " in the " + dialect.database + " database \"" + name + "\"";
    if (failure.isTableMissing()) {
      return "table "
          + dialect.missing(failure.exception())
          + " is missing"
          + place
          + ": build the store with createSchema(true), or run "
          + dialect.database.schemaFile()
          + " of the jar of session-store-jdbc";
    }
    if (failure.isColumnMissing()) {
      return "table "
          + dialect.table.qualified()
          + place
          + " lacks a column that this version needs, and createSchema(true) changes no table that"
          + " is there: run the successors of "
          + dialect.database.schemaFile()
          + " in the jar of session-store-jdbc";
    }
    return "table "
        + dialect.table.qualified()
        + place
        + " cannot be read: the database user needs SELECT, INSERT, UPDATE and DELETE on it";
  }
}
