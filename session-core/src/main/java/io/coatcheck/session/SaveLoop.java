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
 * lose. The queue is a fixed set of locks, shared by sessions whose ids hash alike. No code of the
 * application runs under one: values are encoded before, and listeners are notified after.
 */
final class SaveLoop {

  private static final int QUEUES = 512;
  private static final long SHORTEST_PAUSE_NANOS = TimeUnit.MICROSECONDS.toNanos(250);

  /** After which a pause is 32 milliseconds at most. */
  private static final int MOST_DOUBLINGS = 7;

  private final Engine engine;
  private final LateWrites lateWrites;
  private final Duration timeout;
  private final ReentrantLock[] queues = new ReentrantLock[QUEUES];

  SaveLoop(Engine engine, LateWrites lateWrites, Duration timeout) {
    this.engine = engine;
    this.lateWrites = lateWrites;
    this.timeout = timeout;
    for (int i = 0; i < QUEUES; i++) {
      queues[i] = new ReentrantLock(true);
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

    /** Returns whether the limit refused it, the one reason that is neither stored nor dropped. */
    boolean isRefused() {
      return session == null && dropped == null;
    }
  }

  /**
   * Does something while no other save of the same session runs on this node. An interrupt does not
   * end the wait, and stays set. The listeners are notified of what happens after the queue.
   *
   * @param work runs no code of the application
   * @throws SessionStoreException if the store timeout passes first
   */
  <T extends @Nullable Object> T inTurn(SessionId id, Supplier<T> work) {
    return inTurn(id, false, work);
  }

  /**
   * As {@link #inTurn(SessionId, Supplier)}.
   *
   * @param goesFirst whether to go before those that wait already, if the queue can be had at once:
   *     for work that was decided on what was read a moment ago, in the last turn of the caller.
   *     Otherwise the ones before it would make it lose, again and again
   */
  <T extends @Nullable Object> T inTurn(SessionId id, boolean goesFirst, Supplier<T> work) {
    int hash = id.hashCode();
    ReentrantLock queue = queues[(hash ^ hash >>> 16) & (QUEUES - 1)];
    boolean isFree = (goesFirst || !queue.hasQueuedThreads()) && queue.tryLock();
    if (!isFree && !lock(queue)) {
      throw new SessionStoreException(
          "save: session " + id + " waited " + timeout + " behind other saves");
    }
    boolean holds = false;
    try {
      holds = engine.events().hold();
      return work.get();
    } finally {
      queue.unlock();
      if (holds) {
        engine.events().release();
      }
    }
  }

  /** Waits in the queue; returns whether it was reached in time. */
  private boolean lock(ReentrantLock queue) {
    long deadline = deadline();
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return queue.tryLock(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Returns when the store timeout will have passed, as {@code System.nanoTime()} counts. */
  long deadline() {
    return System.nanoTime() + timeout.toNanos();
  }

  /** Writes by plain updates. */
  Outcome update(StoredSession snapshot, Change change) {
    return update(snapshot, change, deadline());
  }

  /**
   * Writes by plain updates, for a caller that has tried before.
   *
   * @param deadline as {@link #deadline()} returned it before the first attempt
   */
  Outcome update(StoredSession snapshot, Change change, long deadline) {
    return write(snapshot, change, this::update, deadline);
  }

  private Admission.Outcome update(StoredSession next, Instant now) {
    return engine.store().update(next, now) ? Admission.Outcome.STORED : Admission.Outcome.CONFLICT;
  }

  /**
   * Writes until it succeeds, the session turns out to be gone or another's, or the time is up.
   *
   * @throws SessionStoreException if the store fails or the time is up
   */
  Outcome write(StoredSession snapshot, Change change, Write write) {
    return write(snapshot, change, write, deadline());
  }

  private Outcome write(StoredSession snapshot, Change change, Write write, long deadline) {
    StoredSession current = snapshot;
    for (int attempt = 1; ; attempt++) {
      Instant now = engine.now();
      Optional<StoredSession> next = change.on(current, now);
      if (next.isEmpty()) {
        return new Outcome(null, DropReason.REKEYED, attempt);
      }
      Admission.Outcome outcome = write.of(next.get(), now);
      if (outcome == Admission.Outcome.STORED) {
        if (lateWrites.undo(current, now, next.get().lastSeenAt(), next.get().generation())) {
          return new Outcome(null, DropReason.EXPIRED, attempt);
        }
        StoredSession stored = next.get().toBuilder().version(next.get().version() + 1).build();
        return new Outcome(stored, null, attempt);
      }
      if (outcome == Admission.Outcome.REFUSED || outcome == Admission.Outcome.CROWDED) {
        return new Outcome(null, null, attempt);
      }
      // The wait comes before the look: what is read is to be as new as can be when it is written.
      pause(attempt, deadline);
      Optional<StoredSession> found = engine.store().find(current.id());
      if (found.isEmpty()) {
        return new Outcome(null, DropReason.ENDED, attempt);
      }
      if (found.get().isExpiredAt(engine.now())) {
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
    }
  }

  /**
   * Waits a random time, none after the first loss, so that nodes which collided part. The time
   * doubles with each loss up to a bound; it does not go past the deadline.
   */
  private static void pause(int attempt, long deadline) {
    if (attempt == 1) {
      return;
    }
    long most = SHORTEST_PAUSE_NANOS << Math.min(attempt, MOST_DOUBLINGS);
    long end =
        System.nanoTime()
            + Math.min(ThreadLocalRandom.current().nextLong(most), deadline - System.nanoTime());
    // A thread that is interrupted would not wait at all.
    boolean interrupted = Thread.interrupted();
    for (long left = end - System.nanoTime(); left > 0; left = end - System.nanoTime()) {
      LockSupport.parkNanos(left);
      interrupted |= Thread.interrupted();
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
