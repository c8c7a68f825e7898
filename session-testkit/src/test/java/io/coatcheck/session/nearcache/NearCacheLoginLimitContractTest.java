package io.coatcheck.session.nearcache;

import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.testkit.LoginLimitContract;

class NearCacheLoginLimitContractTest extends LoginLimitContract {

  private final SessionStore remote = InMemorySessionStore.builder().copyOnRead(true).build();

  @Override
  protected SessionStore createStore() {
    return NearCacheSessionStore.wrap(remote);
  }

  @Override
  protected SessionStore createOtherNode(SessionStore store) {
    return NearCacheSessionStore.wrap(remote);
  }
}
