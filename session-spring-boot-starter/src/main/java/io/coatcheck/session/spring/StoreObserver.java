package io.coatcheck.session.spring;

import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.nearcache.NearCacheSessionStore;
import io.coatcheck.session.store.SessionStore;
import java.util.function.BooleanSupplier;

/** Sees each part of the store that the starter builds, such as to meter it. */
interface StoreObserver {

  /**
   * Returns the store to use in place of this one, below the near cache.
   *
   * @param isFailingFast returns whether look-ups fail at once because the server does not answer
   */
  SessionStore remote(SessionStore store, BooleanSupplier isFailingFast);

  void nearCache(NearCacheSessionStore store);

  void memory(InMemorySessionStore store);
}
