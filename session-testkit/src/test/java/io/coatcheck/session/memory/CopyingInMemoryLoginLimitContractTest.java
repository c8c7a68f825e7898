package io.coatcheck.session.memory;

import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.testkit.LoginLimitContract;

class CopyingInMemoryLoginLimitContractTest extends LoginLimitContract {

  @Override
  protected SessionStore createStore() {
    return InMemorySessionStore.builder().copyOnRead(true).build();
  }
}
