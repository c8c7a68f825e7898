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
    // The buckets in which nothing has failed. So an unreachable node is waited for only once, and
    // activity on other nodes is stored nevertheless.
    Set<Bucket> left = new HashSet<>(buckets.all());
    Throwable failure = null;
    for (Map.Entry<SessionId, Instant> touch : lastSeenAt.entrySet()) {
      SessionId id = touch.getKey();
      Bucket bucket = buckets.of(id);
      if (left.contains(bucket)) {
        try {
          sent.put(id, bucket.redis().send(call(id, touch.getValue(), asked)));
        } catch (RuntimeException | Error failed) {
          left.remove(bucket);
          failure = Failures.add(failure, failed);
        }
      }
    }
    Set<SessionId> touched = new HashSet<>();
    for (Map.Entry<SessionId, Sent<Long>> answer : sent.entrySet()) {
      SessionId id = answer.getKey();
      Bucket bucket = buckets.of(id);
      if (left.contains(bucket)) {
        try {
          Call call = call(id, lastSeenAt.getOrDefault(id, now), asked);
          if (bucket.redis().finish(call, answer.getValue()).value() == 1) {
            touched.add(id);
          }
        } catch (RuntimeException | Error failed) {
          left.remove(bucket);
          failure = Failures.add(failure, failed);
        }
      }
    }
    Failures.throwIfAny(failure);
    return touched;
  }

  private Call call(SessionId id, Instant lastSeenAt, Moment now) {
    return buckets.of(id).touching(OPERATION, id, lastSeenAt, now);
  }
}
