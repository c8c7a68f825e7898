package io.coatcheck.session.memory;

import io.coatcheck.session.store.StoredSession;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.locks.Lock;
import org.jspecify.annotations.Nullable;

/**
 * The place of one session in the store. Its content is the session's snapshot; it is empty before
 * the session begins and after it ended, and a slot that was emptied is never filled again.
 *
 * <p>Every change of a session is one compare-and-set of this content, which is what makes touch,
 * update, delete, expiry and eviction exclude each other: whoever empties the slot has ended the
 * session, and nobody else has. Changes of several slots at one moment are a {@link Step}.
 */
final class Slot {

  private static final VarHandle CONTENT;

  static {
    try {
      CONTENT = MethodHandles.lookup().findVarHandle(Slot.class, "content", Object.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** A snapshot, a {@link Step.Frozen}, or null. */
  private volatile @Nullable Object content;

  /** Where it is in the {@link ExpiryCalendar}, which guards these three. */
  ExpiryCalendar.@Nullable Page page;

  @Nullable Slot previous;
  @Nullable Slot next;

  /** Makes an empty slot, of a session that has not begun. */
  Slot() {}

  /** Makes the slot of a session that begins when the slot is published. */
  Slot(StoredSession session) {
    content = session;
  }

  /** Returns the session as every reader sees it now; null if there is none. */
  @Nullable StoredSession read() {
    Object current = content;
    return current instanceof Step.Frozen frozen ? frozen.visible() : (StoredSession) current;
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
    content = read();
  }
}
