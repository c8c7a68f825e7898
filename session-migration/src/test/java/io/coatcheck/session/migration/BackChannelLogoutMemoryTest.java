package io.coatcheck.session.migration;

import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.store.SessionStore;
import java.util.List;

class BackChannelLogoutMemoryTest extends BackChannelLogoutContract {

  @Override
  List<SessionStore> stores() {
    InMemorySessionStore store = InMemorySessionStore.builder().copyOnRead(true).build();
    return List.of(store, store);
  }
}
