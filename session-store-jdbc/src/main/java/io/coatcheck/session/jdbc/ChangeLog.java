package io.coatcheck.session.jdbc;

import io.coatcheck.session.token.SessionId;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * The table of changes beside the table of sessions, and its statements. Each change has a number,
 * one more than the change before, whichever node made it. Numbers become visible out of order: a
 * transaction that took a lower number may commit later.
 *
 * <p>The age of a row is measured by the clock of the database, which is the same for all nodes.
 */
final class ChangeLog {

  private static final String SUFFIX = "_change";

  /** Marks a row that stands for no session: it gives an empty log a first number. */
  private static final SessionId NO_SESSION = SessionId.of(0, 0);

  private static final String COLUMNS = "seq, session_id, changed_at";

  private final Dialect dialect;
  private final boolean notifies;
  private final String table;
  private final String now;
  private final String selectPage;
  private final String selectRange;
  private final String selectFirst;
  private final String selectOlder;

  /** A change as it is in the log. */
  record Row(long seq, SessionId id, long changedAt) {

    /** Returns whether this is the change of a session, and not a row that gives a number. */
    boolean isOfASession() {
      return !id.equals(NO_SESSION);
    }
  }

  /**
   * What a query of the log returned.
   *
   * @param rows in the order of their numbers
   * @param server which server answered, and in PostgreSQL since when it runs; the same for all H2
   *     and SQLite, and empty without rows
   */
  record Page(List<Row> rows, String server) {}

  ChangeLog(Dialect dialect) {
    this(dialect, false);
  }

  /**
   * Describes the table of changes.
   *
   * @param notifies whether ends of sessions are also notified, see {@link NotifiedChangeFeed}
   */
  ChangeLog(Dialect dialect, boolean notifies) {
    this.dialect = dialect;
    this.notifies = notifies;
    table = beside(dialect.table);
    now =
        switch (dialect.database) {
          case POSTGRESQL -> "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS bigint)";
          case MARIADB, MYSQL -> "UNIX_TIMESTAMP() * 1000";
          case H2 -> "CAST(EXTRACT(EPOCH FROM CURRENT_TIMESTAMP) * 1000 AS BIGINT)";
          case SQLITE -> "unixepoch() * 1000";
        };
    String from = " FROM " + table;
    String server =
        switch (dialect.database) {
          // Not its address, which may differ between two connections.
          case POSTGRESQL -> "CAST(EXTRACT(EPOCH FROM pg_postmaster_start_time()) AS varchar)";
          case MARIADB, MYSQL -> "CONCAT_WS(' ', @@hostname, @@port, @@GLOBAL.server_id)";
          case H2, SQLITE -> "''";
        };
    String select =
        "SELECT "
            + COLUMNS
            + ", "
            + dialect.readOnlyOrFalse()
            + " AS is_copy, "
            + server
            + " AS server"
            + from;
    selectPage = select + " WHERE seq >= ? ORDER BY seq" + dialect.limit();
    selectRange = " UNION ALL " + select + " WHERE seq BETWEEN ? AND ?";
    selectFirst = "SELECT " + COLUMNS + from + " ORDER BY seq" + dialect.limit();
    selectOlder =
        "SELECT "
            + COLUMNS
            + from
            + " WHERE changed_at <= "
            + now
            + " - ? ORDER BY seq DESC"
            + dialect.limit();
  }

  String table() {
    return table;
  }

  Dialect dialect() {
    return dialect;
  }

  boolean notifies() {
    return notifies;
  }

  /** Returns the statements that record their changes. */
  Writes writes() {
    return dialect.database == Database.POSTGRESQL
        ? new PostgreSqlRecordedWrites(dialect, this)
        : new RecordedWrites(dialect, this);
  }

  /** Returns the name of the table of changes of a table of sessions. */
  static String beside(TableName sessions) {
    return sessions.qualified() + SUFFIX;
  }

  /** Returns whether a failure names the table of changes. */
  static boolean isNamedIn(SQLException failure, TableName sessions) {
    return String.valueOf(failure.getMessage())
        .toLowerCase(Locale.ROOT)
        .contains((sessions.unqualified() + SUFFIX).toLowerCase(Locale.ROOT));
  }

  /** Returns a statement that records the ids that a query, of one column, returns. */
  String insertFrom(String ids) {
    return "INSERT INTO " + table + " (session_id, changed_at) SELECT id, " + now + " FROM " + ids;
  }

  /** Returns a statement that records the id in its parameter. */
  String insertOne() {
    return "INSERT INTO " + table + " (session_id, changed_at) VALUES (?, " + now + ")";
  }

  /**
   * Records changes, possibly none, in one statement, which must be the last of its transaction.
   * They are recorded again if the commit is late.
   */
  void record(Statements statements, Collection<SessionId> ids) throws SQLException {
    if (!ids.isEmpty()) {
      Duration since = statements.waited();
      insert(statements, ids);
      recorded(statements, since, ids);
    }
  }

  /**
   * Has changes recorded again if the commit is late.
   *
   * @param since how long the operation had run before the statement that took their numbers
   */
  void recorded(Statements statements, Duration since, Collection<SessionId> ids) {
    if (!ids.isEmpty()) {
      statements.recorded(
          new Statements.Recorded(
              since,
              again -> {
                record(again, ids);
                return true;
              }));
    }
  }

  private void insert(Statements statements, Collection<SessionId> ids) throws SQLException {
    String row = "(?, " + now + ")";
    try (PreparedStatement statement =
        statements.prepare(
            "INSERT INTO "
                + table
                + " (session_id, changed_at) VALUES "
                + (row + ", ").repeat(ids.size() - 1)
                + row)) {
      int next = 1;
      for (SessionId id : ids) {
        dialect.setId(statement, next++, id);
      }
      statement.executeUpdate();
    }
  }

  /**
   * Records a row that stands for no session.
   *
   * @return its number
   */
  long recordNothing(Statements statements) throws SQLException {
    try (PreparedStatement statement = statements.prepareWithKey(insertOne())) {
      dialect.setId(statement, 1, NO_SESSION);
      statement.executeUpdate();
      try (ResultSet keys = statement.getGeneratedKeys()) {
        if (!keys.next()) {
          throw new SQLException("the driver did not return the number of a new row of " + table);
        }
        return keys.getLong(1);
      }
    }
  }

  /**
   * Reads changes in the order of their numbers.
   *
   * @param from the first number
   * @param limit how many rows to read from there
   * @param missing earlier numbers to read as well
   * @throws SQLException also on a server that takes no writes, and so may lag
   */
  Page read(Statements statements, long from, int limit, List<Gaps.Gap> missing)
      throws SQLException {
    int ranges = missing.isEmpty() ? 0 : Integer.highestOneBit(Math.max(1, 2 * missing.size() - 1));
    String sql =
        ranges == 0
            ? selectPage
            : "SELECT * FROM (" + selectPage + ") AS page" + selectRange.repeat(ranges);
    List<Row> rows = new ArrayList<>();
    String answering = "";
    try (PreparedStatement statement = statements.prepare(sql)) {
      statement.setLong(1, from);
      statement.setInt(2, limit);
      for (int i = 0; i < ranges; i++) {
        // A power of two of ranges, so that there are few different statements to plan.
        boolean isEmpty = i >= missing.size();
        statement.setLong(3 + 2 * i, isEmpty ? 1 : missing.get(i).first());
        statement.setLong(4 + 2 * i, isEmpty ? 0 : missing.get(i).last());
      }
      try (ResultSet found = statement.executeQuery()) {
        while (found.next()) {
          dialect.refuseReadOnly(found, 4);
          rows.add(row(found));
          answering = found.getString(5);
        }
      }
    }
    if (rows.isEmpty()) {
      dialect.refuseReadOnly(statements);
    }
    rows.sort(Comparator.comparingLong(Row::seq));
    return new Page(rows, answering);
  }

  private Row row(ResultSet row) throws SQLException {
    return new Row(row.getLong(1), dialect.getId(row, 2), row.getLong(3));
  }

  /** Returns the newest change of at least an age, or empty. */
  Optional<Row> newestOf(Statements statements, Duration age) throws SQLException {
    try (PreparedStatement statement = statements.prepare(selectOlder)) {
      statement.setLong(1, age.toMillis());
      statement.setInt(2, 1);
      return first(statement);
    }
  }

  /** Returns the change with the lowest number, or empty. */
  Optional<Row> first(Statements statements) throws SQLException {
    try (PreparedStatement statement = statements.prepare(selectFirst)) {
      statement.setInt(1, 1);
      return first(statement);
    }
  }

  private Optional<Row> first(PreparedStatement statement) throws SQLException {
    try (ResultSet row = statement.executeQuery()) {
      return row.next() ? Optional.of(row(row)) : Optional.empty();
    }
  }

  /**
   * Deletes the oldest changes, but keeps the last one of at least an age: a reader that has not
   * read that one finds its own position deleted, and so knows that it has missed changes.
   *
   * @param from where to begin to look
   * @param limit how many rows to look at
   * @return where the rest begins; equal to {@code from} if nothing was deleted
   */
  long trim(Statements statements, long from, int limit, Duration age) throws SQLException {
    long lowest;
    long newestOld;
    try (PreparedStatement statement =
        statements.prepare(
            "SELECT MIN(seq), MAX(CASE WHEN changed_at <= "
                + now
                + " - ? THEN seq END) FROM (SELECT seq, changed_at FROM "
                + table
                + " WHERE seq >= ? ORDER BY seq"
                + dialect.limit()
                + ") AS oldest")) {
      statement.setLong(1, age.toMillis());
      statement.setLong(2, from);
      statement.setInt(3, limit);
      try (ResultSet row = statement.executeQuery()) {
        row.next();
        lowest = row.getLong(1);
        newestOld = row.getLong(2);
      }
    }
    if (newestOld <= lowest) {
      return from;
    }
    try (PreparedStatement statement =
        statements.prepare("DELETE FROM " + table + " WHERE seq >= ? AND seq < ?")) {
      statement.setLong(1, from);
      statement.setLong(2, newestOld);
      statement.executeUpdate();
    }
    return newestOld;
  }

  /**
   * Checks that the table exists; reads no row.
   *
   * @throws SQLException if not
   */
  void look(Statements statements) throws SQLException {
    statements.execute("SELECT " + COLUMNS + " FROM " + table + " WHERE 1 = 0");
  }

  /** Returns whether the table exists. */
  boolean isThere(Statements statements) throws SQLException {
    try {
      look(statements);
      return true;
    } catch (SQLException failure) {
      if (!dialect.failure(failure).isTableMissing()) {
        throw failure;
      }
      statements.rollBack();
      return false;
    }
  }

  /** Returns a description of the fault after a failure of {@link #look}. */
  String reason(SqlFailure failure, String place) {
    return failure.isTableMissing()
        ? "table "
            + table
            + " is missing"
            + place
            + ", which changeFeed(true) needs: build the store with createSchema(true), or run "
            + dialect.database.changesFile()
            + " of the jar of coatcheck-jdbc"
        : "table "
            + table
            + place
            + " cannot be read: the database user needs SELECT, INSERT and DELETE on it";
  }

  /**
   * Checks that numbers come one by one, and that the driver receives notifications if need be.
   *
   * @throws IllegalArgumentException if not
   */
  void checkSettings(Statements statements) throws SQLException {
    switch (dialect.database) {
      case POSTGRESQL -> {
        if (statements.isTrue(
            "SELECT seqcache <> 1 OR seqincrement <> 1 OR seqcycle FROM pg_sequence WHERE seqrelid"
                + " = CAST(pg_get_serial_sequence('"
                + table
                + "', 'seq') AS regclass)")) {
          throw new IllegalArgumentException(
              "the sequence of "
                  + table
                  + " must have INCREMENT 1, CACHE 1 and NO CYCLE for changeFeed(true), as in "
                  + dialect.database.changesFile());
        }
        if (notifies) {
          Notifications.of(statements.connection());
        }
      }
      case MARIADB, MYSQL -> {
        if (statements.isTrue(
            "SELECT @@SESSION.auto_increment_increment <> 1"
                + " OR @@GLOBAL.auto_increment_increment <> 1")) {
          throw new IllegalArgumentException(
              "auto_increment_increment must be 1 for changeFeed(true), which takes a missing"
                  + " number for a change that is not committed yet");
        }
      }
      case H2, SQLITE -> {}
    }
  }
}
