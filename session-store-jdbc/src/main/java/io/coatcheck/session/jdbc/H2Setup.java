package io.coatcheck.session.jdbc;

import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** H2: a second table, of rows to lock, and modes of other databases. */
final class H2Setup extends Setup {

  private static final Logger LOG = LoggerFactory.getLogger(JdbcSessionStore.class);

  private final String locks;
  private final int lockRows;

  /**
   * Begins the setup.
   *
   * @param locks the table of rows to lock
   * @param lockRows how many rows it has
   */
  H2Setup(Dialect dialect, String locks, int lockRows) {
    super(dialect);
    this.locks = locks;
    this.lockRows = lockRows;
  }

  /** Checks the table of locks too, once the other one is known to exist. */
  @Override
  void look(Statements statements) throws SQLException {
    super.look(statements);
    statements.execute("SELECT slot FROM " + locks + " WHERE 1 = 0");
  }

  @Override
  String schemaOf(Statements statements, String name) throws SQLException {
    try (PreparedStatement statement =
            statements.prepare("SELECT * FROM " + name + " WHERE 1 = 0");
        ResultSet none = statement.executeQuery()) {
      return '"' + none.getMetaData().getSchemaName(1).replace("\"", "\"\"") + '"';
    }
  }

  @Override
  List<String> furtherTables() {
    return List.of(locks);
  }

  /**
   * Each attempt gets at least one statement further, past the objects that another node has
   * created.
   */
  @Override
  int attemptsToCreate(int statements) {
    return statements + 1;
  }

  /** H2 quotes the statement that failed. */
  @Override
  String missing(SQLException failure) {
    return String.valueOf(failure.getMessage()).contains(" FROM " + locks)
        ? locks
        : super.missing(failure);
  }

  /**
   * H2's setting is changed and restored, so that it waits for locks no longer than the other
   * databases.
   */
  @Override
  void create(Statements statements, List<String> schema) throws SQLException {
    checkMode(statements);
    if (isThere(statements)) {
      return;
    }
    int lockTimeout = lockTimeout(statements);
    statements.execute("SET LOCK_TIMEOUT " + Math.min(lockTimeout, DDL_LOCK_SECONDS * 1_000));
    try {
      for (String sql : schema) {
        statements.execute(sql);
      }
    } finally {
      statements.execute("SET LOCK_TIMEOUT " + lockTimeout);
    }
  }

  private boolean isThere(Statements statements) throws SQLException {
    int dot = dialect.table.qualified().indexOf('.');
    String schema =
        dot < 0 ? "CURRENT_SCHEMA" : "'" + dialect.table.qualified().substring(0, dot) + "'";
    try {
      super.look(statements);
      if (dot < 0 && isElsewhere(statements)) {
        // A table created here would hide it; the check afterwards reports what it lacks.
        return true;
      }
      look(statements);
      return statements.isTrue("SELECT COUNT(*) >= " + lockRows + " FROM " + locks)
          && statements.isTrue(
              "SELECT COUNT(*) >= 2 FROM INFORMATION_SCHEMA.INDEXES WHERE UPPER(TABLE_SCHEMA) ="
                  + " UPPER("
                  + schema
                  + ") AND UPPER(INDEX_NAME) IN (UPPER('"
                  + dialect.table.unqualified()
                  + "_principal'), UPPER('"
                  + dialect.table.unqualified()
                  + "_sweep_at'))");
    } catch (SQLException failure) {
      if (dialect.failure(failure).isTableMissing()) {
        return false;
      }
      if (dialect.failure(failure).isColumnMissing()) {
        // Creates nothing; the check afterwards reports that.
        return true;
      }
      throw failure;
    }
  }

  /**
   * Returns whether the table that was found is in another schema than the one in which a table
   * would be created.
   */
  private boolean isElsewhere(Statements statements) throws SQLException {
    return statements.isTrue(
        "SELECT COUNT(*) = 0 FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = CURRENT_SCHEMA"
            + " AND UPPER(TABLE_NAME) = UPPER('"
            + dialect.table.qualified()
            + "')");
  }

  private static int lockTimeout(Statements statements) throws SQLException {
    try (PreparedStatement statement = statements.prepare("SELECT LOCK_TIMEOUT()");
        ResultSet row = statement.executeQuery()) {
      row.next();
      return row.getInt(1);
    }
  }

  @Override
  void checkSettings(Statements statements) throws SQLException {
    checkMode(statements);
    boolean writesLate =
        Integer.parseInt(settings(statements).getOrDefault("WRITE_DELAY", "0")) > 0;
    if (writesLate && statements.isTrue("SELECT DATABASE_PATH() IS NOT NULL")) {
      LOG.warn(
          "H2 writes to its file some time after a commit, so that logins and changes of the last"
              + " half second, which clients have seen confirmed, are lost when the process is"
              + " killed: add ;WRITE_DELAY=0 to the URL");
    }
  }

  private static void checkMode(Statements statements) throws SQLException {
    if (settings(statements).getOrDefault("MODE", "").equalsIgnoreCase("Oracle")) {
      throw new IllegalArgumentException(
          "dataSource must not lead to H2 in MODE Oracle, which stores an empty string as null:"
              + " Oracle");
    }
  }

  /**
   * Returns the settings of the database. The columns of the view are not named, since their names
   * differ with {@code OLD_INFORMATION_SCHEMA}.
   */
  private static Map<String, String> settings(Statements statements) throws SQLException {
    Map<String, String> settings = new HashMap<>();
    try (PreparedStatement statement =
            statements.prepare("SELECT * FROM INFORMATION_SCHEMA.SETTINGS");
        ResultSet rows = statement.executeQuery()) {
      while (rows.next()) {
        settings.put(rows.getString(1), rows.getString(2));
      }
    }
    return settings;
  }
}
