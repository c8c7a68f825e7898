package io.coatcheck.session.spring;

import io.coatcheck.session.store.SessionStore;
import java.util.function.Supplier;

/** The store that the starter has built and closes, with its decorators. */
record BuiltStore(SessionStore store) implements AutoCloseable {

  /** Does nothing if the manager has closed the store. */
  @Override
  public void close() {
    store.close();
  }

  /**
   * Returns the result of a step that uses a store, such as its decorator. If the step throws, the
   * store is closed; what that throws is suppressed in the failure of the step.
   */
  static SessionStore orClose(SessionStore built, Supplier<SessionStore> step) {
    try {
      return step.get();
    } catch (RuntimeException | Error e) {
      try {
        built.close();
      } catch (RuntimeException | Error second) {
        e.addSuppressed(second);
      }
      throw e;
    }
  }
}
