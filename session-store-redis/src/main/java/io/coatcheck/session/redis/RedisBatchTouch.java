package io.coatcheck.session.redis;

import io.coatcheck.session.store.BatchTouch;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import io.lettuce.core.RedisFuture;
import java.time.Instant;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Touches many sessions, one script each, in one round trip. */
final class RedisBatchTouch implements BatchTouch {

  private static final Operation OPERATION = new Operation("touchAll");

  private final Connection redis;
  private final Keys keys;

  RedisBatchTouch(Connection redis, Keys keys) {
    this.redis = redis;
    this.keys = keys;
  }

  @Override
  public Set<SessionId> touchAll(Map<SessionId, Instant> lastSeenAt, Instant now) {
    if (lastSeenAt.size() > MAX_IDS) {
      throw new IllegalArgumentException("at most " + MAX_IDS + " ids: " + lastSeenAt.size());
    }
    StoredSession.millisOf(now, "now");
    lastSeenAt.values().forEach(moment -> StoredSession.millisOf(moment, "lastSeenAt"));
    Map<SessionId, RedisFuture<Long>> sent = new LinkedHashMap<>();
    lastSeenAt.forEach(
        (id, moment) ->
            sent.put(id, redis.send(OPERATION, Script.TOUCH, keysOf(id), arguments(moment, now))));
    Set<SessionId> touched = new HashSet<>();
    sent.forEach(
        (id, answer) -> {
          long found =
              redis.finish(
                  OPERATION,
                  Script.TOUCH,
                  answer,
                  keysOf(id),
                  arguments(lastSeenAt.getOrDefault(id, now), now));
          if (found == 1) {
            touched.add(id);
          }
        });
    return touched;
  }

  private List<byte[]> keysOf(SessionId id) {
    return List.of(keys.record(id));
  }

  /** Returns the arguments of a touch. */
  static byte[][] arguments(Instant lastSeenAt, Instant now) {
    long seen = StoredSession.millisOf(lastSeenAt, "lastSeenAt");
    return new byte[][] {
      SessionRecord.text(seen),
      SessionRecord.bytes(seen),
      SessionRecord.text(StoredSession.millisOf(now, "now"))
    };
  }
}
