package io.coatcheck.session.jdbc;

import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** MariaDB and MySQL: settings of the server under which a promise would not hold. */
final class MySqlSetup extends Setup {

  private static final Logger LOG = LoggerFactory.getLogger(JdbcSessionStore.class);

  MySqlSetup(Dialect dialect) {
    super(dialect);
  }

  /** Nothing waits for a table that does not exist. */
  @Override
  void create(Statements statements, List<String> schema) throws SQLException {
    try {
      look(statements);
    } catch (SQLException failure) {
      if (dialect.failure(failure).isColumnMissing()) {
        // Creates nothing; the check afterwards reports that.
        return;
      }
      if (!dialect.failure(failure).isTableMissing()) {
        throw failure;
      }
      for (String sql : schema) {
        statements.execute(sql);
      }
    }
  }

  /** Checks the columns of text too; those that are compared are binary. */
  @Override
  void look(Statements statements) throws SQLException {
    super.look(statements);
    for (Column text : List.of(Column.CLIENT_ADDRESS, Column.USER_AGENT)) {
      refuseOtherCharacters(
          statements,
          "SELECT CHARSET((" + dialect.select(text.sql(), "1 = 0") + "))",
          "dataSource must lead to a table whose column "
              + text.sql()
              + " has the character set utf8mb4, as in "
              + dialect.database.schemaFile()
              + ", since most others cannot store every text, and such logins would fail");
    }
  }

  private static void refuseOtherCharacters(Statements statements, String select, String rule)
      throws SQLException {
    try (PreparedStatement statement = statements.prepare(select);
        ResultSet row = statement.executeQuery()) {
      row.next();
      String found = row.getString(1);
      if (found != null && !found.equals("utf8mb4") && !found.equals("binary")) {
        throw new IllegalArgumentException(rule + ": " + found);
      }
    }
  }

  @Override
  void checkSettings(Statements statements) throws SQLException {
    refuseStatementLog(statements);
    refuseEmptyAsNull(statements);
    refuseOtherCharacters(
        statements,
        "SELECT @@SESSION.character_set_client",
        "dataSource must give connections whose character_set_client is utf8mb4, as drivers set it:"
            + " they quote values for it, which others would read differently");
    warnOfSmallPackets(statements);
    try (PreparedStatement statement =
            statements.prepare(
                "SHOW GLOBAL VARIABLES WHERE (Variable_name = 'wsrep_on' AND Value = 'ON') OR"
                    + " (Variable_name = 'group_replication_single_primary_mode' AND Value ="
                    + " 'OFF')");
        ResultSet severalWriters = statement.executeQuery()) {
      if (severalWriters.next()) {
        LOG.warn(
            "a limit of sessions per principal relies on GET_LOCK, which holds on one server only,"
                + " and several servers of this cluster take writes ({} is {}): have all nodes of"
                + " the application use one of them, or set no limit",
            severalWriters.getString(1),
            severalWriters.getString(2));
      }
    }
  }

  /**
   * Refuses a binary log of statements: with it, InnoDB takes no write at READ COMMITTED, at which
   * the clean-up and batches of touches run.
   */
  private static void refuseStatementLog(Statements statements) throws SQLException {
    try (PreparedStatement statement =
            statements.prepare(
                "SHOW VARIABLES WHERE (Variable_name = 'log_bin' AND Value = 'ON') OR"
                    + " (Variable_name = 'sql_log_bin' AND Value = 'ON') OR"
                    + " (Variable_name = 'binlog_format' AND Value = 'STATEMENT')");
        ResultSet all = statement.executeQuery()) {
      int found = 0;
      while (all.next()) {
        found++;
      }
      if (found == 3) {
        throw new IllegalArgumentException(
            "dataSource must lead to a server whose binlog_format is ROW or MIXED, set in its"
                + " configuration and by SET GLOBAL, since with a binary log of statements it takes"
                + " no write at READ COMMITTED: STATEMENT");
      }
    }
  }

  /** Warns of a limit that is smaller than the largest session with its quotes. */
  private static void warnOfSmallPackets(Statements statements) throws SQLException {
    if (statements.isTrue("SELECT @@max_allowed_packet < 16777216")) {
      LOG.warn(
          "a session with large attributes may not be stored, and its connection is lost each time:"
              + " set max_allowed_packet of the server to at least 16 MiB");
    }
  }

  /** Refuses a mode of MariaDB that stores an empty string, or empty bytes, as null. */
  private static void refuseEmptyAsNull(Statements statements) throws SQLException {
    try (PreparedStatement statement = statements.prepare("SELECT @@SESSION.sql_mode");
        ResultSet row = statement.executeQuery()) {
      row.next();
      String mode = row.getString(1);
      if (mode.contains("EMPTY_STRING_IS_NULL")) {
        throw new IllegalArgumentException(
            "dataSource must give connections whose sql_mode is without EMPTY_STRING_IS_NULL,"
                + " which stores an empty string as null; take it out of the server's sql_mode, or"
                + " out of the pool's or URL's: "
                + mode);
      }
    }
  }
}
