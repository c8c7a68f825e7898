package io.coatcheck.session;

import io.coatcheck.session.event.DropReason;
import io.coatcheck.session.store.Admission;
import io.coatcheck.session.store.LiveSessions;
import io.coatcheck.session.store.SessionStoreException;
import io.coatcheck.session.store.StoreOperation;
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
 * The only place where an existing session is written: by compare-and-set, repeated on the newer
 * snapshot if another request was first, until the store timeout.
 *
 * <p>Saves of one session on this node queue up, so that they do not make each other lose. The
 * queues are a fixed set of locks, shared by sessions whose ids hash alike. No application code
 * runs under a lock: values are encoded before, and listeners are notified after.
 */
final class SaveLoop {

  private static final int QUEUES = 512;
  private static final long MIN_PAUSE_NANOS = TimeUnit.MICROSECONDS.toNanos(250);

  /** After so many doublings, a pause is at most 32 milliseconds. */
  private static final int MAX_DOUBLINGS = 7;

  private final EngineContext engine;
  private final LateWrites lateWrites;
  private final Expiry expiry;
  private final Duration timeout;
  private final ReentrantLock[] queues = new ReentrantLock[QUEUES];

  SaveLoop(EngineContext engine, LateWrites lateWrites, Duration timeout) {
    this.engine = engine;
    this.lateWrites = lateWrites;
    expiry = new Expiry(engine);
    this.timeout = timeout;
    for (int i = 0; i < QUEUES; i++) {
      queues[i] = new ReentrantLock(true);
    }
  }

  /** Computes what to store next. */
  interface Change {
    /**
     * Returns what to store in place of {@code current}; null if the session now belongs to another
     * login.
     */
    @Nullable StoredSession on(StoredSession current, Instant now);
  }

  /** Stores it within a limit. */
  interface Write {
    Admission.Outcome of(StoredSession next, Instant now);
  }

  /** The outcome of a write. */
  sealed interface Outcome {

    /** Returns how often the write was attempted. */
    int attempts();

    /**
     * The write succeeded.
     *
     * @param session what is stored now
     */
    record Stored(StoredSession session, int attempts) implements Outcome {}

    /** Nothing was stored: the session has ended, or belongs to another login. */
    record Dropped(DropReason reason, int attempts) implements Outcome {}

    /**
     * Nothing was stored: the limit of the principal's sessions does not allow it.
     *
     * @param admission refused or crowded
     */
    record Refused(Admission.Outcome admission, int attempts) implements Outcome {}

    /**
     * Nothing was stored: another request has changed the attribute that a step was decided on. The
     * last attempt was abandoned before it was sent.
     *
     * @param newest what the store has
     */
    record StepNoLongerHolds(StoredSession newest, int attempts) implements Outcome {}
  }

  /**
   * Runs work while no other save of the same session runs on this node. An interrupt does not end
   * the wait, and stays set. The listeners are notified after the queue has been left.
   *
   * @param work must not run application code
   * @throws SessionStoreException if the store timeout passes first
   */
  <T extends @Nullable Object> T inTurn(SessionId id, Supplier<T> work) {
    return inTurn(id, false, work);
  }

  /**
   * Runs work in turn, for a caller that may have lost before.
   *
   * @param goesFirst whether to go before threads that already wait, if the lock is free: for work
   *     that was decided on a snapshot that the caller read in its last turn. Otherwise the threads
   *     before it would make it lose again and again
   */
  <T extends @Nullable Object> T inTurn(SessionId id, boolean goesFirst, Supplier<T> work) {
    int hash = id.hashCode();
    ReentrantLock queue = queues[(hash ^ hash >>> 16) & (QUEUES - 1)];
    boolean isFree = (goesFirst || !queue.hasQueuedThreads()) && queue.tryLock();
    if (!isFree && !lock(queue)) {
      throw new SessionStoreException(
          "save: session " + id + " waited " + timeout + " for other saves");
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

  /** Waits for the lock; returns whether it was acquired in time. */
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

  /** Updates a session that no limit concerns, by compare-and-set until it succeeds. */
  Outcome update(StoredSession snapshot, Change change) {
    return update(snapshot, change, deadline());
  }

  /**
   * Updates a session that no limit concerns, for a caller that has already tried.
   *
   * @param deadline as {@link #deadline()} returned it before the first attempt
   */
  Outcome update(StoredSession snapshot, Change change, long deadline) {
    return write(snapshot, change, null, deadline);
  }

  /**
   * Updates the session in the store once.
   *
   * @return the session as it is stored now; null if another request was first, or it has ended
   */
  private @Nullable StoredSession compareAndSet(StoredSession next, Instant now) {
    LiveSessions inPlace = engine.usedInPlace();
    if (inPlace == null || FlightRecording.recordsStoreCalls()) {
      return engine.store().update(next, now) ? next.withNextVersion() : null;
    }
    try {
      return inPlace.update(next, now);
    } catch (SessionStoreException e) {
      engine.events().storeFailed(Optional.of(next.id()), StoreOperation.UPDATE.methodName(), e);
      throw e;
    }
  }

  /**
   * Updates a session within a limit, until it succeeds, the limit refuses it, the session turns
   * out to have ended or to belong to another login, or the time is up.
   *
   * @throws SessionStoreException if the store fails or the time is up
   */
  Outcome updateWithin(StoredSession snapshot, Change change, Write write) {
    return write(snapshot, change, write, deadline());
  }

  /**
   * Writes, and close to the session's deadline first reads it.
   *
   * @param write null for plain updates
   */
  private Outcome write(
      StoredSession snapshot, Change change, @Nullable Write write, long deadline) {
    Instant begun = engine.now();
    try (LateWrites.Write late = lateWrites.begin(snapshot, begun)) {
      Optional<StoredSession> newest = lateWrites.before(snapshot, late);
      if (newest.isEmpty()) {
        return new Outcome.Dropped(DropReason.ENDED, 1);
      }
      // Only reading the session takes time, and only a late write reads it.
      Instant now = late == null ? begun : engine.now();
      return repeat(newest.get(), now, change, write, deadline, late);
    }
  }

  /**
   * Writes until there is an outcome or the time is up.
   *
   * @param begun the moment of this call
   * @param write null for plain updates
   * @param late null if it is not close to the deadline of the session
   */
  private Outcome repeat(
      StoredSession newest,
      Instant begun,
      Change change,
      @Nullable Write write,
      long deadline,
      LateWrites.@Nullable Write late) {
    StoredSession current = newest;
    Instant now = begun;
    for (int attempt = 1; ; attempt++) {
      StoredSession next = change.on(current, now);
      if (next == null) {
        return new Outcome.Dropped(DropReason.REKEYED, attempt);
      }
      StoredSession stored;
      if (write == null) {
        stored = compareAndSet(next, now);
      } else {
        Admission.Outcome admission = write.of(next, now);
        if (admission == Admission.Outcome.REFUSED || admission == Admission.Outcome.CROWDED) {
          return new Outcome.Refused(admission, attempt);
        }
        stored = admission == Admission.Outcome.STORED ? next.withNextVersion() : null;
      }
      if (stored != null) {
        return lateWrites.undo(late, current, now, next)
            ? new Outcome.Dropped(DropReason.EXPIRED, attempt)
            : new Outcome.Stored(stored, attempt);
      }
      FlightRecording.saveConflict(current.id(), attempt);
      // Waits before reading, so that the snapshot is as new as possible when it is written.
      pause(attempt, deadline);
      Optional<StoredSession> found = engine.store().find(current.id());
      if (found.isEmpty()) {
        return new Outcome.Dropped(DropReason.ENDED, attempt);
      }
      found = expiry.live(found);
      if (found.isEmpty()) {
        return new Outcome.Dropped(DropReason.EXPIRED, attempt);
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
      now = engine.now();
    }
  }

  /**
   * Waits a random time, none after the first loss, so that nodes that collided do not collide
   * again. The time doubles with each loss up to a bound, and never passes the deadline.
   */
  private static void pause(int attempt, long deadline) {
    if (attempt == 1) {
      return;
    }
    long most = MIN_PAUSE_NANOS << Math.min(attempt, MAX_DOUBLINGS);
    long end =
        System.nanoTime()
            + Math.min(ThreadLocalRandom.current().nextLong(most), deadline - System.nanoTime());
    // An interrupted thread would not wait at all.
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
