package io.coatcheck.session.redis;

import io.coatcheck.session.background.Operation;
import io.coatcheck.session.store.BatchTouch;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.time.Instant;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/** Touches many sessions, one script each, in one round trip. */
final class RedisBatchTouch implements BatchTouch {

  private static final Operation OPERATION = new Operation("touchAll");

  private final Buckets buckets;

  RedisBatchTouch(Buckets buckets) {
    this.buckets = buckets;
  }

  @Override
  public Set<SessionId> touchAll(Map<SessionId, Instant> lastSeenAt, Instant now) {
    if (lastSeenAt.size() > MAX_IDS) {
      throw new IllegalArgumentException("at most " + MAX_IDS + " ids: " + lastSeenAt.size());
    }
    Moment asked = new Moment(now);
    lastSeenAt.values().forEach(moment -> StoredSession.millisOf(moment, "lastSeenAt"));
    Map<SessionId, Sent<Long>> sent = new LinkedHashMap<>();
    lastSeenAt.forEach(
        (id, moment) -> sent.put(id, buckets.of(id).redis().send(call(id, moment, asked))));
    Set<SessionId> touched = new HashSet<>();
    sent.forEach(
        (id, answer) -> {
          Instant moment = lastSeenAt.getOrDefault(id, now);
          long found = buckets.of(id).redis().finish(call(id, moment, asked), answer).value();
          if (found == 1) {
            touched.add(id);
          }
        });
    return touched;
  }

  private Call call(SessionId id, Instant lastSeenAt, Moment now) {
    return buckets.of(id).touching(OPERATION, id, lastSeenAt, now);
  }
}
