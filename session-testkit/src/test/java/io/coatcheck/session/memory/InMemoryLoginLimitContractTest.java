package io.coatcheck.session.memory;

import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.testkit.LoginLimitContract;

class InMemoryLoginLimitContractTest extends LoginLimitContract {

  @Override
  protected SessionStore createStore() {
    return InMemorySessionStore.builder().build();
  }
}
