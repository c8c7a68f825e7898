package io.coatcheck.session.redis;

import io.coatcheck.session.store.BatchLookup;
import io.coatcheck.session.token.SessionId;
import io.lettuce.core.RedisFuture;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/** Reads the first bytes of many records, in one round trip. */
final class RedisBatchLookup implements BatchLookup {

  private static final int STAMP = 1 + 2 * Long.BYTES;
  private static final Operation OPERATION = new Operation("stamps");

  private final Connection redis;
  private final Keys keys;

  RedisBatchLookup(Connection redis, Keys keys) {
    this.redis = redis;
    this.keys = keys;
  }

  @Override
  public Map<SessionId, Stamp> stamps(Set<SessionId> ids) {
    if (ids.size() > MAX_IDS) {
      throw new IllegalArgumentException("at most " + MAX_IDS + " ids: " + ids.size());
    }
    Map<SessionId, RedisFuture<byte[]>> sent = new LinkedHashMap<>();
    for (SessionId id : ids) {
      sent.put(
          id, redis.send(OPERATION, commands -> commands.getrange(keys.record(id), 0, STAMP - 1)));
    }
    Map<SessionId, Stamp> stamps = new HashMap<>();
    sent.forEach(
        (id, answer) -> {
          byte[] head = redis.finish(OPERATION, answer);
          if (head.length == STAMP) {
            stamps.put(id, new Stamp(SessionRecord.version(head), SessionRecord.lastSeenAt(head)));
          }
        });
    return stamps;
  }
}
