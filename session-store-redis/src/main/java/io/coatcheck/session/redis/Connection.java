package io.coatcheck.session.redis;

import io.coatcheck.session.background.Breaker;
import io.coatcheck.session.store.SessionStoreException;
import io.lettuce.core.RedisCommandTimeoutException;
import io.lettuce.core.RedisFuture;
import io.lettuce.core.RedisNoScriptException;
import io.lettuce.core.api.async.RedisAsyncCommands;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The calls of the server. Bounds each one, and sends no command twice.
 *
 * <p>Thread-safe: all threads share one connection, on which their commands follow each other.
 */
final class Connection implements AutoCloseable {

  private final Link link;
  private final Duration timeout;
  private final Breaker breaker;
  private volatile boolean closed;

  Connection(Link link, Duration timeout, Breaker breaker) {
    this.link = link;
    this.timeout = timeout;
    this.breaker = breaker;
  }

  /** Returns whether {@link #resolve} fails at once, except for probes. */
  boolean isFailingFast() {
    return breaker.isOpen();
  }

  /** Runs a command that reads, or fails at once if the server has stopped answering. */
  <T extends @Nullable Object> T resolve(
      Operation operation, Function<RedisAsyncCommands<byte[], byte[]>, RedisFuture<T>> command) {
    Breaker.Call call = breaker.admit();
    if (call == null) {
      throw new SessionStoreException(
          operation
              + " failed at once: Redis has not answered "
              + Breaker.TIMEOUTS
              + " times in a row");
    }
    try {
      T answer = await(operation, send(operation, command));
      call.answered();
      return answer;
    } catch (ExecutionException failed) {
      Throwable failure = cause(failed);
      if (RedisFailure.isTimeout(failure)) {
        call.timedOut();
        if (breaker.isOpen()) {
          link.replace();
        }
      } else {
        call.answered();
      }
      throw RedisFailure.of(operation, failure);
    }
  }

  /** Runs a command. */
  <T extends @Nullable Object> T run(
      Operation operation, Function<RedisAsyncCommands<byte[], byte[]>, RedisFuture<T>> command) {
    return finish(operation, send(operation, command));
  }

  /** Sends a command without waiting for its answer. */
  <T extends @Nullable Object> RedisFuture<T> send(
      Operation operation, Function<RedisAsyncCommands<byte[], byte[]>, RedisFuture<T>> command) {
    if (closed) {
      throw new SessionStoreException(operation + " failed: the store is closed");
    }
    RedisAsyncCommands<byte[], byte[]> commands = link.commands();
    if (commands == null) {
      throw new SessionStoreException(operation + " failed: Redis is not connected");
    }
    try {
      return command.apply(commands);
    } catch (RuntimeException failure) {
      throw RedisFailure.of(operation, failure);
    }
  }

  /** Waits for the answer to a command that was sent. */
  <T extends @Nullable Object> T finish(Operation operation, RedisFuture<T> sent) {
    try {
      return await(operation, sent);
    } catch (ExecutionException failed) {
      throw RedisFailure.of(operation, cause(failed));
    }
  }

  /** Runs a script that returns a number. */
  long runForNumber(Operation operation, Script script, List<byte[]> keys, byte[]... arguments) {
    RedisFuture<Long> sent = send(operation, script, keys, arguments);
    return finish(operation, script, sent, keys, arguments);
  }

  /** Runs a script that returns a record, or nothing. */
  byte @Nullable [] runForRecord(
      Operation operation, Script script, List<byte[]> keys, byte[]... arguments) {
    RedisFuture<byte @Nullable []> sent = send(operation, script, keys, arguments);
    return finish(operation, script, sent, keys, arguments);
  }

  /** Runs a script that returns a list of numbers and bytes. */
  List<Object> runForList(
      Operation operation, Script script, List<byte[]> keys, byte[]... arguments) {
    RedisFuture<List<Object>> sent = send(operation, script, keys, arguments);
    return finish(operation, script, sent, keys, arguments);
  }

  /** Sends a script, by its digest, without waiting for its answer. */
  <T extends @Nullable Object> RedisFuture<T> send(
      Operation operation, Script script, List<byte[]> keys, byte[]... arguments) {
    byte[][] names = keys.toArray(byte[][]::new);
    return send(
        operation, commands -> commands.evalsha(script.digest, script.output, names, arguments));
  }

  /**
   * Waits for the answer to a script. If the server does not know it, which means that it has not
   * run, the script is sent with its text.
   */
  <T extends @Nullable Object> T finish(
      Operation operation,
      Script script,
      RedisFuture<T> sent,
      List<byte[]> keys,
      byte[]... arguments) {
    try {
      return await(operation, sent);
    } catch (ExecutionException failed) {
      if (!(cause(failed) instanceof RedisNoScriptException)) {
        throw RedisFailure.of(operation, cause(failed));
      }
    }
    byte[][] names = keys.toArray(byte[][]::new);
    return run(operation, commands -> commands.eval(script.text, script.output, names, arguments));
  }

  private <T extends @Nullable Object> T await(Operation operation, RedisFuture<T> sent)
      throws ExecutionException {
    try {
      return sent.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException failed) {
      if (RedisFailure.isOfReplica(cause(failed))) {
        link.replace();
      }
      throw failed;
    } catch (TimeoutException late) {
      sent.cancel(true);
      throw new ExecutionException(
          new RedisCommandTimeoutException("no answer within " + timeout.toMillis() + " ms"));
    } catch (InterruptedException interrupted) {
      sent.cancel(true);
      Thread.currentThread().interrupt();
      throw new SessionStoreException(
          operation + " may have happened or not: the thread was interrupted", interrupted);
    }
  }

  private static Throwable cause(ExecutionException failed) {
    Throwable cause = failed.getCause();
    return cause == null ? failed : cause;
  }

  /** Closes the connection, without waiting for it. */
  @Override
  public void close() {
    if (!closed) {
      closed = true;
      link.close();
    }
  }
}
