package io.coatcheck.session.memory;

import io.coatcheck.session.store.StoredSession;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An atomic change of several slots: a session begins or logs in while others end.
 *
 * <p>Slots are frozen first, so that no other thread changes them. Readers see the old contents
 * until {@link #take()}, and the new ones from then on; writers wait. Closing the step thaws the
 * slots, whether or not it was taken. A step belongs to the thread that holds the table's lock.
 */
final class Step implements AutoCloseable {

  private final List<Slot> slots = new ArrayList<>();
  private volatile boolean taken;

  /**
   * Freezes a slot, to be emptied or filled by the step; returns null if it no longer has this
   * content.
   */
  @Nullable Frozen freeze(Slot slot, @Nullable StoredSession expected) {
    Frozen frozen = new Frozen(this, expected);
    slots.add(slot);
    if (slot.freeze(expected, frozen)) {
      return frozen;
    }
    slots.remove(slots.size() - 1);
    return null;
  }

  /** Freezes an empty slot in which a session will begin. */
  void begin(Slot slot, StoredSession session) {
    Frozen frozen = freeze(slot, null);
    if (frozen == null) {
      throw new IllegalStateException("a session has begun in this slot: " + session.id());
    }
    frozen.becomes(session);
  }

  /** Changes all frozen slots, at this moment. */
  void take() {
    taken = true;
  }

  @Override
  public void close() {
    slots.forEach(Slot::thaw);
  }

  /** The content of a frozen slot. */
  static final class Frozen {
    private final Step step;
    private final @Nullable StoredSession before;

    /** Written before the step is taken, read after it. */
    private @Nullable StoredSession after;

    private Frozen(Step step, @Nullable StoredSession before) {
      this.step = step;
      this.before = before;
      this.after = before;
    }

    /** Sets what the step will leave in the slot; otherwise the content stays. */
    void becomes(@Nullable StoredSession next) {
      after = next;
    }

    @Nullable StoredSession visible() {
      return step.taken ? after : before;
    }
  }
}
