package io.coatcheck.session.jdbc;

import io.coatcheck.session.token.SessionId;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Collection;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What is a database's own: its SQL, with the name of the table in it, how it locks, and what its
 * failures mean. Immutable and thread-safe.
 *
 * <p>A new database is a subclass, a constant of {@link Database} and a schema file.
 */
abstract class Dialect {

  /** How long DDL waits for a lock, with the writes of others behind it. */
  static final int DDL_LOCK_SECONDS = 1;

  final Database database;
  final TableName table;
  final String insert;
  final String update;
  final String touch;
  private final IdColumn ids;
  private final PrincipalColumn principals;
  private final @Nullable String readOnly;
  private final String lockFree;

  /**
   * Begins a dialect.
   *
   * @param readOnly an expression that is true if the server takes no writes, and so may lag behind
   *     one that does; null if there is no such thing
   */
  Dialect(
      Database database,
      TableName table,
      IdColumn ids,
      PrincipalColumn principals,
      @Nullable String readOnly) {
    this(database, table, ids, principals, readOnly, "LEAST", "GREATEST");
  }

  /**
   * Begins a dialect with its own names of two functions.
   *
   * @param least the function that returns the least of its arguments
   * @param greatest the function that returns the greatest of its arguments
   */
  Dialect(
      Database database,
      TableName table,
      IdColumn ids,
      PrincipalColumn principals,
      @Nullable String readOnly,
      String least,
      String greatest) {
    this.database = database;
    this.table = table;
    this.ids = ids;
    this.principals = principals;
    this.readOnly = readOnly;
    insert = SessionRow.insertInto(table);
    update = SessionRow.update(table, least, greatest);
    touch = SessionRow.touch(table, least, greatest);
    lockFree = "SELECT id FROM " + table.qualified() + " WHERE expires_at > ? AND ";
  }

  /** Returns an expression that is true if the server takes no writes. */
  final String readOnlyOrFalse() {
    return readOnly == null ? "FALSE" : readOnly;
  }

  /**
   * Asks a server whether it takes writes.
   *
   * @throws SQLException if it does not
   */
  final void refuseReadOnly(Statements statements) throws SQLException {
    if (readOnly != null && isTrue(statements, "SELECT " + readOnly)) {
      throw SqlFailure.readOnly();
    }
  }

  /** Returns what the driver reports, as this database means it. */
  final SqlFailure failure(SQLException exception) {
    return new SqlFailure(exception, state(exception), this);
  }

  /**
   * Returns the SQLState of a failure, in the terms of {@link SqlFailure}; empty if there is none.
   */
  String state(SQLException exception) {
    String state = exception.getSQLState();
    return state == null ? "" : state;
  }

  /** Returns whether the driver ends a connection that is aborted. */
  boolean abortsConnections() {
    return true;
  }

  /** Returns what a message says of a database that takes no writes. */
  String refusesWrites() {
    return "the server takes no writes, it may be a replica or a former primary; its connection is"
        + " given up; have the URL lead to the primary";
  }

  /**
   * Returns whether a connection is given up before its statement is cancelled, and not afterwards.
   */
  boolean givesUpBeforeCancelling() {
    return false;
  }

  /** Returns whether a query timeout stays with the connection, and has to be put back. */
  boolean keepsQueryTimeout() {
    return false;
  }

  final void setId(PreparedStatement statement, int index, SessionId id) throws SQLException {
    ids.set(statement, index, id);
  }

  final SessionId getId(ResultSet row, int column) throws SQLException {
    return ids.get(row, column);
  }

  final void setPrincipal(PreparedStatement statement, int index, @Nullable String principal)
      throws SQLException {
    principals.set(statement, index, principal);
  }

  final @Nullable String getPrincipal(ResultSet row, int column) throws SQLException {
    return principals.get(row, column);
  }

  /** Touches one session and tells whether it is there and unexpired. */
  boolean touch(Statements statements, SessionId id, Instant lastSeenAt, Instant now)
      throws SQLException {
    try (PreparedStatement statement = statements.prepare(touch)) {
      SessionRow.bindTouch(statement, this, id, lastSeenAt, statements.aged(now));
      return statement.executeUpdate() > 0;
    }
  }

  /** Returns what has a query lock the rows that it returns and leave out what others hold. */
  String skipLocked() {
    return " FOR UPDATE SKIP LOCKED";
  }

  /** Returns whether {@link #touchAll} is one statement, which needs no transaction around it. */
  boolean touchesAllAtOnce() {
    return false;
  }

  /**
   * Touches many sessions, but for those whose rows others hold.
   *
   * @return those that are there, unexpired and not held
   */
  Set<SessionId> touchAll(Statements statements, Map<SessionId, Instant> lastSeenAt, Instant now)
      throws SQLException {
    Set<SessionId> free = new HashSet<>();
    Condition given = withIdIn(lastSeenAt.keySet());
    try (PreparedStatement statement = statements.prepare(lockFree + given.sql() + skipLocked())) {
      statement.setLong(1, statements.aged(now).toEpochMilli());
      given.bind(statement, 2);
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          free.add(getId(rows, 1));
        }
      }
    }
    if (!free.isEmpty()) {
      Instant then = statements.aged(now);
      try (PreparedStatement statement = statements.prepare(touch)) {
        for (Map.Entry<SessionId, Instant> entry : lastSeenAt.entrySet()) {
          if (free.contains(entry.getKey())) {
            SessionRow.bindTouch(statement, this, entry.getKey(), entry.getValue(), then);
            statement.addBatch();
          }
        }
        statement.executeBatch();
      }
    }
    return free;
  }

  /**
   * Returns whether {@link #delete} is done or undone as a whole without a transaction around it.
   */
  abstract boolean deletesInAutoCommit();

  /** Deletes the rows that meet a condition and returns them as they were. */
  abstract SessionRow.Deleted delete(
      Statements statements, Condition condition, boolean withAttributes) throws SQLException;

  /** Returns what makes logins of a principal wait for each other until the transaction ends. */
  abstract Scope principalLock(String principal, int waitSeconds);

  /** Returns what the transactions of the clean-up need around them. */
  abstract Scope cleanUp();

  /**
   * Creates what is missing of the schema, and nothing else, for that alone takes locks that writes
   * of other nodes wait for. Waits for no lock of theirs longer than {@link #DDL_LOCK_SECONDS}.
   *
   * @param schema the statements of the schema file
   */
  abstract void create(Statements statements, List<String> schema) throws SQLException;

  /**
   * Looks whether the table is there, with all columns, and what belongs to it; reads no row.
   *
   * @throws SQLException if not
   */
  void look(Statements statements) throws SQLException {
    execute(statements, select(Column.list(EnumSet.allOf(Column.class)), "1 = 0"));
  }

  /**
   * Returns how often creating a schema of so many statements is tried, where a node that finds an
   * object made by another one fails.
   */
  int attemptsToCreate(int statements) {
    return 1;
  }

  /** Returns the name of the database that a connection leads to, for a message. */
  String place(Connection connection) throws SQLException {
    return String.valueOf(connection.getCatalog());
  }

  /** Returns which table it is that is missing, after a failure of {@link #look} that says so. */
  String missing(SQLException failure) {
    return table.qualified();
  }

  /**
   * Looks at what the database is set to, and warns of what costs a promise.
   *
   * @throws IllegalArgumentException if the store cannot work with that
   */
  void checkSettings(Statements statements) throws SQLException {}

  /**
   * Returns the query for live sessions of a principal but one, as many as its last parameter says:
   * id, authenticated_at, expires_at, and 1 if the {@link #principalLock} is had, which may be this
   * query's to take. A row without an id stands for no session, and the one may be among them all
   * the same.
   */
  Condition selectOthersLive(String principal, SessionId id, Instant now, int waitSeconds) {
    return selectOthersLiveUnderLock(principal, id, now);
  }

  /** Returns the same query for when the lock is had for sure. */
  Condition selectOthersLiveUnderLock(String principal, SessionId id, Instant now) {
    Condition others = othersLive(principal, id, now);
    return new Condition(
        "SELECT id, authenticated_at, expires_at, 1 FROM "
            + table.qualified()
            + " WHERE "
            + others.sql()
            + limit(),
        others.binder());
  }

  /** Executes a query of one row and returns its first column. */
  static boolean isTrue(Statements statements, String sql) throws SQLException {
    try (PreparedStatement statement = statements.prepare(sql);
        ResultSet row = statement.executeQuery()) {
      return row.next() && row.getBoolean(1);
    }
  }

  static void execute(Statements statements, String sql) throws SQLException {
    try (PreparedStatement statement = statements.prepare(sql)) {
      statement.execute();
    }
  }

  final Condition othersLive(String principal, SessionId id, Instant now) {
    return live(principal, now).and(withId("id <> ?", id));
  }

  /** Selects the live sessions of a principal. */
  final Condition live(String principal, Instant now) {
    return withPrincipal(principal).and(Condition.of("expires_at > ?", now.toEpochMilli()));
  }

  final Condition withIdAbove(SessionId id) {
    return withId("id > ?", id);
  }

  final Condition withIdUpTo(SessionId id) {
    return withId("id <= ?", id);
  }

  /** Selects what was authenticated before a session was, or had to go first if at one moment. */
  final Condition authenticatedBefore(long moment, SessionId id) {
    return new Condition(
        "(authenticated_at < ? OR (authenticated_at = ? AND id < ?))",
        (statement, first) -> {
          statement.setLong(first, moment);
          statement.setLong(first + 1, moment);
          setId(statement, first + 2, id);
          return first + 3;
        });
  }

  /** Has a delete lock rows in the order of ids, as all do that lock several rows. */
  Condition inOrder(Condition condition) {
    return condition;
  }

  /**
   * Returns the query for a page of a principal's rows in ascending order of ids; its last
   * parameter says how many. The principal is named in the order so that the index on both serves
   * it.
   */
  final String selectPage(String columns, String condition) {
    return select(columns, condition) + " ORDER BY principal, id" + limit();
  }

  /** Returns the query for the greatest id of a principal's rows; its last parameter is 1. */
  final String selectGreatestId(String condition) {
    return select("id", condition) + " ORDER BY principal DESC, id DESC" + limit();
  }

  final String select(String columns, String condition) {
    return "SELECT " + columns + " FROM " + table.qualified() + " WHERE " + condition;
  }

  /** Bounds a query to as many rows as its next parameter says. */
  String limit() {
    return " LIMIT ?";
  }

  /**
   * Returns what gives the length of the attributes in a query of many rows; {@link
   * Portion#UNKNOWN} where that would read them.
   */
  String length() {
    return "OCTET_LENGTH(attributes)";
  }

  final Condition withId(SessionId id) {
    return withId("id = ?", id);
  }

  private Condition withId(String sql, SessionId id) {
    return new Condition(
        sql,
        (statement, first) -> {
          setId(statement, first, id);
          return first + 1;
        });
  }

  Condition withIdIn(Collection<SessionId> ids) {
    return new Condition(
        "id IN (" + "?, ".repeat(ids.size() - 1) + "?)",
        (statement, first) -> {
          int next = first;
          for (SessionId id : ids) {
            setId(statement, next++, id);
          }
          return next;
        });
  }

  Condition withPrincipal(String principal) {
    String comparable = PrincipalColumn.comparable(principal);
    return new Condition(
        "principal = ?",
        (statement, first) -> {
          setPrincipal(statement, first, comparable);
          return first + 1;
        });
  }

  /** Selects and locks rows that the clean-up is due to look at, leaving out what others hold. */
  String lockDue() {
    return lockDue(" ORDER BY sweep_at");
  }

  final String lockDue(String order) {
    return select("id, expires_at, " + length(), "sweep_at <= ?") + order + limit() + skipLocked();
  }

  /** Executes a statement that deletes rows and gives them back. */
  final SessionRow.Deleted deleteReturning(
      Statements statements, String sql, Condition condition, boolean withAttributes)
      throws SQLException {
    try (PreparedStatement statement = statements.prepare(sql)) {
      condition.bind(statement, 1);
      try (ResultSet rows = statement.executeQuery()) {
        return SessionRow.readDeleted(rows, this, withAttributes);
      }
    }
  }
}
