package io.coatcheck.session.memory;

import io.coatcheck.session.store.LiveSessions;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Instant;
import java.util.concurrent.locks.Lock;
import org.jspecify.annotations.Nullable;

/**
 * The place of one session in the store. Its content is the session's snapshot. It is empty before
 * the session begins and after it has ended. Once emptied, it is never filled again.
 *
 * <p>Every change of a session is one compare-and-set of this content, so update, delete, expiry
 * and eviction exclude each other: exactly one operation empties the slot, and that operation has
 * ended the session. A {@link Step} changes several slots atomically.
 *
 * <p>The last-seen time is a separate number: every request changes it, and a new snapshot each
 * time would be one more object in the garbage collector's old generation. Readers get a snapshot
 * {@link #asSeen}. Expiry holds that number before it ends the session, so that no touch comes in
 * between; any other operation that ends the session seals it right afterwards, held or not.
 */
final class Slot implements LiveSessions.UsableSession {

  private static final VarHandle CONTENT;
  private static final VarHandle SEEN;
  private static final VarHandle ATTACHMENT;

  static {
    try {
      CONTENT = MethodHandles.lookup().findVarHandle(Slot.class, "content", Object.class);
      SEEN = MethodHandles.lookup().findVarHandle(Slot.class, "seen", long.class);
      ATTACHMENT = MethodHandles.lookup().findVarHandle(Slot.class, "attachment", Object.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** A snapshot, a {@link Step.Frozen}, or null. */
  private volatile @Nullable Object content;

  /**
   * When the session was last touched, in milliseconds; {@link #held} while an expiry decides, and
   * its complement once sealed. Both are negative.
   */
  private volatile long seen;

  /** The object attached to the session in this process. */
  private volatile @Nullable Object attachment;

  /** The position in the {@link ExpiryCalendar}, which guards these three fields. */
  ExpiryCalendar.@Nullable Page page;

  @Nullable Slot previous;
  @Nullable Slot next;

  // The id of the session, stored inline: a look-up then compares it without following a reference.
  private final long mostSignificantBits;
  private final long leastSignificantBits;

  /** Creates an empty slot, for a session that has not begun. */
  Slot(SessionId id) {
    mostSignificantBits = id.mostSignificantBits();
    leastSignificantBits = id.leastSignificantBits();
  }

  /** Creates the slot of a session that begins when the slot is published. */
  Slot(StoredSession session) {
    this(session.id());
    content = session;
  }

  /** Returns the id of the session that is, was or will be here. */
  SessionId id() {
    return SessionId.of(mostSignificantBits, leastSignificantBits);
  }

  boolean isOf(SessionId id) {
    return leastSignificantBits == id.leastSignificantBits()
        && mostSignificantBits == id.mostSignificantBits();
  }

  /** Compares the ids of two slots like {@link SessionId#compareTo}. */
  static int compareIds(Slot one, Slot other) {
    int order = Long.compareUnsigned(one.mostSignificantBits, other.mostSignificantBits);
    return order != 0
        ? order
        : Long.compareUnsigned(one.leastSignificantBits, other.leastSignificantBits);
  }

  /** Returns the session as every reader now sees it, except for touches; null if there is none. */
  @Nullable StoredSession read() {
    Object current = content;
    return current instanceof Step.Frozen frozen ? frozen.visible() : (StoredSession) current;
  }

  @Override
  public @Nullable StoredSession newerThan(long version) {
    StoredSession current = read();
    return current == null || current.version() <= version ? null : asSeen(current);
  }

  @Override
  public boolean replaceAttachment(@Nullable Object expected, @Nullable Object next) {
    return ATTACHMENT.compareAndSet(this, expected, next);
  }

  @Override
  public @Nullable Object attachment() {
    return attachment;
  }

  /** Returns a snapshot read from this slot, with the time of the last touch as last seen. */
  StoredSession asSeen(StoredSession session) {
    return asSeen(session, seen);
  }

  private static StoredSession asSeen(StoredSession session, long touched) {
    return session.seenAtMillis(moment(touched));
  }

  private static long moment(long touched) {
    return touched >= 0 ? touched : isHeld(touched) ? held(touched) : ~touched;
  }

  /** Returns the number that stands for a moment which an expiry holds, or the moment for it. */
  private static long held(long touched) {
    return touched ^ Long.MIN_VALUE;
  }

  /** Returns whether a number is held; moments are less than half of what the number could be. */
  private static boolean isHeld(long touched) {
    return touched < Long.MIN_VALUE >> 1;
  }

  /** Returns when the session was last touched, in milliseconds since the epoch. */
  long seen() {
    return moment(seen);
  }

  /** Returns when a snapshot read from this slot expires, in milliseconds since the epoch. */
  long expiresAtMillis(StoredSession session) {
    return session.expiresAtMillis(seen());
  }

  /** Returns whether a snapshot read from this slot has expired. */
  boolean isExpired(StoredSession session, Instant now) {
    return isExpired(session, seen, now.toEpochMilli());
  }

  private static boolean isExpired(StoredSession session, long touched, long now) {
    return now >= session.expiresAtMillis(moment(touched));
  }

  @Override
  public @Nullable StoredSession snapshot() {
    return read();
  }

  @Override
  public long touch(long moment) {
    return touch(moment, moment);
  }

  /**
   * Records that the session was seen, if it is present and unexpired.
   *
   * @param now the time, in milliseconds since the epoch
   * @return when it was last seen before that; negative if it is absent or expired
   */
  long touch(long moment, long now) {
    while (true) {
      long touched = seen;
      StoredSession session = read();
      if (session == null) {
        return -1;
      }
      if (touched < 0) {
        // Another thread is deciding its expiry, within a few instructions.
        Thread.onSpinWait();
      } else if (isExpired(session, touched, now)) {
        return -1;
      } else {
        long last = Math.max(touched, session.lastSeenMillis());
        if (moment <= last || SEEN.compareAndSet(this, touched, moment)) {
          return last;
        }
      }
    }
  }

  /**
   * Empties the slot of exactly this snapshot if it has expired and is not touched in between;
   * returns false if not, or if the caller must try again.
   */
  boolean expire(StoredSession expected, Instant cutoff) {
    long touched = seen;
    return touched >= 0
        && isExpired(expected, touched, cutoff.toEpochMilli())
        && hold(touched)
        && emptyHeld(expected, touched);
  }

  /**
   * Blocks touches until {@link #emptyHeld}. Returns false if the session was touched meanwhile, or
   * another thread blocks touches.
   */
  boolean hold(long touched) {
    return SEEN.compareAndSet(this, touched, held(touched));
  }

  /**
   * Empties the slot if it holds exactly this snapshot, and returns whether it did. Otherwise
   * touches are possible again.
   */
  boolean emptyHeld(StoredSession expected, long touched) {
    boolean emptied = replace(expected, null);
    if (!emptied) {
      // Unless another thread has emptied and sealed it: no touch may come after that.
      boolean unused = SEEN.compareAndSet(this, held(touched), touched);
    }
    return emptied;
  }

  /**
   * Returns the session for a writer, which may then {@link #replace} it.
   *
   * @param structure the lock that threads hold while they freeze slots; waited for if this slot is
   *     frozen
   */
  @Nullable StoredSession settled(Lock structure) {
    Object current = content;
    if (!(current instanceof Step.Frozen)) {
      return (StoredSession) current;
    }
    structure.lock();
    try {
      return read();
    } finally {
      structure.unlock();
    }
  }

  /**
   * Empties the slot of exactly this snapshot, unless it is frozen.
   *
   * @return the session as it was last seen; null if the slot holds another snapshot. It includes
   *     every touch that returned true, and none returns true afterwards
   */
  @Nullable StoredSession empty(StoredSession expected) {
    if (!replace(expected, null)) {
      return null;
    }
    return asSeen(expected, seal());
  }

  /** Blocks further touches for good, and returns the sealed time of the last one. */
  private long seal() {
    while (true) {
      long touched = seen;
      long sealed = ~moment(touched);
      if (touched == sealed || SEEN.compareAndSet(this, touched, sealed)) {
        return sealed;
      }
    }
  }

  /** Replaces exactly this snapshot by {@code next}, or by nothing, unless it is frozen. */
  boolean replace(@Nullable StoredSession expected, @Nullable StoredSession next) {
    return CONTENT.compareAndSet(this, expected, next);
  }

  /** Replaces exactly this snapshot by a frozen content. */
  boolean freeze(@Nullable StoredSession expected, Step.Frozen frozen) {
    return CONTENT.compareAndSet(this, expected, frozen);
  }

  boolean isFrozen() {
    return content instanceof Step.Frozen;
  }

  /** Replaces a frozen content by what readers see of it. */
  void thaw() {
    StoredSession visible = read();
    content = visible;
    if (visible == null) {
      seal();
    }
  }
}
