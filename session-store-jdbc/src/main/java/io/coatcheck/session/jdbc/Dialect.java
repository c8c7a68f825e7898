package io.coatcheck.session.jdbc;

import io.coatcheck.session.token.SessionId;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The specifics of a database: its SQL, with the name of the table, its locks, and the meaning of
 * its failures. Immutable and thread-safe.
 *
 * <p>A new database is a subclass, one of {@link Setup}, a constant of {@link Database} and the
 * schema files.
 */
abstract class Dialect {

  final Database database;
  final TableName table;
  final Conditions conditions;
  final String deleteFrom;
  final String insert;
  final String update;
  final String touch;
  private final IdColumn ids;
  private final PrincipalColumn principals;
  private final @Nullable String readOnly;

  /**
   * Begins a dialect.
   *
   * @param readOnly an expression for {@link #isReadOnly}; null if the database has no servers that
   *     take no writes
   */
  Dialect(Database database, TableName table, Conditions conditions, @Nullable String readOnly) {
    this(database, table, conditions, readOnly, "LEAST", "GREATEST");
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
      Conditions conditions,
      @Nullable String readOnly,
      String least,
      String greatest) {
    this.database = database;
    this.table = table;
    this.conditions = conditions;
    ids = conditions.ids;
    principals = conditions.principals;
    this.readOnly = readOnly;
    deleteFrom = "DELETE FROM " + table.qualified() + " WHERE ";
    insert = SessionRow.insertInto(table);
    update = SessionRow.update(table, least, greatest);
    touch = SessionRow.touch(table, least, greatest);
  }

  /** Returns an expression for {@link #isReadOnly}. */
  final String readOnlyOrFalse() {
    return readOnly == null ? "FALSE" : readOnly;
  }

  /**
   * Asks a server whether it takes writes.
   *
   * @throws SQLException if it does not
   */
  final void refuseReadOnly(Statements statements) throws SQLException {
    if (readOnly != null) {
      try (PreparedStatement statement = statements.prepare("SELECT " + readOnly);
          ResultSet row = statement.executeQuery()) {
        row.next();
        refuseReadOnly(row, 1);
      }
    }
  }

  /**
   * Checks the answer of a server.
   *
   * @param column that of {@link #readOnlyOrFalse}
   * @throws SQLException if the server takes no writes
   */
  final void refuseReadOnly(ResultSet row, int column) throws SQLException {
    if (isReadOnly(row, column)) {
      throw SqlFailure.readOnly();
    }
  }

  /** Returns whether the server of an answer takes no writes, and so may lag. */
  boolean isReadOnly(ResultSet row, int column) throws SQLException {
    return row.getBoolean(column);
  }

  /** Returns a driver's exception, interpreted for this database. */
  final SqlFailure failure(SQLException exception) {
    return new SqlFailure(exception, state(exception), this);
  }

  /** Returns whether the connection must not be used again, since an answer may be half read. */
  final boolean costsConnection(Throwable failure) {
    return failure instanceof SQLException exception
        ? failure(exception).costsConnection()
        : failure instanceof Error;
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

  /** Returns the message text for a database that takes no writes. */
  String refusesWrites() {
    return "the server takes no writes, it may be a replica or a former primary; its connection is"
        + " discarded; make the URL lead to the primary";
  }

  /**
   * Returns whether a connection is aborted before its statement is cancelled, and not afterwards.
   */
  boolean abortsBeforeCancelling() {
    return false;
  }

  /** Returns whether a query timeout stays with the connection, and has to be restored. */
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

  /** Touches one session and returns whether it exists and has not expired. */
  boolean touch(Statements statements, SessionId id, Instant lastSeenAt, Instant now)
      throws SQLException {
    try (PreparedStatement statement = statements.prepare(touch)) {
      SessionRow.bindTouch(statement, this, id, lastSeenAt, statements.aged(now));
      return statement.executeUpdate() > 0;
    }
  }

  /** Returns the clause that makes a query lock its rows and skip those locked by others. */
  String skipLocked() {
    return " FOR UPDATE SKIP LOCKED";
  }

  /** Returns whether {@link #touchAll} is one statement, which needs no transaction around it. */
  boolean touchesAllAtOnce() {
    return false;
  }

  /**
   * Touches many sessions, except those whose rows are locked by others.
   *
   * @return those that exist, have not expired and were not locked
   */
  Set<SessionId> touchAll(Statements statements, Map<SessionId, Instant> lastSeenAt, Instant now)
      throws SQLException {
    return JdbcBatchTouch.touchUnlocked(this, statements, lastSeenAt, now);
  }

  /** Returns whether {@link #delete} is atomic without a transaction around it. */
  abstract boolean deletesInAutoCommit();

  /** Deletes the rows that meet a condition and returns these columns of them as they were. */
  abstract SessionRow.Deleted delete(
      Statements statements, Condition condition, Set<Column> columns) throws SQLException;

  /**
   * Returns the scope that makes logins of a principal wait for each other until the transaction
   * ends.
   */
  abstract Scope principalLock(String principal, int waitSeconds);

  /** Returns the scope of the transactions of the clean-up. */
  abstract Scope cleanUp();

  /** Returns what is done with the database while a store is built. */
  abstract Setup setup();

  /**
   * Returns whether a transaction above READ COMMITTED that finds no row to change keeps others
   * from inserting one there.
   */
  boolean locksGaps() {
    return false;
  }

  /**
   * Returns the query for the live sessions of a principal except one: id, authenticated_at,
   * expires_at, and 1 if the {@link #principalLock} is held, which this query may take. A row
   * without an id stands for no session. The result may still contain the excepted session.
   */
  Query selectOthersLive(String principal, SessionId id, Instant now, int waitSeconds) {
    return selectOthersLiveUnderLock(principal, id, now);
  }

  /** Returns the same query for callers that hold the lock already. */
  Query selectOthersLiveUnderLock(String principal, SessionId id, Instant now) {
    Condition others = conditions.othersLive(principal, id, now);
    String sql = select("id, authenticated_at, expires_at, 1", others.sql()) + limit();
    return new Query(sql, others.binder());
  }

  /** Makes a delete lock rows in the order of ids, as all statements that lock several rows do. */
  Condition inOrder(Condition condition) {
    return condition;
  }

  /**
   * Returns the query for a page of a principal's rows in ascending order of ids. The principal is
   * part of the order so that the index on both columns is used.
   */
  final Query selectPage(String columns, Condition condition) {
    String sql = select(columns, condition.sql()) + " ORDER BY principal, id" + limit();
    return new Query(sql, condition.binder());
  }

  /** Returns the query for a principal's rows in descending order of ids. */
  final Query selectGreatestIds(Condition condition) {
    String sql = select("id", condition.sql()) + " ORDER BY principal DESC, id DESC" + limit();
    return new Query(sql, condition.binder());
  }

  final String select(String columns, String condition) {
    return "SELECT " + columns + " FROM " + table.qualified() + " WHERE " + condition;
  }

  /** Limits a query to the number of rows in its next parameter. */
  String limit() {
    return " LIMIT ?";
  }

  /**
   * Returns the expression for the length of the attributes in a query of many rows; {@link
   * Portion#UNKNOWN} if the database would have to read them.
   */
  String length() {
    return "OCTET_LENGTH(attributes)";
  }

  /** Selects and locks rows that are due for the clean-up, skipping those locked by others. */
  String lockDue() {
    return lockDue(" ORDER BY sweep_at");
  }

  final String lockDue(String order) {
    return select("id, expires_at, " + length(), "sweep_at <= ?") + order + limit() + skipLocked();
  }

  /** Deletes the rows that meet a condition by one statement, which returns them. */
  final SessionRow.Deleted deleteReturning(
      Statements statements, Condition condition, Set<Column> columns) throws SQLException {
    String returning = " RETURNING " + Column.list(columns);
    return readDeleted(statements, deleteFrom + condition.sql() + returning, condition, columns);
  }

  /**
   * Executes a statement that returns rows which it deletes, or which the next one does.
   *
   * @param condition sets the parameters of the statement
   */
  final SessionRow.Deleted readDeleted(
      Statements statements, String sql, Condition condition, Set<Column> columns)
      throws SQLException {
    try (PreparedStatement statement = statements.prepare(sql)) {
      condition.bind(statement, 1);
      try (ResultSet rows = statement.executeQuery()) {
        return SessionRow.readDeleted(rows, this, columns);
      }
    }
  }
}
