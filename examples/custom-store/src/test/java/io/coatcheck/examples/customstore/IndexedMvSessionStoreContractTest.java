package io.coatcheck.examples.customstore;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.testkit.SessionStoreContract;
import io.coatcheck.session.token.SessionId;
import org.h2.mvstore.MVMap;
import org.h2.mvstore.MVStore;
import org.junit.jupiter.api.AfterEach;

class IndexedMvSessionStoreContractTest extends SessionStoreContract {

  private final MVStore engine = new MVStore.Builder().open();

  @Override
  protected SessionStore createStore() {
    return new IndexedMvSessionStore(engine);
  }

  @Override
  protected SessionStore createOtherNode(SessionStore store) {
    return new IndexedMvSessionStore(engine);
  }

  @Override
  protected void breakBackend() {
    engine.closeImmediately();
  }

  @Override
  protected void assertEmpty() {
    for (String name : engine.getMapNames()) {
      assertThat(engine.openMap(name)).as("the map %s", name).isEmpty();
    }
  }

  @Override
  protected void overwrite(SessionId id, byte[] bytes) {
    MVMap<String, byte[]> sessions = engine.openMap("sessions");
    sessions.put(id.toString(), bytes);
  }

  @AfterEach
  void closeEngine() {
    engine.close();
  }
}
