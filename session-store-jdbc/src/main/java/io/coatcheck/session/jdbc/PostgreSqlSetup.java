package io.coatcheck.session.jdbc;

import java.nio.ByteBuffer;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** PostgreSQL: a turn to create the tables, and a search path that may lead to several schemas. */
final class PostgreSqlSetup extends Setup {

  private static final Logger LOG = LoggerFactory.getLogger(JdbcSessionStore.class);

  PostgreSqlSetup(Dialect dialect) {
    super(dialect);
  }

  /**
   * Makes nodes that start at once take turns: two that find a table missing would both create it,
   * and the later one would fail. To check for an index, {@code CREATE INDEX IF NOT EXISTS} locks
   * the table against writes, and waits for a running VACUUM, while all writes wait for it. And
   * {@code CREATE TABLE IF NOT EXISTS} checks only the first schema of the search path, where a
   * second table would hide the existing one.
   */
  @Override
  void create(Statements statements, List<String> schema) throws SQLException {
    refuseOtherEncodings(statements);
    if (missing(statements, schema).isEmpty()) {
      return;
    }
    String turn = "\0schema " + dialect.table.unqualified().toLowerCase(Locale.ROOT);
    long key = ByteBuffer.wrap(LockNames.digest(turn)).getLong();
    statements.execute("SELECT pg_advisory_xact_lock(" + key + ")");
    List<String> missing = missing(statements, schema);
    if (missing.isEmpty()) {
      return;
    }
    statements.execute(
        "SELECT set_config('lock_timeout', '"
            + DDL_LOCK_SECONDS
            + "s', true), set_config('statement_timeout', '"
            + statements.timeouts().querySeconds()
            + "s', true)");
    for (String sql : missing) {
      statements.execute(sql);
    }
  }

  /**
   * A version before 14 lacks the setting, and on Windows it can only be 0: there is nothing to be
   * advised.
   */
  @Override
  void checkSettings(Statements statements) throws SQLException {
    refuseOtherEncodings(statements);
    if (statements.isTrue(
        "SELECT COALESCE(current_setting('client_connection_check_interval', true), '') = '0'"
            + " AND version() !~* 'windows|visual c[+][+]|msvc|mingw'")) {
      LOG.warn(
          "a write that the database has not answered in time may still be done later, when its"
              + " session has expired for others: set client_connection_check_interval to 1s, by"
              + " ALTER ROLE or, without a pooler, by"
              + " options=-c%20client_connection_check_interval=1s in the URL");
    }
  }

  /**
   * Refuses encodings that lack characters of principals and of user agents, so that some logins
   * would fail, and one that counts bytes as characters.
   */
  private static void refuseOtherEncodings(Statements statements) throws SQLException {
    try (PreparedStatement statement =
            statements.prepare("SELECT current_setting('server_encoding')");
        ResultSet row = statement.executeQuery()) {
      row.next();
      if (!row.getString(1).equals("UTF8")) {
        throw new IllegalArgumentException(
            "dataSource must lead to a database with the encoding UTF8, since others cannot store"
                + " every principal and user agent, and such logins would fail: "
                + row.getString(1));
      }
    }
  }

  @Override
  @Nullable String schemaOf(Statements statements, String name) throws SQLException {
    String sql =
        "SELECT quote_ident(n.nspname) FROM pg_class AS c JOIN pg_namespace AS n"
            + " ON n.oid = c.relnamespace WHERE c.oid = to_regclass('"
            + name
            + "')";
    try (PreparedStatement statement = statements.prepare(sql);
        ResultSet row = statement.executeQuery()) {
      return row.next() ? row.getString(1) : null;
    }
  }

  /** Returns the statements of the schema that create missing tables and indexes. */
  private List<String> missing(Statements statements, List<String> schema) throws SQLException {
    String found = "to_regclass('" + dialect.table.qualified() + "')";
    String sql =
        "SELECT c.relname FROM pg_class AS c WHERE c.oid = "
            + found
            + " UNION ALL SELECT c.relname FROM pg_index AS i JOIN pg_class AS c"
            + " ON c.oid = i.indexrelid WHERE i.indrelid = "
            + found;
    Set<String> names = new HashSet<>();
    try (PreparedStatement statement = statements.prepare(sql);
        ResultSet rows = statement.executeQuery()) {
      while (rows.next()) {
        names.add(rows.getString(1));
      }
    }
    return Schema.missing(schema, names);
  }
}
