package io.coatcheck.session.jdbc;

import io.coatcheck.session.background.Operation;
import io.coatcheck.session.codec.AttributeFrames;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** The statements that store and delete sessions. These record no changes. */
class Writes {

  final Dialect dialect;

  Writes(Dialect dialect) {
    this.dialect = dialect;
  }

  /** A session, with its attributes as they are stored. */
  @SuppressWarnings("ArrayRecordComponent") // Never compared; lives for one statement.
  record Encoded(StoredSession session, byte[] attributes) {

    /**
     * Encodes the attributes.
     *
     * @throws io.coatcheck.session.codec.AttributeCodecException if they are too large
     */
    static Encoded of(StoredSession session) {
      return new Encoded(session, AttributeFrames.write(session.attributes()));
    }
  }

  /** Returns whether {@link #update} is atomic without a transaction around it. */
  boolean updatesInAutoCommit() {
    return true;
  }

  /** Returns whether {@link #delete} is atomic without a transaction around it. */
  boolean deletesInAutoCommit() {
    return dialect.deletesInAutoCommit();
  }

  /**
   * Updates a session.
   *
   * @param evicted sessions that this transaction has deleted by {@link Dialect#delete}. They are
   *     recorded here, together with the update, since a transaction whose update fails is rolled
   *     back
   * @return whether it was stored
   */
  boolean update(Statements statements, Encoded encoded, Instant now, List<SessionId> evicted)
      throws SQLException {
    try (PreparedStatement statement = statements.prepare(dialect.update)) {
      SessionRow.bindUpdate(
          statement, dialect, encoded.session(), encoded.attributes(), statements.aged(now));
      return statement.executeUpdate() > 0;
    }
  }

  /** Runs {@link #update} as a separate operation. */
  boolean update(Transactions transactions, StoredSession session, Instant now) {
    StoredSession.millisOf(now, "now");
    Encoded encoded = Encoded.of(session);
    Operation operation = new Operation("update", session.id());
    Transactions.Work<Boolean> work = statements -> update(statements, encoded, now, List.of());
    return updatesInAutoCommit()
        ? transactions.one(operation, work)
        : transactions.several(operation, Scope.NONE, work);
  }

  /**
   * Inserts a session.
   *
   * @param evicted as for {@link #update}
   */
  void insert(Statements statements, Encoded encoded, List<SessionId> evicted) throws SQLException {
    try (PreparedStatement statement = statements.prepare(dialect.insert)) {
      SessionRow.bindInsert(statement, dialect, encoded.session(), encoded.attributes());
      statement.executeUpdate();
    }
  }

  /**
   * Deletes a session if it meets a condition, and returns it as it was. If changes are recorded,
   * the deletion is recorded even if there was no such row: an earlier attempt, whose outcome is
   * not known, may have deleted the row without a report.
   *
   * @param condition names the session
   */
  SessionRow.Deleted deleteOne(Statements statements, SessionId id, Condition condition)
      throws SQLException {
    return delete(statements, condition, Column.SESSION);
  }

  /** Runs {@link #deleteOne} as a separate operation; returns the session. */
  Optional<StoredSession> deleteOne(Transactions transactions, SessionId id, Condition condition) {
    Operation operation = new Operation("delete", id);
    Transactions.Work<Optional<StoredSession>> work =
        statements -> deleteOne(statements, id, condition).sessions().stream().findFirst();
    return deletesInAutoCommit()
        ? transactions.one(operation, work)
        : transactions.several(operation, Scope.NONE, work);
  }

  /** Deletes a session if it has a generation, as a separate operation; returns the session. */
  Optional<StoredSession> deleteOne(Transactions transactions, SessionId id, long generation) {
    if (generation < 0) {
      // No session has it, and a committed deletion needs no confirmation.
      transactions.requireOpen(new Operation("delete", id));
      return Optional.empty();
    }
    Condition condition =
        dialect.conditions.withId(id).and(dialect.conditions.withGeneration(generation));
    return deleteOne(transactions, id, condition);
  }

  /** Deletes the rows that meet a condition and returns these columns of them as they were. */
  SessionRow.Deleted delete(Statements statements, Condition condition, Set<Column> columns)
      throws SQLException {
    return dialect.delete(statements, condition, columns);
  }
}
