package io.coatcheck.session.redis;

import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.token.SessionId;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * All sessions of a store. They have one hash tag, or are spread over several, which a Redis
 * Cluster keeps on different nodes. A session stays in the bucket that its id determines.
 */
record Buckets(List<Bucket> all) implements AutoCloseable {

  Buckets {
    all = List.copyOf(all);
  }

  /** Returns the bucket of a session: the last bits of an id are random. */
  Bucket of(SessionId id) {
    return all.get((int) Long.remainderUnsigned(id.leastSignificantBits(), all.size()));
  }

  /**
   * Returns whether there is only one bucket, so that a script sees all sessions of a principal.
   */
  boolean isOne() {
    return all.size() == 1;
  }

  /** The work in one bucket, in steps of one round trip each. */
  interface Work {

    /** Returns whether there is no step left. */
    boolean isDone();

    /**
     * Sends the next step, or leaves it for later.
     *
     * @param deadline until when it may wait for a connection, by {@link System#nanoTime}
     * @return whether it was sent; {@link #finish} is then called
     */
    boolean send(long deadline);

    /** Waits for the answer to the step, and not for its confirmation, if there is one. */
    default void receive() {}

    /** Waits for the rest. */
    void finish();
  }

  /**
   * Runs work in each bucket, even after a failure in another one: an unreachable node does not
   * keep sessions of other nodes alive. Sends the steps of all buckets before it waits for the
   * first answer, so that it waits for all nodes that do not answer at the same time.
   *
   * @throws SessionStoreException the first one, with the others suppressed in it
   */
  void forEach(Function<Bucket, ? extends Work> works) {
    long patience = all.get(0).redis().timeout().toNanos();
    List<Work> left = new ArrayList<>();
    all.forEach(bucket -> left.add(works.apply(bucket)));
    Throwable first = null;
    List<Work> sent = new ArrayList<>(left);
    while (!sent.isEmpty()) {
      long deadline = System.nanoTime() + patience;
      sent.clear();
      for (Work work : List.copyOf(left)) {
        try {
          if (work.send(deadline)) {
            sent.add(work);
          }
        } catch (RuntimeException | Error failure) {
          left.remove(work);
          first = Failures.add(first, failure);
        }
      }
      // Each one, even after an error: a step that was sent may hold a connection.
      for (Work work : List.copyOf(sent)) {
        try {
          work.receive();
        } catch (RuntimeException | Error failure) {
          left.remove(work);
          sent.remove(work);
          first = Failures.add(first, failure);
        }
      }
      for (Work work : sent) {
        try {
          work.finish();
        } catch (RuntimeException | Error failure) {
          left.remove(work);
          first = Failures.add(first, failure);
        }
      }
      left.removeIf(Work::isDone);
    }
    Failures.throwIfAny(first);
  }

  /** Runs work, and returns the first failure so far. */
  static @Nullable SessionStoreException attempt(
      Runnable work, @Nullable SessionStoreException before) {
    try {
      work.run();
      return before;
    } catch (SessionStoreException failure) {
      if (before == null) {
        return failure;
      }
      before.addSuppressed(failure);
      return before;
    }
  }

  @Override
  public void close() {
    Failures.runEach(all.stream().<Runnable>map(bucket -> bucket::close).toList());
  }
}
