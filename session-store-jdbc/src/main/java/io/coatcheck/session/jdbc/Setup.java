package io.coatcheck.session.jdbc;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.EnumSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What is done with a database while a store is built: its tables are found, created and checked,
 * and its settings are checked. Immutable and thread-safe.
 */
abstract class Setup {

  /** How long DDL waits for a lock while the writes of others wait for it. */
  static final int DDL_LOCK_SECONDS = 1;

  final Dialect dialect;

  Setup(Dialect dialect) {
    this.dialect = dialect;
  }

  /**
   * Creates only the missing parts of the schema, since more would take locks that block the writes
   * of other nodes. Waits for no lock longer than {@link #DDL_LOCK_SECONDS}.
   *
   * @param schema the statements of the schema file
   */
  abstract void create(Statements statements, List<String> schema) throws SQLException;

  /**
   * Checks that the table exists with all columns, and checks the further tables; reads no row.
   *
   * @throws SQLException if not
   */
  void look(Statements statements) throws SQLException {
    statements.execute(dialect.select(Column.list(EnumSet.allOf(Column.class)), "1 = 0"));
  }

  /**
   * Returns how often to try to create a schema of the given number of statements, where a node
   * fails if another one has created an object first.
   */
  int attemptsToCreate(int statements) {
    return 1;
  }

  /** Returns the name of the database of a connection, for a message. */
  String place(Connection connection) throws SQLException {
    return String.valueOf(connection.getCatalog());
  }

  /**
   * Returns the schema in which a table that exists is found, as it is written in statements.
   *
   * @param name the name of the table, which may lead to one of several schemas
   * @return null where a name leads to one place only
   */
  @Nullable String schemaOf(Statements statements, String name) throws SQLException {
    return null;
  }

  /** Returns the names of the further tables of the schema file. */
  List<String> furtherTables() {
    return List.of();
  }

  /** Returns which table is missing, after a failure of {@link #look} that says that one is. */
  String missing(SQLException failure) {
    return dialect.table.qualified();
  }

  /**
   * Checks the settings of the database, and warns of those that break a promise.
   *
   * @throws IllegalArgumentException if the store cannot work with them
   */
  void checkSettings(Statements statements) throws SQLException {}
}
