package io.coatcheck.session.servlet;

import org.jspecify.annotations.Nullable;

/**
 * The actions that {@link BridgeRequest#beforeCommit} registered, which run once, before the
 * response is committed or at the end of the request. Most requests have none.
 *
 * @param earlier the actions registered before, which run first; null if there are none
 */
record BeforeCommit(@Nullable BeforeCommit earlier, Runnable action) {

  /** Runs the actions, each of them even if an earlier one throws. */
  void run() {
    try {
      if (earlier != null) {
        earlier.run();
      }
    } finally {
      action.run();
    }
  }
}
