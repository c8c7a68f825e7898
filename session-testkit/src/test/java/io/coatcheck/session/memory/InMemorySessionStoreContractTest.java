package io.coatcheck.session.memory;

import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.testkit.SessionStoreContract;

class InMemorySessionStoreContractTest extends SessionStoreContract {

  @Override
  protected SessionStore createStore() {
    return InMemorySessionStore.builder().build();
  }

  @Override
  protected SessionStore createOtherNode(SessionStore store) {
    return store;
  }

  @Override
  protected SessionStore createSmallStore(int capacity) {
    return InMemorySessionStore.builder().maximumSessions(capacity).build();
  }
}
