package io.coatcheck.session.nearcache;

import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.testkit.SessionStoreContract;

/** What a near cache answers as a store is as exact as the store behind it. */
class NearCacheSessionStoreContractTest extends SessionStoreContract {

  private final SessionStore remote = InMemorySessionStore.builder().copyOnRead(true).build();

  @Override
  protected SessionStore createStore() {
    return NearCacheSessionStore.wrap(remote);
  }

  @Override
  protected SessionStore createOtherNode(SessionStore store) {
    return NearCacheSessionStore.wrap(remote);
  }

  @Override
  protected SessionStore createSmallStore(int capacity) {
    return NearCacheSessionStore.wrap(
        InMemorySessionStore.builder().copyOnRead(true).maximumSessions(capacity).build());
  }
}
