package io.coatcheck.examples.customstore;

import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.testkit.PrincipalIndexContract;
import org.h2.mvstore.MVStore;
import org.junit.jupiter.api.AfterEach;

class MvPrincipalIndexContractTest extends PrincipalIndexContract {

  private final MVStore engine = new MVStore.Builder().open();

  @Override
  protected SessionStore createStore() {
    return new IndexedMvSessionStore(engine);
  }

  @Override
  protected SessionStore createOtherNode(SessionStore store) {
    return new IndexedMvSessionStore(engine);
  }

  @AfterEach
  void closeEngine() {
    engine.close();
  }
}
