package io.coatcheck.session.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.token.SessionId;

/** What the wrong stores are made from is sound, with every capability. */
class SoundStoreContractTest extends SessionStoreContract {

  @Override
  protected SessionStore createStore() {
    return new BrokenStore();
  }

  @Override
  protected SessionStore createOtherNode(SessionStore store) {
    return new BrokenStore(((BrokenStore) store).sound);
  }

  @Override
  protected void overwrite(SessionId id, byte[] bytes) {
    ((BrokenStore) nodes().store()).overwriteBytes(id, bytes);
    ((BrokenStore) nodes().other()).overwriteBytes(id, bytes);
  }

  @Override
  protected void breakBackend() {
    ((BrokenStore) nodes().store()).breakBackend();
  }

  @Override
  protected void assertEmpty() {
    assertThat(((BrokenStore) nodes().store()).leftOver()).isEmpty();
  }

  @Override
  protected SessionStore createSmallStore(int capacity) {
    return new BrokenStore(
        InMemorySessionStore.builder().copyOnRead(true).maximumSessions(capacity).build());
  }
}
