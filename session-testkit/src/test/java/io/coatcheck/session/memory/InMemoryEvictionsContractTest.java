package io.coatcheck.session.memory;

import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.testkit.EvictionsContract;

class InMemoryEvictionsContractTest extends EvictionsContract {

  @Override
  protected SessionStore createSmallStore(int capacity) {
    return InMemorySessionStore.builder().maximumSessions(capacity).build();
  }
}
