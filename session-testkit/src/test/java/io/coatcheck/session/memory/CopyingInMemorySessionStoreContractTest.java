package io.coatcheck.session.memory;

import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.testkit.SessionStoreContract;
import org.junit.jupiter.api.Tag;

@Tag("wide")
class CopyingInMemorySessionStoreContractTest extends SessionStoreContract {

  @Override
  protected SessionStore createStore() {
    return InMemorySessionStore.builder().copyOnRead(true).build();
  }

  @Override
  protected SessionStore createOtherNode(SessionStore store) {
    return store;
  }

  @Override
  protected SessionStore createSmallStore(int capacity) {
    return InMemorySessionStore.builder().copyOnRead(true).maximumSessions(capacity).build();
  }
}
