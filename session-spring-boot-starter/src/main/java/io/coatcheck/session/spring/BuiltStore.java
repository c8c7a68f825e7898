package io.coatcheck.session.spring;

import io.coatcheck.session.store.SessionStore;
import java.util.function.Supplier;

/** The store that the starter has built, and closes. */
record BuiltStore(SessionStore store) implements AutoCloseable {

  /** Does nothing if the manager has closed the store. */
  @Override
  public void close() {
    store.close();
  }

  /** Returns what the next step makes of a store, and closes the store if the step fails. */
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
