package io.coatcheck.session.redis;

import static io.coatcheck.session.redis.SessionRecord.text;
import static java.nio.charset.StandardCharsets.US_ASCII;

import io.coatcheck.session.store.Admission;
import io.coatcheck.session.store.LoginLimit;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.WhenFull;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/** Keeps the number of a principal's sessions within a limit, by one script. */
final class RedisLoginLimit implements LoginLimit {

  private final Connection redis;
  private final Keys keys;

  RedisLoginLimit(Connection redis, Keys keys) {
    this.redis = redis;
    this.keys = keys;
  }

  @Override
  public Admission admit(
      StoredSession session, boolean isNew, int limit, WhenFull whenFull, Instant now) {
    if (session.principal().isEmpty()) {
      throw new IllegalArgumentException("a session without a principal has no limit");
    }
    if (limit < 1) {
      throw new IllegalArgumentException("limit must be at least 1: " + limit);
    }
    long moment = StoredSession.millisOf(now, "now");
    Operation operation = new Operation("admit", session.id());
    boolean hasNext = session.version() < Long.MAX_VALUE;
    long version = isNew || !hasNext ? session.version() : session.version() + 1;
    List<Object> answer =
        redis.runForList(
            operation,
            Script.ADMIT,
            List.of(
                keys.record(session.id()),
                keys.expiry(),
                keys.principals(),
                keys.records(),
                keys.changes()),
            Keys.bytes(session.id()),
            SessionRecord.write(session, version),
            text(isNew ? 1 : 0),
            SessionRecord.bytes(session.version()),
            text(moment),
            text(hasNext ? 1 : 0),
            text(limit),
            text(whenFull == WhenFull.EVICT_OLDEST ? 1 : 0),
            text(MAX_EVICTED));
    String outcome = new String((byte[]) answer.get(0), US_ASCII);
    if (outcome.equals("EXISTS")) {
      throw RedisSessionStore.exists(operation);
    }
    if (outcome.equals("LAST")) {
      throw RedisSessionStore.lastVersion(operation);
    }
    List<StoredSession> ended = new ArrayList<>();
    for (Object record : answer.subList(1, answer.size())) {
      RedisSessionStore.readDeleted((byte[]) record).ifPresent(ended::add);
    }
    return new Admission(Admission.Outcome.valueOf(outcome), ended);
  }
}
