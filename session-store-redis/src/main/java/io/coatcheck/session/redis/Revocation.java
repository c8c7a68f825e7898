package io.coatcheck.session.redis;

import static io.coatcheck.session.redis.SessionRecord.text;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.coatcheck.session.background.Operation;
import io.coatcheck.session.store.DeletedSessions;
import io.coatcheck.session.store.SessionStoreException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Ends sessions of a principal, in steps. Used by one thread. */
final class Revocation {

  /** Stands for any authentication. */
  static final byte[] ANY = new byte[0];

  private final Buckets buckets;
  final Operation operation;
  final String principal;
  private final @Nullable Moment unexpiredAt;
  private final boolean needAttributes;
  private final EndedRecords ended;

  /**
   * The records of ended sessions. They are handed over when all sessions have ended, or earlier if
   * they are too many.
   */
  private final Queue<byte[]> pending = new ArrayDeque<>();

  private int count;
  private @Nullable SessionStoreException unconfirmed;

  Revocation(
      Buckets buckets,
      String name,
      String principal,
      @Nullable Moment unexpiredAt,
      DeletedSessions deleted) {
    this.buckets = buckets;
    operation = new Operation(name);
    this.principal = principal;
    this.unexpiredAt = unexpiredAt;
    needAttributes = deleted.needAttributes();
    ended =
        new EndedRecords(
            needAttributes ? SessionRecord::read : SessionRecord::readWithoutAttributes, deleted);
  }

  /** Returns how many sessions have ended. */
  int count() {
    return count;
  }

  /**
   * Sends the script that ends sessions. Each is given by its id and its authentication, or {@link
   * #ANY}.
   */
  private ConfirmedWrites.Running<List<Object>> begin(
      Bucket bucket, List<byte[]> part, long deadline) {
    return bucket.writes().begin(call(bucket, part), any -> true, deadline);
  }

  /** Waits until the script has ended the sessions. */
  private Step finish(Bucket bucket, ConfirmedWrites.Running<List<Object>> ending) {
    ConfirmedWrites.Answer<List<Object>> answer = bucket.writes().finish(ending);
    Step done = Step.of(answer.value());
    if (unconfirmed == null) {
      unconfirmed = answer.unconfirmed();
    }
    count += done.records().size();
    pending.addAll(done.records());
    if (pending.stream().mapToLong(record -> record.length).sum() >= Step.MAX_BYTES) {
      handOverPending();
    }
    return done;
  }

  private Call call(Bucket bucket, List<byte[]> part) {
    Keys keys = bucket.keys();
    return new Call(
        operation,
        Script.REVOKE,
        bucket.confirmed(List.of(keys.expiry(), keys.records(), keys.principals(), keys.changes())),
        () -> {
          List<byte[]> arguments = new ArrayList<>(part.size() + 4);
          arguments.add(principal.getBytes(UTF_8));
          arguments.add(text(needAttributes ? 1 : 0));
          arguments.add(text(Step.MAX_BYTES / buckets.all().size()));
          arguments.add(unexpiredAt == null ? ANY : unexpiredAt.text());
          arguments.addAll(part);
          return arguments.toArray(byte[][]::new);
        });
  }

  /** Ends sessions in each bucket. A failure in one bucket does not stop the others. */
  void run(Function<Bucket, Ending> work) {
    Throwable failure = null;
    try {
      buckets.forEach(work);
    } catch (RuntimeException | Error failed) {
      failure = failed;
    }
    handOverPending();
    ended.finish(unconfirmed == null ? failure : Failures.add(failure, unconfirmed));
  }

  private void handOverPending() {
    for (byte[] record = pending.poll(); record != null; record = pending.poll()) {
      ended.accept(record);
    }
  }

  /** Ends sessions of a principal in one bucket: asks for a page of them, then ends some. */
  abstract static class Ending implements Buckets.Work {
    final Revocation revocation;
    final Bucket bucket;

    /** Pairs of an id and the moment of authentication that the session must still have. */
    private List<byte[]> chosen = List.of();

    private boolean isLastPage;
    private boolean hasEndedNone = true;
    private ConfirmedWrites.@Nullable Running<List<Object>> running;

    Ending(Revocation revocation, Bucket bucket) {
      this.revocation = revocation;
      this.bucket = bucket;
    }

    /** Asks for the next page. */
    abstract void ask();

    /** Reads the page, and adds the sessions to end. Returns whether there may be another page. */
    abstract boolean read(List<byte[]> ending);

    /** Returns whether a script must run even if there is nothing to end. */
    abstract boolean isConfirmed();

    @Override
    public final boolean isDone() {
      return isLastPage && chosen.isEmpty() && !(hasEndedNone && isConfirmed());
    }

    @Override
    public final boolean send(long deadline) {
      if (chosen.isEmpty() && !isLastPage) {
        ask();
      } else {
        int most = Math.min(2 * Step.MAX_SESSIONS, chosen.size());
        running = revocation.begin(bucket, chosen.subList(0, most), deadline);
        hasEndedNone = false;
      }
      return true;
    }

    @Override
    public final void receive() {
      if (running != null) {
        Connection.Ran<List<Object>> unused = bucket.writes().receive(running);
      }
    }

    @Override
    public final void finish() {
      ConfirmedWrites.Running<List<Object>> ending = running;
      if (ending == null) {
        List<byte[]> page = new ArrayList<>();
        isLastPage = !read(page);
        chosen = page;
      } else {
        running = null;
        Step done = revocation.finish(bucket, ending);
        chosen = chosen.subList(2 * done.lookedAt(), chosen.size());
      }
    }
  }
}
