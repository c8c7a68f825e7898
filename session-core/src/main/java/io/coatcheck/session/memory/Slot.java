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
 * The place of one session in the store. Its content is the session's snapshot; it is empty before
 * the session begins and after it ended, and a slot that was emptied is never filled again.
 *
 * <p>Every change of a session is one compare-and-set of this content, which is what makes update,
 * delete, expiry and eviction exclude each other: whoever empties the slot has ended the session,
 * and nobody else has. Changes of several slots at one moment are a {@link Step}.
 *
 * <p>When the session was last seen stands beside the content, as a number: every request changes
 * it, and a new snapshot each time would be one more object for the garbage collector to find in
 * its old generation. Readers get a snapshot {@link #asSeen}. Who ends a session because it expired
 * seals that number first, so that no touch comes in between; who ends it for another reason, right
 * after it.
 */
final class Slot implements LiveSessions.LiveSession {

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

  /** When the session was last touched, in milliseconds; the complement of that while sealed. */
  private volatile long seen;

  /** What belongs to the session in this process alone. */
  private volatile @Nullable Object attachment;

  /** Where it is in the {@link ExpiryCalendar}, which guards these three. */
  ExpiryCalendar.@Nullable Page page;

  @Nullable Slot previous;
  @Nullable Slot next;

  // The id of the session, here and not behind a reference: a reader that looks for it has what it
  // came for in the same place.
  private final long mostSignificantBits;
  private final long leastSignificantBits;

  /** Makes an empty slot, of a session that has not begun. */
  Slot(SessionId id) {
    mostSignificantBits = id.mostSignificantBits();
    leastSignificantBits = id.leastSignificantBits();
  }

  /** Makes the slot of a session that begins when the slot is published. */
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

  /** Compares the ids of two slots, as {@link SessionId#compareTo} does. */
  static int compareIds(Slot one, Slot other) {
    int order = Long.compareUnsigned(one.mostSignificantBits, other.mostSignificantBits);
    return order != 0
        ? order
        : Long.compareUnsigned(one.leastSignificantBits, other.leastSignificantBits);
  }

  /** Returns the session as every reader finds it now, but for touches; null if there is none. */
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

  /** Returns what was read from this slot, last seen when it was last touched. */
  StoredSession asSeen(StoredSession session) {
    return asSeen(session, seen);
  }

  private static StoredSession asSeen(StoredSession session, long touched) {
    return session.seenAtMillis(touched < 0 ? ~touched : touched);
  }

  /** Tells whether what was read from this slot is expired. */
  boolean isExpired(StoredSession session, Instant now) {
    return isExpired(session, seen, now);
  }

  private static boolean isExpired(StoredSession session, long touched, Instant now) {
    // A touch only ever prolongs.
    return session.isExpiredAt(now) && asSeen(session, touched).isExpiredAt(now);
  }

  /** Takes note that the session was seen, if it is there and unexpired; tells whether it is. */
  boolean touch(long moment, Instant now) {
    while (true) {
      long touched = seen;
      StoredSession session = read();
      if (session == null) {
        return false;
      }
      if (touched < 0) {
        // Its expiry is being decided, in the next few instructions of another thread.
        Thread.onSpinWait();
      } else if (isExpired(session, touched, now)) {
        return false;
      } else if (moment <= touched
          || moment <= session.lastSeenMillis()
          || SEEN.compareAndSet(this, touched, moment)) {
        return true;
      }
    }
  }

  /**
   * Empties the slot of exactly this snapshot if it is expired and nobody touches it meanwhile;
   * false if that is not so, or is to be tried again.
   */
  boolean expire(StoredSession expected, Instant cutoff) {
    long touched = seen;
    if (touched < 0
        || !isExpired(expected, touched, cutoff)
        || !SEEN.compareAndSet(this, touched, ~touched)) {
      return false;
    }
    boolean expired = replace(expected, null);
    if (!expired) {
      seen = touched;
    }
    return expired;
  }

  /**
   * Returns the session for a writer, which may then {@link #replace} it.
   *
   * @param structure held by whoever freezes slots; waited for if this one is frozen
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
   * @return the session as it was last seen; null if the slot holds another one. A touch that
   *     answered true is in it, and none answers true after it.
   */
  @Nullable StoredSession empty(StoredSession expected) {
    if (!replace(expected, null)) {
      return null;
    }
    return asSeen(expected, seal());
  }

  /** Lets no touch through any more, and returns the moment of the last one. */
  private long seal() {
    while (true) {
      long touched = seen;
      if (touched < 0 || SEEN.compareAndSet(this, touched, ~touched)) {
        return touched;
      }
    }
  }

  /** Puts {@code next}, or nothing, in the place of exactly this snapshot, unless it is frozen. */
  boolean replace(@Nullable StoredSession expected, @Nullable StoredSession next) {
    return CONTENT.compareAndSet(this, expected, next);
  }

  /** Puts a frozen content in the place of exactly this snapshot. */
  boolean freeze(@Nullable StoredSession expected, Step.Frozen frozen) {
    return CONTENT.compareAndSet(this, expected, frozen);
  }

  boolean isFrozen() {
    return content instanceof Step.Frozen;
  }

  /** Makes what readers see of a frozen content the content. */
  void thaw() {
    StoredSession visible = read();
    content = visible;
    if (visible == null) {
      seal();
    }
  }
}
