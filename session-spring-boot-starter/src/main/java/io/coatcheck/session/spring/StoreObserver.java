package io.coatcheck.session.spring;

import io.coatcheck.session.jdbc.JdbcSessionStore;
import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.nearcache.NearCacheSessionStore;
import io.coatcheck.session.store.SessionStore;

/** Sees each part of the store that the starter builds, such as to meter it. */
interface StoreObserver {

  /** Returns the store to use in place of this one, below the near cache. */
  SessionStore database(JdbcSessionStore store);

  void nearCache(NearCacheSessionStore store);

  void memory(InMemorySessionStore store);
}
