package io.coatcheck.session.memory;

import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.testkit.PrincipalIndexContract;

class CopyingInMemoryPrincipalIndexContractTest extends PrincipalIndexContract {

  @Override
  protected SessionStore createStore() {
    return InMemorySessionStore.builder().copyOnRead(true).build();
  }
}
