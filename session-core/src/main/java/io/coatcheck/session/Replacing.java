package io.coatcheck.session;

import io.coatcheck.session.codec.AttributeValue;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Finds the value that a change of an attribute replaces, at the moment of the change: of several
 * threads that change one attribute, each gets the value of another change. Confined to one thread.
 */
final class Replacing {

  private final Consumer<@Nullable Object> recorded;

  /** The value as the caller, or this, has read it; null if there was none. */
  private @Nullable Object seen;

  /** The stored value that was there when this read; null before. */
  private @Nullable AttributeValue readFrom;

  private @Nullable Object before;

  /**
   * Begins to wait for the change.
   *
   * @param seen the value as the caller has read it just before the change; null if there was none
   * @param recorded called with the value that is replaced, under the lock of the session
   */
  Replacing(@Nullable Object seen, Consumer<@Nullable Object> recorded) {
    this.seen = seen;
    this.recorded = recorded;
  }

  /**
   * Records what is about to be replaced, unless {@code interested} is null; under the lock.
   *
   * @return {@code false} if that is not known: {@link #readsAgain} finds out, without the lock
   */
  static boolean isRecorded(@Nullable Replacing interested, WorkingCopy session, String name) {
    return interested == null || interested.isRecorded(session, name);
  }

  /** Reads the value again, which may decode it; false if {@code interested} is null. */
  static boolean readsAgain(@Nullable Replacing interested, WorkingCopy session, String name) {
    if (interested == null) {
      return false;
    }
    interested.readFrom = session.snapshot().attribute(name);
    interested.seen = session.attributeChanges().get(name);
    return true;
  }

  private boolean isRecorded(WorkingCopy session, String name) {
    AttributeChanges changes = session.attributeChanges();
    AttributeChange earlier = changes.change(name);
    if (earlier != null) {
      before = earlier.value();
    } else if (!isStoredKnown(changes, session.snapshot().attribute(name), name)) {
      return false;
    }
    recorded.accept(before);
    return true;
  }

  private boolean isStoredKnown(
      AttributeChanges changes, @Nullable AttributeValue stored, String name) {
    if (stored == null || changes.decoded().undecodable().contains(name)) {
      before = null;
      return true;
    }
    WatchedValue known = changes.decoded().watched(name);
    Object shared = known == null ? stored.sharedObject() : known.value();
    if (shared == null && !stored.isSameAs(readFrom)) {
      // Another thread may have set or found it, and saved it, since the caller has read it.
      return false;
    }
    before = shared == null ? seen : shared;
    return true;
  }

  /** Returns the value that was replaced; null if there was none that can be read. */
  @Nullable Object before() {
    return before;
  }
}
