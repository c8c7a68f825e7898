package io.coatcheck.session.redis;

import io.lettuce.core.RedisFuture;
import io.lettuce.core.api.StatefulRedisConnection;
import org.jspecify.annotations.Nullable;

/**
 * A command that was sent.
 *
 * @param over the connection
 * @param answer arrives later
 * @param at when it was sent, by {@link System#nanoTime}
 */
record Sent<T extends @Nullable Object>(
    StatefulRedisConnection<byte[], byte[]> over, RedisFuture<T> answer, long at) {

  /** Sends a command over a connection. */
  static <T extends @Nullable Object> Sent<T> send(
      StatefulRedisConnection<byte[], byte[]> over, Command<T> command) {
    long now = System.nanoTime();
    return new Sent<>(over, command.send(over.async()), now);
  }

  /**
   * Sends a command to a node to which its key is being moved. The node runs it only right after an
   * {@code ASKING}, so one thread at a time sends the two.
   */
  static <T extends @Nullable Object> Sent<T> asking(
      StatefulRedisConnection<byte[], byte[]> over, Command<T> command) {
    synchronized (over) {
      // If the server refuses this command, it refuses the next one too.
      RedisFuture<String> unused = over.async().asking();
      return send(over, command);
    }
  }
}
