package io.coatcheck.session.jdbc;

import io.coatcheck.session.background.Breaker;
import io.coatcheck.session.background.Operation;
import io.coatcheck.session.store.SessionStoreException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Runs each operation as its own short transaction on its own connection: in autocommit if the pool
 * provides that and there is only one statement, with an explicit commit otherwise. Rolls back on
 * any {@code Throwable} and restores the connection's settings. {@link Connections} takes the
 * connection from the pool and gives it back.
 *
 * <p>A transaction that the database itself undid because of concurrent ones (deadlock,
 * serialization failure), even at the commit, has had no effect and is run again, a few times. So
 * is one whose prepared statement a migration has outdated. Nothing else is repeated. Before a new
 * attempt it waits a moment: the transaction that won may not have continued yet, and would
 * conflict again.
 *
 * <p>A connection is aborted, so that the pool replaces it, if its server takes no writes or is
 * shutting down, and after an {@code Error}, which may have come in the middle of an answer.
 */
final class Transactions {

  /** One more than the number of conflicts in a row that are plausible. */
  private static final int ATTEMPTS = 10;

  /** No pause between two attempts is longer, in milliseconds. */
  private static final int MAX_PAUSE = 64;

  /** The statements of an operation; run again from the start if the database undid them. */
  interface Work<T extends @Nullable Object> {
    T run(Statements statements) throws SQLException;
  }

  private final Connections connections;
  private final Dialect dialect;
  private final Timeouts timeouts;
  private final Breaker breaker;
  private final LongSupplier nanoTime;
  private final LateCommits lateCommits = new LateCommits(this);
  private volatile boolean closed;

  Transactions(
      DataSource dataSource,
      Dialect dialect,
      Timeouts timeouts,
      Breaker breaker,
      LongSupplier nanoTime) {
    connections = new Connections(dataSource);
    this.dialect = dialect;
    this.timeouts = timeouts;
    this.breaker = breaker;
    this.nanoTime = nanoTime;
  }

  /** Makes every later operation fail. */
  void close() {
    closed = true;
    timeouts.close();
  }

  Timeouts timeouts() {
    return timeouts;
  }

  /** Returns whether {@link #resolve} fails at once, except for probes. */
  boolean isFailingFast() {
    return breaker.isOpen();
  }

  /** Runs one statement that reads, or fails at once if the database has stopped answering. */
  <T extends @Nullable Object> T resolve(Operation operation, Work<T> work) {
    Breaker.Call call = breaker.admit();
    if (call == null) {
      throw new SessionStoreException(
          operation
              + " failed at once: the database has not answered "
              + Breaker.TIMEOUTS
              + " times in a row");
    }
    return run(operation, new Plan<>(Kind.READ, Scope.NONE, work, call, 1));
  }

  /** Runs an operation of one statement that changes nothing. */
  <T extends @Nullable Object> T read(Operation operation, Work<T> work) {
    return run(operation, new Plan<>(Kind.READ, Scope.NONE, work, null, 1));
  }

  /** Runs an operation of one statement. */
  <T extends @Nullable Object> T one(Operation operation, Work<T> work) {
    return run(operation, new Plan<>(Kind.WRITE, Scope.NONE, work, null, 1));
  }

  /** Runs an operation of several statements in one transaction, within a scope. */
  <T extends @Nullable Object> T several(Operation operation, Scope scope, Work<T> work) {
    return run(operation, new Plan<>(Kind.SEVERAL, scope, work, null, 1));
  }

  /** Returns whether an operation failed because the database undid it each time it was run. */
  boolean wasUndone(SessionStoreException failure) {
    return failure.getCause() instanceof SQLException cause
        && dialect.failure(cause).isRolledBack();
  }

  private enum Kind {
    READ,
    WRITE,
    SEVERAL
  }

  /**
   * What to run.
   *
   * @param records how often its changes are recorded when it has succeeded
   */
  private record Plan<T extends @Nullable Object>(
      Kind kind, Scope scope, Work<T> work, Breaker.@Nullable Call call, int records) {}

  private enum Phase {
    CONNECTING,
    EXECUTING,
    /** A write in autocommit: the statement is also the commit. */
    EXECUTING_AND_COMMITTING,
    COMMITTING
  }

  /** Throws if the store is closed. */
  void requireOpen(Operation operation) {
    if (closed) {
      throw new SessionStoreException(operation + " failed: the store is closed");
    }
  }

  private <T extends @Nullable Object> T run(Operation operation, Plan<T> plan) {
    requireOpen(operation);
    boolean wasInterrupted = Thread.currentThread().isInterrupted();
    try {
      return runAgainIfUndone(operation, plan);
    } finally {
      if (wasInterrupted) {
        // H2 clears it when a row is locked, and does not say so.
        Thread.currentThread().interrupt();
      }
    }
  }

  private <T extends @Nullable Object> T runAgainIfUndone(Operation operation, Plan<T> plan) {
    long began = nanoTime.getAsLong();
    for (int attempt = 1; ; attempt++) {
      Attempt<T> current = new Attempt<>(operation, plan, began);
      try {
        T result = current.run();
        if (plan.call != null) {
          plan.call.answered();
        }
        if (current.late != null) {
          lateCommits.recordAgain(operation, current.late, plan.records);
        }
        return result;
      } catch (SQLException exception) {
        SqlFailure failure = dialect.failure(exception);
        report(plan.call, failure);
        boolean again =
            current.phase != Phase.CONNECTING && attempt < ATTEMPTS && failure.isRolledBack();
        if (!again) {
          throw translated(operation, current.phase, failure);
        }
      }
      pause(attempt);
    }
  }

  /**
   * Records changes that their own operation could not record again. A retry of that operation may
   * find nothing to change.
   *
   * @throws SessionStoreException if that fails again; the next call continues
   */
  void recordOwed(Operation operation) {
    lateCommits.recordOwed(operation);
  }

  /**
   * Records a change in the log again.
   *
   * @param records how often it will have been recorded
   */
  void record(Operation operation, Work<Boolean> again, int records) {
    run(operation, new Plan<>(Kind.WRITE, Scope.NONE, again, null, records));
  }

  /**
   * An interrupt ends a wait, but does not mean that the database failed; drivers do not always
   * name it as the cause. A connection that is lost or refused is not an answer, and does not mean
   * that the database answers again.
   */
  private static void report(Breaker.@Nullable Call call, SqlFailure failure) {
    SqlFailure.keepInterrupt(failure.exception());
    if (call != null && !Thread.currentThread().isInterrupted()) {
      if (failure.isTimeout()) {
        call.timedOut();
      } else if (!failure.isAnswerLost()) {
        call.answered();
      }
    }
  }

  /** Waits, without a connection, for a time that doubles; half of it is random. */
  private static void pause(int attempt) {
    long longest = TimeUnit.MILLISECONDS.toNanos(Math.min(1L << attempt, MAX_PAUSE));
    LockSupport.parkNanos(longest / 2 + ThreadLocalRandom.current().nextLong(longest / 2));
  }

  private static SessionStoreException translated(
      Operation operation, Phase phase, SqlFailure failure) {
    return switch (phase) {
      case CONNECTING -> SqlFailure.whileConnecting(operation, failure.exception());
      case EXECUTING -> failure.whileExecuting(operation);
      case EXECUTING_AND_COMMITTING ->
          failure.isAnswerLost()
              ? failure.unknownOutcome(operation, "the connection was lost")
              : failure.whileExecuting(operation);
      case COMMITTING ->
          failure.isRefusedCommit()
              ? failure.whileExecuting(operation)
              : failure.unknownOutcome(operation, "the commit failed");
    };
  }

  /** One attempt, on one connection. */
  private final class Attempt<T extends @Nullable Object> {
    private final Operation operation;
    private final Plan<T> plan;
    private final long began;
    private Phase phase = Phase.CONNECTING;
    private boolean suspect;

    /** The changes that were recorded in the log and committed late; null if there are none. */
    private Statements.@Nullable Recorded late;

    Attempt(Operation operation, Plan<T> plan, long began) {
      this.operation = operation;
      this.plan = plan;
      this.began = began;
    }

    T run() throws SQLException {
      Connection connection = connections.take();
      phase = Phase.EXECUTING;
      try {
        return run(connection);
      } catch (Throwable failure) {
        suspect |= dialect.costsConnection(failure);
        throw failure;
      } finally {
        connections.giveBack(operation, connection, suspect);
      }
    }

    private T run(Connection connection) throws SQLException {
      boolean autoCommit = connections.isInAutoCommit(operation, connection);
      Guard guard = timeouts.guard(connection);
      Statements statements = new Statements(connection, guard, this::waited);
      try {
        guard.boundNetwork();
        if (!autoCommit) {
          endEarlierTransaction(connection, guard);
        }
        T result =
            plan.kind == Kind.SEVERAL || !autoCommit
                ? transaction(statements, guard, autoCommit)
                : autoCommitted(statements);
        late = late(statements);
        return result;
      } catch (SQLException failure) {
        throw guard.isAborted() ? SqlFailure.aborted(failure) : failure;
      } finally {
        putBack(connection, guard, plan.kind == Kind.SEVERAL && autoCommit);
      }
    }

    /**
     * Ends a transaction that the pool has begun, for example by testing an idle connection. Its
     * snapshot may be old: sessions that have ended since are still live in it. Drivers ask the
     * server only if there is a transaction, except for MySQL's.
     */
    private void endEarlierTransaction(Connection connection, Guard guard) throws SQLException {
      connection.rollback();
      guard.next();
    }

    private Statements.@Nullable Recorded late(Statements statements) {
      Statements.Recorded recorded = statements.recorded();
      return recorded != null
              && !statements.isToRollBack()
              && LateCommits.isLate(recorded, waited())
          ? recorded
          : null;
    }

    private Duration waited() {
      return Duration.ofNanos(nanoTime.getAsLong() - began);
    }

    private T autoCommitted(Statements statements) throws SQLException {
      if (plan.kind == Kind.WRITE) {
        phase = Phase.EXECUTING_AND_COMMITTING;
      }
      return plan.work.run(statements);
    }

    private T transaction(Statements statements, Guard guard, boolean autoCommit)
        throws SQLException {
      Connection connection = statements.connection();
      if (autoCommit) {
        connection.setAutoCommit(false);
      }
      try {
        plan.scope.enter(statements);
        T result = plan.work.run(statements);
        guard.next();
        if (statements.isToRollBack()) {
          connection.rollback();
        } else {
          phase = plan.kind == Kind.READ ? Phase.EXECUTING : Phase.COMMITTING;
          connection.commit();
        }
        return result;
      } catch (Throwable failure) {
        guard.next();
        try {
          connection.rollback();
        } catch (Throwable second) {
          SqlFailure.keepInterrupt(second);
          suspect = true;
          if (second != failure) {
            failure.addSuppressed(second);
          }
        }
        throw failure;
      } finally {
        leave(statements);
      }
    }

    private void leave(Statements statements) {
      try {
        plan.scope.leave(statements);
      } catch (SQLException | RuntimeException failure) {
        SqlFailure.keepInterrupt(failure);
        suspect = true;
      }
    }

    private void putBack(Connection connection, Guard guard, boolean autoCommit) {
      try {
        if (!suspect && !connection.isClosed()) {
          guard.restoreQuery();
          if (autoCommit) {
            guard.next();
            connection.setAutoCommit(true);
          }
          guard.restoreNetwork();
        }
      } catch (SQLException | RuntimeException failure) {
        SqlFailure.keepInterrupt(failure);
        suspect = true;
      } finally {
        suspect |= guard.end();
      }
    }
  }
}
