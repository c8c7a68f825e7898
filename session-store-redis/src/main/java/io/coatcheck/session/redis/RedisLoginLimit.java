package io.coatcheck.session.redis;

import static io.coatcheck.session.redis.SessionRecord.text;
import static java.nio.charset.StandardCharsets.US_ASCII;

import io.coatcheck.session.background.Operation;
import io.coatcheck.session.store.Admission;
import io.coatcheck.session.store.LoginLimit;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.store.WhenFull;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/** Keeps the number of a principal's sessions within a limit, by one script on one bucket. */
final class RedisLoginLimit implements LoginLimit {

  private final Bucket bucket;

  RedisLoginLimit(Bucket bucket) {
    this.bucket = bucket;
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
    Moment moment = new Moment(now);
    Operation operation = new Operation("admit", session.id());
    boolean hasNext = session.version() < Long.MAX_VALUE;
    long version = isNew || !hasNext ? session.version() : session.version() + 1;
    Keys keys = bucket.keys();
    byte[] record = SessionRecord.write(session, version);
    Call call =
        new Call(
            operation,
            Script.ADMIT,
            List.of(
                keys.record(session.id()),
                keys.expiry(),
                keys.principals(),
                keys.records(),
                keys.changes()),
            () ->
                new byte[][] {
                  Keys.bytes(session.id()),
                  record,
                  text(isNew ? 1 : 0),
                  SessionRecord.bytes(session.version()),
                  moment.text(),
                  text(hasNext ? 1 : 0),
                  text(limit),
                  text(whenFull == WhenFull.EVICT_OLDEST ? 1 : 0),
                  text(MAX_EVICTED)
                });
    List<Object> answer = bucket.writes().<List<Object>>run(call, RedisLoginLimit::isStored).get();
    String outcome = outcome(answer);
    if (outcome.equals("EXISTS")) {
      throw Bucket.exists(operation);
    }
    if (outcome.equals("LAST")) {
      throw Bucket.lastVersion(operation);
    }
    return new Admission(
        Admission.Outcome.valueOf(outcome), ended(answer.subList(1, answer.size())));
  }

  private static List<StoredSession> ended(List<Object> records) {
    List<StoredSession> ended = new ArrayList<>();
    for (Object record : records) {
      Bucket.readEnded((byte[]) record).ifPresent(ended::add);
    }
    return ended;
  }

  private static String outcome(List<Object> answer) {
    return new String((byte[]) answer.get(0), US_ASCII);
  }

  private static boolean isStored(List<Object> answer) {
    return outcome(answer).equals("STORED");
  }
}
