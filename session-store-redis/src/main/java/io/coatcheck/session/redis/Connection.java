package io.coatcheck.session.redis;

import io.coatcheck.session.background.Breaker;
import io.coatcheck.session.background.Operation;
import io.coatcheck.session.store.SessionStoreException;
import io.lettuce.core.RedisCommandTimeoutException;
import io.lettuce.core.RedisFuture;
import io.lettuce.core.RedisNoScriptException;
import io.lettuce.core.api.StatefulRedisConnection;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Calls the server over one link, and bounds each call. A command is sent again only if the server
 * has said that it did not run it: a script that it does not know, or a key that another node of a
 * cluster has.
 *
 * <p>While a slot is being moved, some of its keys are on the other node. A command of one key
 * follows it there. A script of several keys runs on neither node: it is sent again until the slot
 * has moved, for as long as its answer may take.
 *
 * <p>Thread-safe: threads may share a connection; it sends their commands one after the other.
 */
final class Connection implements AutoCloseable {

  /** How many nodes of a cluster may pass a command on to another one. */
  private static final int MAX_MOVES = 3;

  /** The time between two attempts of a script while its slot is being moved. */
  private static final Duration PAUSE = Duration.ofMillis(20);

  /** What to do about a command that a node has not run, since its slot is being moved. */
  private enum WhileMoving {
    /** It has one key, so the node that the server names runs it. */
    ASK,
    /** It has several keys, so it is sent again until one node has them all. */
    WAIT,
    /** Only the node that serves the slot is to answer. */
    FAIL;

    static WhileMoving of(Call call) {
      return call.keys().size() == 1 ? ASK : WAIT;
    }
  }

  private final Link link;
  private final Duration timeout;
  private final Breaker breaker;

  /** The links to the same server. */
  private volatile List<Link> together;

  /** When the text of each script was last answered, by {@link System#nanoTime}. */
  private final Map<Script, Long> texts = new ConcurrentHashMap<>();

  private volatile boolean closed;

  Connection(Link link, Duration timeout, Breaker breaker) {
    this.link = link;
    this.timeout = timeout;
    this.breaker = breaker;
    together = List.of(link);
  }

  /**
   * Ties connections to one server together. When one of them finds that the server is a replica,
   * all are replaced. Otherwise an idle one would find that later, when the others already lead to
   * the new primary.
   */
  static void replaceTogether(List<Connection> connections) {
    List<Link> links = connections.stream().map(connection -> connection.link).toList();
    connections.forEach(connection -> connection.together = links);
  }

  /** Replaces the link after a command over it was not answered. */
  void replace(Sent<?> unanswered) {
    link.replace(unanswered.over());
  }

  /** Returns how long an answer may take. */
  Duration timeout() {
    return timeout;
  }

  /** Returns whether {@link #resolve} fails at once, except for probes. */
  boolean isFailingFast() {
    return breaker.isOpen();
  }

  /** Runs a command that reads, or fails at once if the server has stopped answering. */
  <T extends @Nullable Object> T resolve(Operation operation, Command<T> command) {
    Breaker.Call call = breaker.admit();
    if (call == null) {
      throw new SessionStoreException(
          operation
              + " failed at once: Redis has not answered "
              + Breaker.TIMEOUTS
              + " times in a row");
    }
    Sent<T> sent = send(operation, command);
    try {
      T answer = ran(operation, command, sent, WhileMoving.ASK, () -> false).value();
      call.answered();
      return answer;
    } catch (ExecutionException failed) {
      Throwable failure = cause(failed);
      if (RedisFailure.isTimeout(failure)) {
        call.timedOut();
        if (breaker.isOpen()) {
          link.replace(sent.over());
        }
      } else if (RedisFailure.isAnswer(failure)) {
        call.answered();
      }
      throw RedisFailure.of(operation, failure);
    }
  }

  /** Runs a command. */
  <T extends @Nullable Object> T run(Operation operation, Command<T> command) {
    return finish(operation, command, send(operation, command));
  }

  /** Sends a command without waiting for its answer. */
  <T extends @Nullable Object> Sent<T> send(Operation operation, Command<T> command) {
    if (closed) {
      throw new SessionStoreException(operation + " failed: the store is closed");
    }
    StatefulRedisConnection<byte[], byte[]> current = link.current();
    if (current == null) {
      throw new SessionStoreException(operation + " failed: Redis is not connected");
    }
    return send(operation, command, current);
  }

  /** Sends a command over a connection that was used before. */
  <T extends @Nullable Object> Sent<T> send(
      Operation operation, Command<T> command, StatefulRedisConnection<byte[], byte[]> over) {
    try {
      return Sent.send(over, command);
    } catch (RuntimeException failure) {
      throw RedisFailure.of(operation, failure);
    }
  }

  /** Waits for the answer to a command, which is sent again if its key has moved. */
  <T extends @Nullable Object> T finish(Operation operation, Command<T> command, Sent<T> sent) {
    try {
      return ran(operation, command, sent, WhileMoving.ASK, () -> false).value();
    } catch (ExecutionException failed) {
      throw RedisFailure.of(operation, cause(failed));
    }
  }

  /**
   * Waits for the answer to a command, but fails while its key is being moved. The result says
   * which node has answered.
   */
  <T extends @Nullable Object> Ran<T> finishSettled(
      Operation operation, Command<T> command, Sent<T> sent) {
    try {
      return ran(operation, command, sent, WhileMoving.FAIL, () -> false);
    } catch (ExecutionException failed) {
      throw RedisFailure.of(operation, cause(failed));
    }
  }

  /** Waits for the answer to a command that was sent, for as long as it may take. */
  <T extends @Nullable Object> T finish(Operation operation, Sent<T> sent, Duration patience) {
    try {
      return await(operation, sent, patience);
    } catch (ExecutionException failed) {
      throw RedisFailure.of(operation, cause(failed));
    }
  }

  /** Runs a script. {@link Script#output} determines the type of the answer. */
  @SuppressWarnings("TypeParameterUnusedInFormals") // The client's own methods infer it as well.
  <T extends @Nullable Object> T run(Call call) {
    Sent<T> sent = send(call);
    return finish(call, sent).value();
  }

  /** Sends a script, by its digest, without waiting for its answer. */
  <T extends @Nullable Object> Sent<T> send(Call call) {
    return send(call.operation(), call::<T>byDigest);
  }

  /**
   * The answer to a command.
   *
   * @param over the connection on which the server ran it
   * @param wasSentAgain whether the command was sent more than once, so that the connection or the
   *     time is not that of the first attempt
   */
  record Ran<T extends @Nullable Object>(
      T value, StatefulRedisConnection<byte[], byte[]> over, boolean wasSentAgain) {

    Ran<T> again() {
      return new Ran<>(value, over, true);
    }
  }

  /** Waits for the answer to a script. */
  <T extends @Nullable Object> Ran<T> finish(Call call, Sent<T> sent) {
    return finish(call, sent, () -> false);
  }

  /**
   * Waits for the answer to a script. If the server does not know the script, it has not run, and
   * its text is sent; or the digest again if the server got the text for another call meanwhile.
   *
   * @param isBlocked whether the connection cannot be used to send the script again, and must be
   *     replaced
   */
  <T extends @Nullable Object> Ran<T> finish(Call call, Sent<T> sent, BooleanSupplier isBlocked) {
    Operation operation = call.operation();
    WhileMoving moving = WhileMoving.of(call);
    Sent<T> next = sent;
    try {
      try {
        return ran(operation, call::<T>byDigest, next, moving, isBlocked);
      } catch (ExecutionException failed) {
        requireUnknownScript(failed);
      }
      if (texts.getOrDefault(call.script(), sent.at()) - sent.at() > 0) {
        next = sendAgain(operation, call::<T>byDigest, next, isBlocked);
        try {
          return ran(operation, call::<T>byDigest, next, moving, isBlocked).again();
        } catch (ExecutionException failed) {
          requireUnknownScript(failed);
        }
      }
      next = sendAgain(operation, call::<T>byText, next, isBlocked);
      Ran<T> ran = ran(operation, call::<T>byText, next, moving, isBlocked);
      texts.put(call.script(), System.nanoTime());
      return ran.again();
    } catch (ExecutionException failed) {
      throw RedisFailure.of(operation, cause(failed));
    }
  }

  private static void requireUnknownScript(ExecutionException failed) throws ExecutionException {
    if (!(cause(failed) instanceof RedisNoScriptException)) {
      throw failed;
    }
  }

  /** Waits for the answer, and follows a key to the node that has it now. */
  private <T extends @Nullable Object> Ran<T> ran(
      Operation operation,
      Command<T> command,
      Sent<T> first,
      WhileMoving moving,
      BooleanSupplier isBlocked)
      throws ExecutionException {
    long deadline = first.at() + timeout.toNanos();
    Sent<T> sent = first;
    int moves = 0;
    boolean wasSentAgain = false;
    while (true) {
      try {
        T value = await(operation, sent, timeout);
        return new Ran<>(value, sent.over(), wasSentAgain);
      } catch (ExecutionException failed) {
        Throwable refusal = cause(failed);
        String moved = RedisFailure.moved(refusal);
        String asked = RedisFailure.asked(refusal);
        if (moved != null && moves < MAX_MOVES && link.follow(sent.over(), moved)) {
          moves++;
          sent = send(operation, command, another(operation, sent.over()));
        } else if (asked != null && moving == WhileMoving.ASK && moves < MAX_MOVES) {
          moves++;
          CompletableFuture<StatefulRedisConnection<byte[], byte[]>> node = link.detour(asked);
          if (node == null) {
            throw failed;
          }
          sent = ask(operation, command, node);
        } else if ((asked != null || RedisFailure.isDivided(refusal))
            && moving == WhileMoving.WAIT
            && System.nanoTime() - deadline < 0) {
          LockSupport.parkNanos(PAUSE.toNanos());
          sent = sendAgain(operation, command, sent, isBlocked);
        } else {
          throw failed;
        }
        wasSentAgain = true;
      }
    }
  }

  /** Sends a command again that the server has not run. */
  private <T extends @Nullable Object> Sent<T> sendAgain(
      Operation operation, Command<T> command, Sent<T> before, BooleanSupplier isBlocked) {
    if (isBlocked.getAsBoolean()) {
      link.replace(before.over());
      return send(operation, command, another(operation, before.over()));
    }
    return send(operation, command);
  }

  /** Sends a command to the node that has its key while the slot is being moved there. */
  private <T extends @Nullable Object> Sent<T> ask(
      Operation operation,
      Command<T> command,
      CompletableFuture<StatefulRedisConnection<byte[], byte[]>> node) {
    try {
      return Sent.asking(node.get(timeout.toMillis(), TimeUnit.MILLISECONDS), command);
    } catch (InterruptedException interrupted) {
      throw RedisFailure.interrupted(operation, interrupted);
    } catch (TimeoutException late) {
      throw new SessionStoreException(
          operation
              + " failed, and nothing was done: the node to which the slot is being moved is not"
              + " connected in time",
          late);
    } catch (ExecutionException unreachable) {
      throw RedisFailure.of(operation, Link.reason(unreachable));
    } catch (RuntimeException failure) {
      throw RedisFailure.of(operation, failure);
    }
  }

  /** Waits for a connection that replaces an unusable one. */
  private StatefulRedisConnection<byte[], byte[]> another(
      Operation operation, StatefulRedisConnection<byte[], byte[]> before) {
    StatefulRedisConnection<byte[], byte[]> next;
    try {
      next = link.awaitAnother(before, timeout);
    } catch (InterruptedException interrupted) {
      throw RedisFailure.interrupted(operation, interrupted);
    }
    if (next == null) {
      throw new SessionStoreException(
          operation + " failed, and nothing was done: Redis is not connected again in time");
    }
    return next;
  }

  private <T extends @Nullable Object> T await(Operation operation, Sent<T> sent, Duration patience)
      throws ExecutionException {
    RedisFuture<T> answer = sent.answer();
    try {
      return answer.get(patience.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException failed) {
      if (RedisFailure.isOfReplica(cause(failed))) {
        leaveReplica(sent.over());
      }
      throw failed;
    } catch (CancellationException closed) {
      throw new ExecutionException(closed); // The client cancels what a closed connection has.
    } catch (TimeoutException late) {
      answer.cancel(true);
      throw new ExecutionException(
          new RedisCommandTimeoutException("no answer within " + patience.toMillis() + " ms"));
    } catch (InterruptedException interrupted) {
      answer.cancel(true);
      Thread.currentThread().interrupt();
      throw new SessionStoreException(
          operation + " may have happened or not: the thread was interrupted", interrupted);
    }
  }

  private void leaveReplica(StatefulRedisConnection<byte[], byte[]> over) {
    if (link.demoted(over)) {
      for (Link other : together) {
        if (other != link) {
          other.demoted();
        }
      }
    }
  }

  private static Throwable cause(ExecutionException failed) {
    Throwable cause = failed.getCause();
    return cause == null ? failed : cause;
  }

  /** Refuses all further commands, and closes the link. */
  @Override
  public void close() {
    closed = true;
    link.close();
  }
}
