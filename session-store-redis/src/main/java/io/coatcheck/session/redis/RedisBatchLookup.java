package io.coatcheck.session.redis;

import io.coatcheck.session.background.Operation;
import io.coatcheck.session.store.BatchLookup;
import io.coatcheck.session.token.SessionId;
import java.time.Instant;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/** Reads the first bytes of many records, in one round trip. */
final class RedisBatchLookup implements BatchLookup {

  private static final int STAMP = 1 + 2 * Long.BYTES;
  private static final Operation OPERATION = new Operation("stamps");

  /**
   * Stands for a record of a newer release, whose version may be elsewhere in it. The session
   * exists, and no copy agrees with it.
   */
  private static final Stamp NEWER = new Stamp(-1, Instant.EPOCH);

  private final Buckets buckets;

  RedisBatchLookup(Buckets buckets) {
    this.buckets = buckets;
  }

  @Override
  public Map<SessionId, Stamp> stamps(Set<SessionId> ids) {
    if (ids.size() > MAX_IDS) {
      throw new IllegalArgumentException("at most " + MAX_IDS + " ids: " + ids.size());
    }
    Map<SessionId, Sent<byte[]>> sent = new LinkedHashMap<>();
    for (SessionId id : ids) {
      sent.put(id, buckets.of(id).redis().send(OPERATION, head(id)));
    }
    Map<SessionId, Stamp> stamps = new HashMap<>();
    sent.forEach(
        (id, answer) -> {
          byte[] head = buckets.of(id).redis().finish(OPERATION, head(id), answer);
          if (head.length > 0 && SessionRecord.isNewer(head)) {
            stamps.put(id, NEWER);
          } else if (head.length == STAMP) {
            stamps.put(id, new Stamp(SessionRecord.version(head), SessionRecord.lastSeenAt(head)));
          }
        });
    return stamps;
  }

  private Command<byte[]> head(SessionId id) {
    byte[] key = buckets.of(id).keys().record(id);
    return commands -> commands.getrange(key, 0, STAMP - 1);
  }
}
