package io.coatcheck.session.memory;

import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.testkit.PrincipalIndexContract;

class InMemoryPrincipalIndexContractTest extends PrincipalIndexContract {

  @Override
  protected SessionStore createStore() {
    return InMemorySessionStore.builder().build();
  }
}
