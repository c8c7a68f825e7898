package io.coatcheck.session.jdbc;

import io.coatcheck.session.background.CallAge;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The statements of one operation, on a connection that it uses alone. */
final class Statements {

  private final Connection connection;
  private final Guard guard;
  private final Supplier<Duration> waited;
  private boolean rollBack;
  private @Nullable Recorded recorded;

  /**
   * Changes that a transaction has recorded in the log.
   *
   * @param since when the operation was about to take numbers for them, counted from its call
   * @param again records them once more
   */
  record Recorded(Duration since, Transactions.Work<Boolean> again) {}

  /**
   * Creates the statements of an operation.
   *
   * @param waited returns the time since the operation was called
   */
  Statements(Connection connection, Guard guard, Supplier<Duration> waited) {
    this.connection = connection;
    this.guard = guard;
    this.waited = waited;
  }

  /** Returns the current time, as {@link CallAge} counts it, from "now" at the operation's call. */
  Instant aged(Instant now) {
    return CallAge.at(now, waited.get());
  }

  /** Prepares a statement with a timeout; the caller closes it. */
  PreparedStatement prepare(String sql) throws SQLException {
    return bounded(connection.prepareStatement(sql));
  }

  /** As {@link #prepare}, for an insert whose generated key is read afterwards. */
  PreparedStatement prepareWithKey(String sql) throws SQLException {
    return bounded(connection.prepareStatement(sql, Statement.RETURN_GENERATED_KEYS));
  }

  private PreparedStatement bounded(PreparedStatement statement) throws SQLException {
    try {
      guard.bound(statement);
      return statement;
    } catch (Throwable failure) {
      try {
        statement.close();
      } catch (Throwable second) {
        failure.addSuppressed(second);
      }
      throw failure;
    }
  }

  /** Executes a statement. */
  void execute(String sql) throws SQLException {
    try (PreparedStatement statement = prepare(sql)) {
      statement.execute();
    }
  }

  /** Records that another call to the database begins, which is no statement. */
  void next() {
    guard.next();
  }

  /** Executes a query of one row and returns its first column. */
  boolean isTrue(String sql) throws SQLException {
    try (PreparedStatement statement = prepare(sql);
        ResultSet row = statement.executeQuery()) {
      return row.next() && row.getBoolean(1);
    }
  }

  Timeouts timeouts() {
    return guard.timeouts();
  }

  Connection connection() {
    return connection;
  }

  /** Returns the time since the operation was called. */
  Duration waited() {
    return waited.get();
  }

  /** Sets the changes that the last statement of this transaction has recorded in the log. */
  void recorded(Recorded changes) {
    recorded = changes;
  }

  /** Returns the changes that this transaction has recorded in the log; null if there are none. */
  @Nullable Recorded recorded() {
    return recorded;
  }

  /** Requests a rollback although the operation returns a result. */
  void rollBack() {
    rollBack = true;
  }

  boolean isToRollBack() {
    return rollBack;
  }
}
