package io.coatcheck.session.redis;

import io.lettuce.core.RedisFuture;
import io.lettuce.core.api.async.RedisAsyncCommands;
import org.jspecify.annotations.Nullable;

/** A command with its arguments. It may be sent several times, over different connections. */
interface Command<T extends @Nullable Object> {

  /** Sends the command without waiting for its answer. */
  RedisFuture<T> send(RedisAsyncCommands<byte[], byte[]> commands);
}
