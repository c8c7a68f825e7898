package io.coatcheck.session.servlet;

import org.jspecify.annotations.Nullable;

/**
 * The actions that {@link BridgeRequest#beforeLogout} registered, which run before a logout ends
 * anything.
 *
 * @param earlier the actions registered before, which run first; null if there are none
 */
record BeforeLogout(@Nullable BeforeLogout earlier, Runnable action) {

  /** Runs the actions. If one throws, the later ones are not run. */
  void run() {
    if (earlier != null) {
      earlier.run();
    }
    action.run();
  }

  /** Returns the actions registered after {@code done}, which must not run again. */
  @SuppressWarnings("ReferenceEquality") // The same action may have been registered twice.
  @Nullable BeforeLogout since(BeforeLogout done) {
    if (this == done) {
      return null;
    }
    return new BeforeLogout(earlier == null ? null : earlier.since(done), action);
  }
}
