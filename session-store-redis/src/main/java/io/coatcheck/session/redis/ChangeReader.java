package io.coatcheck.session.redis;

import io.coatcheck.session.background.PolledChangeFeed;
import io.coatcheck.session.store.ChangeListeners;
import io.lettuce.core.Limit;
import io.lettuce.core.Range;
import io.lettuce.core.RedisFuture;
import io.lettuce.core.StreamMessage;
import io.lettuce.core.api.async.RedisAsyncCommands;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the log of changes, a stream to which the scripts add in the same step as they change a
 * session: so a change that was acknowledged is in the log, and one in the log has taken effect.
 *
 * <p>The position is the last entry that was read. Each read begins with it: if it is no longer
 * there, the log was trimmed, or the server has lost data, and changes were missed.
 *
 * <p>Used by one thread.
 */
final class ChangeReader implements PolledChangeFeed.Reader {

  private static final Logger LOG = LoggerFactory.getLogger(RedisSessionStore.class);
  private static final Operation OPERATION = new Operation("reading the changes");
  private static final int PAGE = 1_000;
  private static final byte[] MARK = "m".getBytes(StandardCharsets.US_ASCII);

  private final Connection redis;
  private final Keys keys;
  private final ChangeListeners listeners;

  /** The last entry that was read; null if the end of the log must be found first. */
  private @Nullable StreamMessage<byte[], byte[]> position;

  ChangeReader(Connection redis, Keys keys, ChangeListeners listeners) {
    this.redis = redis;
    this.keys = keys;
    this.listeners = listeners;
  }

  /** Adds an entry that is about no session. */
  static RedisFuture<String> mark(RedisAsyncCommands<byte[], byte[]> commands, Keys keys) {
    return commands.xadd(keys.changes(), Map.of(MARK, MARK));
  }

  @Override
  public void rest() {
    position = null;
  }

  @Override
  public boolean read() {
    long asked = System.nanoTime();
    StreamMessage<byte[], byte[]> last = position;
    if (last == null) {
      position = end();
      // What changed between the subscription and now was not read.
      listeners.missed();
      listeners.completeUpTo(asked);
      return false;
    }
    List<StreamMessage<byte[], byte[]>> entries =
        redis.run(
            OPERATION,
            commands ->
                commands.xrange(
                    keys.changes(), Range.create(last.getId(), "+"), Limit.from(PAGE + 1)));
    if (entries.isEmpty() || !isSame(entries.get(0), last)) {
      LOG.warn(
          "changes were missed, and all copies are discarded: the last change that was read is no"
              + " longer in the log, since this node was paused or Redis has lost it");
      position = null;
      return true;
    }
    for (StreamMessage<byte[], byte[]> entry : entries.subList(1, entries.size())) {
      byte[] value = value(entry);
      if (value.length == 2 * Long.BYTES) {
        listeners.changed(Keys.id(value));
      }
      position = entry;
    }
    if (entries.size() == PAGE + 1) {
      return true;
    }
    listeners.completeUpTo(asked);
    return false;
  }

  /** Returns the last entry of the log; adds one to a log without any. */
  private StreamMessage<byte[], byte[]> end() {
    while (true) {
      List<StreamMessage<byte[], byte[]>> last =
          redis.run(
              OPERATION,
              commands -> commands.xrevrange(keys.changes(), Range.unbounded(), Limit.from(1)));
      if (!last.isEmpty()) {
        return last.get(0);
      }
      redis.run(OPERATION, commands -> mark(commands, keys));
    }
  }

  /** After a failover, another entry may have the same number. */
  private static boolean isSame(
      StreamMessage<byte[], byte[]> one, StreamMessage<byte[], byte[]> other) {
    return one.getId().equals(other.getId()) && Arrays.equals(value(one), value(other));
  }

  private static byte[] value(StreamMessage<byte[], byte[]> entry) {
    Collection<byte[]> values = entry.getBody().values();
    return values.isEmpty() ? MARK : values.iterator().next();
  }
}
