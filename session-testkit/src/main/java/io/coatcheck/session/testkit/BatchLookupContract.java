package io.coatcheck.session.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.store.BatchLookup;
import io.coatcheck.session.store.SessionStore;
import org.junit.jupiter.api.ClassOrderer;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestClassOrder;

/**
 * The part of {@link SessionStoreContract} for a store's {@link BatchLookup}, which can be run
 * alone. A store whose {@link SessionStore#batchLookup()} is empty fails.
 *
 * @since 0.1.0
 */
@TestClassOrder(ClassOrderer.OrderAnnotation.class)
public abstract class BatchLookupContract extends StoreUnderTest {

  /** Creates the contract; it takes no arguments from a test class. */
  protected BatchLookupContract() {}

  @Test
  void batchLookup_isPresent() {
    assertThat(nodes().store().batchLookup()).as("the store's BatchLookup").isPresent();
  }

  /** Stamps of many sessions agree with what the store holds. */
  @Nested
  @Order(1)
  class WhenLookingAtMany extends LookingAtMany {
    WhenLookingAtMany() {
      super(BatchLookupContract.this::nodes);
    }
  }
}
