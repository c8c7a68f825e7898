package io.coatcheck.session.redis;

import io.coatcheck.session.background.Operation;
import io.lettuce.core.RedisFuture;
import io.lettuce.core.api.async.RedisAsyncCommands;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One run of a script.
 *
 * @param operation the operation that runs the script
 * @param arguments built again each time it is sent, since the current time is one of them
 */
record Call(Operation operation, Script script, List<byte[]> keys, Supplier<byte[][]> arguments) {

  /** Creates a call whose arguments do not depend on when it is sent. */
  static Call of(Operation operation, Script script, List<byte[]> keys, byte[]... arguments) {
    return new Call(operation, script, keys, () -> arguments);
  }

  /** Sends the script by its digest. */
  <T extends @Nullable Object> RedisFuture<T> byDigest(
      RedisAsyncCommands<byte[], byte[]> commands) {
    return commands.evalsha(script.digest, script.output, names(), arguments.get());
  }

  /** Sends the text of the script. */
  <T extends @Nullable Object> RedisFuture<T> byText(RedisAsyncCommands<byte[], byte[]> commands) {
    return commands.eval(script.text, script.output, names(), arguments.get());
  }

  private byte[][] names() {
    return keys.toArray(byte[][]::new);
  }
}
