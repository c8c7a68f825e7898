package io.coatcheck.session.testkit;

import io.coatcheck.session.store.SessionStore;

class FaultyStoreDecoratorTest extends DecoratorContract {

  @Override
  protected SessionStore decorate(SessionStore store) {
    return FaultyStore.wrap(store);
  }
}
