package io.coatcheck.session.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.store.PrincipalIndex;
import io.coatcheck.session.store.SessionStore;
import org.junit.jupiter.api.ClassOrderer;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestClassOrder;

/**
 * The part of {@link SessionStoreContract} for a store's {@link PrincipalIndex}, which can be run
 * alone. A store whose {@link SessionStore#principalIndex()} is empty fails.
 *
 * @since 0.1.0
 */
@TestClassOrder(ClassOrderer.OrderAnnotation.class)
public abstract class PrincipalIndexContract extends StoreUnderTest {

  /** Creates the contract; it takes no arguments from a test class. */
  protected PrincipalIndexContract() {}

  @Test
  void principalIndex_isPresent() {
    assertThat(nodes().store().principalIndex()).as("the store's PrincipalIndex").isPresent();
  }

  /** The index agrees with what the store holds. */
  @Nested
  @Order(1)
  class WhenListing extends Listing {
    WhenListing() {
      super(PrincipalIndexContract.this::nodes);
    }
  }

  /** Sessions of a principal end together. */
  @Nested
  @Order(2)
  class WhenDeletingByPrincipal extends DeletingByPrincipal {
    WhenDeletingByPrincipal() {
      super(PrincipalIndexContract.this::nodes);
    }
  }

  /** The surplus of a principal ends. */
  @Nested
  @Order(3)
  class WhenDeletingOldest extends DeletingOldest {
    WhenDeletingOldest() {
      super(PrincipalIndexContract.this::nodes);
    }
  }

  /** The index agrees with the store at every moment. */
  @Nested
  @Order(4)
  class WhenListingInARace extends ListingInARace {
    WhenListingInARace() {
      super(PrincipalIndexContract.this::nodes);
    }
  }
}
