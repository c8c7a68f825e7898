package io.coatcheck.session.jdbc;

import io.coatcheck.session.store.SessionStoreException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs each operation as its own short transaction on its own connection: as the pool hands it out
 * if that is autocommit and one statement is all, with an explicit commit otherwise. Rolls back on
 * any {@code Throwable} and puts the connection back as it was.
 *
 * <p>A transaction that the database itself undid because of others beside it (deadlock,
 * serialization failure) has had no effect and is run again, a few times. Nothing else is. Before
 * it is, it waits a moment: whoever it gave way to has yet to wake up, and would meet it again.
 */
final class Transactions {

  /** One more than the other parties that can plausibly stand in the way in a row. */
  private static final int ATTEMPTS = 10;

  /** No pause between two attempts is longer, in milliseconds. */
  private static final int LONGEST_PAUSE = 64;

  private static final Logger LOGGER = LoggerFactory.getLogger(JdbcSessionStore.class);

  /** The statements of an operation; run again from the start if the database undid them. */
  interface Work<T extends @Nullable Object> {
    T run(Statements statements) throws SQLException;
  }

  private final DataSource dataSource;
  private final Database database;
  private final TableName table;
  private final Timeouts timeouts;
  private final Breaker breaker;

  /** Once a connection came in autocommit, one that does not is in somebody's transaction. */
  private volatile boolean autoCommits;

  private volatile boolean closed;

  Transactions(
      DataSource dataSource,
      Database database,
      TableName table,
      Timeouts timeouts,
      Breaker breaker) {
    this.dataSource = dataSource;
    this.database = database;
    this.table = table;
    this.timeouts = timeouts;
    this.breaker = breaker;
  }

  /** Has every operation that begins later refused. */
  void close() {
    closed = true;
  }

  Timeouts timeouts() {
    return timeouts;
  }

  /** Runs one statement, or fails at once if the database has stopped answering. */
  <T extends @Nullable Object> T resolve(Operation operation, Work<T> work) {
    if (!breaker.permits()) {
      throw new SessionStoreException(
          operation
              + " failed at once: the database has not answered "
              + Breaker.TIMEOUTS
              + " times in a row");
    }
    return one(operation, work);
  }

  /** Runs an operation of one statement. */
  <T extends @Nullable Object> T one(Operation operation, Work<T> work) {
    return run(operation, new Plan<>(false, Scope.NONE, work));
  }

  /** Runs an operation of several statements in one transaction, within a scope. */
  <T extends @Nullable Object> T several(Operation operation, Scope scope, Work<T> work) {
    return run(operation, new Plan<>(true, scope, work));
  }

  private record Plan<T extends @Nullable Object>(boolean several, Scope scope, Work<T> work) {}

  private enum Phase {
    CONNECTING,
    EXECUTING,
    COMMITTING
  }

  private <T extends @Nullable Object> T run(Operation operation, Plan<T> plan) {
    if (closed) {
      throw new SessionStoreException(operation + " failed: the store is closed");
    }
    for (int attempt = 1; ; attempt++) {
      Attempt<T> current = new Attempt<>(operation, plan);
      boolean timedOut = false;
      try {
        return current.run();
      } catch (SQLException failure) {
        timedOut = SqlFailure.isTimeout(failure);
        if (SqlFailure.hasCause(failure, InterruptedException.class)) {
          Thread.currentThread().interrupt();
        }
        boolean again =
            current.phase == Phase.EXECUTING
                && attempt < ATTEMPTS
                && SqlFailure.isRolledBack(failure, database);
        if (!again) {
          throw translated(operation, current.phase, failure);
        }
      } finally {
        if (timedOut) {
          breaker.timedOut();
        } else {
          breaker.answered();
        }
      }
      pause(attempt);
    }
  }

  /** Waits, holding no connection, for a time that doubles; half of it is chance. */
  private static void pause(int attempt) {
    long longest = TimeUnit.MILLISECONDS.toNanos(Math.min(1L << attempt, LONGEST_PAUSE));
    LockSupport.parkNanos(longest / 2 + ThreadLocalRandom.current().nextLong(longest / 2));
  }

  private SessionStoreException translated(Operation operation, Phase phase, SQLException failure) {
    return switch (phase) {
      case CONNECTING -> SqlFailure.whileConnecting(operation, failure);
      case EXECUTING -> SqlFailure.whileExecuting(operation, failure, database, table);
      case COMMITTING -> SqlFailure.whileCommitting(operation, failure);
    };
  }

  /** One try, on one connection. */
  private final class Attempt<T extends @Nullable Object> {
    private final Operation operation;
    private final Plan<T> plan;
    private Phase phase = Phase.CONNECTING;
    private boolean suspect;

    Attempt(Operation operation, Plan<T> plan) {
      this.operation = operation;
      this.plan = plan;
    }

    T run() throws SQLException {
      Connection connection = dataSource.getConnection();
      phase = Phase.EXECUTING;
      try {
        boolean autoCommit = autoCommit(connection);
        int networkTimeout = timeouts.take(connection);
        Statements statements = new Statements(connection, timeouts);
        try {
          return plan.several || !autoCommit
              ? transaction(statements, autoCommit)
              : plan.work.run(statements);
        } finally {
          putBack(statements, plan.several && autoCommit, networkTimeout);
        }
      } finally {
        close(connection);
      }
    }

    private boolean autoCommit(Connection connection) throws SQLException {
      boolean autoCommit = connection.getAutoCommit();
      if (autoCommit) {
        autoCommits = true;
      } else if (autoCommits) {
        throw new SessionStoreException(
            operation
                + " failed: dataSource gave a connection in the middle of a transaction; give the"
                + " store the pool itself, not a transaction-aware view of it");
      }
      return autoCommit;
    }

    private T transaction(Statements statements, boolean autoCommit) throws SQLException {
      Connection connection = statements.connection();
      if (autoCommit) {
        connection.setAutoCommit(false);
      }
      try {
        plan.scope.enter(statements);
        T result = plan.work.run(statements);
        if (statements.isToRollBack()) {
          connection.rollback();
        } else {
          phase = Phase.COMMITTING;
          connection.commit();
        }
        return result;
      } catch (Throwable failure) {
        try {
          connection.rollback();
        } catch (Throwable second) {
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
        suspect = true;
      }
    }

    private void putBack(Statements statements, boolean autoCommit, int networkTimeout) {
      Connection connection = statements.connection();
      try {
        if (!suspect && !connection.isClosed()) {
          statements.restore();
          if (autoCommit) {
            connection.setAutoCommit(true);
          }
          timeouts.restore(connection, networkTimeout);
        }
      } catch (SQLException | RuntimeException failure) {
        suspect = true;
      }
    }

    /** The outcome is known by now: what goes wrong here costs the connection, not the caller. */
    private void close(Connection connection) {
      try {
        if (suspect) {
          connection.abort(Runnable::run);
        }
      } catch (SQLException | RuntimeException failure) {
        LOGGER.debug("{}: a broken connection could not be aborted", operation);
      }
      try {
        connection.close();
      } catch (SQLException failure) {
        LOGGER.warn(
            "{}: a connection could not be given back, SQLState {}",
            operation,
            failure.getSQLState());
      }
    }
  }
}
