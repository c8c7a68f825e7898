package io.coatcheck.session.micrometer;

import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.testkit.DecoratorContract;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import org.junit.jupiter.api.DisplayName;

@DisplayName("A metered store forwards every operation and capability")
class MeteredStoreDecoratorTest extends DecoratorContract {

  @Override
  protected SessionStore decorate(SessionStore store) {
    return SessionMetrics.create(new SimpleMeterRegistry()).meter(store);
  }
}
