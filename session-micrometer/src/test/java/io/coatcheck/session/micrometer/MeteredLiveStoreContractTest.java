package io.coatcheck.session.micrometer;

import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.testkit.SessionStoreContract;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;

@Tag("long")
@DisplayName("A metered store of live values keeps the contract of a store")
class MeteredLiveStoreContractTest extends SessionStoreContract {

  @Override
  protected SessionStore createStore() {
    return SessionMetrics.create(new SimpleMeterRegistry())
        .meter(InMemorySessionStore.builder().build());
  }

  @Override
  protected SessionStore createOtherNode(SessionStore store) {
    return store;
  }

  @Override
  protected SessionStore createSmallStore(int capacity) {
    return SessionMetrics.create(new SimpleMeterRegistry())
        .meter(InMemorySessionStore.builder().maximumSessions(capacity).build());
  }
}
