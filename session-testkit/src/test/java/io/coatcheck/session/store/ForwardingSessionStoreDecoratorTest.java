package io.coatcheck.session.store;

import io.coatcheck.session.testkit.DecoratorContract;

class ForwardingSessionStoreDecoratorTest extends DecoratorContract {

  @Override
  protected SessionStore decorate(SessionStore store) {
    return new ForwardingSessionStore(store) {};
  }
}
