package io.coatcheck.session;

import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.testkit.DecoratorContract;
import java.time.InstantSource;
import java.util.List;

class ReportingStoreDecoratorTest extends DecoratorContract {

  @Override
  protected SessionStore decorate(SessionStore store) {
    return new ReportingStore(store, new Events(InstantSource.system(), List.of()));
  }
}
