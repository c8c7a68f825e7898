package io.coatcheck.session.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.store.BatchTouch;
import io.coatcheck.session.store.SessionStore;
import org.junit.jupiter.api.ClassOrderer;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestClassOrder;

/**
 * The part of {@link SessionStoreContract} for a store's {@link BatchTouch}, which can be run
 * alone. A store whose {@link SessionStore#batchTouch()} is empty fails.
 *
 * @since 0.1.0
 */
@TestClassOrder(ClassOrderer.OrderAnnotation.class)
public abstract class BatchTouchContract extends StoreUnderTest {

  /** Creates the contract; it takes no arguments from a test class. */
  protected BatchTouchContract() {}

  @Test
  void batchTouch_isPresent() {
    assertThat(nodes().store().batchTouch()).as("the store's BatchTouch").isPresent();
  }

  /** Each touch of a batch has the effect of a single one. */
  @Nested
  @Order(1)
  class WhenTouchingMany extends TouchingMany {
    WhenTouchingMany() {
      super(BatchTouchContract.this::nodes);
    }
  }

  /** A batch of touches undoes nothing. */
  @Nested
  @Order(2)
  class WhenTouchingManyInARace extends TouchingManyInARace {
    WhenTouchingManyInARace() {
      super(BatchTouchContract.this::nodes);
    }
  }
}
