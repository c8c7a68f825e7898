package io.coatcheck.session.memory;

import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.testkit.LiveSessionsContract;

class InMemoryLiveSessionsContractTest extends LiveSessionsContract {

  @Override
  protected SessionStore createStore() {
    return InMemorySessionStore.builder().build();
  }
}
