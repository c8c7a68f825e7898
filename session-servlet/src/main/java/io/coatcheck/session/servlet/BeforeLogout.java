package io.coatcheck.session.servlet;

import org.jspecify.annotations.Nullable;

/**
 * What must be done before a logout ends anything, as {@link BridgeRequest#beforeLogout} registered
 * it.
 *
 * @param earlier what was registered before, and is done first; null if nothing was
 */
record BeforeLogout(@Nullable BeforeLogout earlier, Runnable action) {

  /** Does all of it. An exception leaves out the rest. */
  void run() {
    if (earlier != null) {
      earlier.run();
    }
    action.run();
  }

  /** Returns what was registered after {@code done}, which is not to be done again. */
  @SuppressWarnings("ReferenceEquality") // The same action may have been registered twice.
  @Nullable BeforeLogout since(BeforeLogout done) {
    if (this == done) {
      return null;
    }
    return new BeforeLogout(earlier == null ? null : earlier.since(done), action);
  }
}
