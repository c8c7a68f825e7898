package io.coatcheck.session.migration;

import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.store.SessionStore;
import java.util.List;

/** Old sessions in H2, new ones in memory. */
class SpringSessionMemoryTest extends SpringSessionH2Test {

  private final SessionStore store = InMemorySessionStore.builder().build();

  @Override
  List<SessionStore> stores() {
    return List.of(store, store);
  }
}
