package io.coatcheck.session.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.store.Evictions;
import io.coatcheck.session.store.SessionStore;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/**
 * The part of {@link SessionStoreContract} for a store's {@link Evictions}, which can be run alone.
 * A store whose {@link SessionStore#evictions()} is empty fails.
 *
 * @since 0.1.0
 */
public abstract class EvictionsContract extends StoreUnderTest {

  /** Creates the contract; it takes no arguments from a test class. */
  protected EvictionsContract() {}

  @Override
  protected abstract SessionStore createSmallStore(int capacity) throws Exception;

  @Override
  protected final SessionStore createStore() throws Exception {
    return createSmallStore(Evicting.CAPACITY);
  }

  @Override
  protected final SessionStore createOtherNode(SessionStore store) {
    return store;
  }

  @Test
  void evictions_arePresent() {
    assertThat(nodes().store().evictions()).as("the store's Evictions").isPresent();
  }

  /** A full store evicts, and reports what it evicted. */
  @Nested
  class WhenEvicting extends Evicting {
    WhenEvicting() {
      super(EvictionsContract.this::nodes);
    }
  }
}
