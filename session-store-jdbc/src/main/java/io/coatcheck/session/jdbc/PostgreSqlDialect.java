package io.coatcheck.session.jdbc;

import io.coatcheck.session.token.SessionId;
import java.nio.ByteBuffer;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.time.Instant;
import java.util.Collection;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** PostgreSQL: native UUIDs, {@code RETURNING}, advisory locks that end with the transaction. */
final class PostgreSqlDialect extends Dialect {

  /** "Feature not supported": here, a prepared statement whose columns have changed since. */
  private static final String PLANNED_BEFORE = "0A000";

  final String touchAll;
  private final String lock;

  PostgreSqlDialect(TableName table) {
    super(
        Database.POSTGRESQL,
        table,
        new ArrayConditions(),
        "current_setting('transaction_read_only')");
    // The rows are locked once, and both scans are limited to the ids: after an ANALYZE of an empty
    // table, a plan may scan all rows, and run a subquery in FROM again for each of them. With
    // preferQueryMode=simple, the driver does not give the types of arrays.
    touchAll =
        "WITH free AS MATERIALIZED (SELECT held.id, given.moment FROM "
            + table.qualified()
            + " AS held JOIN unnest(CAST(? AS uuid[]), CAST(? AS bigint[])) AS given (id, moment)"
            + " ON held.id = given.id"
            + " WHERE held.id = ANY (?) AND held.expires_at > ? FOR UPDATE OF held SKIP LOCKED)"
            + " UPDATE "
            + table.qualified()
            + " AS stored"
            + SessionRow.touchTo("free.moment", "LEAST", "GREATEST")
            + " FROM free WHERE stored.id = free.id AND stored.id = ANY (?) RETURNING stored.id";
    lock =
        "SET TRANSACTION ISOLATION LEVEL READ COMMITTED; SELECT pg_advisory_xact_lock(CAST(CAST('"
            + table.qualified()
            + "' AS regclass) AS oid)::integer, ?)";
  }

  /**
   * A column has another type than when the connection prepared the statement. Within a
   * transaction, the driver fails, and prepares the statement again only at its next use. What the
   * driver itself does not support has the same state, and may be missed after a statement was
   * executed, so that is not run again.
   */
  @Override
  String state(SQLException exception) {
    String state = super.state(exception);
    return state.equals(PLANNED_BEFORE) && !(exception instanceof SQLFeatureNotSupportedException)
        ? SqlFailure.UNDONE
        : state;
  }

  /**
   * The driver cancels through a second connection and waits for it, so with a silent server the
   * query timeout would take 10 seconds more.
   */
  @Override
  boolean abortsBeforeCancelling() {
    return true;
  }

  /** Compared here: an operator in the query would cost the server as much as the setting. */
  @Override
  boolean isReadOnly(ResultSet row, int column) throws SQLException {
    return !"off".equals(row.getString(column));
  }

  @Override
  boolean touchesAllAtOnce() {
    return true;
  }

  @Override
  Set<SessionId> touchAll(Statements statements, Map<SessionId, Instant> lastSeenAt, Instant now)
      throws SQLException {
    Object[] uuids = lastSeenAt.keySet().stream().map(SessionId::toUuid).toArray();
    Object[] millis = lastSeenAt.values().stream().map(Instant::toEpochMilli).toArray();
    Set<SessionId> touched = new HashSet<>();
    try (PreparedStatement statement = statements.prepare(touchAll)) {
      Connection connection = statement.getConnection();
      Array ids = connection.createArrayOf("uuid", uuids);
      statement.setArray(1, ids);
      statement.setArray(2, connection.createArrayOf("bigint", millis));
      statement.setArray(3, ids);
      statement.setLong(4, statements.aged(now).toEpochMilli());
      statement.setArray(5, ids);
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          touched.add(getId(rows, 1));
        }
      }
    }
    return touched;
  }

  @Override
  boolean deletesInAutoCommit() {
    return true;
  }

  @Override
  SessionRow.Deleted delete(Statements statements, Condition condition, Set<Column> columns)
      throws SQLException {
    return deleteReturning(statements, condition, columns);
  }

  @Override
  Condition inOrder(Condition condition) {
    return new Condition(
        "id = ANY (ARRAY (SELECT id FROM "
            + table.qualified()
            + " WHERE "
            + condition.sql()
            + " ORDER BY id FOR UPDATE))",
        condition.binder());
  }

  /** Includes the session itself if it is the principal's, so that its row is locked in order. */
  @Override
  Query selectOthersLiveUnderLock(String principal, SessionId id, Instant now) {
    Query live = selectPage("id, authenticated_at, expires_at, 1", conditions.live(principal, now));
    return new Query(live.sql() + " FOR UPDATE", live.binder());
  }

  /**
   * Statements after the lock must see everything that was committed before it was acquired,
   * whatever isolation the pool has set: hence the first half, which is sent to the server together
   * with the second. The lock has two numbers, the first of which identifies the table: a table can
   * be named in several ways.
   */
  @Override
  Scope principalLock(String principal, int waitSeconds) {
    int key = ByteBuffer.wrap(LockNames.digest(principal)).getInt();
    return statements -> {
      try (PreparedStatement statement = statements.prepare(lock)) {
        statement.setInt(1, key);
        statement.execute();
      }
    };
  }

  @Override
  Scope cleanUp() {
    return Scope.NONE;
  }

  @Override
  Setup setup() {
    return new PostgreSqlSetup(this);
  }

  /** Several ids, and the principal, are given as an array. */
  private static final class ArrayConditions extends Conditions {

    ArrayConditions() {
      super(IdColumn.UUID, PrincipalColumn.TEXT);
    }

    @Override
    Condition withIdIn(Collection<SessionId> given) {
      return new Condition(
          "id = ANY (?)",
          (statement, first) -> {
            Object[] uuids = given.stream().map(SessionId::toUuid).toArray();
            statement.setArray(first, statement.getConnection().createArrayOf("uuid", uuids));
            return first + 1;
          });
    }

    /**
     * Makes the planner use the index on the principal, which returns rows in order. With {@code
     * principal = ?}, an order by principal and id is an order by id alone. The planner may then
     * read the primary key, with the sessions of all other principals, until it has found enough
     * rows.
     */
    @Override
    Condition withPrincipal(String principal) {
      return new Condition("principal = ANY (ARRAY [?])", super.withPrincipal(principal).binder());
    }
  }
}
