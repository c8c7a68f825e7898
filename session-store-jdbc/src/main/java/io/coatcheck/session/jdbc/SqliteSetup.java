package io.coatcheck.session.jdbc;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** SQLite: the file that holds the tables. */
final class SqliteSetup extends Setup {

  private static final Logger LOG = LoggerFactory.getLogger(JdbcSessionStore.class);

  private static final String FILE = "SELECT file FROM pragma_database_list WHERE name = 'main'";

  SqliteSetup(Dialect dialect) {
    super(dialect);
  }

  /**
   * Creates what is missing in a separate transaction, whose first statement writes, and so waits
   * its turn. {@code IF NOT EXISTS} handles a node that was faster.
   */
  @Override
  void create(Statements statements, List<String> schema) throws SQLException {
    Set<String> names = new HashSet<>();
    try (PreparedStatement statement = statements.prepare("SELECT name FROM sqlite_master");
        ResultSet rows = statement.executeQuery()) {
      while (rows.next()) {
        names.add(rows.getString(1).toLowerCase(Locale.ROOT));
      }
    }
    statements.connection().rollback();
    for (String sql : Schema.missing(schema, names)) {
      statements.execute(sql);
    }
  }

  @Override
  String place(Connection connection) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(FILE);
        ResultSet row = statement.executeQuery()) {
      return row.next() ? row.getString(1) : "";
    }
  }

  @Override
  void checkSettings(Statements statements) throws SQLException {
    if (place(statements.connection()).isEmpty()) {
      throw new IllegalArgumentException(
          "dataSource must lead to a file of SQLite, since each connection to :memory: has a"
              + " database of its own: :memory:");
    }
    try (PreparedStatement statement = statements.prepare("PRAGMA journal_mode");
        ResultSet row = statement.executeQuery()) {
      if (row.next() && !row.getString(1).equalsIgnoreCase("wal")) {
        LOG.warn(
            "SQLite has journal_mode {}, so that requests that read wait for those that write: add"
                + " ?journal_mode=WAL to the URL",
            row.getString(1));
      }
    }
  }
}
