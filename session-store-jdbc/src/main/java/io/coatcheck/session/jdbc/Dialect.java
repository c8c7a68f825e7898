package io.coatcheck.session.jdbc;

import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The SQL of one database, with the name of the table in it. Immutable and thread-safe. */
abstract sealed class Dialect permits PostgreSqlDialect, MySqlDialect, H2Dialect {

  static final String SKIP_LOCKED = " FOR UPDATE SKIP LOCKED";

  final TableName table;
  final String find;
  final String insert;
  final String update;
  final String touch;
  private final String lockFree;

  Dialect(TableName table) {
    this.table = table;
    find = select("id = ?");
    insert = SessionRow.insertInto(table);
    update = SessionRow.update(table);
    touch = SessionRow.touch(table);
    lockFree = "SELECT id FROM " + table.qualified() + " WHERE expires_at > ? AND ";
  }

  final String select(String condition) {
    return select(SessionRow.COLUMNS, condition);
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
      SessionRow.bindTouch(statement, this, id, lastSeenAt, now);
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
      statement.setLong(1, now.toEpochMilli());
      given.bind(statement, 2);
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          free.add(getId(rows, 1));
        }
      }
    }
    if (!free.isEmpty()) {
      try (PreparedStatement statement = statements.prepare(touch)) {
        for (Map.Entry<SessionId, Instant> entry : lastSeenAt.entrySet()) {
          if (free.contains(entry.getKey())) {
            SessionRow.bindTouch(statement, this, entry.getKey(), entry.getValue(), now);
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
   * Returns the query for live sessions of a principal but one, as many as its last parameter says:
   * id, authenticated_at, and 1 if the {@link #principalLock} is had, which may be this query's to
   * take. A row without an id stands for no session, and the one may be among them all the same.
   */
  Condition selectOthersLive(String principal, SessionId id, Instant now, int waitSeconds) {
    Condition others = othersLive(principal, id, now);
    return new Condition(
        "SELECT id, authenticated_at, 1 FROM "
            + table.qualified()
            + " WHERE "
            + others.sql()
            + limit(),
        others.binder());
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

  final String selectYoungestFirst(String condition) {
    return select("authenticated_at, id", condition)
        + " ORDER BY authenticated_at DESC, id DESC"
        + limit();
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
