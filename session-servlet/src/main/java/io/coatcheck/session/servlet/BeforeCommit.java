package io.coatcheck.session.servlet;

import org.jspecify.annotations.Nullable;

/**
 * The actions that {@link BridgeRequest#beforeCommit} registered, which run once, before the
 * response is committed or at the end of the request. Thread-safe; they run without the lock of the
 * request.
 */
final class BeforeCommit {

  private final DispatchState state;
  private final OutgoingToken outgoing;

  /** Null if no action is due. Written under the lock. */
  private volatile @Nullable Runnable due;

  BeforeCommit(DispatchState state, OutgoingToken outgoing) {
    this.state = state;
    this.outgoing = outgoing;
  }

  /** Registers an action after those that are due; runs it now if the request has ended. */
  void add(Runnable action) {
    boolean isOver =
        state.locked(
            () -> {
              if (outgoing.isReleased()) {
                return true;
              }
              Runnable earlier = due;
              due = earlier == null ? action : inOrder(earlier, action);
              return false;
            });
    if (isOver) {
      action.run();
    }
  }

  /** Returns an action that runs both, even if the first one throws. */
  private static Runnable inOrder(Runnable first, Runnable second) {
    return () -> {
      try {
        first.run();
      } finally {
        second.run();
      }
    };
  }

  /** Returns whether an action is due. */
  boolean isAnythingDue() {
    return due != null;
  }

  /** Runs the actions that are due, and forgets them. */
  void run() {
    if (isAnythingDue()) {
      Runnable taken = state.locked(this::take);
      if (taken != null) {
        taken.run();
      }
    }
  }

  private @Nullable Runnable take() {
    Runnable taken = due;
    due = null;
    return taken;
  }
}
