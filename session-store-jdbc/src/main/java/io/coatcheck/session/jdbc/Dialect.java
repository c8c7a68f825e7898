package io.coatcheck.session.jdbc;

import io.coatcheck.session.store.BatchLookup;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The SQL of one database, with the name of the table in it. Immutable and thread-safe. */
abstract sealed class Dialect permits PostgreSqlDialect, MySqlDialect, H2Dialect {

  /** How long DDL waits for a lock, with the writes of others behind it. */
  static final int DDL_LOCK_SECONDS = 1;

  static final String SKIP_LOCKED = " FOR UPDATE SKIP LOCKED";

  final TableName table;
  final String insert;
  final String update;
  final String touch;
  private final @Nullable String readOnly;
  private final String find;
  private final String stamps;
  private final String lockFree;

  /**
   * Begins a dialect.
   *
   * @param readOnly an expression that is true if the server takes no writes, and so may lag behind
   *     one that does; null if there is no such thing
   */
  Dialect(TableName table, @Nullable String readOnly) {
    this.table = table;
    this.readOnly = readOnly;
    String from = " FROM " + table.qualified() + " WHERE ";
    String readOnlyOrFalse = readOnly == null ? "FALSE" : readOnly;
    find = "SELECT " + SessionRow.COLUMNS + ", " + readOnlyOrFalse + from + "id = ?";
    stamps = "SELECT id, version, last_seen_at, " + readOnlyOrFalse + from;
    insert = SessionRow.insertInto(table);
    update = SessionRow.update(table);
    touch = SessionRow.touch(table);
    lockFree = "SELECT id FROM " + table.qualified() + " WHERE expires_at > ? AND ";
  }

  final String select(String condition) {
    return select(SessionRow.COLUMNS, condition);
  }

  /**
   * Reads one session.
   *
   * @throws SQLException also by a server that takes no writes: a former primary knows nothing of a
   *     session's end, or of its beginning
   */
  final Optional<StoredSession> find(Statements statements, SessionId id) throws SQLException {
    try (PreparedStatement statement = statements.prepare(find)) {
      setId(statement, 1, id);
      try (ResultSet row = statement.executeQuery()) {
        if (row.next()) {
          refuseReadOnly(row, SessionRow.COLUMN_COUNT + 1);
          return SessionRow.readOne(row, this, true);
        }
      }
    }
    refuseReadOnly(statements);
    return Optional.empty();
  }

  /**
   * Reads the stamps of sessions, given with repetitions or without.
   *
   * @throws SQLException as {@link #find} does
   */
  final Map<SessionId, BatchLookup.Stamp> stamps(Statements statements, Collection<SessionId> ids)
      throws SQLException {
    Condition given = withIdIn(ids);
    Map<SessionId, BatchLookup.Stamp> found = new HashMap<>();
    try (PreparedStatement statement = statements.prepare(stamps + given.sql())) {
      given.bind(statement, 1);
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          refuseReadOnly(rows, 4);
          found.put(
              getId(rows, 1),
              new BatchLookup.Stamp(rows.getLong(2), Instant.ofEpochMilli(rows.getLong(3))));
        }
      }
    }
    if (found.isEmpty()) {
      refuseReadOnly(statements);
    }
    return found;
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

  private static void refuseReadOnly(ResultSet row, int column) throws SQLException {
    if (row.getBoolean(column)) {
      throw SqlFailure.readOnly();
    }
  }

  abstract void setId(PreparedStatement statement, int index, SessionId id) throws SQLException;

  abstract SessionId getId(ResultSet row, int column) throws SQLException;

  abstract void setPrincipal(PreparedStatement statement, int index, @Nullable String principal)
      throws SQLException;

  abstract @Nullable String getPrincipal(ResultSet row, int column) throws SQLException;

  /** Touches one session and tells whether it is there and unexpired. */
  boolean touch(Statements statements, SessionId id, Instant lastSeenAt, Instant now)
      throws SQLException {
    try (PreparedStatement statement = statements.prepare(touch)) {
      SessionRow.bindTouch(statement, this, id, lastSeenAt, statements.aged(now));
      return statement.executeUpdate() > 0;
    }
  }

  /** Tells whether {@link #touchAll} is one statement, which needs no transaction around it. */
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
    try (PreparedStatement statement = statements.prepare(lockFree + given.sql() + SKIP_LOCKED)) {
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

  /** Tells whether {@link #delete} is done or undone as a whole without a transaction around it. */
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
    execute(statements, select(SessionRow.COLUMNS + ", expires_at, sweep_at", "1 = 0"));
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
    return live(principal, now)
        .and(
            new Condition(
                "id <> ?",
                (statement, first) -> {
                  setId(statement, first, id);
                  return first + 1;
                }));
  }

  /** Selects the live sessions of a principal. */
  final Condition live(String principal, Instant now) {
    return withPrincipal(principal)
        .and(
            new Condition(
                "expires_at > ?",
                (statement, first) -> {
                  statement.setLong(first, now.toEpochMilli());
                  return first + 1;
                }));
  }

  final Condition withIdAbove(SessionId id) {
    return new Condition("id > ?", withId(id).binder());
  }

  final Condition withIdUpTo(SessionId id) {
    return new Condition("id <= ?", withId(id).binder());
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
    return new Condition(
        "id = ?",
        (statement, first) -> {
          setId(statement, first, id);
          return first + 1;
        });
  }

  static Condition withGeneration(long generation) {
    return new Condition(
        "generation = ?",
        (statement, first) -> {
          statement.setLong(first, generation);
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
    return new Condition(
        "principal = ?",
        (statement, first) -> {
          setPrincipal(statement, first, principal);
          return first + 1;
        });
  }

  /** Selects and locks rows that the clean-up is due to look at, leaving out what others hold. */
  String lockDue() {
    return lockDue(" ORDER BY sweep_at");
  }

  final String lockDue(String order) {
    return select("id, expires_at, " + length(), "sweep_at <= ?") + order + limit() + SKIP_LOCKED;
  }

  /** Executes a query that gives whole rows of sessions. */
  final List<StoredSession> query(Statements statements, String sql, Condition condition)
      throws SQLException {
    try (PreparedStatement statement = statements.prepare(sql)) {
      condition.bind(statement, 1);
      try (ResultSet rows = statement.executeQuery()) {
        return SessionRow.readAll(rows, this);
      }
    }
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

  /** A condition on rows, or a whole query, with the values of its parameters. */
  record Condition(String sql, Binder binder) {

    /** Sets parameters from the given index, and returns the next one. */
    interface Binder {
      int bind(PreparedStatement statement, int first) throws SQLException;
    }

    int bind(PreparedStatement statement, int first) throws SQLException {
      return binder.bind(statement, first);
    }

    Condition and(Condition other) {
      return new Condition(
          sql + " AND " + other.sql,
          (statement, first) -> other.bind(statement, bind(statement, first)));
    }
  }
}
