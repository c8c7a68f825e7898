package io.coatcheck.examples.customstore;

import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.testkit.SessionStoreContract;
import org.h2.mvstore.MVStore;
import org.junit.jupiter.api.AfterEach;

class MvSessionStoreContractTest extends SessionStoreContract {

  private final MVStore engine = new MVStore.Builder().open();

  @Override
  protected SessionStore createStore() {
    return new MvSessionStore(engine);
  }

  @Override
  protected SessionStore createOtherNode(SessionStore store) {
    return new MvSessionStore(engine);
  }

  @AfterEach
  void closeEngine() {
    engine.close();
  }
}
