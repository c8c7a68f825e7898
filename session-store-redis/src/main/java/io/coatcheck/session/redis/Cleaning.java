package io.coatcheck.session.redis;

import static io.coatcheck.session.redis.SessionRecord.text;
import static java.util.Objects.requireNonNull;

import io.coatcheck.session.background.Operation;
import io.coatcheck.session.store.CleanUp;
import io.coatcheck.session.store.StoredSession;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** One call of the clean-up, in steps that end at a limit. Used by one thread. */
final class Cleaning {

  private static final Operation OPERATION = new Operation("deleteExpired");

  private final byte[] cutoff;
  private final EndedRecords ended;
  private int left;
  private int count;

  Cleaning(Instant cutoff, int limit, Consumer<StoredSession> deleted) {
    if (limit < 1) {
      throw new IllegalArgumentException("limit must be at least 1: " + limit);
    }
    this.cutoff = text(StoredSession.millisOf(cutoff, "cutoff"));
    ended = new EndedRecords(SessionRecord::read, deleted);
    left = limit;
  }

  /** Cleans the buckets, beginning with a different one in each turn. */
  CleanUp run(Buckets buckets, int turn) {
    List<Bucket> inTurn = new ArrayList<>(buckets.all());
    Collections.rotate(inTurn, turn);
    List<Portion> portions = new ArrayList<>();
    Throwable failure = null;
    try {
      new Buckets(inTurn)
          .forEach(
              bucket -> {
                Portion portion = new Portion(bucket, inTurn.size());
                portions.add(portion);
                return portion;
              });
    } catch (RuntimeException | Error failed) {
      failure = failed;
    }
    ended.finish(failure);
    return new CleanUp(count, portions.stream().allMatch(Portion::isDone));
  }

  /** The part of the work that concerns one bucket. */
  private final class Portion implements Buckets.Work {
    private final Bucket bucket;
    private final int buckets;
    private final int maxBytes;
    private boolean isClean;
    private int most;
    private @Nullable Call call;
    private @Nullable Sent<List<Object>> sent;

    Portion(Bucket bucket, int buckets) {
      this.bucket = bucket;
      this.buckets = buckets;
      maxBytes = Step.MAX_BYTES / buckets;
    }

    @Override
    public boolean isDone() {
      return isClean;
    }

    @Override
    public boolean send(long deadline) {
      // The limit is shared: this step gives back the part that it did not use.
      most = Math.min(left, Math.min(Step.MAX_SESSIONS, Math.max(1, left / buckets)));
      if (most == 0) {
        return false;
      }
      Call next = call(bucket.keys(), most, maxBytes);
      call = next;
      sent = bucket.redis().send(next);
      left -= most;
      return true;
    }

    @Override
    public void finish() {
      List<Object> answer =
          bucket.redis().finish(requireNonNull(call), requireNonNull(sent)).value();
      Step step = Step.of(answer);
      left += most - step.lookedAt();
      count += step.records().size();
      step.records().forEach(ended);
      isClean = step.lookedAt() < most && !step.isFull(maxBytes);
    }
  }

  private Call call(Keys keys, int most, int maxBytes) {
    return Call.of(
        OPERATION,
        Script.EXPIRE,
        List.of(keys.expiry(), keys.records(), keys.principals(), keys.changes()),
        cutoff,
        text(most),
        text(maxBytes));
  }
}
