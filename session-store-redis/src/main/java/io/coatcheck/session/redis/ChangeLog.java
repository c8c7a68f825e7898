package io.coatcheck.session.redis;

import io.coatcheck.session.background.Operation;
import io.coatcheck.session.store.ChangeListeners;
import io.lettuce.core.Limit;
import io.lettuce.core.Range;
import io.lettuce.core.RedisFuture;
import io.lettuce.core.StreamMessage;
import io.lettuce.core.api.StatefulRedisConnection;
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
 * The log of changes of a bucket. It is a stream; the scripts add to it in the same step in which
 * they change a session. So a change that was acknowledged is in the log, and a change in the log
 * has taken effect.
 *
 * <p>The position is the last entry that was read. Each read begins with it: if it is no longer
 * there, the log was trimmed, or the server has lost data, and changes were missed.
 *
 * <p>Used by one thread.
 */
final class ChangeLog {

  private static final Logger LOG = LoggerFactory.getLogger(RedisSessionStore.class);
  private static final Operation OPERATION = new Operation("reading the changes");
  private static final int PAGE = 1_000;
  private static final byte[] MARK = "m".getBytes(StandardCharsets.US_ASCII);

  private final Connection redis;
  private final Keys keys;
  private final ChangeListeners listeners;
  private final Runnable elsewhere;
  private final byte[] nothing;

  /** The last entry that was read; null if the end of the log must be found first. */
  private @Nullable StreamMessage<byte[], byte[]> position;

  /**
   * The connection over which the position was read. Another connection may lead to another server,
   * which has the position but lacks changes that this node has written and not read since.
   */
  private @Nullable StatefulRedisConnection<byte[], byte[]> source;

  /** The answer with the entries after the position, not yet read. */
  private @Nullable Sent<List<StreamMessage<byte[], byte[]>>> asked;

  /** The write that shows that the server which was asked is a primary; not read yet. */
  private @Nullable Sent<Long> written;

  ChangeLog(Connection redis, Keys keys, ChangeListeners listeners, Runnable elsewhere) {
    this.redis = redis;
    this.keys = keys;
    this.listeners = listeners;
    this.elsewhere = elsewhere;
    nothing = keys.nothing();
  }

  /** Adds an entry that names no session. */
  static RedisFuture<String> mark(RedisAsyncCommands<byte[], byte[]> commands, Keys keys) {
    return commands.xadd(keys.changes(), Map.of(MARK, MARK));
  }

  /** Discards the position, while there are no listeners. */
  void rest() {
    position = null;
    source = null;
  }

  /** Asks for the new entries, without waiting for the answer. */
  void ask() {
    StreamMessage<byte[], byte[]> last = position;
    asked = null;
    written = null;
    if (last != null) {
      Sent<List<StreamMessage<byte[], byte[]>>> sent = redis.send(OPERATION, after(last));
      written = redis.send(OPERATION, this::deleteNothing, sent.over());
      asked = sent;
    }
  }

  /**
   * Deletes a key that never exists. A replica, such as a former primary, refuses the command; its
   * log may lag. A primary without the replicas that it needs refuses it too.
   */
  private RedisFuture<Long> deleteNothing(RedisAsyncCommands<byte[], byte[]> commands) {
    return commands.del(nothing);
  }

  private Command<List<StreamMessage<byte[], byte[]>>> after(StreamMessage<byte[], byte[]> last) {
    return commands ->
        commands.xrange(keys.changes(), Range.create(last.getId(), "+"), Limit.from(PAGE + 1));
  }

  /**
   * Reads the answer to {@link #ask}, and notifies the listeners.
   *
   * @return whether there may be more
   */
  boolean read() {
    StreamMessage<byte[], byte[]> last = position;
    Sent<List<StreamMessage<byte[], byte[]>>> sent = asked;
    Sent<Long> write = written;
    if (last == null) {
      position = end();
      // Changes between the subscription and now were not read.
      listeners.missed();
      return false;
    }
    if (sent == null || write == null) {
      return true; // It could not be asked, which was reported.
    }
    asked = null;
    written = null;
    if (sent.over() != source) {
      return readElsewhere();
    }
    Connection.Ran<List<StreamMessage<byte[], byte[]>>> log =
        redis.finishSettled(OPERATION, after(last), sent);
    Connection.Ran<Long> proof = redis.finishSettled(OPERATION, this::deleteNothing, write);
    if (log.over() != source || proof.over() != source) {
      return readElsewhere();
    }
    List<StreamMessage<byte[], byte[]>> entries = log.value();
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
    return entries.size() == PAGE + 1;
  }

  /** Discards the position, which may belong to another server than the one that answers now. */
  private boolean readElsewhere() {
    LOG.info("all copies are discarded: Redis was reconnected, and may lack the last changes");
    elsewhere.run();
    position = null;
    return true;
  }

  /** Returns the last entry of the log. If the log is empty, adds one first. */
  private StreamMessage<byte[], byte[]> end() {
    Command<List<StreamMessage<byte[], byte[]>>> newest =
        commands -> commands.xrevrange(keys.changes(), Range.unbounded(), Limit.from(1));
    while (true) {
      Sent<List<StreamMessage<byte[], byte[]>>> sent = redis.send(OPERATION, newest);
      List<StreamMessage<byte[], byte[]>> last = redis.finish(OPERATION, newest, sent);
      if (!last.isEmpty()) {
        source = sent.over();
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
