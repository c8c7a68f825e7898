package io.coatcheck.session;

import io.coatcheck.session.event.DropReason;
import io.coatcheck.session.store.Admission;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The one place where a session that exists is written: compare-and-set, and again on the newer
 * snapshot if another request was first, until the store timeout.
 *
 * <p>Saves of one session on this node queue behind each other, so that they do not make each other
 * lose. The queue is a fixed set of locks, shared by sessions whose ids hash alike; no callback of
 * the application runs under one.
 */
final class SaveLoop {

  private static final int QUEUES = 512;
  private static final long LONGEST_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(32);

  private final Engine engine;
  private final Duration timeout;
  private final ReentrantLock[] queues = new ReentrantLock[QUEUES];

  SaveLoop(Engine engine, Duration timeout) {
    this.engine = engine;
    this.timeout = timeout;
    for (int i = 0; i < QUEUES; i++) {
      queues[i] = new ReentrantLock();
    }
  }

  /** What to store next. */
  interface Change {
    /** Returns what to store in place of {@code current}; empty if it is another's session now. */
    Optional<StoredSession> on(StoredSession current, Instant now);
  }

  /** How to store it: a plain update, or within a limit. */
  interface Write {
    Admission.Outcome of(StoredSession next, Instant now);
  }

  /**
   * What became of a write.
   *
   * @param session what is stored now; null unless stored
   * @param dropped why it was not stored, if the session is gone or another's
   */
  record Outcome(@Nullable StoredSession session, @Nullable DropReason dropped, int attempts) {

    /** Tells whether the limit refused it, the one reason that is neither stored nor dropped. */
    boolean isRefused() {
      return session == null && dropped == null;
    }
  }

  /** Does something while no other save of the same session runs on this node. */
  <T> T inTurn(SessionId id, Supplier<T> work) {
    int hash = id.hashCode();
    ReentrantLock queue = queues[(hash ^ hash >>> 16) & (QUEUES - 1)];
    try {
      if (!queue.tryLock(timeout.toNanos(), TimeUnit.NANOSECONDS)) {
        throw new SessionStoreException(
            "save: session " + id + " waited " + timeout + " behind other saves");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new SessionStoreException("save: session " + id + " was interrupted in the queue", e);
    }
    try {
      return work.get();
    } finally {
      queue.unlock();
    }
  }

  /** Writes by plain updates. */
  Outcome update(StoredSession snapshot, Change change) {
    return write(
        snapshot,
        change,
        (next, now) ->
            engine.store().update(next, now)
                ? Admission.Outcome.STORED
                : Admission.Outcome.CONFLICT);
  }

  /**
   * Writes until it succeeds, the session turns out to be gone or another's, or the time is up.
   *
   * @throws SessionStoreException if the store fails or the time is up
   */
  Outcome write(StoredSession snapshot, Change change, Write write) {
    long deadline = System.nanoTime() + timeout.toNanos();
    StoredSession current = snapshot;
    for (int attempt = 1; ; attempt++) {
      Instant now = engine.now();
      Optional<StoredSession> next = change.on(current, now);
      if (next.isEmpty()) {
        return new Outcome(null, DropReason.REKEYED, attempt);
      }
      Admission.Outcome outcome = write.of(next.get(), now);
      if (outcome == Admission.Outcome.STORED) {
        StoredSession stored = next.get().toBuilder().version(next.get().version() + 1).build();
        return new Outcome(stored, null, attempt);
      }
      if (outcome == Admission.Outcome.REFUSED || outcome == Admission.Outcome.CROWDED) {
        return new Outcome(null, null, attempt);
      }
      Optional<StoredSession> found = engine.store().find(current.id());
      if (found.isEmpty()) {
        return new Outcome(null, DropReason.ENDED, attempt);
      }
      if (found.get().isExpiredAt(now)) {
        return new Outcome(null, DropReason.EXPIRED, attempt);
      }
      if (System.nanoTime() - deadline >= 0) {
        throw new SessionStoreException(
            "save: session "
                + current.id()
                + " lost the compare-and-set "
                + attempt
                + " times in "
                + timeout);
      }
      current = found.get();
      pause(attempt);
    }
  }

  /** Waits a random time, none after the first loss, so that nodes which collided part. */
  private static void pause(int attempt) {
    if (attempt > 1) {
      long most = Math.min(LONGEST_PAUSE_NANOS, TimeUnit.MICROSECONDS.toNanos(250L << attempt));
      LockSupport.parkNanos(ThreadLocalRandom.current().nextLong(most));
    }
  }
}
