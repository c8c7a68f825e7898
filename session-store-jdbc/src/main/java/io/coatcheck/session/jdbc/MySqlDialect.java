package io.coatcheck.session.jdbc;

import io.coatcheck.session.token.SessionId;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.HexFormat;
import java.util.Set;

/**
 * MariaDB and MySQL: ids as 16 bytes, and locks that belong to the connection. MariaDB has {@code
 * DELETE … RETURNING}, MySQL reads and deletes in two steps.
 */
final class MySqlDialect extends Dialect {

  private final String lockName;
  private final boolean isMariaDb;
  private final String exists;

  private MySqlDialect(Database database, TableName table) {
    super(
        database,
        table,
        new Conditions(IdColumn.BYTES, PrincipalColumn.UTF8),
        "CAST(@@GLOBAL.read_only AS CHAR) NOT IN ('0', 'OFF')");
    lockName = lockName(table);
    isMariaDb = database == Database.MARIADB;
    exists = select("1", "id = ? AND expires_at > ?");
  }

  static MySqlDialect mariaDb(TableName table) {
    return new MySqlDialect(Database.MARIADB, table);
  }

  static MySqlDialect mySql(TableName table) {
    return new MySqlDialect(Database.MYSQL, table);
  }

  /**
   * Many failures of different kinds share a state here, and the vendor's code tells them apart.
   */
  @Override
  String state(SQLException exception) {
    String state = super.state(exception);
    if (SqlFailure.isOfRollback(state)) {
      return state;
    }
    return switch (exception.getErrorCode()) {
      // The row has changed since the snapshot, with MariaDB's innodb_snapshot_isolation.
      case 1020 -> isMariaDb ? SqlFailure.UNDONE : state;
      case 1062 -> SqlFailure.DUPLICATE;
      // A right on the table, or on a column.
      case 1142, 1143 -> SqlFailure.NOT_PERMITTED;
      // A lock was not acquired in time, or a statement took too long.
      case 1205, 1969, 3024 -> SqlFailure.TIMED_OUT;
      // read_only and similar settings, a read-only transaction, a read-only server, a read-only
      // InnoDB.
      case 1290, 1792, 1836, 1874 -> SqlFailure.READ_ONLY;
      default -> state;
    };
  }

  /**
   * Checks again if no row was touched: with {@code useAffectedRows}, drivers count the rows that
   * changed and not those that were found, and a touch may change nothing.
   */
  @Override
  boolean touch(Statements statements, SessionId id, Instant lastSeenAt, Instant now)
      throws SQLException {
    if (super.touch(statements, id, lastSeenAt, now)) {
      return true;
    }
    try (PreparedStatement statement = statements.prepare(exists)) {
      setId(statement, 1, id);
      statement.setLong(2, statements.aged(now).toEpochMilli());
      try (ResultSet row = statement.executeQuery()) {
        return row.next();
      }
    }
  }

  @Override
  boolean deletesInAutoCommit() {
    return isMariaDb;
  }

  @Override
  SessionRow.Deleted delete(Statements statements, Condition condition, Set<Column> columns)
      throws SQLException {
    if (isMariaDb) {
      return deleteReturning(statements, condition, columns);
    }
    SessionRow.Deleted doomed =
        readDeleted(
            statements,
            select(Column.list(columns), condition.sql()) + " ORDER BY id FOR UPDATE",
            condition,
            columns);
    if (!doomed.ids().isEmpty()) {
      // By id, not by the condition again: a row that meets the condition only now was not read.
      Condition read = conditions.withIdIn(doomed.ids());
      try (PreparedStatement statement = statements.prepare(deleteFrom + read.sql())) {
        read.bind(statement, 1);
        statement.executeUpdate();
      }
    }
    return doomed;
  }

  /**
   * InnoDB stores large attributes outside of the row, and reads all of them to determine the
   * length.
   */
  @Override
  String length() {
    return Long.toString(Portion.UNKNOWN);
  }

  /**
   * On MariaDB, takes the lock in the same query, which saves a statement: the derived table is
   * evaluated before the first row of the sessions is read, and so before the transaction has its
   * snapshot. That was not verified on MySQL, so it is not done there.
   */
  @Override
  Query selectOthersLive(String principal, SessionId id, Instant now, int waitSeconds) {
    if (!isMariaDb) {
      return super.selectOthersLive(principal, id, now, waitSeconds);
    }
    Condition others = conditions.othersLive(principal, id, now);
    return new Query(
        "SELECT id, authenticated_at, expires_at, had FROM (SELECT GET_LOCK("
            + lockName
            + ", ?) AS had) AS turn LEFT JOIN "
            + table.qualified()
            + " ON "
            + others.sql()
            + limit(),
        (statement, first) -> {
          statement.setString(first, digest(principal));
          statement.setInt(first + 1, waitSeconds);
          return others.bind(statement, first + 2);
        });
  }

  @Override
  Scope principalLock(String principal, int waitSeconds) {
    return new NamedLock(lockName, digest(principal), waitSeconds, isMariaDb);
  }

  /**
   * Returns the expression for the name of a lock, with a parameter for the principal's digest.
   * Locks are global to the server: the name distinguishes the tables of its databases, and is the
   * same however a table is written, with its database or without.
   */
  static String lockName(TableName table) {
    String unqualified = "CONCAT(DATABASE(), '." + table.qualified() + "')";
    String name = table.isQualified() ? "'" + table.qualified() + "'" : unqualified;
    return "CONCAT('coatcheck.', LEFT(SHA2(CONCAT(IF(@@lower_case_table_names = 0, "
        + name
        + ", LOWER("
        + name
        + ")), ' ', ?), 256), 48))";
  }

  static String digest(String principal) {
    return HexFormat.of().formatHex(LockNames.digest(principal));
  }

  @Override
  Scope cleanUp() {
    // At REPEATABLE READ, the searched range of due rows would be locked against inserts.
    return new ReadCommitted();
  }

  @Override
  Setup setup() {
    return new MySqlSetup(this);
  }

  @Override
  boolean locksGaps() {
    return true;
  }

  /** Taken before the first read, so that the snapshot is younger; kept until after the commit. */
  private record NamedLock(String name, String digest, int waitSeconds, boolean takenByQuery)
      implements Scope {

    @Override
    public void enter(Statements statements) throws SQLException {
      if (takenByQuery) {
        return;
      }
      try (PreparedStatement statement = statements.prepare("SELECT GET_LOCK(" + name + ", ?)")) {
        statement.setString(1, digest);
        statement.setInt(2, waitSeconds);
        try (ResultSet row = statement.executeQuery()) {
          if (!row.next() || row.getInt(1) != 1) {
            throw SqlFailure.lockNotFree();
          }
        }
      }
    }

    @Override
    public void leave(Statements statements) throws SQLException {
      try (PreparedStatement statement = statements.prepare("SELECT RELEASE_LOCK(" + name + ")")) {
        statement.setString(1, digest);
        statement.executeQuery().close();
      }
    }
  }
}
