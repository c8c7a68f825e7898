package io.coatcheck.session.redis;

import io.coatcheck.session.background.Operation;
import io.coatcheck.session.store.SessionStoreException;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.api.StatefulRedisConnection;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Runs the scripts that a failover must not undo: logins, new secrets and ends of sessions. With
 * {@link RedisSessionStore.Builder#confirmReplicas}, each is followed by a {@code WAIT} in the same
 * round trip; without it, they go over the connection that all threads share.
 *
 * <p>{@code WAIT} confirms the writes of its own connection, and blocks that connection. So a
 * script and its {@code WAIT} have their own connection, one of {@value #CONNECTIONS}. A thread
 * waits for a free one at most for the command timeout.
 *
 * <p>That a script found nothing to end proves nothing: an earlier attempt may have deleted the
 * session without being confirmed. So the script writes {@link Keys#confirmation}, which the {@code
 * WAIT} then confirms; replicas receive writes in their order.
 *
 * <p>Any client can ask for the end of a session that never existed, by a made-up token. So scripts
 * that {@link #confirm} runs use only some of the connections. The others remain free for logins
 * and for ends of known sessions.
 *
 * <p>If the server refuses to run a script, because it does not know it or another node has its
 * keys, the script is sent again, and so is the {@code WAIT}: the first one confirmed no write.
 *
 * <p>Thread-safe.
 */
final class ConfirmedWrites implements AutoCloseable {

  /** How many scripts can wait for their confirmation at the same time. */
  static final int CONNECTIONS = 8;

  /** The same in each bucket, if there are several. */
  static final int CONNECTIONS_OF_A_BUCKET = 2;

  /** The share of the connections that {@link #confirm} may use: a quarter, but at least one. */
  static final int SHARE_OF_UNKNOWN = 4;

  /**
   * How much later than the answer to a script the answer to its WAIT may come, if the WAIT does
   * not block.
   */
  private static final Duration REFUSAL = Duration.ofMillis(100);

  private final Connection shared;
  private final List<Connection> own;
  private final BlockingQueue<Connection> idle;
  private final Semaphore forUnknown;
  private final Confirmation confirmation;

  /**
   * How writes are confirmed.
   *
   * @param replicas how many replicas must have a write; 0 for no confirmation
   * @param timeout how long they may take
   */
  record Confirmation(int replicas, Duration timeout) {
    static final Confirmation NONE = new Confirmation(0, Duration.ZERO);

    boolean isWanted() {
      return replicas > 0;
    }
  }

  /**
   * The answer to a script that has run.
   *
   * @param unconfirmed why a failover may undo it, or null
   */
  record Answer<T extends @Nullable Object>(T value, @Nullable SessionStoreException unconfirmed) {

    /** Returns the answer, or throws if it was not confirmed. */
    T get() {
      if (unconfirmed != null) {
        throw unconfirmed;
      }
      return value;
    }
  }

  /**
   * Creates the runner over open connections. Without confirmation it has no connections of its
   * own.
   */
  ConfirmedWrites(Connection shared, List<Connection> own, Confirmation confirmation) {
    this.shared = shared;
    this.own = List.copyOf(own);
    this.confirmation = confirmation;
    idle = new ArrayBlockingQueue<>(Math.max(1, own.size()), true, own);
    forUnknown = new Semaphore(Math.max(1, own.size() / SHARE_OF_UNKNOWN), true);
  }

  /** Returns whether writes are confirmed. */
  boolean areWanted() {
    return confirmation.isWanted();
  }

  /**
   * Runs a script, and waits until enough replicas have its writes.
   *
   * @param hasWritten whether it has, as its answer says
   * @throws SessionStoreException if the script failed
   */
  <T extends @Nullable Object> Answer<T> run(Call call, Predicate<T> hasWritten) {
    return finish(begin(call, hasWritten, System.nanoTime() + shared.timeout().toNanos()));
  }

  /**
   * Runs a script for a session that may never have existed, and waits for the replicas. It fails
   * if too many other threads do the same for as long as the command timeout.
   *
   * @throws SessionStoreException if the script failed or was not sent
   */
  <T extends @Nullable Object> Answer<T> confirm(Call call) {
    if (!confirmation.isWanted()) {
      return run(call, answer -> true);
    }
    long deadline = System.nanoTime() + shared.timeout().toNanos();
    acquireForUnknown(call.operation(), deadline);
    Running<T> running;
    try {
      running = begin(call, answer -> true, deadline);
    } catch (RuntimeException | Error failure) {
      forUnknown.release();
      throw failure;
    }
    running.isForUnknown = true;
    return finish(running);
  }

  private void acquireForUnknown(Operation operation, long deadline) {
    try {
      if (forUnknown.tryAcquire(deadline - System.nanoTime(), TimeUnit.NANOSECONDS)) {
        return;
      }
    } catch (InterruptedException interrupted) {
      throw RedisFailure.interrupted(operation, interrupted);
    }
    throw new SessionStoreException(
        operation
            + " failed: too many ends of unknown sessions waited for replicas for "
            + shared.timeout().toMillis()
            + " ms, replicas do not confirm in time");
  }

  /** A script that was sent. It has its connection until {@link #finish} is called. */
  static final class Running<T extends @Nullable Object> {
    private final Call call;
    private final Predicate<T> hasWritten;
    private final Connection connection;
    private final Sent<T> sent;

    /** How many replicas have its writes; null without confirmation. */
    private @Nullable Sent<Long> reached;

    private Connection.@Nullable Ran<T> ran;

    /** Whether its connection is one of those that {@link #confirm} may use. */
    private boolean isForUnknown;

    private Running(
        Call call,
        Predicate<T> hasWritten,
        Connection connection,
        Sent<T> sent,
        @Nullable Sent<Long> reached) {
      this.call = call;
      this.hasWritten = hasWritten;
      this.connection = connection;
      this.sent = sent;
      this.reached = reached;
    }
  }

  /**
   * Sends a script, and the {@code WAIT} that confirms it.
   *
   * @param deadline until when to wait for a connection, by {@link System#nanoTime}
   * @throws SessionStoreException if the script was not sent
   */
  <T extends @Nullable Object> Running<T> begin(Call call, Predicate<T> hasWritten, long deadline) {
    if (!confirmation.isWanted()) {
      return new Running<>(call, hasWritten, shared, shared.send(call), null);
    }
    Connection connection = take(call.operation(), deadline);
    try {
      Sent<T> sent = connection.send(call);
      return new Running<>(
          call, hasWritten, connection, sent, wait(call.operation(), connection, sent.over()));
    } catch (RuntimeException | Error failure) {
      idle.add(connection);
      throw failure;
    }
  }

  /**
   * Waits until a script has run, but not for its confirmation. If there are several scripts, all
   * of them have run before the first confirmation is awaited.
   *
   * @throws SessionStoreException if the script failed; do not call {@link #finish} then
   */
  <T extends @Nullable Object> Connection.Ran<T> receive(Running<T> running) {
    Connection.Ran<T> known = running.ran;
    if (known != null) {
      return known;
    }
    Connection connection = running.connection;
    Sent<Long> first = running.reached;
    Connection.Ran<T> ran;
    try {
      // While a WAIT blocks the connection, the server runs no later command of it.
      ran = connection.finish(running.call, running.sent, () -> isBlocking(first));
      if (first != null && ran.wasSentAgain() && running.hasWritten.test(ran.value())) {
        running.reached = wait(running.call.operation(), connection, ran.over());
      }
    } catch (RuntimeException | Error failure) {
      putBack(running);
      throw failure;
    }
    running.ran = ran;
    return ran;
  }

  /** Returns whether a WAIT blocks its connection. A server that refuses it does so at once. */
  private static boolean isBlocking(@Nullable Sent<Long> wait) {
    if (wait == null) {
      return false;
    }
    try {
      return !wait.answer().await(REFUSAL.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      return true;
    }
  }

  /**
   * Waits until a script has run and enough replicas have its writes.
   *
   * @throws SessionStoreException if the script failed
   */
  <T extends @Nullable Object> Answer<T> finish(Running<T> running) {
    T value = receive(running).value();
    Sent<Long> reached = running.reached;
    try {
      return reached == null || !running.hasWritten.test(value)
          ? new Answer<>(value, null)
          : new Answer<>(value, failure(running.call.operation(), running.connection, reached));
    } finally {
      putBack(running);
    }
  }

  private Connection take(Operation operation, long deadline) {
    Connection connection;
    try {
      connection = idle.poll(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException interrupted) {
      throw RedisFailure.interrupted(operation, interrupted);
    }
    if (connection == null) {
      throw new SessionStoreException(
          operation
              + " failed: all "
              + own.size()
              + " connections for confirmed writes were busy for "
              + shared.timeout().toMillis()
              + " ms, replicas do not confirm in time");
    }
    return connection;
  }

  /** Sends a WAIT over the connection of the write, the only one that it can confirm. */
  private Sent<Long> wait(
      Operation operation, Connection connection, StatefulRedisConnection<byte[], byte[]> over) {
    return connection.send(
        operation,
        commands ->
            commands.waitForReplication(confirmation.replicas(), confirmation.timeout().toMillis()),
        over);
  }

  private @Nullable SessionStoreException failure(
      Operation operation, Connection connection, Sent<Long> reached) {
    String rest =
        "; the primary has applied it, and a failover may undo it: look for unreachable or slow replicas";
    try {
      long replicas =
          connection.finish(operation, reached, shared.timeout().plus(confirmation.timeout()));
      return replicas >= confirmation.replicas()
          ? null
          : new SessionStoreException(
              operation
                  + " is not confirmed: after "
                  + confirmation.timeout().toMillis()
                  + " ms, "
                  + replicas
                  + " of "
                  + confirmation.replicas()
                  + " replicas had it"
                  + rest);
    } catch (SessionStoreException failure) {
      return new SessionStoreException(operation + " is not confirmed" + rest, failure);
    }
  }

  /** Puts a connection back once it is free: a WAIT blocks it, even if its script failed. */
  private void putBack(Running<?> running) {
    Sent<Long> last = running.reached;
    if (last == null) {
      return; // It is the one that all threads share.
    }
    Connection connection = running.connection;
    CompletionStage<?> unused =
        last.answer()
            .whenComplete(
                (replicas, failure) -> {
                  if (failure != null && !(failure instanceof RedisCommandExecutionException)) {
                    connection.replace(last);
                  }
                  idle.add(connection);
                  if (running.isForUnknown) {
                    forUnknown.release();
                  }
                });
  }

  @Override
  public void close() {
    Failures.runEach(own.stream().<Runnable>map(connection -> connection::close).toList());
  }
}
